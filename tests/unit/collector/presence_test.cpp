#include "collector/ingest/presence.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <catch2/catch.hpp>
#include <functional>

#include "tests/support/coroutine.hpp"
#include "tests/support/fake_gates.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;
using namespace std::chrono_literals;
using journal::Kind;

namespace {

// Takes a record a round of the executor after it was handed over, as a flush does.
class SlowGate final : public EventGate {
public:
    boost::asio::awaitable<Result<void>> accept(journal::Record record,
                                                std::vector<Event> = {}) override {
        most_at_once = std::max(most_at_once, ++waiting);
        if (on_accept) on_accept(record);
        const auto executor = co_await boost::asio::this_coro::executor;
        co_await boost::asio::post(executor, boost::asio::use_awaitable);
        --waiting;
        if (error) co_return *error;
        accepted.push_back(std::move(record));
        co_return Result<void>{};
    }
    bool coalesce(const std::vector<Event>&, Instant) override { return false; }

    std::vector<journal::Record> accepted;
    std::optional<Error> error;
    std::function<void(const journal::Record&)> on_accept;
    int waiting = 0;
    int most_at_once = 0;
};

class Intervals final : public PolicySource {
public:
    PolicyDocument effective(const EndpointPlace&) override {
        ++asked;
        return {"etag", "{}", interval_s};
    }
    std::int64_t interval_s = 15;
    int asked = 0;
};

using Seen = std::vector<std::string>;

struct Fleet {
    boost::asio::io_context context;
    test::SimClock clock;
    SlowGate events;
    Intervals policies;
    telemetry::Registry metrics;
    collector::AgentBook book;
    collector::Presence presence{
        book, events, policies, clock, {}, metrics, telemetry::Log::silent()};

    // Endpoints that reported before this start.
    explicit Fleet(int agents) {
        clock.advance(1h);
        for (int i = 0; i < agents; ++i) add(i, i);
    }
    collector::AgentEntry& add(int agent, int asset, bool reported = true) {
        records::AgentCredential row;
        row.agent_id = row.credential_hash = "agent-" + std::to_string(agent);
        row.asset = AssetId{100 + asset};
        if (reported) row.last_seen_at = clock.now() - 1min;
        return book.put(row, clock);
    }
    collector::AgentEntry& agent(int i) { return *book.find("agent-" + std::to_string(i)); }
    void hear(int i) {
        collector::AgentBook::heard(agent(i), clock);
        agent(i).endpoint->interval = std::chrono::seconds{policies.interval_s};
        if (agent(i).endpoint->offline) presence.returned(agent(i));
    }
    Seen check() {
        events.accepted.clear();
        test::run(context, presence.check());
        Seen seen;
        for (const auto& record : events.accepted) {
            seen.push_back((record.kind == Kind::endpoint_silent ? "-" : "+") + record.source);
        }
        return seen;
    }
    // A look each second; those for whom `reports` says so come in every 15 s, each at a time of
    // its own.
    Seen pass(Millis time, const std::function<bool(int)>& reports) {
        Seen seen;
        for (Millis gone{0}; gone < time; gone += 1s) {
            clock.advance(1s);
            const auto second = to_ms(clock.now()) / 1000;
            for (int i = 0; i < static_cast<int>(book.size()); ++i) {
                if (reports(i) && second % 15 == i % 15) hear(i);
            }
            const Seen now = check();
            seen.insert(seen.end(), now.begin(), now.end());
        }
        return seen;
    }
};

bool all(int) { return true; }
bool none(int) { return false; }

std::function<bool(int)> all_but(int first, int count) {
    return [=](int i) { return i < first || i >= first + count; };
}

}  // namespace

TEST_CASE("presence: an endpoint is silent after the grace, once, and returns once") {
    Fleet fleet(2);
    CHECK(fleet.pass(60s, all).empty());
    CHECK(fleet.pass(59s, all_but(0, 1)).empty());
    CHECK(fleet.pass(20s, all_but(0, 1)) == Seen{"-agent-0"});
    CHECK(fleet.pass(10min, all_but(0, 1)).empty());
    CHECK(fleet.pass(1min, all) == Seen{"+agent-0"});
}

