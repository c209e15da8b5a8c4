#include "agent/uplink/identity.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/state/state_file.hpp"
#include "core/base/text.hpp"
#include "core/model/report_json.hpp"

namespace gantry::agent {
namespace {

using Json = nlohmann::ordered_json;

std::string text(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string nonce_path(const std::string& identity_path) { return identity_path + ".enrolling"; }

}  // namespace

Result<Identity> load_identity(const std::string& path) {
    const auto file = read_state_file(path);
    if (!file) return file.error();
    const Json json = Json::parse(*file, nullptr, false);
    if (!json.is_object()) return fail(ErrorCode::corrupt, path + ": not a JSON object");
    Identity out;
    out.agent_id = text(json, "agent_id");
    out.credential = Redacted<std::string>(text(json, "credential"));
    out.server = text(json, "server");
    out.ca_file = text(json, "ca_file");
    out.organisation = text(json, "organisation");
    out.site = text(json, "site");
    out.role = text(json, "role");
    out.machine_id = text(json, "machine_id");
    out.smbios_uuid = text(json, "smbios_uuid");
    out.token = Redacted<std::string>(text(json, "token"));
    if (out.agent_id.empty() || out.credential.reveal().empty() || out.server.empty()) {
        return fail(ErrorCode::corrupt, path + ": agent_id, credential or server is missing");
    }
    return out;
}

Result<void> save_identity(const std::string& path, const Identity& identity) {
    Json json{{"agent_id", identity.agent_id},
              {"credential", identity.credential.reveal()},
              {"server", identity.server},
              {"ca_file", identity.ca_file},
              {"organisation", identity.organisation},
              {"site", identity.site},
              {"role", identity.role},
              {"machine_id", identity.machine_id},
              {"smbios_uuid", identity.smbios_uuid}};
    if (!identity.token.reveal().empty()) json["token"] = identity.token.reveal();
    const std::string file = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    return write_state_file(path, file, Flush::durable);
}

bool is_copy(const Identity& identity, const Facts& facts) {
    const auto differs = [](const std::string& before, const std::string& now) {
        return !before.empty() && !now.empty() && before != now;
    };
    return differs(identity.machine_id, facts.machine_id) &&
           differs(identity.smbios_uuid, facts.smbios_uuid);
}

Result<std::string> enrolment_nonce(const std::string& identity_path, const std::string& boot_id,
                                    RandomSource& random) {
    const std::string path = nonce_path(identity_path);
    const auto kept = read_state_file(path);
    if (kept) {
        const Json json = Json::parse(*kept, nullptr, false);
        if (json.is_object() && text(json, "boot_id") == boot_id && !text(json, "nonce").empty()) {
            return text(json, "nonce");
        }
    } else if (kept.error().code != ErrorCode::not_found) {
        return kept.error();
    }
    std::string nonce = random_hex128(random);
    const Json json{{"boot_id", boot_id}, {"nonce", nonce}};
    if (auto done = write_state_file(path, json.dump() + "\n", Flush::durable); !done) {
        return done.error();
    }
    return nonce;
}

void forget_nonce(const std::string& identity_path) {
    std::remove(nonce_path(identity_path).c_str());  // at worst it renews this machine's own agent
}

http::ClientRequest enrol_request(const Identity& base, const Facts& facts,
                                  const std::string& boot_id, const std::string& nonce,
                                  std::int64_t uptime_s) {
    EnrolRequest request;
    request.token = base.token.reveal();
    request.boot_id = boot_id;
    request.facts = facts;
    request.nonce = nonce;
    request.uptime_s = uptime_s;
    http::ClientRequest out;
    out.method = "POST";
    out.url = base.server + "/api/v1/agent/enrol";
    out.headers = {{"Content-Type", "application/json"}};
    out.body = encode(request);
    return out;
}

Result<Identity> enrolled(const Identity& base, const Facts& facts, const http::Response& answer) {
    if (answer.status / 100 != 2) {
        const bool refused = answer.status == 401 || answer.status == 403;
        return fail(refused ? ErrorCode::unauthorised : ErrorCode::unavailable,
                    "enrolment: " + problem_text(answer));
    }
    auto reply = decode_enrol_reply(answer.body);
    if (!reply) return fail(ErrorCode::corrupt, "enrolment reply: " + reply.error().message);
    Identity out = base;
    out.agent_id = std::move(reply->agent_id);
    out.credential = Redacted<std::string>(std::move(reply->credential));
    out.organisation = std::move(reply->organisation);
    out.site = std::move(reply->site);
    out.role = std::move(reply->role);
    out.machine_id = facts.machine_id;
    out.smbios_uuid = facts.smbios_uuid;
    return out;
}

std::string problem_text(const http::Response& answer) {
    std::string out = "HTTP " + std::to_string(answer.status);
    const Json json = Json::parse(answer.body, nullptr, false);
    if (!json.is_object()) return out;
    std::string detail = text(json, "detail");
    if (detail.empty()) detail = text(json, "title");
    return detail.empty() ? out : out + ": " + truncate_utf8(sanitise(detail), 300);
}

}  // namespace gantry::agent
