// The text is judged by the Prometheus exposition format 0.0.4 (prometheus.io, "Exposition
// formats"): HELP and TYPE once a name and before its samples, label values with \\, \" and \n
// escaped, help with \\ and \n, histograms cumulative with +Inf equal to _count.
#include "core/telemetry/metrics.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

using namespace gantry::telemetry;

namespace {

std::vector<std::string> lines_of(const Registry& registry) {
    std::vector<std::string> out;
    std::stringstream in(registry.prometheus_text());
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
}

// The sample's value as text; "" when there is no such line.
std::string value_of(const Registry& registry, const std::string& sample) {
    for (const std::string& line : lines_of(registry)) {
        if (line.starts_with(sample + " ")) return line.substr(sample.size() + 1);
    }
    return "";
}

std::string bucket(const Registry& registry, const std::string& le) {
    return value_of(registry, "t_seconds_bucket{le=\"" + le + "\"}");
}

}  // namespace

TEST_CASE("metrics: counters and gauges stand under their help and type") {
    Registry registry;
    registry.counter("gantry_events_total", "Events folded").add(3);
    registry.counter("gantry_events_total", "Events folded").add();
    registry.gauge("gantry_lag", "Records waiting").set(-2);
    registry.gauge("gantry_lag", "Records waiting").add(1);
    CHECK(registry.prometheus_text() ==
          "# HELP gantry_events_total Events folded\n"
          "# TYPE gantry_events_total counter\n"
          "gantry_events_total 4\n"
          "# HELP gantry_lag Records waiting\n"
          "# TYPE gantry_lag gauge\n"
          "gantry_lag -1\n");
}

TEST_CASE("metrics: an empty registry writes nothing") {
    CHECK(Registry().prometheus_text().empty());
}

TEST_CASE("metrics: the same name and labels give the same object, others another") {
    Registry registry;
    Counter& a = registry.counter("n_total", "h", {{"reason", "full"}});
    CHECK(&registry.counter("n_total", "h", {{"reason", "full"}}) == &a);
    CHECK(&registry.counter("n_total", "h", {{"reason", "old"}}) != &a);
    CHECK(&registry.counter("n_total", "h") != &a);
    CHECK(&registry.counter("m_total", "h", {{"reason", "full"}}) != &a);
    Histogram& h = registry.histogram("s_seconds", "h", {{"a", "b"}});
    CHECK(&registry.histogram("s_seconds", "h", {{"a", "b"}}) == &h);
}

TEST_CASE("metrics: a reference stays good while thousands of others are added") {
    Registry registry;
    Counter& first = registry.counter("a_total", "h", {{"n", "0"}});
    for (int i = 1; i < 5'000; ++i) {
        registry.counter("a_total", "h", {{"n", std::to_string(i)}});
        registry.gauge("g" + std::to_string(i), "h");
    }
    first.add(5);
    CHECK(value_of(registry, "a_total{n=\"0\"}") == "5");
    CHECK(&registry.counter("a_total", "h", {{"n", "0"}}) == &first);
}

TEST_CASE("metrics: a name's samples stand together, with one help and one type before them") {
    Registry registry;
    registry.counter("b_total", "b", {{"x", "1"}});
    registry.counter("a_total", "a", {{"x", "1"}});
    registry.counter("b_total", "b", {{"x", "2"}});
    registry.histogram("c_seconds", "c", {{"x", "1"}});
    registry.counter("a_total", "a", {{"x", "2"}});
    registry.histogram("c_seconds", "c", {{"x", "2"}});
    std::set<std::string> ended;
    std::map<std::string, int> heads;
    std::string current;
    for (const std::string& line : lines_of(registry)) {
        if (line.starts_with("# HELP ")) {
            ended.insert(current);
            current = line.substr(7, line.find(' ', 7) - 7);
            CHECK_FALSE(ended.contains(current));
        }
        if (line.starts_with("# ")) {
            ++heads[line.substr(0, 7) + current];
        } else {
            CHECK(line.starts_with(current));
        }
    }
    REQUIRE(heads.size() == 6);
    for (const auto& [head, count] : heads) {
        INFO(head);
        CHECK(count == 1);
    }
}

TEST_CASE("metrics: backslash, quote and line end of a label's value are escaped") {
    Registry registry;
    registry.counter("n_total", "h", {{"path", "C:\\dir"}, {"said", "\"no\"\nnever"}}).add(1);
    CHECK(value_of(registry, R"(n_total{path="C:\\dir",said="\"no\"\nnever"})") == "1");
}

TEST_CASE("metrics: backslash and line end of a help are escaped, a quote is not") {
    Registry registry;
    registry.counter("n_total", "one\\two\n\"three\"");
    CHECK(registry.prometheus_text() ==
          "# HELP n_total one\\\\two\\n\"three\"\n"
          "# TYPE n_total counter\nn_total 0\n");
}

