#include "app/cli/check_config.hpp"

#include "app/agent/settings.hpp"
#include "app/gantryd/settings.hpp"
#include "core/settings/policy_file.hpp"
#include "correlator/rules/load_rules.hpp"

namespace gantry::cli {
namespace {

using Problem = std::optional<Error>;

template <class T>
Problem problem_of(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error();
}

// The rules and the policy that gantry.yaml names are part of what a start reads.
Problem check_gantry(Session& session, const std::string& file) {
    const auto settings = app::load_settings(file, session.environment);
    if (!settings) return settings.error();
    if (const std::string& rules = settings->correlator.rules_file; !rules.empty()) {
        if (auto problem = problem_of(correlator::load_rules(rules))) return problem;
    }
    if (const std::string& policy = settings->agents.policy_file; !policy.empty()) {
        if (auto problem = problem_of(settings::load_policy(policy))) return problem;
    }
    return std::nullopt;
}

Problem check_agent(Session& session, const std::string& file) {
    return problem_of(app::load_agent_settings(file, session.environment));
}

Problem check_policy(Session&, const std::string& file) {
    return problem_of(settings::load_policy(file));
}

Problem check_rules(Session&, const std::string& file) {
    return problem_of(correlator::load_rules(file));
}

struct Kind {
    const char* name;
    const char* called;
    std::vector<std::string> keys;  // that only this kind has, at the top
    Problem (*check)(Session&, const std::string&);
};

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all{
        {"policy", "a policy", {"checks", "interval_s"}, check_policy},
        {"rules", "rules", {"promote", "reopen_window", "alert_retention"}, check_rules},
        {"agent",
         "agent settings",
         {"state_directory", "spool", "asset_tag", "ca_file"},
         check_agent},
        {"gantry", "gantryd settings", {}, check_gantry},  // what nothing else fits
    };
    return all;
}

const Kind& kind_by_name(const std::string& name) {
    for (const Kind& kind : kinds()) {
        if (name == kind.name) return kind;
    }
    return kinds().back();
}

const Kind& kind_by_keys(const Json& document) {
    for (const Kind& kind : kinds()) {
        for (const std::string& key : kind.keys) {
            if (document.is_object() && document.contains(key)) return kind;
        }
    }
    // `server` is an address to the agent and a section to gantryd.
    const bool address = member(document, "server").is_string();
    return kind_by_name(address ? "agent" : "gantry");
}

}  // namespace

int check_config(Session& session, const std::string& file, const std::string& wanted) {
    const auto document = settings::Document::load(file, session.environment);
    if (!document) return session.fail(document.error());
    const Json parsed = Json::parse(document->to_json(), nullptr, false);
    const Kind& kind = wanted.empty() ? kind_by_keys(parsed) : kind_by_name(wanted);
    const Problem problem = kind.check(session, file);
    if (session.json) {
        const Json verdict{{"file", file},
                           {"kind", kind.name},
                           {"ok", !problem},
                           {"errors", problem ? Json(problem->message) : Json(nullptr)}};
        session.out << verdict.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
        return problem ? k_failed : k_ok;
    }
    if (problem) {
        // Each line names its file and line already.
        session.err << problem->message << "\n";
        return k_failed;
    }
    session.out << file << ": good, as " << kind.called << "\n";
    return k_ok;
}

}  // namespace gantry::cli
