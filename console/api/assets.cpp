// Assets: the configuration items that people read.
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/model/json.hpp"

namespace gantry::console {

Answer list_assets(Desk& desk, Call call) {
    Query query(call.request);
    AssetFilter filter;
    filter.name_contains = query.text("name", k_max_name_bytes);
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [&parts = desk.parts, scope = call.principal.scope, filter,
                 page](storage::Connection& connection) {
        return parts.desk.assets(connection, scope, filter, page);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, [](const Asset& asset) { return to_json(asset); });
}

Answer show_asset(Desk& desk, Call call) {
    const auto id = id_in_path(call, "asset");
    if (!id) co_return id.error();
    auto read = [&parts = desk.parts, scope = call.principal.scope,
                 id = AssetId{*id}](storage::Connection& connection) {
        return parts.desk.asset(connection, scope, id);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return json_answer(to_json(*found));
}

}  // namespace gantry::console
