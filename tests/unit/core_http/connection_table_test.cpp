#include "core/http/connection_table.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::http;

namespace {

// The table never looks into a connection; addresses are enough.
Connection* fake(std::size_t number) {
    static std::array<char, 16> places{};
    return reinterpret_cast<Connection*>(&places.at(number));
}

SteadyTime at(int ms) { return SteadyTime{} + Millis{ms}; }

ConnectionTable::Timeouts timeouts() {
    ConnectionTable::Timeouts out{};
    out.fill(Millis{100});
    out[static_cast<std::size_t>(Phase::idle)] = Millis{1000};
    return out;
}

}  // namespace

TEST_CASE("table: a phase expires after its own timeout, entering one anew restarts it") {
    ConnectionTable table(timeouts());
    const auto place = table.add(fake(0), Phase::header, at(0));
    CHECK(table.expired(at(99)) == nullptr);
    CHECK(table.expired(at(100)) == fake(0));
    table.enter(place, Phase::body, at(90));
    CHECK(table.expired(at(189)) == nullptr);
    CHECK(table.expired(at(190)) == fake(0));
    table.enter(place, Phase::idle, at(200));
    CHECK(table.expired(at(1199)) == nullptr);
    CHECK(table.expired(at(1200)) == fake(0));
    table.remove(place);
    CHECK(table.expired(at(9999)) == nullptr);
    CHECK(table.size() == 0);
}

TEST_CASE("table: closing and abandoned connections have no deadline, the latter keep a place") {
    ConnectionTable table(timeouts());
    const auto one = table.add(fake(0), Phase::handler, at(0));
    const auto two = table.add(fake(1), Phase::handler, at(0));
    table.enter(one, Phase::closing, at(1));
    table.enter(two, Phase::abandoned, at(1));
    CHECK(table.expired(at(100'000)) == nullptr);
    CHECK(table.size() == 2);
    CHECK(table.open() == 1);
}

TEST_CASE("table: the oldest without a whole header gives way first") {
    ConnectionTable table(timeouts());
    table.add(fake(0), Phase::idle, at(0));
    table.add(fake(1), Phase::handler, at(0));
    const auto slow = table.add(fake(2), Phase::header, at(20));
    const auto shaking = table.add(fake(3), Phase::handshake, at(10));
    CHECK(table.victim(at(50), Millis{0}) == fake(3));
    table.remove(shaking);
    CHECK(table.victim(at(50), Millis{0}) == fake(2));
    table.remove(slow);
    CHECK(table.victim(at(50), Millis{0}) == fake(0));
}

TEST_CASE("table: an idle one gives way only after a while, a handler never") {
    ConnectionTable table(timeouts());
    const auto idle = table.add(fake(0), Phase::idle, at(0));
    table.add(fake(2), Phase::handler, at(0));
    CHECK(table.victim(at(40), Millis{50}) == nullptr);
    CHECK(table.victim(at(50), Millis{50}) == fake(0));
    table.remove(idle);
    CHECK(table.victim(at(500), Millis{50}) == nullptr);
}

TEST_CASE("table: a body or an answer that does not move on gives way after the idle ones") {
    ConnectionTable table(timeouts());
    const auto body = table.add(fake(1), Phase::body, at(10));
    table.add(fake(2), Phase::write, at(0));
    const auto idle = table.add(fake(3), Phase::idle, at(20));
    CHECK(table.victim(at(70), Millis{50}) == fake(3));
    table.remove(idle);
    CHECK(table.victim(at(70), Millis{50}) == fake(2));
    table.moved(body, 1, at(70));
    CHECK(table.victim(at(49), Millis{50}) == nullptr);
}

TEST_CASE("table: one that is stuck for long gives way before an idle one") {
    ConnectionTable table(timeouts());
    const auto body = table.add(fake(1), Phase::body, at(0));
    table.add(fake(2), Phase::idle, at(0));
    CHECK(table.victim(at(149), Millis{50}) == fake(2));
    CHECK(table.victim(at(150), Millis{50}) == fake(1));
    table.moved(body, 1, at(150));
    CHECK(table.victim(at(150), Millis{50}) == fake(2));
}

TEST_CASE("table: who moves on is kept, the one that pauses goes; drops are no progress") {
    ConnectionTable table(timeouts(), MinimumRate{100, Millis{40}});
    const auto steady = table.add(fake(0), Phase::body, at(0));
    const auto drops = table.add(fake(1), Phase::body, at(1));
    for (int i = 0; i < 30; ++i) table.moved(drops, 1, at(2 + i));
    table.moved(steady, 100, at(30));
    CHECK(table.stalled_body(at(31), Millis{30}) == fake(1));
    CHECK(table.expired(at(40)) == nullptr);
    CHECK(table.expired(at(41)) == fake(1));
    table.moved(drops, 70, at(41));  // the stretch is whole
    CHECK(table.expired(at(69)) == nullptr);
    CHECK(table.expired(at(70)) == fake(0));
    table.enter(steady, Phase::handler, at(70));
    table.remove(drops);
    CHECK(table.stalled_body(at(99'999), Millis{1}) == nullptr);
}

TEST_CASE("table: progress does not extend the time of a whole body") {
    ConnectionTable table(timeouts());
    const auto body = table.add(fake(0), Phase::body, at(0));
    for (int ms = 0; ms < 100; ms += 10) table.moved(body, 1000, at(ms));
    CHECK(table.expired(at(100)) == fake(0));
    table.moved(table.add(fake(1), Phase::idle, at(0)), 5, at(1));  // no body: nothing to count
    CHECK(table.size() == 2);
}
