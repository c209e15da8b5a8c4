// Call: one authenticated request on its way through a handler, and what all handlers share.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>

#include "console/api/answers.hpp"
#include "console/api/api.hpp"
#include "console/api/body.hpp"
#include "console/api/query.hpp"
#include "console/api/store.hpp"
#include "core/http/auth_guard.hpp"

namespace gantry::console {

struct Call {
    http::Request request;
    Principal principal;
    std::vector<std::string> path;  // the values of {…} in the route's pattern, in order
};

// What handlers work with; lives as long as the Api.
struct Desk {
    ApiParts& parts;
    Store& store;
    http::AuthGuard& guard;
    Instant started_at{};
};

// The id in the path, for `what` ("asset"): not_found when it is none.
Result<std::int64_t> id_in_path(const Call& call, const char* what);

}  // namespace gantry::console
