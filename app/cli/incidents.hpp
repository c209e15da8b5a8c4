// `gantry incidents …`: reading incidents and working on them.
#pragma once

#include "app/cli/session.hpp"

namespace gantry::cli {

struct IncidentQuery {
    bool open = false;
    std::string state;
    std::string priority;
    std::string asset;
    int limit = 50;
    bool all = false;
};

int list_incidents(Session& session, const IncidentQuery& query);
int show_incident(Session& session, const std::string& number);
int create_incident(Session& session, const Json& body);
int add_note(Session& session, const std::string& number, const std::string& text, bool is_public);
// One PATCH: {"state": "resolved", "close_code": "solved", ...}; keys with empty texts are left
// out.
int change_incident(Session& session, const std::string& number, const Json& change);

}  // namespace gantry::cli
