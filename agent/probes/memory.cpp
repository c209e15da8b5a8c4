#include "agent/probes/memory.hpp"

#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

std::string mebibytes(std::int64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

double ratio(std::int64_t part, std::int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
}

class MemorySource final : public Source {
public:
    explicit MemorySource(const std::string& proc) : file_(proc + "/meminfo") {}

    Result<Measurement> read() override {
        const auto text = file_.read();
        if (!text) return text.error();
        const auto info = parse_meminfo(*text);
        if (!info) return info.error();
        last_ = *info;
        const std::int64_t used = last_.total_bytes - last_.available_bytes;
        Measurement out;
        out.readings.push_back({"system.memory.utilization", "", ratio(used, last_.total_bytes)});
        out.readings.push_back({"system.memory.usage", "", static_cast<double>(used)});
        out.readings.push_back(
            {"system.memory.available", "", static_cast<double>(last_.available_bytes)});
        return out;
    }

    Labels evidence(std::string_view, std::string_view) override {
        return {{"available", mebibytes(last_.available_bytes)},
                {"total", mebibytes(last_.total_bytes)}};
    }

private:
    KernelFile file_;
    MemoryInfo last_;
};

class SwapSource final : public Source {
public:
    explicit SwapSource(const std::string& proc) : file_(proc + "/meminfo") {}

    Result<Measurement> read() override {
        const auto text = file_.read();
        if (!text) return text.error();
        const auto info = parse_meminfo(*text);
        if (!info) return info.error();
        last_ = *info;
        Measurement out;
        if (last_.swap_total_bytes == 0) return out;
        const std::int64_t used = last_.swap_total_bytes - last_.swap_free_bytes;
        out.readings.push_back(
            {"system.paging.utilization", "", ratio(used, last_.swap_total_bytes)});
        out.readings.push_back({"system.paging.usage", "", static_cast<double>(used)});
        return out;
    }

    Labels evidence(std::string_view, std::string_view) override {
        return {{"swap_free", mebibytes(last_.swap_free_bytes)},
                {"swap_total", mebibytes(last_.swap_total_bytes)}};
    }

private:
    KernelFile file_;
    MemoryInfo last_;
};

}  // namespace

Result<MemoryInfo> parse_meminfo(std::string_view proc_meminfo) {
    MemoryInfo out;
    std::int64_t free_bytes = 0;
    std::int64_t cached_bytes = 0;
    bool has_available = false;
    std::string_view line;
    while (next_line(proc_meminfo, line)) {
        const std::string_view key = next_word(line);
        const std::int64_t bytes = to_integer(next_word(line)).value_or(0) * 1024;
        if (key == "MemTotal:") out.total_bytes = bytes;
        if (key == "MemFree:") free_bytes = bytes;
        if (key == "Buffers:" || key == "Cached:") cached_bytes += bytes;
        if (key == "SwapTotal:") out.swap_total_bytes = bytes;
        if (key == "SwapFree:") out.swap_free_bytes = bytes;
        if (key == "MemAvailable:") {
            out.available_bytes = bytes;
            has_available = true;
        }
    }
    if (out.total_bytes <= 0) return fail(ErrorCode::corrupt, "/proc/meminfo: no MemTotal");
    if (!has_available) out.available_bytes = free_bytes + cached_bytes;  // kernels before 3.14
    return out;
}

std::unique_ptr<Source> make_memory_source(const std::string& proc) {
    return std::make_unique<MemorySource>(proc);
}

std::unique_ptr<Source> make_swap_source(const std::string& proc) {
    return std::make_unique<SwapSource>(proc);
}

}  // namespace gantry::agent
