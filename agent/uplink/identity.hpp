// Identity: who this agent is to the server, written by enrolment into STATE/identity.json (0600).
// Nothing but an operator, or a clone's re-enrolment, ever replaces it.
#pragma once

#include <string>

#include "core/base/random.hpp"
#include "core/base/redacted.hpp"
#include "core/base/result.hpp"
#include "core/http/client.hpp"
#include "core/model/report.hpp"

namespace gantry::agent {

struct Identity {
    std::string agent_id;
    Redacted<std::string> credential;
    std::string server;   // https://host:port, no slash at the end
    std::string ca_file;  // copy in the state directory; empty = the system's store
    std::string organisation;
    std::string site;
    std::string role;
    // The machine that was enrolled. When both differ at a start, this is a copy of it.
    std::string machine_id;
    std::string smbios_uuid;
    // Kept only where the operator asked for it (images that will be cloned).
    Redacted<std::string> token;
};

Result<Identity> load_identity(const std::string& path);
Result<void> save_identity(const std::string& path, const Identity& identity);
[[nodiscard]] bool is_copy(const Identity& identity, const Facts& facts);

// What makes a repeated enrolment the same one to the server, so that a lost answer burns no use of
// the token: kept beside the identity until forget_nonce(), for this boot of the machine only, so
// that copies made meanwhile do not share it.
Result<std::string> enrolment_nonce(const std::string& identity_path, const std::string& boot_id,
                                    RandomSource& random);
void forget_nonce(const std::string& identity_path);

// The exchange itself. `base` has server, ca_file and token; the answer is a complete identity.
// Errors: unauthorised (the token is refused), unavailable, timeout, corrupt (no such reply).
// `uptime_s` of that boot; 0 = unknown.
http::ClientRequest enrol_request(const Identity& base, const Facts& facts,
                                  const std::string& boot_id, const std::string& nonce,
                                  std::int64_t uptime_s);
Result<Identity> enrolled(const Identity& base, const Facts& facts, const http::Response& answer);
// detail (or title) of an RFC 9457 document, else the status alone.
std::string problem_text(const http::Response& answer);

}  // namespace gantry::agent
