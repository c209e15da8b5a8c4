#include "agent/probes/disk_io.hpp"

#include <algorithm>
#include <array>

#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t k_sector_bytes = 512;  // of diskstats, whatever the device's is

bool is_digit(char c) { return c >= '0' && c <= '9'; }

double rate(std::int64_t after, std::int64_t before, double seconds) {
    return static_cast<double>(after - before) / seconds;
}

bool went_back(const DiskCounters& after, const DiskCounters& before) {
    return after.operations < before.operations || after.read_bytes < before.read_bytes ||
           after.written_bytes < before.written_bytes || after.busy_ms < before.busy_ms;
}

class DiskIoSource final : public Source {
public:
    DiskIoSource(const std::string& proc, const Clock& clock)
        : file_(proc + "/diskstats", KernelFile::Records::many), clock_(clock) {}

    Result<Measurement> read() override {
        const auto text = file_.read();
        if (!text) return text.error();
        const auto at = clock_.steady_now();
        auto now = parse_diskstats(*text);
        Measurement out;
        const double seconds = std::chrono::duration<double>(at - last_at_).count();
        for (const DiskCounters& disk : now) {
            if (is_whole_disk(disk.device)) append_rates(disk, seconds, out);
        }
        last_ = std::move(now);
        last_at_ = at;
        return out;
    }

private:
    void append_rates(const DiskCounters& now, double seconds, Measurement& out) {
        const auto before = std::find_if(last_.begin(), last_.end(), [&](const DiskCounters& disk) {
            return disk.device == now.device;
        });
        const bool seen_before = before != last_.end();
        const bool is_less = seen_before && went_back(now, *before);
        if (const char* reason = why_no_rate(seen_before, seconds, is_less)) {
            out.gaps.push_back({now.device, reason});
            return;
        }
        const auto add = [&](const char* name, double value) {
            out.readings.push_back({name, now.device, value});
        };
        add("system.disk.io.read", rate(now.read_bytes, before->read_bytes, seconds));
        add("system.disk.io.write", rate(now.written_bytes, before->written_bytes, seconds));
        add("system.disk.operations", rate(now.operations, before->operations, seconds));
        add("system.disk.io_utilization",
            std::min(rate(now.busy_ms, before->busy_ms, seconds) / 1000, 1.0));
    }

    KernelFile file_;
    const Clock& clock_;
    std::vector<DiskCounters> last_;
    std::chrono::steady_clock::time_point last_at_{};
};

}  // namespace

std::vector<DiskCounters> parse_diskstats(std::string_view proc_diskstats) {
    std::vector<DiskCounters> out;
    std::string_view line;
    while (next_line(proc_diskstats, line)) {
        next_word(line);  // major
        next_word(line);  // minor
        DiskCounters disk;
        disk.device = std::string(next_word(line));
        // Documentation/admin-guide/iostats.rst, fields 1 to 11.
        std::array<std::int64_t, 11> fields{};
        bool complete = !disk.device.empty();
        for (std::int64_t& field : fields) {
            const auto value = to_integer(next_word(line));
            complete = complete && value;
            field = value.value_or(0);
        }
        if (!complete) continue;
        disk.operations = fields[0] + fields[4];
        disk.read_bytes = fields[2] * k_sector_bytes;
        disk.written_bytes = fields[6] * k_sector_bytes;
        disk.busy_ms = fields[9];
        out.push_back(std::move(disk));
    }
    return out;
}

bool is_whole_disk(std::string_view device) {
    if (device.empty()) return false;
    for (const std::string_view family : {"nvme", "mmcblk", "nbd"}) {
        if (device.starts_with(family)) {
            return device.substr(family.size()).find('p') == std::string_view::npos;
        }
    }
    for (const std::string_view family : {"md", "dm-"}) {
        if (device.starts_with(family)) return is_digit(device.back());
    }
    for (const std::string_view family : {"sd", "vd", "xvd", "hd"}) {
        if (device.starts_with(family)) return !is_digit(device.back());
    }
    return false;
}

std::unique_ptr<Source> make_disk_io_source(const std::string& proc, const Clock& clock) {
    return std::make_unique<DiskIoSource>(proc, clock);
}

}  // namespace gantry::agent
