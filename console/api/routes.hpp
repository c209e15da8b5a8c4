// Routes: the API as data. Everything that decides about a request before its handler runs stands
// in this table: method, path, who may, which parameters, whether a body belongs to it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "console/api/call.hpp"

namespace gantry::console {

using Handler = boost::asio::awaitable<Result<http::Response>> (*)(Desk& desk, Call call);

struct Route {
    std::string method;
    std::string pattern;          // "/incidents/{number}/notes", below /api/v1
    std::optional<Role> minimum;  // viewer, technician or admin; none: no credential is needed
    std::vector<std::string> query;
    bool takes_body;
    Handler handler;
};

inline constexpr std::string_view k_api_root = "/api/v1";

[[nodiscard]] const std::vector<Route>& routes();

// The values of the pattern's {…} parts; nullopt when `path` (below the root) does not fit.
[[nodiscard]] std::optional<std::vector<std::string>> match(std::string_view pattern,
                                                            std::string_view path);

// May someone with `role` use what is for `minimum` and above? intake may use nothing here.
[[nodiscard]] bool permits(Role role, Role minimum);

}  // namespace gantry::console
