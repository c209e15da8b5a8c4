// The certificates of a first start: a private CA and a server certificate signed by it (ECDSA
// P-256). Files: ca.pem, ca-key.pem, server.pem (chain), server-key.pem; keys 0600.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace gantry::crypto {

// Does nothing when the files exist and the server certificate is valid for 30 more days; renews
// the server certificate otherwise. `names`: host names and IP addresses for subjectAltName.
Result<void> ensure_certificates(const std::string& directory,
                                 const std::vector<std::string>& names, Instant now);

}  // namespace gantry::crypto
