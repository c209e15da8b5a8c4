#include "app/gantryd/token_cache.hpp"

#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <functional>
#include <future>

#include "core/crypto/crypto.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;
using namespace gantry::app;
using records::Token;

namespace {

struct World {
    World() {
        REQUIRE(storage::migrate(*database));
        connection = std::move(*database->connect(storage::Durability::full));
    }
    ~World() { reader.join(); }

    Token insert(const std::string& text, records::TokenKind kind = records::TokenKind::api,
                 Instant expires_at = {}) {
        Token token;
        token.kind = kind;
        token.label = text;
        token.role = Role::technician;
        token.organisation = OrganisationId{1};
        token.site = SiteId{1};
        token.expires_at = expires_at;
        auto inserted = records::insert_token(*connection, token, crypto::sha256_hex(text));
        REQUIRE(inserted);
        return *inserted;
    }
    void revoke(const Token& token) {
        REQUIRE(records::revoke_token(*connection, Scope::all(), token.id, clock.now()));
    }
    Result<Principal> ask(const std::string& text) {
        return test::run(context, cache.authenticate(text));
    }
    Result<Token> find(const std::string& text) {
        return test::run(context, cache.find(crypto::sha256_hex(text)));
    }
    ErrorCode refusal(const std::string& text) {
        const auto answer = ask(text);
        return answer ? ErrorCode::internal : answer.error().code;
    }

    boost::asio::io_context context;
    test::SimClock clock;
    std::unique_ptr<storage::Database> database =
        std::move(*storage::open_database(test::fresh_app_database()));
    std::unique_ptr<storage::Connection> connection;
    Worker reader{"reader"};
    TokenCache cache{*database, reader, clock};
};

}  // namespace

TEST_CASE("token cache: a known token gives its principal, an unknown one is unauthorised") {
    World world;
    world.insert("good");
    const auto principal = world.ask("good");
    REQUIRE(principal);
    CHECK(principal->role == Role::technician);
    CHECK(principal->home == OrganisationId{1});
    CHECK_FALSE(principal->scope.allows(OrganisationId{2}));
    for (const char* text : {"", "Good", "good ", "bad"}) {
        CAPTURE(text);
        CHECK(world.refusal(text) == ErrorCode::unauthorised);
    }
}

TEST_CASE("token cache: an expired, a revoked and an enrolment token are unauthorised") {
    World world;
    world.insert("expired", records::TokenKind::api, world.clock.now() - Millis{1});
    world.revoke(world.insert("revoked"));
    world.insert("enrol", records::TokenKind::enrolment);
    CHECK(world.refusal("expired") == ErrorCode::unauthorised);
    CHECK(world.refusal("revoked") == ErrorCode::unauthorised);
    CHECK(world.refusal("enrol") == ErrorCode::unauthorised);
}

TEST_CASE("token cache: a revocation is seen at once when it is told, in seconds when it is not") {
    World world;
    const Token told = world.insert("told");
    const Token untold = world.insert("untold");
    REQUIRE(world.ask("told"));
    REQUIRE(world.ask("untold"));
    world.revoke(told);
    world.cache.clear();
    CHECK(world.refusal("told") == ErrorCode::unauthorised);
    REQUIRE(world.ask("untold"));
    world.revoke(untold);
    CHECK(world.ask("untold"));  // believed for a short while
    world.clock.advance(Millis{30'000});
    CHECK(world.refusal("untold") == ErrorCode::unauthorised);
}

TEST_CASE("token cache: a known token is believed until it expires, and not a moment longer") {
    World world;
    world.insert("short", records::TokenKind::api, world.clock.now() + Millis{2'000});
    REQUIRE(world.ask("short"));
    world.clock.advance(Millis{1'999});
    CHECK(world.ask("short"));
    world.clock.advance(Millis{1});
    CHECK(world.refusal("short") == ErrorCode::unauthorised);
}

TEST_CASE("token cache: a read under way while a token is revoked is not believed") {
    World world;
    const Token token = world.insert("secret");
    // Jobs for the reader that begin at once, from an executor of their own.
    boost::asio::io_context other;
    const auto give = [&](std::function<void()> work) {
        auto job = [work = std::move(work)]() -> Result<void> {
            work();
            return {};
        };
        auto run = [&world, job = std::move(job)]() -> boost::asio::awaitable<void> {
            (void)co_await world.reader.run(job);
        };
        boost::asio::co_spawn(other, std::move(run), boost::asio::detached);
        other.poll();
    };
    std::promise<void> go;
    std::promise<void> read;
    give([&] { go.get_future().wait(); });  // the token's read cannot end inside the poll below
    bool believed = true;
    auto early = [&]() -> boost::asio::awaitable<void> {
        const auto answer = co_await world.cache.authenticate("secret");
        believed = answer.has_value();
    };
    boost::asio::co_spawn(world.context, early, boost::asio::detached);
    world.context.poll();
    go.set_value();
    give([&] { read.set_value(); });
    read.get_future().wait();  // the reader has done its work; the answer waits for the executor
    world.revoke(token);
    world.cache.clear();
    world.context.restart();
    world.context.run();
    CHECK_FALSE(believed);
    CHECK(world.refusal("secret") == ErrorCode::unauthorised);
}

TEST_CASE("token cache: an unknown token that is made soon after is known soon after") {
    World world;
    CHECK(world.refusal("new") == ErrorCode::unauthorised);
    world.insert("new");
    CHECK(world.refusal("new") == ErrorCode::unauthorised);  // a guesser costs no query
    world.cache.clear();
    CHECK(world.ask("new"));
}

TEST_CASE("token cache: guesses without number are answered, and the good one is still known") {
    World world;
    world.insert("good");
    // More than it keeps: memory is bounded, nobody is locked out.
    for (int i = 0; i < 20'500; ++i) {
        REQUIRE(world.refusal("guess " + std::to_string(i)) == ErrorCode::unauthorised);
    }
    CHECK(world.ask("good"));
    CHECK(world.refusal("guess 1") == ErrorCode::unauthorised);
}

TEST_CASE("token cache: an enrolment token is found by its hash, others are not") {
    World world;
    world.insert("enrol", records::TokenKind::enrolment);
    world.insert("api");
    const auto found = world.find("enrol");
    REQUIRE(found);
    CHECK(found->site == SiteId{1});
    CHECK(world.find("api").error().code == ErrorCode::not_found);
    CHECK(world.find("nothing").error().code == ErrorCode::not_found);
}

TEST_CASE("token cache: records that cannot be read are no verdict, and not remembered") {
    boost::asio::io_context context;
    test::SimClock clock;
    Worker reader{"reader"};
    // Not migrated: no table of tokens.
    const std::string location = test::fresh_app_database();
    auto database = std::move(*storage::open_database(location));
    TokenCache cache(*database, reader, clock);
    const auto answer = test::run(context, cache.authenticate("good"));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code != ErrorCode::unauthorised);
    REQUIRE(storage::migrate(*database));
    auto connection = std::move(*database->connect(storage::Durability::full));
    Token token;
    token.organisation = OrganisationId{1};
    REQUIRE(records::insert_token(*connection, token, crypto::sha256_hex("good")));
    CHECK(test::run(context, cache.authenticate("good")));
}