TEST_CASE("metrics: buckets are cumulative, and +Inf is the count") {
    Registry registry;
    Histogram& h = registry.histogram("t_seconds", "h");
    for (const double seconds : {0.0001, 0.0005, 0.002, 0.03, 0.03, 9.9, 10.0, 10.1, 1'000.0}) {
        h.observe(seconds);
    }
    CHECK(h.count() == 9);
    CHECK(bucket(registry, "0.0005") == "2");  // le: equal is within
    CHECK(bucket(registry, "0.001") == "2");
    CHECK(bucket(registry, "0.0025") == "3");
    CHECK(bucket(registry, "0.025") == "3");
    CHECK(bucket(registry, "0.05") == "5");
    CHECK(bucket(registry, "5") == "5");
    CHECK(bucket(registry, "10") == "7");
    CHECK(bucket(registry, "+Inf") == "9");
    CHECK(value_of(registry, "t_seconds_count") == "9");
    std::int64_t before = 0;
    int buckets = 0;
    for (const std::string& line : lines_of(registry)) {
        if (!line.starts_with("t_seconds_bucket")) continue;
        const auto now = std::stoll(line.substr(line.rfind(' ') + 1));
        CHECK(now >= before);
        before = now;
        ++buckets;
    }
    CHECK(buckets == static_cast<int>(Histogram::k_bounds_s.size()) + 1);
}

TEST_CASE("metrics: a histogram without observations has all its lines, at nought") {
    Registry registry;
    registry.histogram("t_seconds", "h");
    CHECK(bucket(registry, "0.0005") == "0");
    CHECK(bucket(registry, "+Inf") == "0");
    CHECK(value_of(registry, "t_seconds_sum") == "0");
    CHECK(value_of(registry, "t_seconds_count") == "0");
}

TEST_CASE("metrics: a histogram's own labels stand before le, in every line") {
    Registry registry;
    registry.histogram("t_seconds", "h", {{"route", "/a"}}).observe(0.2);
    CHECK(value_of(registry, R"(t_seconds_bucket{route="/a",le="0.25"})") == "1");
    CHECK(value_of(registry, R"(t_seconds_count{route="/a"})") == "1");
    CHECK(value_of(registry, R"(t_seconds_sum{route="/a"})") == "0.2");
}

TEST_CASE("metrics: a sum that has grown for months still counts a millisecond") {
    // rate(sum)/rate(count) is the mean: a sum of six digits stands still, then jumps.
    Registry registry;
    Histogram& h = registry.histogram("t_seconds", "h");
    h.observe(5'000'000.0);
    h.observe(0.001);
    CHECK(std::stod(value_of(registry, "t_seconds_sum")) == Approx(5'000'000.001).epsilon(1e-12));
    h.observe(0.25);
    CHECK(std::stod(value_of(registry, "t_seconds_sum")) == Approx(5'000'000.251).epsilon(1e-12));
}

TEST_CASE("metrics: a time that ran backwards spoils no sum") {
    Registry registry;
    Histogram& h = registry.histogram("t_seconds", "h");
    h.observe(-3.0);  // the wall clock was set back between two looks
    h.observe(1.0);
    CHECK(h.count() == 2);
    CHECK(bucket(registry, "0.0005") == "1");
    CHECK(std::stod(value_of(registry, "t_seconds_sum")) == Approx(1.0));  // sums never fall
}

TEST_CASE("metrics: every line is a comment or a sample as the format wants it") {
    Registry registry;
    registry.counter("gantry_a_total", "A", {{"x", "y z"}, {"e", ""}}).add(1'000'000'000'000);
    registry.gauge("gantry_b", "B").set(-5);
    registry.histogram("gantry_c_seconds", "C").observe(0.000001);
    const std::regex sample(R"([a-zA-Z_:][a-zA-Z0-9_:]*)"
                            R"(\{?([a-z_]+="([^"\\\n]|\\.)*",?)*\}? )"
                            R"([+-]?([0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?|Inf|NaN))");
    const std::string text = registry.prometheus_text();
    REQUIRE_FALSE(text.empty());
    CHECK(text.back() == '\n');  // the last line ends too
    for (const std::string& line : lines_of(registry)) {
        INFO(line);
        CHECK((line.starts_with("# HELP ") || line.starts_with("# TYPE ") ||
               std::regex_match(line, sample)));
    }
}

TEST_CASE("metrics: what several threads count is all there, while it is read") {
    Registry registry;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&registry, thread] {
            for (int i = 0; i < 2'000; ++i) {
                registry.counter("n_total", "h", {{"t", std::to_string(thread % 2)}}).add();
                registry.histogram("t_seconds", "h").observe(0.01);
            }
        });
    }
    for (int i = 0; i < 20; ++i) {
        // +Inf and _count come from one look.
        const auto text = registry.prometheus_text();
        std::smatch all;
        std::smatch count;
        if (!std::regex_search(text, all, std::regex(R"(le="\+Inf"\} (\d+))"))) continue;
        REQUIRE(std::regex_search(text, count, std::regex(R"(_count (\d+))")));
        CHECK(all[1] == count[1]);
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(value_of(registry, "n_total{t=\"0\"}") == "4000");
    CHECK(value_of(registry, "n_total{t=\"1\"}") == "4000");
    CHECK(bucket(registry, "+Inf") == "8000");
}
