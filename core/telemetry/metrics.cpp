#include "core/telemetry/metrics.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace gantry::telemetry {
namespace {

// In a help a quote is text, in a label's value it is escaped.
std::string escape(std::string_view text, bool quotes = true) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
    return out;
}

// {a="b",le="0.5"}; empty text without labels.
std::string label_text(const MetricLabels& labels, std::string_view le = {}) {
    std::string out;
    for (const auto& [name, value] : labels) {
        out += (out.empty() ? "{" : ",") + name + "=\"" + escape(value) + "\"";
    }
    if (!le.empty()) out += (out.empty() ? "{le=\"" : ",le=\"") + std::string(le) + "\"";
    if (!out.empty()) out += '}';
    return out;
}

// The shortest text that reads back as the same number: a sum cut to six digits would stand still
// for hours and then jump.
std::string number(double value) {
    char text[64];
    constexpr auto plain = std::chars_format::fixed;
    return {text, std::to_chars(text, text + sizeof text, value, plain).ptr};
}

}  // namespace

void Histogram::observe(double seconds) {
    std::size_t i = 0;
    while (i < k_bounds_s.size() && seconds > k_bounds_s[i]) ++i;
    buckets_[i].fetch_add(1, std::memory_order_relaxed);
    // A wall clock set back gives a negative time; a sum that falls reads as a restart.
    sum_us_.fetch_add(std::llround(std::max(seconds, 0.0) * 1e6), std::memory_order_relaxed);
}

std::int64_t Histogram::count() const {
    std::int64_t total = 0;
    for (const auto& bucket : buckets_) total += bucket.load(std::memory_order_relaxed);
    return total;
}

struct Registry::Family {
    std::string help;
    std::map<MetricLabels, std::unique_ptr<Counter>> counters;
    std::map<MetricLabels, std::unique_ptr<Gauge>> gauges;
    std::map<MetricLabels, std::unique_ptr<Histogram>> histograms;

    auto& of(Counter*) { return counters; }
    auto& of(Gauge*) { return gauges; }
    auto& of(Histogram*) { return histograms; }
};

template <class T>
T& Registry::find_or_add(std::string_view name, std::string_view help, MetricLabels labels) {
    const std::lock_guard lock(mutex_);
    auto found = families_.find(name);
    if (found == families_.end()) {
        found = families_.emplace(std::string(name), std::make_shared<Family>()).first;
        found->second->help = help;
    }
    auto& metric = found->second->of(static_cast<T*>(nullptr))[std::move(labels)];
    if (!metric) metric = std::make_unique<T>();
    return *metric;
}

Counter& Registry::counter(std::string_view name, std::string_view help, MetricLabels labels) {
    return find_or_add<Counter>(name, help, std::move(labels));
}

Gauge& Registry::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
    return find_or_add<Gauge>(name, help, std::move(labels));
}

Histogram& Registry::histogram(std::string_view name, std::string_view help, MetricLabels labels) {
    return find_or_add<Histogram>(name, help, std::move(labels));
}

std::string Registry::prometheus_text() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    const auto head = [&](const std::string& name, const std::string& help, const char* type) {
        out +=
            "# HELP " + name + " " + escape(help, false) + "\n# TYPE " + name + " " + type + "\n";
    };
    const auto line = [&](const std::string& name, const std::string& labels,
                          const std::string& value) { out += name + labels + " " + value + "\n"; };
    for (const auto& [name, family] : families_) {
        if (!family->counters.empty()) head(name, family->help, "counter");
        for (const auto& [labels, counter] : family->counters) {
            line(name, label_text(labels), std::to_string(counter->value()));
        }
        if (!family->gauges.empty()) head(name, family->help, "gauge");
        for (const auto& [labels, gauge] : family->gauges) {
            line(name, label_text(labels), std::to_string(gauge->value()));
        }
        if (!family->histograms.empty()) head(name, family->help, "histogram");
        for (const auto& [labels, histogram] : family->histograms) {
            std::int64_t cumulative = 0;
            for (std::size_t i = 0; i < histogram->buckets_.size(); ++i) {
                cumulative += histogram->buckets_[i].load(std::memory_order_relaxed);
                const std::string le =
                    i < Histogram::k_bounds_s.size() ? number(Histogram::k_bounds_s[i]) : "+Inf";
                line(name + "_bucket", label_text(labels, le), std::to_string(cumulative));
            }
            const auto sum_us = histogram->sum_us_.load(std::memory_order_relaxed);
            line(name + "_sum", label_text(labels), number(static_cast<double>(sum_us) / 1e6));
            line(name + "_count", label_text(labels), std::to_string(cumulative));
        }
    }
    return out;
}

}  // namespace gantry::telemetry
