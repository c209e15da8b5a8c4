// DecisionExplainer over the rows and the journal that a real engine leaves.
#include "app/gantryd/decision_explainer.hpp"

#include "core/records/access.hpp"
#include "tests/support/engine_world.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

struct World {
    World() {
        REQUIRE(records::ensure_organisation(*engine.look, "second", engine.clock.now()));
        engine.start_and_follow();
    }
    ~World() { reader.join(); }
    void add(journal::Record record) {
        REQUIRE(engine.accept(std::move(record)));
        engine.until_folded();
    }
    Result<Explanation> explain(const std::string& id, Scope scope = Scope::all()) {
        std::optional<Result<Explanation>> answer;
        auto work = [&]() -> boost::asio::awaitable<void> {
            answer = co_await explainer.explain(scope, id);
        };
        boost::asio::co_spawn(engine.context, work, boost::asio::detached);
        engine.until([&] { return answer.has_value(); });
        return std::move(*answer);
    }
    ErrorCode refusal(const std::string& id, Scope scope = Scope::all()) {
        const auto answer = explain(id, std::move(scope));
        return answer ? ErrorCode::internal : answer.error().code;
    }

    EngineWorld engine;
    Worker reader{"reader"};
    app::DecisionExplainer explainer{*engine.database, reader, *engine.desk, engine.journal,
                                     correlator::default_rules()};
};

}  // namespace

TEST_CASE("explain: a ticket is told with every decision about it, oldest first") {
    World world;
    world.add(world.engine.alert("disk"));
    world.add(world.engine.alert("load"));
    world.add(world.engine.alert("disk", R"(,"status":"resolved")"));
    const auto told = world.explain("INC0000001");
    if (!told) FAIL(told.error().message);
    CHECK(told->subject.starts_with("INC0000001 "));
    CHECK_FALSE(told->more);
    REQUIRE_FALSE(told->decisions.empty());
    CHECK(told->decisions[0].decision.outcome == Outcome::incident_opened);
    CHECK_FALSE(told->decisions[0].sentences.empty());
    CHECK(told->decisions[0].rule == "critical and warnings");
    CHECK(told->decisions[0].rules_passed ==
          std::vector<std::string>{
              "information is only recorded: severity=\"info\" did not hold (critical)"});
    for (std::size_t i = 1; i < told->decisions.size(); ++i) {
        CHECK(told->decisions[i - 1].decision.id < told->decisions[i].decision.id);
    }
    CHECK(world.explain("inc0000001")->subject == told->subject);
}

TEST_CASE("explain: an alert that is no ticket is told with the rule that kept it from one") {
    World world;
    world.add(world.engine.record(
        journal::Kind::intake,
        R"({"key":"chatter","summary":"hello","host":"web01","severity":"info"})"));
    for (const char* id : {"alert:1", "1"}) {
        const auto told = world.explain(id);
        REQUIRE(told);
        CHECK(told->subject == "alert 1 (generic, key chatter)");
        REQUIRE(told->decisions.size() == 1);
        CHECK(told->decisions[0].decision.outcome == Outcome::recorded);
        CHECK(told->decisions[0].rule == "information is only recorded");
        CHECK(told->decisions[0].rules_passed.empty());
    }
}

TEST_CASE("explain: when the journal was trimmed, the decision still tells") {
    World world;
    world.add(world.engine.alert("disk"));
    world.engine.journal.forget_all();
    const auto told = world.explain("alert:1");
    REQUIRE(told);
    REQUIRE(told->decisions.size() == 1);
    CHECK_FALSE(told->decisions[0].sentences.empty());
    CHECK(told->decisions[0].rules_passed.empty());  // nobody knows what they would have seen
}

TEST_CASE("explain: of a noisy alert the latest hundred are told, and that there were more") {
    World world;
    for (int i = 0; i < 130; ++i) {
        const bool firing = i % 2 == 0;
        world.add(world.engine.alert("flap", firing ? "" : R"(,"status":"resolved")"));
    }
    const auto told = world.explain("alert:1");
    REQUIRE(told);
    CHECK(told->more);
    REQUIRE(told->decisions.size() == 100);
    CHECK(told->decisions.back().decision.journal_seq == JournalSeq{130});
    CHECK(told->decisions.front().decision.journal_seq == JournalSeq{31});
}

TEST_CASE("explain: outside the scope nothing exists") {
    World world;
    world.add(world.engine.alert("disk"));
    const auto second = Scope::of(OrganisationId{2});
    CHECK(world.refusal("INC0000001", second) == ErrorCode::not_found);
    CHECK(world.refusal("alert:1", second) == ErrorCode::not_found);
    CHECK(world.explain("alert:1", Scope::of(OrganisationId{1})));
    CHECK(world.refusal("alert:1", Scope::of(std::vector<OrganisationId>{})) ==
          ErrorCode::not_found);
}

TEST_CASE("explain: what does not exist is not found, what is no id is said to be none") {
    World world;
    for (const char* id : {"INC0000009", "alert:9", "9", "9223372036854775807"}) {
        CAPTURE(id);
        CHECK(world.refusal(id) == ErrorCode::not_found);
    }
    for (const char* id : {"", "alert:", "alert:x", "alert:0", "alert:-1", "0", "-5", "1x", " 1",
                           "INC", "INCx", "incident 1", "9223372036854775808", "asset:1"}) {
        CAPTURE(id);
        CHECK(world.refusal(id) == ErrorCode::invalid_input);
    }
    const auto long_id = world.explain(std::string(10'000, 'z'));
    CHECK(long_id.error().message.size() < 200);
}
