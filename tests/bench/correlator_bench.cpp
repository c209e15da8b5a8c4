// bench_correlator [alerts]: CPU nanoseconds per event through the fold (new, repeated, refreshed,
// changed) and bytes per live alert, on events of the size that Alertmanager was measured with (428
// bytes, 7 labels). One JSON object on standard output.
#include <fmt/format.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include "correlator/pipeline/correlator.hpp"

using namespace gantry;

namespace {

constexpr std::size_t k_batch = 64;

// This thread's; schedstat's figure of the running thread moves with the scheduler's ticks only.
std::uint64_t cpu_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000ULL +
           static_cast<std::uint64_t>(time.tv_nsec);
}

std::size_t heap_bytes() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

Event event_number(std::size_t n) {
    const auto host = fmt::format("host-{:05}.example.com", n / 20);
    Event event;
    event.organisation = OrganisationId{1};
    event.source = "alertmanager";
    event.key = fmt::format("{:016x}", n * 0x9E3779B97F4A7C15ULL);
    event.severity = Severity::critical;
    event.summary = fmt::format("Filesystem on {} has less than 5 percent of its space left", host);
    event.labels = {{"alertname", "FilesystemAlmostFull"},
                    {"device", fmt::format("/dev/mapper/vg-{:04}", n % 20)},
                    {"environment", "production"},
                    {"grp", fmt::format("group-{:04}", n % 1000)},
                    {"instance", host + ":9100"},
                    {"job", "node"},
                    {"severity", "critical"}};
    event.host = host;
    event.observed_at = from_ms(1'764'000'000'000);
    event.expires_after = Millis{300'000};
    return event;
}

struct Bench {
    std::size_t alerts;
    std::unique_ptr<correlator::Correlator> correlator;
    Sequences sequences;
    std::int64_t seq = 0;
    Instant now = from_ms(1'764'000'000'000);
    std::string json;

    // Events are made outside the measured time; changes are dropped inside it, as the engine does.
    void fold_all(const char* name, const std::function<void(Event&)>& change) {
        std::uint64_t spent = 0;
        for (std::size_t n = 0; n < alerts;) {
            std::vector<Event> events;
            for (; events.size() < k_batch && n < alerts; ++n) {
                events.push_back(event_number(n));
                change(events.back());
            }
            const auto before = cpu_ns();
            {
                Changes changes;
                correlator->fold({JournalSeq{++seq}, now}, events, sequences, changes);
            }
            spent += cpu_ns() - before;
        }
        report(name, spent);
    }
    void refresh_all(const char* name, bool at_once) {
        std::uint64_t spent = 0;
        std::size_t refused = 0;
        for (std::size_t n = 0; n < alerts;) {
            std::vector<Event> events;
            for (; events.size() < k_batch && n < alerts; ++n) events.push_back(event_number(n));
            const auto before = cpu_ns();
            if (at_once) {
                refused += correlator->refresh_all(events, now) ? 0 : events.size();
            } else {
                for (const auto& event : events) refused += correlator->refresh(event, now) ? 0 : 1;
            }
            spent += cpu_ns() - before;
        }
        if (refused > 0) std::fprintf(stderr, "%zu refused\n", refused);
        report(name, spent);
    }
    void report(const char* name, std::uint64_t spent) {
        json += fmt::format(", \"{}\": {}", name, spent / alerts);
    }
};

}  // namespace

int main(int argc, char** argv) {
    const std::size_t alerts = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 500'000;
    if (alerts == 0) {
        std::fprintf(stderr, "usage: bench_correlator [alerts]\n");
        return 2;
    }
    const auto empty = heap_bytes();
    Bench bench{alerts, correlator::make_correlator(correlator::default_rules()), {}, 0, {}, {}};
    bench.now = from_ms(1'764'000'000'000);
    bench.fold_all("new_ns", [](Event&) {});
    const auto bytes = (heap_bytes() - empty) / alerts;
    bench.now += Millis{15'000};
    bench.fold_all("repeated_ns", [](Event&) {});
    bench.refresh_all("refresh_one_ns", false);
    bench.refresh_all("refresh_ns", true);
    const auto before = cpu_ns();
    const auto drained = bench.correlator->take_refreshed().size();
    bench.json +=
        fmt::format(", \"drain_ns\": {}", (cpu_ns() - before) / std::max<std::size_t>(1, drained));
    bench.fold_all("changed_ns", [](Event& event) { event.severity = Severity::warning; });
    bench.fold_all("resolved_ns", [](Event& event) { event.action = EventAction::resolved; });
    bench.fold_all("reopened_ns", [](Event&) {});
    std::printf("{\"bench\": \"correlator\", \"alerts\": %zu, \"bytes_per_alert\": %zu%s}\n",
                alerts, bytes, bench.json.c_str());
    return 0;
}
