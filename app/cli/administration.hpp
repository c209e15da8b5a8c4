// The commands of administrators: tokens and policies.
#pragma once

#include "app/cli/reports.hpp"
#include "app/cli/session.hpp"

namespace gantry::cli {

int create_token(Session& session, const Json& wanted);
int list_tokens(Session& session, const ListQuery& query);
int revoke_token(Session& session, const std::string& id);

int list_policies(Session& session);
int show_policy(Session& session, const std::string& name, const std::string& organisation);
// `file` is YAML (checked here, with lines, as the server would) or JSON; `name` "" = its own name.
int put_policy(Session& session, const std::string& file, const std::string& name,
               const std::string& organisation);

}  // namespace gantry::cli
