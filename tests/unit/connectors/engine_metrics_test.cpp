// What an operator sees of an engine: the lines of /metrics.
#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using namespace gantry::connectors::test;

namespace {

// The value of a line of the exposition; "" when it is not there.
std::string value_of(const telemetry::Registry& registry, const std::string& series) {
    const std::string text = "\n" + registry.prometheus_text();
    const auto at = text.find("\n" + series + " ");
    if (at == std::string::npos) return "";
    const auto from = at + series.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
}

std::string of(const char* name) { return std::string(name) + R"({connector="desk"})"; }

std::string deliveries(const char* result) {
    return std::string(R"(gantry_deliveries_total{connector="desk",result=")") + result + "\"}";
}

std::string failures(const char* cause) {
    return std::string(R"(gantry_delivery_failures_total{connector="desk",cause=")") + cause +
           "\"}";
}

std::string openings(const char* cause) {
    return std::string(R"(gantry_circuit_opened_total{connector="desk",cause=")") + cause + "\"}";
}

}  // namespace

TEST_CASE("engine metrics: gauges are there from the start") {
    EngineWorld w;
    CHECK(value_of(w.metrics, of("gantry_circuit_open")) == "0");
    CHECK(value_of(w.metrics, of("gantry_deliveries_in_flight")) == "0");
    CHECK(value_of(w.metrics, of("gantry_outbox_lag_seconds")) == "0");
    CHECK(value_of(w.metrics, of("gantry_outbox_errors_total")) == "0");
}

TEST_CASE("engine metrics: every counter is there from the start, with each of its words") {
    EngineWorld w;
    for (const char* result : {"accepted", "retry_later", "ambiguous", "rejected", "exhausted",
                               "released", "lease_expired", "verdict_lost"}) {
        CAPTURE(result);
        CHECK(value_of(w.metrics, deliveries(result)) == "0");
    }
    for (const char* cause :
         {"connection", "timeout", "reset", "throttled", "server_error", "busy", "refused",
          "turned_away", "redirect", "bad_answer", "bad_payload", "bad_settings", "exhausted"}) {
        CAPTURE(cause);
        CHECK(value_of(w.metrics, failures(cause)) == "0");
        CHECK(value_of(w.metrics, openings(cause)) == "0");
    }
}

TEST_CASE("engine metrics: every attempt is counted once, by what became of it and why") {
    DeliveryLimits limits;
    limits.max_attempts = 3;
    EngineWorld w(limits);
    w.deliver(1, DeliveryResult::accepted(""));
    w.deliver(2, DeliveryResult::retry_later(Cause::busy, "409"));
    w.deliver(3, DeliveryResult::ambiguous(Cause::timeout, "no answer"));
    w.deliver(4, DeliveryResult::rejected(Cause::refused, "422"));
    w.lease({delivery(5, 3)});
    (void)w.step<AttemptStep>();
    w.finish(5, DeliveryResult::retry_later(Cause::server_error, "503"));
    w.settle();
    CHECK(value_of(w.metrics, deliveries("accepted")) == "1");
    CHECK(value_of(w.metrics, deliveries("retry_later")) == "1");
    CHECK(value_of(w.metrics, deliveries("ambiguous")) == "1");
    CHECK(value_of(w.metrics, deliveries("rejected")) == "1");
    CHECK(value_of(w.metrics, deliveries("exhausted")) == "1");
    CHECK(value_of(w.metrics, failures("busy")) == "1");
    CHECK(value_of(w.metrics, failures("timeout")) == "1");
    CHECK(value_of(w.metrics, failures("refused")) == "1");
    CHECK(value_of(w.metrics, failures("server_error")) == "1");
    CHECK(value_of(w.metrics, failures("none")) == "0");
    CHECK(value_of(w.metrics, of("gantry_delivery_seconds_count")) == "5");
}

TEST_CASE("engine metrics: rows in hand are in flight, from the lease to the written verdict") {
    EngineWorld w;
    w.begin(1, 2);
    CHECK(value_of(w.metrics, of("gantry_deliveries_in_flight")) == "2");
    w.finish(1, DeliveryResult::accepted(""));
    CHECK(value_of(w.metrics, of("gantry_deliveries_in_flight")) == "2");
    w.settle();
    CHECK(value_of(w.metrics, of("gantry_deliveries_in_flight")) == "1");
}

TEST_CASE("engine metrics: the circuit is open until a probe has closed it") {
    DeliveryLimits limits;
    limits.circuit_failures = 1;
    EngineWorld w(limits);
    w.deliver(1, down());
    CHECK(value_of(w.metrics, of("gantry_circuit_open")) == "1");
    CHECK(value_of(w.metrics,
                   R"(gantry_circuit_opened_total{connector="desk",cause="connection"})") == "1");
    w.wait_out();
    w.begin(2, 2);
    CHECK(value_of(w.metrics, of("gantry_circuit_open")) == "1");
    w.finish(2, DeliveryResult::ambiguous(Cause::timeout, "no answer"));
    w.settle();
    CHECK(value_of(w.metrics, R"(gantry_circuit_opened_total{connector="desk",cause="timeout"})") ==
          "1");
    w.wait_out();
    w.deliver(3, DeliveryResult::accepted(""));
    CHECK(value_of(w.metrics, of("gantry_circuit_open")) == "0");
}

TEST_CASE("engine metrics: the lag is how long the oldest row has been due, and never negative") {
    EngineWorld w;
    w.lease({}, w.clock.now() - Millis{90'000});
    CHECK(value_of(w.metrics, of("gantry_outbox_lag_seconds")) == "90");
    w.wait_out();
    w.lease({}, w.clock.now() + Millis{90'000});
    CHECK(value_of(w.metrics, of("gantry_outbox_lag_seconds")) == "0");
    w.wait_out();
    w.lease({}, w.clock.now() - Millis{5'000});
    w.wait_out();
    w.lease({});
    CHECK(value_of(w.metrics, of("gantry_outbox_lag_seconds")) == "0");
}

TEST_CASE("engine metrics: failures of the outbox are counted, of leases and of verdicts") {
    EngineWorld w;
    (void)w.step<LeaseStep>();
    w.engine.leased(fail(ErrorCode::unavailable, "the disk is full"));
    w.wait_out();
    w.begin(1, 1);
    w.finish(1, DeliveryResult::accepted(""));
    w.engine.settled(w.step<SettleStep>(), fail(ErrorCode::unavailable, "the disk is full"));
    CHECK(value_of(w.metrics, of("gantry_outbox_errors_total")) == "2");
    CHECK(value_of(w.metrics, deliveries("accepted")) == "1");
}

TEST_CASE("engine metrics: two connectors on one registry are told apart") {
    EngineWorld w;
    Engine other("mail", {}, {w.clock, w.random, w.metrics, w.log});
    w.deliver(1, DeliveryResult::accepted(""));
    CHECK(value_of(w.metrics, deliveries("accepted")) == "1");
    CHECK(value_of(w.metrics, R"(gantry_deliveries_total{connector="mail",result="accepted"})") ==
          "0");
    CHECK(value_of(w.metrics, R"(gantry_circuit_open{connector="mail"})") == "0");
}
