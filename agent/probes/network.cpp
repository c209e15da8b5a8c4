#include "agent/probes/network.hpp"

#include <algorithm>
#include <array>

#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

bool went_back(const InterfaceCounters& after, const InterfaceCounters& before) {
    return after.received_bytes < before.received_bytes ||
           after.transmitted_bytes < before.transmitted_bytes || after.errors < before.errors ||
           after.dropped < before.dropped;
}

class NetworkSource final : public Source {
public:
    NetworkSource(const std::string& proc, const Clock& clock)
        : file_(proc + "/net/dev", KernelFile::Records::many), clock_(clock) {}

    Result<Measurement> read() override {
        const auto text = file_.read();
        if (!text) return text.error();
        const auto at = clock_.steady_now();
        auto now = parse_net_dev(*text);
        const double seconds = std::chrono::duration<double>(at - last_at_).count();
        Measurement out;
        for (const InterfaceCounters& link : now) {
            if (link.name != "lo") append_rates(link, seconds, out);
        }
        last_ = std::move(now);
        last_at_ = at;
        return out;
    }

private:
    void append_rates(const InterfaceCounters& now, double seconds, Measurement& out) {
        const auto before =
            std::find_if(last_.begin(), last_.end(),
                         [&](const InterfaceCounters& link) { return link.name == now.name; });
        const bool seen_before = before != last_.end();
        const bool is_less = seen_before && went_back(now, *before);
        if (const char* reason = why_no_rate(seen_before, seconds, is_less)) {
            out.gaps.push_back({now.name, reason});
            return;
        }
        const auto add = [&](const char* name, std::int64_t after, std::int64_t earlier) {
            out.readings.push_back(
                {name, now.name, static_cast<double>(after - earlier) / seconds});
        };
        add("system.network.io.receive", now.received_bytes, before->received_bytes);
        add("system.network.io.transmit", now.transmitted_bytes, before->transmitted_bytes);
        add("system.network.errors", now.errors, before->errors);
        add("system.network.dropped", now.dropped, before->dropped);
    }

    KernelFile file_;
    const Clock& clock_;
    std::vector<InterfaceCounters> last_;
    std::chrono::steady_clock::time_point last_at_{};
};

}  // namespace

std::vector<InterfaceCounters> parse_net_dev(std::string_view proc_net_dev) {
    std::vector<InterfaceCounters> out;
    std::string_view line;
    while (next_line(proc_net_dev, line)) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;  // the two heading lines
        std::string_view name = line.substr(0, colon);
        InterfaceCounters link;
        link.name = std::string(next_word(name));
        std::string_view rest = line.substr(colon + 1);
        std::array<std::int64_t, 12> fields{};  // 8 of receive, then bytes packets errs drop
        bool complete = !link.name.empty();
        for (std::int64_t& field : fields) {
            const auto value = to_integer(next_word(rest));
            complete = complete && value;
            field = value.value_or(0);
        }
        if (!complete) continue;
        link.received_bytes = fields[0];
        link.transmitted_bytes = fields[8];
        link.errors = fields[2] + fields[10];
        link.dropped = fields[3] + fields[11];
        out.push_back(std::move(link));
    }
    return out;
}

std::unique_ptr<Source> make_network_source(const std::string& proc, const Clock& clock) {
    return std::make_unique<NetworkSource>(proc, clock);
}

}  // namespace gantry::agent
