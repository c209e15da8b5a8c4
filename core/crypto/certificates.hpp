// The certificates of a first start: a private CA (10 years) and a server certificate signed by it
// (397 days), both ECDSA P-256. Files: ca.pem, ca-key.pem, server.pem, server-key.pem; keys 0600,
// each written beside its name and renamed, so that a crash leaves an old file or a whole new one.
//
// An operator may bring server.pem and server-key.pem of another authority, or take ca-key.pem away
// after the first start: what we did not issue is never touched.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/time/clock.hpp"

namespace gantry::crypto {

// Does nothing when the files exist and the server certificate is valid for 30 more days and names
// all of `names`; issues a new server certificate otherwise. `names`: host names and IP addresses
// for subjectAltName, at least one. Call it daily in a program that runs for years.
// Errors: invalid_input (a name, or a renewal without the CA's key), corrupt (a file that is no
// PEM, or a key that does not fit), unavailable (file system).
Result<void> ensure_certificates(const std::string& directory,
                                 const std::vector<std::string>& names, Instant now);

}  // namespace gantry::crypto
