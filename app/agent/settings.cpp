#include "app/agent/settings.hpp"

namespace gantry::app {
namespace {

using settings::Section;
using telemetry::LogLevel;

void read_root(Section& root, AgentSettings& out) {
    root.text("server", out.server, 2048);
    if (root.has("server") && !out.server.starts_with("https://")) {
        root.problem("server", "must begin with https://");
    }
    root.path("ca_file", out.ca_file);
    root.path("state_directory", out.state_directory);
    root.text("asset_tag", out.asset_tag, 100);
    root.duration("interval", out.interval, {Millis{0}, Millis{86'400'000}});
    if (out.interval.count() % 1000 != 0) root.problem("interval", "must be whole seconds");
    root.section("spool", [&](Section& s) {
        s.size("max_size", out.spool_max_bytes, {1 << 20, std::size_t{1} << 40});
    });
    root.section("log", [&](Section& s) {
        s.word<LogLevel>("level", out.log_level,
                         {{"debug", LogLevel::debug},
                          {"info", LogLevel::info},
                          {"warn", LogLevel::warn},
                          {"error", LogLevel::error}});
    });
}

}  // namespace

Result<AgentSettings> read_agent_settings(settings::Document& document) {
    AgentSettings out;
    const auto read = document.read([&](Section& root) { read_root(root, out); });
    if (!read) return read.error();
    return out;
}

Result<AgentSettings> load_agent_settings(const std::string& path,
                                          settings::Environment environment) {
    auto document = settings::Document::load(path, std::move(environment));
    if (!document) return document.error();
    return read_agent_settings(*document);
}

}  // namespace gantry::app
