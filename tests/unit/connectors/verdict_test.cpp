#include "connectors/engine/verdict.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "core/base/text.hpp"
#include "tests/unit/connectors/engine_world.hpp"

using namespace gantry;
using namespace gantry::connectors;
using connectors::test::delivery;

namespace {

using Kind = Settlement::Kind;

constexpr Cause k_causes[] = {Cause::none,         Cause::connection, Cause::timeout,
                              Cause::reset,        Cause::throttled,  Cause::server_error,
                              Cause::busy,         Cause::refused,    Cause::turned_away,
                              Cause::redirect,     Cause::bad_answer, Cause::bad_payload,
                              Cause::bad_settings, Cause::exhausted};

DeliveryLimits limits() {
    DeliveryLimits out;
    out.backoff = {Millis{1'000}, Millis{60'000}};
    out.max_age = Millis{3'600'000};
    out.max_attempts = 10;
    out.retry_after_cap = Millis{30'000};
    return out;
}

struct Judge {
    Settlement operator()(const Delivery& row, const DeliveryResult& result, Millis age = {}) {
        return verdict(row, result, limits(), row.created_at + age, random);
    }
    // How long until the next attempt, at most and at least, over many.
    std::pair<Millis, Millis> waits(const Delivery& row, const DeliveryResult& result) {
        std::pair<Millis, Millis> out{Millis::max(), Millis::min()};
        for (int i = 0; i < 2'000; ++i) {
            const Millis wait = (*this)(row, result).at - row.created_at;
            out = {std::min(out.first, wait), std::max(out.second, wait)};
        }
        return out;
    }
    SeededRandom random{3};
};

}  // namespace

TEST_CASE("verdict: the outcome decides, whatever the cause") {
    Judge judge;
    for (const Cause cause : k_causes) {
        CAPTURE(to_string(cause));
        CHECK(judge(delivery(1), DeliveryResult::retry_later(cause, "r")).kind == Kind::retry);
        CHECK(judge(delivery(1), DeliveryResult::ambiguous(cause, "r")).kind == Kind::retry);
        CHECK(judge(delivery(1), DeliveryResult::rejected(cause, "r")).kind == Kind::dead);
    }
    CHECK(judge(delivery(1), DeliveryResult::accepted("R1")).kind == Kind::delivered);
}

TEST_CASE("verdict: accepted keeps the remote id, and counts however old or tired the row is") {
    Judge judge;
    const auto step = judge(delivery(7, 99), DeliveryResult::accepted("R1"), Millis{90'000'000});
    CHECK(step.kind == Kind::delivered);
    CHECK(step.id == DeliveryId{7});
    CHECK(step.text == "R1");
    CHECK(step.at == delivery(7).created_at + Millis{90'000'000});
}

TEST_CASE("verdict: a failure has a reason, its cause where the connector gave none") {
    Judge judge;
    CHECK(judge(delivery(1), DeliveryResult::retry_later(Cause::busy, "status 409")).text ==
          "status 409");
    for (const Cause cause : k_causes) {
        CHECK_FALSE(judge(delivery(1), DeliveryResult::rejected(cause, "")).text.empty());
        CHECK_FALSE(judge(delivery(1), DeliveryResult::retry_later(cause, "")).text.empty());
    }
}

TEST_CASE("verdict: text of the other side is bounded and clean") {
    Judge judge;
    std::string wild = "a\x01";
    wild += '\0';
    wild += "\xff";
    for (int i = 0; i < 1'000; ++i) wild += "\xE2\x82\xAC";
    for (const auto& result :
         {DeliveryResult::accepted(wild), DeliveryResult::rejected(Cause::refused, wild),
          DeliveryResult::ambiguous(Cause::timeout, wild)}) {
        const std::string text = judge(delivery(1), result).text;
        CHECK(text.size() <= 500);
        CHECK(is_utf8(text));
        CHECK(text.find('\0') == std::string::npos);
        CHECK(text.find('\x01') == std::string::npos);
        CHECK(text.starts_with("a"));
    }
    const auto old = judge(delivery(1, 10), DeliveryResult::ambiguous(Cause::timeout, wild));
    CHECK(old.text.size() <= 500);
}

TEST_CASE("verdict: retries wait with full jitter that doubles up to the cap") {
    Judge judge;
    const std::int64_t longest[] = {1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000};
    for (std::int64_t attempt = 1; attempt <= 8; ++attempt) {
        CAPTURE(attempt);
        const auto [low, high] = judge.waits(delivery(1, attempt), connectors::test::down());
        CHECK(low >= Millis{0});
        CHECK(low < Millis{longest[attempt - 1] / 50});
        CHECK(high <= Millis{longest[attempt - 1]});
        CHECK(high > Millis{longest[attempt - 1] * 49 / 50});
    }
}

TEST_CASE("verdict: a time that the other side named is kept to, with a little jitter after it") {
    Judge judge;
    const auto asked = DeliveryResult::retry_later(Cause::throttled, "429", Millis{20'000});
    const auto [low, high] = judge.waits(delivery(1, 5), asked);
    CHECK(low >= Millis{20'000});
    CHECK(low < Millis{20'100});
    CHECK(high <= Millis{21'000});
    CHECK(high > Millis{20'900});
}

TEST_CASE("verdict: a time named does not shorten the back-off of a row that failed often") {
    Judge judge;
    const auto soon = DeliveryResult::retry_later(Cause::throttled, "429", Millis{1'000});
    const auto [low, high] = judge.waits(delivery(1, 7), soon);
    CHECK(low >= Millis{1'000});
    CHECK(high > Millis{50'000});
    CHECK(high <= Millis{60'000});
}

TEST_CASE(
    "verdict: a tool that is down all day is given up by age, however soon it says to retry") {
    const DeliveryLimits usual;
    SeededRandom random(4);
    for (const Millis asked : {Millis{0}, Millis{1'000}, Millis{30'000}}) {
        CAPTURE(asked.count());
        const auto failure = DeliveryResult::retry_later(Cause::throttled, "status 429", asked);
        Delivery row = delivery(1);
        Settlement step{row.id, Kind::retry, "", row.created_at};
        for (; step.kind == Kind::retry; ++row.attempts) {
            step = verdict(row, failure, usual, step.at, random);
        }
        CHECK(step.at - row.created_at >= usual.max_age);
        CHECK(row.attempts < usual.max_attempts);
    }
}

TEST_CASE("verdict: a wish longer than the cap is cut, a negative one is none") {
    Judge judge;
    const auto century = DeliveryResult::retry_later(Cause::throttled, "429", Millis{1LL << 50});
    const auto [low, high] = judge.waits(delivery(1), century);
    CHECK(low >= Millis{30'000});
    CHECK(high <= Millis{31'000});
    const auto past = DeliveryResult::retry_later(Cause::throttled, "429", Millis{-5'000});
    CHECK(judge.waits(delivery(1), past).first >= Millis{0});
    CHECK(judge.waits(delivery(1), past).second <= Millis{1'000});
}

TEST_CASE("verdict: a failure at the greatest age or attempt is the last, and says how it went") {
    Judge judge;
    const auto failure = DeliveryResult::retry_later(Cause::server_error, "status 503");
    CHECK(judge(delivery(1, 9), failure).kind == Kind::retry);
    const auto tired = judge(delivery(1, 10), failure, Millis{125'000});
    CHECK(tired.kind == Kind::dead);
    CHECK(tired.text == "gave up after 10 attempts in 0 h 2 min: status 503");
    CHECK(judge(delivery(1), failure, Millis{3'599'999}).kind == Kind::retry);
    const auto old = judge(delivery(1, 2), failure, Millis{3'600'000});
    CHECK(old.kind == Kind::dead);
    CHECK(old.text == "gave up after 2 attempts in 1 h 0 min: status 503");
}

TEST_CASE("verdict: a clock set back makes a row young, not dead") {
    Judge judge;
    CHECK(judge(delivery(1), connectors::test::down(), Millis{-86'400'000}).kind == Kind::retry);
}

TEST_CASE(
    "refuse_exhausted: only a row leased more often than it may be tried, with its last word") {
    const Instant now = delivery(1).created_at;
    CHECK_FALSE(refuse_exhausted(delivery(1, 10), limits(), now).has_value());
    Delivery row = delivery(4, 11);
    row.last_error = "status 503";
    const auto step = refuse_exhausted(row, limits(), now);
    REQUIRE(step);
    CHECK(step->kind == Kind::dead);
    CHECK(step->id == DeliveryId{4});
    CHECK(step->at == now);
    CHECK(step->text == "gave up after 10 attempts; last error: status 503");
    row.last_error.clear();
    CHECK(refuse_exhausted(row, limits(), now)->text == "gave up after 10 attempts");
}

TEST_CASE("blames_connector: only what would hit the next delivery as well") {
    const auto blamed = [](Cause cause) {
        return blames_connector(DeliveryResult::retry_later(cause, ""));
    };
    for (const Cause cause :
         {Cause::connection, Cause::timeout, Cause::reset, Cause::server_error, Cause::turned_away,
          Cause::redirect, Cause::bad_answer, Cause::bad_settings}) {
        CAPTURE(to_string(cause));
        CHECK(blamed(cause));
        CHECK(blames_connector(DeliveryResult::ambiguous(cause, "")));
    }
    for (const Cause cause : {Cause::none, Cause::throttled, Cause::busy, Cause::refused,
                              Cause::bad_payload, Cause::exhausted}) {
        CAPTURE(to_string(cause));
        CHECK_FALSE(blamed(cause));
    }
    CHECK_FALSE(blames_connector(DeliveryResult::accepted("R1")));
}

TEST_CASE("outcomes and causes have words of their own") {
    std::set<std::string> words;
    for (const Cause cause : k_causes) words.insert(to_string(cause));
    CHECK(words.size() == std::size(k_causes));
    CHECK(std::string(to_string(Outcome::ambiguous)) == "ambiguous");
    CHECK(std::string(to_string(Outcome::retry_later)) == "retry_later");
}
