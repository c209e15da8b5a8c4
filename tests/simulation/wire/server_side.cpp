#include "tests/simulation/wire/server_side.hpp"

#include "core/crypto/crypto.hpp"
#include "core/model/report_json.hpp"
#include "core/records/access.hpp"

namespace gantry::simulation {
namespace {

constexpr const char* k_token = "enrol-me";

}  // namespace

boost::asio::awaitable<Result<records::Token>> ServerSide::OneToken::find(std::string hash) {
    if (hash != crypto::sha256_hex(k_token)) co_return fail(ErrorCode::not_found, "unknown");
    co_return token;
}

ServerSide::ServerSide(std::uint64_t seed) : random_(seed) {
    tokens_.token.kind = records::TokenKind::enrolment;
    tokens_.token.organisation = OrganisationId{1};
    tokens_.token.site = SiteId{1};
    tokens_.token.endpoint_role = "server";
    const auto token =
        records::insert_token(*world_.look, tokens_.token, crypto::sha256_hex(k_token));
    REQUIRE(token);
    tokens_.token = *token;
    start();
}

void ServerSide::start() {
    REQUIRE(world_.start());
    book_ = std::make_unique<collector::AgentBook>();
    auto agents = records::agents(*world_.look, Scope::all());
    REQUIRE(agents);
    for (auto& agent : *agents) book_->put(std::move(agent), world_.clock);
    desk_ = std::make_unique<collector::AgentDesk>(collector::AgentDeskParts{
        *book_, *world_.engine, *world_.engine, policies_, tokens_, world_.clock, random_,
        world_.metrics, telemetry::Log::silent(), [](collector::AgentEntry&) {}});
    world_.follow();
}

// The fold stops where it is: what it has not committed, the next process folds again.
void ServerSide::crash() {
    let_store_fail();
    world_.stop();
    world_.faults.failing = 0;
    desk_.reset();
    world_.boot();
    start();
}

void ServerSide::heal() { world_.faults.failing = 0; }

http::Response ServerSide::call(const std::string& path, const std::string& credential,
                                const std::string& body) {
    http::Request request;
    request.method = "POST";
    request.path = "/api/v1/agent/" + path;
    request.body = body;
    if (!credential.empty()) {
        request.headers.emplace_back("Authorization", "Bearer " + credential);
    }
    for (const auto& [agent, copy] : std::exchange(world_.refused_boots, {})) {
        book_->refuse_boot(agent, copy);
    }
    std::optional<http::Response> answer;
    auto work = [&]() -> boost::asio::awaitable<void> {
        answer = co_await desk_->handle(path, std::move(request));
    };
    boost::asio::co_spawn(world_.context, work, boost::asio::detached);
    world_.until([&] { return answer.has_value(); });
    return std::move(*answer);
}

EnrolReply ServerSide::enrol(const std::string& boot, const Facts& facts) {
    EnrolRequest request;
    request.token = k_token;
    request.boot_id = boot;
    request.facts = facts;
    request.nonce = "nonce-" + boot;
    const auto answer = call("enrol", "", encode(request));
    REQUIRE(answer.status == 201);
    return *decode_enrol_reply(answer.body);
}

http::Response ServerSide::report(const std::string& credential, const std::string& body) {
    return call("report", credential, body);
}

}  // namespace gantry::simulation