TEST_CASE("presence: the grace is three of the endpoint's intervals when that is longer") {
    Fleet fleet(1);
    fleet.policies.interval_s = 300;
    CHECK(fleet.pass(15s, all).empty());
    CHECK(fleet.pass(14min, none).empty());
    CHECK(fleet.pass(2min, none) == Seen{"-agent-0"});
}

TEST_CASE("presence: after a start those not heard yet have the back-off's cap and the grace") {
    Fleet fleet(40);
    // The first returner, or a revoked agent, changes nothing for the others.
    fleet.agent(39).agent.revoked = true;
    const auto one = [](int i) { return i == 0; };
    CHECK(fleet.pass(10min, one).empty());
    CHECK(fleet.pass(50s, one).empty());
    CHECK(fleet.pass(1min, one).size() == 38);
}

TEST_CASE("presence: an interval that is not known yet is asked for once an endpoint") {
    Fleet fleet(3);
    fleet.policies.interval_s = 600;
    CHECK(fleet.pass(30min, none).empty());
    CHECK(fleet.policies.asked == 3);
    CHECK(fleet.pass(11min, none).size() == 3);
}

TEST_CASE("presence: a fault of our network raises nothing, however long and however it ends") {
    for (const Millis fault : {Millis{50s}, Millis{70s}, Millis{10min}, Millis{2h}}) {
        Fleet fleet(100);
        CHECK(fleet.pass(5min, all).empty());
        CHECK(fleet.pass(fault, none).empty());
        // Back within the cap of the back-off, a few a minute.
        int back = 0;
        Seen seen;
        while (back < 100) {
            const auto some = [&](int i) { return i < back; };
            const Seen now = fleet.pass(15s, some);
            seen.insert(seen.end(), now.begin(), now.end());
            back += 3;
        }
        CHECK(seen.empty());
        CHECK(fleet.pass(15min, all).empty());
    }
}

TEST_CASE("presence: many that are really gone are told when they could have come back") {
    Fleet fleet(100);
    CHECK(fleet.pass(5min, all).empty());
    CHECK(fleet.pass(10min, all_but(20, 60)).empty());
    CHECK(fleet.pass(2min, all_but(20, 60)).size() == 60);
    CHECK(fleet.pass(2min, all).size() == 60);
}

TEST_CASE("presence: a small part of a large fleet is told after the grace") {
    Fleet fleet(200);
    CHECK(fleet.pass(1min, all).empty());
    CHECK(fleet.pass(90s, all_but(20, 30)).size() == 30);
}

TEST_CASE("presence: a small fleet is believed when all of it is silent") {
    Fleet fleet(3);
    CHECK(fleet.pass(1min, all).empty());
    CHECK(fleet.pass(90s, none).size() == 3);
}

TEST_CASE("presence: the wall clock's steps and our own standing still make no silence") {
    Fleet fleet(30);
    CHECK(fleet.pass(1min, all).empty());
    fleet.clock.step_wall(Millis{24h});
    CHECK(fleet.check().empty());
    fleet.clock.step_wall(-Millis{48h});
    CHECK(fleet.pass(1min, all).empty());
    fleet.clock.advance(1h);  // stopped, or suspended without the steady clock
    CHECK(fleet.check().empty());
    CHECK(fleet.pass(10min, [](int i) { return i < 5; }).empty());
}

TEST_CASE("presence: a reinstalled machine is one endpoint, heard by whichever agent") {
    Fleet fleet(1);
    CHECK(fleet.pass(1min, all).empty());
    fleet.add(1, 0, false);  // enrolled, not started: the old one still speaks
    CHECK(fleet.pass(5min, [](int i) { return i == 0; }).empty());
    CHECK(fleet.pass(5min, [](int i) { return i == 1; }).empty());
    CHECK(fleet.pass(90s, none) == Seen{"-agent-1"});
    CHECK(fleet.pass(30s, [](int i) { return i == 1; }) == Seen{"+agent-1"});
}

