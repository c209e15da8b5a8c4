// The commands that look: status, alerts, assets, explain, deliveries, and a person's word on a
// dead delivery.
#pragma once

#include "app/cli/session.hpp"

namespace gantry::cli {

struct ListQuery {
    Parameters filters;
    int limit = 50;
    bool all = false;
};

int show_status(Session& session);
int list_alerts(Session& session, const ListQuery& query);
int show_alert(Session& session, const std::string& id);
int list_assets(Session& session, const ListQuery& query);
int show_asset(Session& session, const std::string& id);
int explain(Session& session, const std::string& id);
int list_deliveries(Session& session, const ListQuery& query);
int show_delivery(Session& session, const std::string& id);
int retry_delivery(Session& session, const std::string& id);
int discard_delivery(Session& session, const std::string& id);

}  // namespace gantry::cli
