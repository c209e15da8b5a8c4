// One day of a small shop as the correlator sees it: every change in full, and every decision
// explained. The file beside it is accepted by reviewing its diff: run with GANTRY_ACCEPT_GOLDEN=1
// to write it anew.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "correlator/explain/explain.hpp"
#include "tests/support/changes_text.hpp"
#include "tests/support/correlator_world.hpp"

using namespace gantry;
using namespace gantry::correlator;
using namespace gantry::test;

namespace {

constexpr const char* k_golden = "tests/golden/correlator/scenario.txt";

Event disk(Severity severity, std::string value) {
    auto event = firing("filesystem:/var", severity, "web01.example.com");
    event.source = "agent";
    event.asset = AssetId{1};
    event.summary = "/var is " + value + " % full";
    event.labels = {{"check", "filesystem"}, {"instance", "/var"}};
    event.evidence = {{"threshold", severity == Severity::critical ? "95" : "85"},
                      {"unit", "%"},
                      {"value", std::move(value)}};
    return event;
}

Event disk_well() {
    auto event = disk(Severity::info, "41.0");
    event.action = EventAction::resolved;
    event.summary = "/var has space again";
    return event;
}

class Story {
public:
    Story() {
        Asset web;
        web.id = AssetId{1};
        web.organisation = OrganisationId{1};
        web.name = "web01.example.com";
        world.correlator->restore(web);
        world.correlator->restore_agent("agent", web.id);
        world.sequences.next_asset = 2;
    }
    void tell(const std::string& what, Millis later, const std::vector<Event>& events) {
        world.wait(later);
        note(what, world.fold(events), events);
    }
    void expire(const std::string& what, Millis later) {
        world.wait(later);
        note(what, world.expire(world.correlator->due_to_expire(world.now, 10)), {});
    }
    void person(const std::string& what, IncidentState state, CloseCode code) {
        out << "## " << what << "\n\n";
        world.person(opened, state, true, code);
    }

    CorrelatorWorld world;
    IncidentAction opened;
    std::ostringstream out;

private:
    void note(const std::string& what, const Changes& changes, const std::vector<Event>& events) {
        out << "## " << what << '\n' << text_of(changes);
        for (const auto& decision : changes.decisions) {
            const auto index = static_cast<std::size_t>(decision.event_index);
            const auto event = index < events.size() ? std::optional(events[index]) : std::nullopt;
            out << "why: " << explain(decision, event, default_rules(), {}).text() << '\n';
        }
        out << '\n';
        for (const auto& action : changes.actions) {
            if (action.kind == IncidentAction::Kind::open) opened = action;
        }
    }
};

std::string told() {
    constexpr Millis k_minute{60'000};
    Story story;
    story.tell("a disk fills", k_minute, {disk(Severity::warning, "86.2")});
    story.tell("it gets worse", k_minute, {disk(Severity::critical, "96.0")});
    story.tell("another monitor reports the same host and one it alone knows", k_minute,
               {firing("http", Severity::critical, "WEB01"),
                firing("http:shop", Severity::critical, "shop.example.com"),
                firing("backup", Severity::info, "")});
    story.tell("the disk recovers", k_minute, {disk_well()});
    story.tell("and fills again within the window", k_minute * 20,
               {disk(Severity::critical, "95.5")});
    story.tell("it recovers; later it fills outside the window", k_minute, {disk_well()});
    story.tell("a new incident names the old one", k_minute * 31,
               {disk(Severity::critical, "97.0")});
    story.person("a person takes it over", IncidentState::in_progress, CloseCode::none);
    story.tell("less severe, then well: noted only", k_minute,
               {disk(Severity::warning, "90.0"), disk_well()});
    story.tell("it fires again and joins", k_minute, {disk(Severity::critical, "96.0")});
    story.person("a person resolves it while it fires", IncidentState::resolved,
                 CloseCode::workaround);
    story.tell("resends change nothing; late and unknown resolves neither", k_minute,
               {disk(Severity::critical, "96.0"), recovered("http"), recovered("http"),
                recovered("never")});
    auto heartbeat = firing("heartbeat", Severity::critical, "db01");
    heartbeat.expires_after = k_minute * 5;
    story.tell("a heartbeat", k_minute, {heartbeat});
    story.expire("and nothing more from it", k_minute * 5);
    return story.out.str();
}

}  // namespace

TEST_CASE("golden: a day of alerts, incidents and explanations") {
    const auto now = told();
    REQUIRE(now == told());
    if (std::getenv("GANTRY_ACCEPT_GOLDEN")) {
        std::ofstream(k_golden) << now;
        return;
    }
    std::ifstream file(k_golden);
    std::stringstream accepted;
    accepted << file.rdbuf();
    CHECK(now == accepted.str());
}
