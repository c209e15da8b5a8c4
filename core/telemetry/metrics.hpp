// Metrics: counters, gauges and histograms of one process, written as Prometheus text 0.0.4.
// A Registry is made by app and passed by reference; there is no global one.
//
// Threading: everything is thread-safe; add() is one relaxed atomic add, so take the reference once
// and keep it. References live as long as the Registry.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::telemetry {

class Counter {
public:
    void add(std::int64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

class Gauge {
public:
    void set(std::int64_t v) { value_.store(v, std::memory_order_relaxed); }
    void add(std::int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

// Seconds in fixed buckets from 0.5 ms to 10 s.
class Histogram {
public:
    static constexpr std::array<double, 14> k_bounds_s{
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
    void observe(double seconds);
    [[nodiscard]] std::int64_t count() const;

private:
    friend class Registry;
    std::array<std::atomic<std::int64_t>, k_bounds_s.size() + 1> buckets_{};
    std::atomic<std::int64_t> sum_us_{0};
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Registry {
public:
    // The same name and labels give the same object. REQUIRES: one name has one kind and help.
    Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {});
    Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
    Histogram& histogram(std::string_view name, std::string_view help, MetricLabels labels = {});
    [[nodiscard]] std::string prometheus_text() const;

private:
    struct Family;
    template <class T>
    T& find_or_add(std::string_view name, std::string_view help, MetricLabels labels);
    mutable std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Family>, std::less<>> families_;
};

}  // namespace gantry::telemetry
