// Logging: `event_name key=value`, to standard error, through spdlog (hidden). Secrets are never
// passed (Redacted<T> does not format). info = state changed, warn = degraded and retried, error =
// a person must act. Thread-safe.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace gantry::telemetry {

enum class LogLevel { debug, info, warn, error };

// One value of a log line; quotes, control characters and what is no UTF-8 are escaped.
struct Field {
    std::string_view key;
    std::string value;

    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(v) {}
    Field(std::string_view k, const std::string& v) : key(k), value(v) {}
    template <class N>
    requires std::is_arithmetic_v<N> Field(std::string_view k, N v)
        : key(k), value(std::to_string(v)) {}
};

class Log {
public:
    explicit Log(std::string_view program, LogLevel level = LogLevel::info);
    void debug(std::string_view event, std::initializer_list<Field> fields = {}) const;
    void info(std::string_view event, std::initializer_list<Field> fields = {}) const;
    void warn(std::string_view event, std::initializer_list<Field> fields = {}) const;
    void error(std::string_view event, std::initializer_list<Field> fields = {}) const;
    // A Log that drops everything; for tests.
    static Log silent();

private:
    Log() = default;
    void write(LogLevel level, std::string_view event, std::initializer_list<Field> fields) const;
    struct Sink;
    std::shared_ptr<Sink> sink_;
};

}  // namespace gantry::telemetry
