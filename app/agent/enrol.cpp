#include <iostream>

#include "agent/inventory/facts.hpp"
#include "agent/state/state_file.hpp"
#include "agent/uplink/identity.hpp"
#include "app/agent/commands.hpp"
#include "core/base/random.hpp"
#include "core/http/client.hpp"

namespace gantry::app {
namespace {

int refuse(const std::string& message) {
    std::cerr << "gantry-agent: " << message << "\n";
    return 1;
}

// A copy, so that the agent does not depend on where the operator keeps the file.
Result<std::string> copy_ca(const std::string& from, const StatePaths& paths) {
    if (from.empty()) return std::string();
    const auto text = agent::read_state_file(from);
    if (!text) return text.error();
    auto written = agent::write_state_file(paths.ca, *text, agent::Flush::durable);
    if (!written) return written.error();
    return std::string("ca.pem");
}

}  // namespace

int enrol_agent(const AgentSettings& settings, const EnrolOptions& options) {
    const StatePaths paths(settings);
    const auto known = agent::load_identity(paths.identity);
    if (known && !options.force) {
        return refuse(paths.identity + " says that this machine is agent " + known->agent_id +
                      " of " + known->server + " already; --force enrols it anew");
    }
    if (auto made = make_state_directory(paths); !made) return refuse(made.error().message);
    agent::Identity base;
    base.server = options.server.empty() ? settings.server : options.server;
    while (base.server.ends_with("/")) base.server.pop_back();
    if (!base.server.starts_with("https://") && !base.server.starts_with("http://127.0.0.1")) {
        return refuse("--server must be https://HOST:PORT, not \"" + base.server + "\"");
    }
    base.token = options.token;
    const std::string ca = options.ca_file.empty() ? settings.ca_file : options.ca_file;
    Facts facts = agent::collect_facts("/", GANTRY_VERSION);
    if (!settings.asset_tag.empty()) facts.asset_tag = settings.asset_tag;
    http::ClientOptions client_options;
    client_options.ca_file = ca;
    client_options.user_agent = "gantry-agent/" GANTRY_VERSION;
    const auto client = http::make_client(std::move(client_options));
    const std::string boot_id = agent::boot_id_of("/");
    if (boot_id.empty()) return refuse(agent::k_no_boot_id);
    SeededRandom random(process_entropy() + 2);
    const auto nonce = agent::enrolment_nonce(paths.identity, boot_id, random);
    if (!nonce) return refuse(nonce.error().message);
    const auto answer =
        client->send(agent::enrol_request(base, facts, boot_id, *nonce, agent::uptime_s_of("/")));
    if (!answer) return refuse("enrolment at " + base.server + ": " + answer.error().message);
    auto identity = agent::enrolled(base, facts, *answer);
    if (!identity) return refuse(identity.error().message);
    auto ca_copy = copy_ca(ca, paths);
    if (!ca_copy) return refuse(ca_copy.error().message);
    identity->ca_file = *ca_copy;
    if (!options.keep_token) identity->token = {};
    if (auto saved = agent::save_identity(paths.identity, *identity); !saved) {
        return refuse(saved.error().message);
    }
    agent::forget_nonce(paths.identity);
    std::cout << "enrolled as " << identity->agent_id << " (organisation " << identity->organisation
              << ", site " << identity->site << ", role " << identity->role << ") at "
              << identity->server << "\n";
    return 0;
}

}  // namespace gantry::app
