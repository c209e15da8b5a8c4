// Opening: what gantryd's start makes, and what it says when something is wrong.
#include "app/gantryd/opening.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "core/model/json.hpp"
#include "tests/support/sim_clock.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::app;

namespace {

struct World {
    World() { settings.data_directory = directory.file("data"); }
    Result<Opened> open() {
        return open_everything(settings, clock, random, telemetry::Log::silent());
    }
    std::string write(const std::string& name, const std::string& text) {
        std::ofstream(directory.file(name)) << text;
        return directory.file(name);
    }
    std::string data(const std::string& name) { return settings.data_directory + "/" + name; }
    std::string error() {
        const auto opened = open();
        return opened ? std::string() : opened.error().message;
    }

    test::TemporaryDirectory directory;
    test::SimClock clock;
    SeededRandom random{4};
    Settings settings;
};

bool exists(const std::string& path) { return std::filesystem::exists(path); }
bool contains(const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("opening: a first start makes everything, and the second finds it") {
    World world;
    {
        const auto opened = world.open();
        if (!opened) FAIL(opened.error().message);
        CHECK(opened->rules == correlator::default_rules());
        CHECK(decode_policy(opened->policy_json, "policy"));
        CHECK(opened->database->engine() == storage::Engine::sqlite);
    }
    for (const char* name : {"tls/ca.pem", "tls/server.pem", "tls/server-key.pem", "gantry.db",
                             "admin.token", "lock"}) {
        INFO(name);
        CHECK(exists(world.data(name)));
    }
    struct stat status {};
    REQUIRE(::stat(world.data("gantry.db").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(::stat(world.data("tls/server-key.pem").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(world.settings.server.http.certificate_file == world.data("tls/server.pem"));
    CHECK(world.settings.server.http.key_file == world.data("tls/server-key.pem"));
    CHECK(world.settings.journal.path == world.data("journal.db"));
    world.settings.server.http.certificate_file.clear();
    CHECK(world.open());
}

TEST_CASE("opening: an operator's certificate is used, none is made") {
    World world;
    world.settings.server.http.certificate_file = "/etc/ssl/gantry.pem";
    world.settings.server.http.key_file = "/etc/ssl/gantry.key";
    REQUIRE(world.open());
    CHECK(world.settings.server.http.certificate_file == "/etc/ssl/gantry.pem");
    CHECK_FALSE(exists(world.data("tls")));
}

TEST_CASE("opening: a certificate of ours that is damaged is named") {
    World world;
    REQUIRE(world.open());
    world.settings.server.http.certificate_file.clear();
    std::ofstream(world.data("tls/server.pem")) << "-----BEGIN rubbish";
    contains(world.error(), world.data("tls/server.pem"));
}

TEST_CASE("opening: a host name that no certificate can carry is named") {
    World world;
    world.settings.server.names = {"good.example.com", "bad name"};
    contains(world.error(), "bad name");
    CHECK_FALSE(exists(world.data("gantry.db")));
}

TEST_CASE("opening: a mistake in the rules is told with file and line") {
    World world;
    world.settings.correlator.rules_file =
        world.write("rules.yaml", "reopen_window: 1h\nreopen_windou: 2h\n");
    const std::string error = world.error();
    contains(error, "rules.yaml:2: ");
    contains(error, "reopen_window");  // what was meant
    world.settings.correlator.rules_file = world.directory.file("missing.yaml");
    contains(world.error(), "missing.yaml");
}

TEST_CASE("opening: a mistake in the policy is told with file and line") {
    World world;
    world.settings.agents.policy_file = world.write(
        "policy.yaml", "name: mine\ninterval_s: 15\nchecks:\n  - {id: cpu, prob: cpu}\n");
    contains(world.error(), "policy.yaml:4: ");
    world.settings.agents.policy_file = world.directory.file("missing.yaml");
    contains(world.error(), "missing.yaml");
}

TEST_CASE("opening: an operator's rules and policy are taken") {
    World world;
    world.settings.correlator.rules_file = world.write("rules.yaml", "reopen_window: 7m\n");
    world.settings.agents.policy_file = world.write("policy.yaml", "name: mine\ninterval_s: 45\n");
    const auto opened = world.open();
    if (!opened) FAIL(opened.error().message);
    CHECK(opened->rules.reopen_window == Millis{420'000});
    CHECK(decode_policy(opened->policy_json, "policy")->name == "mine");
}

TEST_CASE("opening: a store that is no database, or of a newer program, is refused and named") {
    World world;
    std::filesystem::create_directory(world.settings.data_directory);
    std::ofstream(world.data("gantry.db")) << std::string(4'096, 'x');
    contains(world.error(), world.data("gantry.db"));
    world.settings.storage_location = world.directory.file("nowhere/gantry.db");
    contains(world.error(), world.directory.file("nowhere/gantry.db"));
}

TEST_CASE("opening: a second gantryd on the same data is refused before it touches anything") {
    World world;
    const auto first = world.open();
    REQUIRE(first);
    World second;
    second.settings.data_directory = world.settings.data_directory;
    const auto opened = second.open();
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::conflict);
}
