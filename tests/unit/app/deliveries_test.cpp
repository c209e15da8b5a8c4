// Deliveries: gantry.yaml's connectors as the engine and the ticket store see them.
#include "app/gantryd/deliveries.hpp"

#include <catch2/catch.hpp>

#include "core/records/access.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/engine_world.hpp"
#include "tests/support/sim_clock.hpp"

using namespace gantry;
using namespace gantry::app;

namespace {

ConnectorSettings webhook(const std::string& name) {
    ConnectorSettings out;
    out.name = name;
    out.url = "https://tool.example.com/hook";
    out.secret = Redacted<std::string>("a secret");
    return out;
}

ConnectorSettings mail(const std::string& name) {
    ConnectorSettings out;
    out.name = name;
    out.kind = ConnectorKind::mail;
    out.from = "gantry@example.com";
    out.to = {"desk@example.com"};
    return out;
}

struct World {
    World() {
        database = std::move(*storage::open_database(test::fresh_app_database()));
        REQUIRE(storage::migrate(*database));
        settings.mail.url = "smtp://mail.example.com";
    }
    Result<std::unique_ptr<Deliveries>> make() {
        return Deliveries::make(
            {context.get_executor(), *database, clock, random, metrics, telemetry::Log::silent()},
            settings);
    }
    std::string error() {
        auto made = make();
        if (made) return "";
        CHECK(made.error().code == ErrorCode::invalid_input);
        return made.error().message;
    }
    Result<std::vector<Subscription>> subscriptions() {
        return subscriptions_of(settings.connectors, *database, clock.now());
    }

    boost::asio::io_context context;
    test::SimClock clock;
    SeededRandom random{1};
    telemetry::Registry metrics;
    std::unique_ptr<storage::Database> database;
    Settings settings;
};

}  // namespace

TEST_CASE("deliveries: every connector that the settings take is taken by the engine") {
    World world;
    CHECK(world.make());  // none
    world.settings.connectors = {webhook("hook"), mail("mail")};
    world.settings.connectors[0].concurrency = 64;
    world.settings.connectors[0].per_minute = 60'000;
    world.settings.connectors[0].timeout = Millis{300'000};
    world.settings.connectors[0].give_up_after = Millis{30LL * 86'400'000};
    world.settings.connectors[1].concurrency = 1;
    world.settings.connectors[1].per_minute = 1;
    world.settings.connectors[1].timeout = Millis{1'000};
    world.settings.connectors[1].give_up_after = Millis{60'000};
    const auto made = world.make();
    if (!made) FAIL(made.error().message);
}

TEST_CASE("deliveries: what the engine refuses names the connector and the key, never a secret") {
    World world;
    world.settings.connectors = {webhook("good"), webhook("bad")};
    ConnectorSettings& bad = world.settings.connectors[1];
    const auto error_has = [&](const std::string& key) {
        const std::string error = world.error();
        INFO(error);
        CHECK(error.starts_with("connector \"bad\": "));
        CHECK(error.find(key) != std::string::npos);
        CHECK(error.find("hunter2") == std::string::npos);
    };
    bad.url = "https://user:hunter2@tool.example.com";
    error_has("url");
    bad = webhook("bad");
    bad.secret = Redacted<std::string>();
    error_has("secret");
    bad = webhook("bad");
    bad.concurrency = 0;
    error_has("concurrency");
    bad = mail("bad");
    bad.to = {"nobody"};
    error_has("to");
    bad = mail("bad");
    world.settings.mail.username = "gantry";
    error_has("password");
}

TEST_CASE("deliveries: what check-config takes, starts; what would not start, it refuses by line") {
    const std::string webhook = "{name: a, kind: webhook, secret: s, url: ";
    const std::string mail = "{name: a, kind: mail, to: [\"b@c\"], from: ";
    std::size_t taken = 0;
    for (const std::string& connector :
         {webhook + "\"https://x\"}", webhook + "\"https://user:pass@x\"}",
          webhook + "\"HTTPS://x\"}", webhook + "\"https://x:99999/\"}", webhook + "\"https://\"}",
          webhook + "\"https://x/a b\"}", mail + "\"a@b\"}", mail + "\"t\xC3\xBC@b\"}",
          mail + "\"a@b;c\"}", mail + "\"(x)@b\"}",
          mail + "\"" + std::string(253, 'a') + "@b\"}"}) {
        for (const std::string server :
             {"{url: smtp://m}", "{url: smtp://m, username: u}", "{url: smtp://m, password: p}",
              "{url: smtp://m, username: u, password: p}", "{url: \"smtp://u:p@m\"}",
              "{url: \"smtp://m:0\"}"}) {
            CAPTURE(connector, server);
            auto document = settings::Document::parse(
                "mail: " + server + "\nconnectors:\n  - " + connector + "\n", "gantry.yaml");
            REQUIRE(document);
            const auto read = read_settings(*document);
            if (!read) {
                CHECK(read.error().message.starts_with("gantry.yaml:"));
                continue;
            }
            ++taken;
            World world;
            world.settings = *read;
            CHECK(world.error().empty());
        }
    }
    CHECK(taken == 4);  // a good connector with a good server, two of each
}

TEST_CASE("deliveries: they start, are told of rows, and stop without one") {
    World world;
    world.settings.connectors = {webhook("hook"), mail("mail")};
    auto made = world.make();
    REQUIRE(made);
    (*made)->start();
    (*made)->notify();
    test::run(world.context, (*made)->stop());
    CHECK(world.metrics.prometheus_text().find("connector=\"hook\"") != std::string::npos);
}

TEST_CASE("subscriptions: each says who is told of what, by ids") {
    World world;
    world.settings.connectors = {webhook("all"), webhook("urgent"), mail("some")};
    world.settings.connectors[1].min_priority = 2;
    world.settings.connectors[2].organisations = {"acme", "default", "globex"};
    world.settings.connectors[2].operations = {Operation::open};
    const auto made = world.subscriptions();
    REQUIRE(made);
    REQUIRE(made->size() == 3);
    CHECK((*made)[0].connector == "all");
    CHECK((*made)[0].organisations.empty());
    CHECK((*made)[0].min_priority == 5);
    CHECK((*made)[1].min_priority == 2);
    CHECK((*made)[2].operations == std::vector<Operation>{Operation::open});
    CHECK((*made)[2].organisations ==
          std::vector<OrganisationId>{OrganisationId{2}, OrganisationId{1}, OrganisationId{3}});
}

TEST_CASE("subscriptions: an organisation is made once, and the same after the next start") {
    World world;
    world.settings.connectors = {webhook("a"), webhook("b")};
    world.settings.connectors[0].organisations = {"acme"};
    world.settings.connectors[1].organisations = {"acme"};
    const auto first = world.subscriptions();
    const auto second = world.subscriptions();
    REQUIRE(first);
    REQUIRE(second);
    CHECK((*first)[0].organisations == (*first)[1].organisations);
    CHECK((*first)[0].organisations == (*second)[0].organisations);
    auto connection = std::move(*world.database->connect_read_only());
    CHECK(records::organisations(*connection, Scope::all(), {0, 100})->items.size() == 2);
}
