#include "core/telemetry/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace gantry::telemetry {
namespace {

bool needs_quotes(std::string_view value) {
    if (value.empty()) return true;
    for (const char c : value) {
        if (c == ' ' || c == '"' || c == '=' || static_cast<unsigned char>(c) < 0x20) return true;
    }
    return false;
}

void append_value(std::string& out, std::string_view value) {
    if (!needs_quotes(value)) {
        out += value;
        return;
    }
    constexpr const char* hex = "0123456789abcdef";
    out += '"';
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20) {
            out += "\\x";
            out += hex[byte >> 4];
            out += hex[byte & 15];
        } else {
            out += c;
        }
    }
    out += '"';
}

spdlog::level::level_enum spd_level(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warn: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

}  // namespace

struct Log::Sink {
    explicit Sink(std::string name)
        : logger(std::move(name), std::make_shared<spdlog::sinks::stderr_color_sink_mt>()) {}
    spdlog::logger logger;
};

Log::Log(std::string_view program, LogLevel level)
    : sink_(std::make_shared<Sink>(std::string(program))) {
    sink_->logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %^%l%$ %v",
                              spdlog::pattern_time_type::utc);
    sink_->logger.set_level(spd_level(level));
    sink_->logger.flush_on(spdlog::level::debug);
}

Log Log::silent() { return Log{}; }

void Log::write(LogLevel level, std::string_view event, std::initializer_list<Field> fields) const {
    if (!sink_ || !sink_->logger.should_log(spd_level(level))) return;
    std::string line(event);
    for (const Field& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
    sink_->logger.log(spd_level(level), line);
}

void Log::debug(std::string_view event, std::initializer_list<Field> fields) const {
    write(LogLevel::debug, event, fields);
}
void Log::info(std::string_view event, std::initializer_list<Field> fields) const {
    write(LogLevel::info, event, fields);
}
void Log::warn(std::string_view event, std::initializer_list<Field> fields) const {
    write(LogLevel::warn, event, fields);
}
void Log::error(std::string_view event, std::initializer_list<Field> fields) const {
    write(LogLevel::error, event, fields);
}

}  // namespace gantry::telemetry
