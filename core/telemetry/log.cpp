#include "core/telemetry/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "core/base/text.hpp"

namespace gantry::telemetry {
namespace {

// The length of the character at `at` that may stand in a line; 0 for a byte that must be escaped:
// C0 controls and DEL, C1 controls (terminals obey U+009B as they obey ESC [), and what is no
// UTF-8.
std::size_t plain_length(std::string_view value, std::size_t at) {
    const auto byte = static_cast<unsigned char>(value[at]);
    if (byte < 0x20 || byte == 0x7f) return 0;
    if (byte < 0x80) return 1;
    for (std::size_t length = 2; length <= 4 && at + length <= value.size(); ++length) {
        if (!is_utf8(value.substr(at, length))) continue;
        const bool control = byte == 0xc2 && static_cast<unsigned char>(value[at + 1]) < 0xa0;
        return control ? 0 : length;
    }
    return 0;
}

bool needs_quotes(std::string_view value) {
    if (value.empty()) return true;
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t length = plain_length(value, at);
        if (length == 0) return true;
        if (value[at] == ' ' || value[at] == '"' || value[at] == '=') return true;
        at += length;
    }
    return false;
}

void append_escaped(std::string& out, char c) {
    constexpr const char* hex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
        out += "\\n";
        return;
    }
    out += "\\x";
    out += hex[byte >> 4];
    out += hex[byte & 15];
}

void append_value(std::string& out, std::string_view value) {
    if (!needs_quotes(value)) {
        out += value;
        return;
    }
    out += '"';
    for (std::size_t at = 0; at < value.size();) {
        const std::size_t length = plain_length(value, at);
        if (length == 0) {
            append_escaped(out, value[at]);
            ++at;
            continue;
        }
        if (value[at] == '"' || value[at] == '\\') out += '\\';
        out += value.substr(at, length);
        at += length;
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
    sink_->logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %n %^%l%$ %v", spdlog::pattern_time_type::utc);
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
