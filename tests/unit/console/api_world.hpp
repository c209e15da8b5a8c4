// ApiWorld: an Api over an in-memory SQLite with real records, a fake desk, and recording fakes of
// everything else. Two tenants: "default" (1) and "acme" (2).
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <nlohmann/json.hpp>

#include "console/api/api.hpp"
#include "core/records/access.hpp"
#include "fake_desk.hpp"
#include "tests/support/coroutine.hpp"
#include "tests/support/fake_gates.hpp"
#include "tests/support/sim_clock.hpp"

namespace gantry::test {

using nlohmann::json;

struct FakeAuthenticator final : Authenticator {
    std::map<std::string, Principal> known;
    std::optional<Error> down;
    int asked = 0;

    boost::asio::awaitable<Result<Principal>> authenticate(std::string token) override {
        ++asked;
        if (down) co_return *down;
        const auto found = known.find(token);
        if (found == known.end()) co_return fail(ErrorCode::unauthorised, "the token is not known");
        co_return found->second;
    }
};

struct FakeExplainer final : Explainer {
    std::string asked;
    boost::asio::awaitable<Result<Explanation>> explain(Scope, std::string id) override {
        asked = id;
        if (id == "99") co_return fail(ErrorCode::not_found, "there is no alert 99");
        Explanation out;
        out.subject = "alert 12";
        ExplainedDecision decision;
        decision.decision.id = DecisionId{5};
        decision.sentences = {"It is new.", "So an incident was opened."};
        decision.rule = "critical";
        decision.rules_passed = {"info: severity = info did not hold (critical)"};
        out.decisions.push_back(decision);
        co_return out;
    }
};

struct FakeVitals final : VitalSigns {
    Vitals vitals(const Scope& scope) override {
        Vitals out;
        out.ready = true;
        out.journal_lag = 3;
        out.agents_online = scope.is_all() ? 7 : 1;
        return out;
    }
};

struct FakeAlertFinder final : AlertFinder {
    std::map<AssetId, std::vector<AlertId>> known;
    std::size_t at_once = 1'000;
    [[nodiscard]] std::vector<AlertId> alerts_of(const Scope&, AssetId asset, AlertId before,
                                                 std::size_t max) const override {
        std::vector<AlertId> out;
        const auto at = known.find(asset);
        if (at == known.end()) return out;
        for (const AlertId id : at->second) {
            const bool meant = !before.is_set() || id < before;
            if (meant && out.size() < std::min(max, at_once)) out.push_back(id);
        }
        return out;
    }
};

inline std::string fresh_memory_database() {
    static std::atomic<int> count{0};
    return ":memory:console-" + std::to_string(++count);
}

struct ApiWorld {
    std::unique_ptr<storage::Database> database;
    std::unique_ptr<storage::Connection> connection;
    FakeDesk desk;
    FakeCommandGate commands;
    FakeAuthenticator authenticator;
    FakeExplainer explainer;
    FakeAlertFinder alert_finder;
    FakeVitals vitals;
    SimClock clock;
    SeededRandom random{7};
    telemetry::Registry metrics;
    Result<void> policy_verdict;
    int access_changes = 0;
    int policy_changes = 0;
    int delivery_changes = 0;
    std::vector<std::string> revoked_agents;
    boost::asio::io_context context;  // outlives the workers that post to it
    std::unique_ptr<console::Api> api;

    ApiWorld() {
        database = *storage::open_database(fresh_memory_database());
        if (!storage::migrate(*database)) std::abort();
        connection = *database->connect(storage::Durability::full);
        if (!records::ensure_organisation(*connection, "acme", clock.now())) std::abort();
        const OrganisationId home{1};
        know("admin", Role::admin, Scope::all());
        know("admin-one", Role::admin, Scope::of(home));
        know("technician", Role::technician, Scope::of(home));
        know("viewer", Role::viewer, Scope::of(home));
        know("intake", Role::intake, Scope::of(home));
        know("acme", Role::admin, Scope::of(OrganisationId{2}), OrganisationId{2});
        console::ApiParts parts{*database,
                                desk,
                                commands,
                                authenticator,
                                explainer,
                                alert_finder,
                                vitals,
                                clock,
                                random,
                                metrics,
                                telemetry::Log::silent(),
                                "1.2.3",
                                [this](const records::PolicyRow&) { return policy_verdict; },
                                [this] { ++access_changes; },
                                [this] { ++policy_changes; },
                                [this] { ++delivery_changes; },
                                [this](const std::string& id) { revoked_agents.push_back(id); }};
        api = std::make_unique<console::Api>(std::move(parts));
    }

    void know(const std::string& token, Role role, Scope scope,
              OrganisationId home = OrganisationId{1}) {
        Principal principal;
        principal.name = token;
        principal.role = role;
        principal.scope = std::move(scope);
        principal.home = home;
        authenticator.known[token] = principal;
    }

    Incident& add_incident(std::int64_t id, OrganisationId organisation = OrganisationId{1}) {
        Incident incident;
        incident.id = IncidentId{id};
        incident.organisation = organisation;
        incident.title = "disk full on web0" + std::to_string(id);
        incident.version = 4;
        incident.opened_at = clock.now();
        desk.incident_rows.push_back(incident);
        return desk.incident_rows.back();
    }
    void add_asset(std::int64_t id, OrganisationId organisation = OrganisationId{1}) {
        Asset asset;
        asset.id = AssetId{id};
        asset.organisation = organisation;
        asset.name = "web0" + std::to_string(id);
        desk.asset_rows.push_back(asset);
    }

    // "GET /incidents?open=true": everything below /api/v1.
    static http::Request request(const std::string& line, const std::string& token,
                                 const std::string& body = "") {
        http::Request out;
        const std::size_t space = line.find(' ');
        out.method = line.substr(0, space);
        std::string target = "/api/v1" + line.substr(space + 1);
        const std::size_t question = target.find('?');
        out.path = target.substr(0, question);
        std::string rest = question == std::string::npos ? "" : target.substr(question + 1);
        while (!rest.empty()) {
            const std::string pair = rest.substr(0, rest.find('&'));
            const std::size_t equals = pair.find('=');
            out.query.emplace_back(pair.substr(0, equals),
                                   equals == std::string::npos ? "" : pair.substr(equals + 1));
            rest = pair.size() < rest.size() ? rest.substr(pair.size() + 1) : "";
        }
        if (!token.empty()) out.headers.emplace_back("Authorization", "Bearer " + token);
        if (!body.empty()) out.headers.emplace_back("Content-Type", "application/json");
        out.body = body;
        out.peer = "192.0.2.1:4711";
        return out;
    }

    http::Response send(http::Request request) {
        return run(context, api->handle(std::move(request)));
    }
    http::Response call(const std::string& line, const std::string& token = "admin",
                        const std::string& body = "", const std::string& if_match = "") {
        http::Request out = request(line, token, body);
        if (!if_match.empty()) out.headers.emplace_back("If-Match", if_match);
        return send(std::move(out));
    }
};

inline json body_of(const http::Response& response) { return json::parse(response.body); }
inline std::string detail_of(const http::Response& response) {
    return body_of(response)["detail"].get<std::string>();
}
inline std::string header_of(const http::Response& response, const char* name) {
    return std::string(http::find_header(response.headers, name).value_or(""));
}

}  // namespace gantry::test
