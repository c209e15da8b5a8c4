// The commands about who may come in: agents and users.
#pragma once

#include "app/cli/reports.hpp"
#include "app/cli/session.hpp"

namespace gantry::cli {

int list_agents(Session& session, const ListQuery& query);
int revoke_agent(Session& session, const std::string& id);
int approve_agent(Session& session, const std::string& id);

int list_users(Session& session, const ListQuery& query);
// `wanted` without the password, which is the first line of `password_file`.
int create_user(Session& session, const Json& wanted, const std::string& password_file);
// `done`: what is so afterwards, "is disabled".
int change_user(Session& session, const std::string& id, const Json& patch,
                const std::string& done);
int set_password(Session& session, const std::string& id, const std::string& password_file);

}  // namespace gantry::cli
