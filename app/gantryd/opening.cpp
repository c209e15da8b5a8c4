#include "app/gantryd/opening.hpp"

#include "app/defaults/defaults.hpp"
#include "core/crypto/certificates.hpp"
#include "core/model/json.hpp"
#include "core/settings/policy_file.hpp"
#include "correlator/rules/load_rules.hpp"

namespace gantry::app {
namespace {

Result<void> open_certificates(Settings& settings, const DataDirectory& directory, Instant now) {
    auto& http = settings.server.http;
    if (!http.certificate_file.empty()) return {};
    std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
    const bool any = http.address == "0.0.0.0" || http.address == "::";
    if (!any) names.push_back(http.address);
    names.insert(names.end(), settings.server.names.begin(), settings.server.names.end());
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    const std::string tls = directory.file("tls");
    if (auto made = crypto::ensure_certificates(tls, names, now); !made) return made;
    http.certificate_file = tls + "/server.pem";
    http.key_file = tls + "/server-key.pem";
    return {};
}

Result<std::unique_ptr<storage::Database>> open_records(const Settings& settings,
                                                        const DataDirectory& directory) {
    const std::string location =
        settings.storage_location.empty() ? directory.file("gantry.db") : settings.storage_location;
    auto database = storage::open_database(location);
    if (!database) return database.error();
    if (auto migrated = storage::migrate(**database); !migrated) return migrated.error();
    return database;
}

Result<correlator::RuleSet> open_rules(const Settings& settings) {
    if (settings.correlator.rules_file.empty()) return correlator::default_rules();
    return correlator::load_rules(settings.correlator.rules_file);
}

Result<std::string> open_policy(const Settings& settings) {
    Result<Policy> policy = Policy{};
    if (settings.agents.policy_file.empty()) {
        auto document = settings::Document::parse(default_policy_yaml(), "policies/default.yaml");
        if (!document) return document.error();
        policy = settings::read_policy(*document);
    } else {
        policy = settings::load_policy(settings.agents.policy_file);
    }
    if (!policy) return policy.error();
    return to_json(*policy);
}

}  // namespace

Result<Opened> open_everything(Settings& settings, const Clock& clock, RandomSource& random,
                               const telemetry::Log& log) {
    auto directory = DataDirectory::open(settings.data_directory);
    if (!directory) return directory.error();
    const Instant now = clock.now();
    if (auto done = open_certificates(settings, *directory, now); !done) return done.error();
    auto rules = open_rules(settings);
    if (!rules) return rules.error();
    auto policy = open_policy(settings);
    if (!policy) return policy.error();
    auto database = open_records(settings, *directory);
    if (!database) return database.error();
    auto connection = (*database)->connect(storage::Durability::full);
    if (!connection) return connection.error();
    if (auto done = directory->ensure_admin_token(**connection, random, now); !done) {
        return done.error();
    }
    settings.journal.path = directory->file("journal.db");
    log.info("gantryd_opened",
             {{"data", settings.data_directory}, {"admin_token", directory->file("admin.token")}});
    return Opened{std::move(*directory), std::move(*database), std::move(*rules),
                  std::move(*policy)};
}

}  // namespace gantry::app