TEST_CASE("presence: who never reported, or is revoked, is not missed") {
    Fleet fleet(1);
    fleet.add(1, 1, false);
    fleet.agent(0).agent.revoked = true;
    CHECK(fleet.pass(1h, none).empty());
}

TEST_CASE("presence: revoking an offline endpoint's last agent ends its alert") {
    Fleet fleet(1);
    CHECK(fleet.pass(15s, all).empty());
    CHECK(fleet.pass(2min, none) == Seen{"-agent-0"});
    fleet.book.revoke("agent-0");
    CHECK(fleet.check() == Seen{"+agent-0"});
    CHECK(fleet.events.accepted[0].body == R"({"agent_id":"agent-0","revoked":true})");
    CHECK(fleet.check().empty());
}

TEST_CASE("presence: who reports while others are told is not told, or returns at once") {
    Fleet fleet(300);
    CHECK(fleet.pass(1min, all).empty());
    // The first look at which anybody is silent: 20 of 300, all at once.
    for (int i = 0; i < 300; ++i) fleet.hear(i);
    for (int i = 0; i < 60; ++i) {
        fleet.clock.advance(1s);
        for (int j = 20; j < 300; ++j) fleet.hear(j);
        CHECK(fleet.check().empty());
    }
    fleet.events.on_accept = [&](const journal::Record& record) {
        if (record.source == "agent-0") fleet.hear(0);   // while its own record is written
        if (record.source == "agent-0") fleet.hear(19);  // before its turn
    };
    fleet.clock.advance(1s);
    for (int j = 20; j < 300; ++j) fleet.hear(j);
    const Seen told = fleet.check();
    CHECK(told.size() == 19);
    CHECK(std::find(told.begin(), told.end(), "-agent-19") == told.end());
    fleet.events.on_accept = {};
    CHECK(fleet.check() == Seen{"+agent-0"});
}

TEST_CASE("presence: what is told at one look is written side by side, within a bound") {
    Fleet fleet(2000);
    CHECK(fleet.pass(15s, all).empty());
    CHECK(fleet.pass(12min, [](int i) { return i < 100; }).size() == 1900);
    CHECK(fleet.events.most_at_once > 100);
    CHECK(fleet.events.most_at_once <= 256);
}

TEST_CASE("presence: however often it comes in before the next look, a return is told once") {
    Fleet fleet(2);
    CHECK(fleet.pass(60s, all).empty());
    for (int round = 0; round < 2; ++round) {
        CHECK(fleet.pass(80s, all_but(0, 1)) == Seen{"-agent-0"});
        for (int i = 0; i < 3; ++i) fleet.hear(0);
        fleet.events.most_at_once = 0;
        fleet.events.error = fail(ErrorCode::limit, "full");
        CHECK(fleet.check().empty());
        CHECK(fleet.events.most_at_once == 1);
        fleet.hear(0);
        CHECK(fleet.check().empty());
        fleet.events.error.reset();
        CHECK(fleet.check() == Seen{"+agent-0"});
        CHECK(fleet.check().empty());
    }
}

TEST_CASE("presence: what the journal refuses is tried again") {
    Fleet fleet(1);
    CHECK(fleet.pass(15s, all).empty());
    fleet.events.error = fail(ErrorCode::limit, "full");
    CHECK(fleet.pass(2min, none).empty());
    CHECK_FALSE(fleet.agent(0).endpoint->offline);
    fleet.events.error.reset();
    CHECK(fleet.check() == Seen{"-agent-0"});
    fleet.events.error = fail(ErrorCode::limit, "full");
    fleet.hear(0);
    CHECK(fleet.check().empty());
    fleet.events.error.reset();
    CHECK(fleet.check() == Seen{"+agent-0"});
}
