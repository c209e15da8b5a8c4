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

TEST_CASE("table: an idle one gives way only after a while, one at work never") {
    ConnectionTable table(timeouts());
    const auto idle = table.add(fake(0), Phase::idle, at(0));
    table.add(fake(1), Phase::body, at(0));
    table.add(fake(2), Phase::handler, at(0));
    table.add(fake(3), Phase::write, at(0));
    CHECK(table.victim(at(40), Millis{50}) == nullptr);
    CHECK(table.victim(at(50), Millis{50}) == fake(0));
    table.remove(idle);
    CHECK(table.victim(at(500), Millis{50}) == nullptr);
}
