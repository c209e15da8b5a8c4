#include "app/agent/settings.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::app;

namespace {

Result<AgentSettings> parse(std::string_view text) {
    auto document = settings::Document::parse(text, "agent.yaml");
    if (!document) return document.error();
    return read_agent_settings(*document);
}

}  // namespace

TEST_CASE("agent settings: the shipped file says the defaults") {
    const auto shipped = load_agent_settings(GANTRY_SOURCE_DIR "/config/agent.yaml", {});
    REQUIRE(shipped);
    const AgentSettings fresh;
    CHECK(shipped->server == fresh.server);
    CHECK(shipped->ca_file == fresh.ca_file);
    CHECK(shipped->state_directory == fresh.state_directory);
    CHECK(shipped->asset_tag == fresh.asset_tag);
    CHECK(shipped->interval == fresh.interval);
    CHECK(shipped->spool_max_bytes == fresh.spool_max_bytes);
    CHECK(shipped->log_level == fresh.log_level);
}

TEST_CASE("agent settings: every key is taken") {
    const auto read = parse(R"(
server: https://gantry.example.com:8443
ca_file: /etc/gantry/ca.pem
state_directory: /srv/agent
asset_tag: L-0042
interval: 1m
spool: {max_size: 128MiB}
log: {level: debug}
)");
    REQUIRE(read);
    CHECK(read->server == "https://gantry.example.com:8443");
    CHECK(read->ca_file == "/etc/gantry/ca.pem");
    CHECK(read->state_directory == "/srv/agent");
    CHECK(read->asset_tag == "L-0042");
    CHECK(read->interval == Millis{60'000});
    CHECK(read->spool_max_bytes == 128u << 20);
    CHECK(read->log_level == telemetry::LogLevel::debug);
}

TEST_CASE("agent settings: mistakes are told with file and line") {
    CHECK(
        parse("server: http://plain\ninterval: 500ms\nspool: {max_size: 1KiB}\n").error().message ==
        "agent.yaml:1: \"server\" must begin with https://\n"
        "agent.yaml:2: \"interval\" must be whole seconds\n"
        "agent.yaml:3: \"spool.max_size\" must be from 1MiB to 1TiB, not \"1KiB\"");
}
