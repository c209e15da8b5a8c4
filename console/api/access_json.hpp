// The documents of who may come in. Secrets do not appear, but for a token's text in the answer
// that made it.
#pragma once

#include <string>
#include <vector>

#include "core/records/access.hpp"

namespace gantry::console {

// `secret`: the token's text, "" when it is not to be told.
std::string token_document(const records::Token& token, const std::string& secret);
std::string user_document(const records::User& user);
std::string agent_document(const records::AgentRow& row);
std::string organisation_document(const records::Organisation& organisation,
                                  const std::vector<records::Site>& sites);

}  // namespace gantry::console
