// Deliveries: what waits for, reached, or could not reach the external tools; and a person's word
// on a dead one: a second chance, or the end.
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/model/json.hpp"

namespace gantry::console {
namespace {

// The list is newest first and a cursor is exclusive: the row right after id + 1 is the row itself.
Result<Delivery> delivery(storage::Connection& connection, ServiceDesk& desk, const Scope& scope,
                          DeliveryId id) {
    auto page = desk.deliveries(connection, scope, {}, PageRequest{id.value + 1, 1});
    if (!page) return page.error();
    if (page->items.empty() || page->items.front().id != id) {
        return fail(ErrorCode::not_found, "there is no delivery " + std::to_string(id.value));
    }
    return std::move(page->items.front());
}

}  // namespace

Answer list_deliveries(Desk& desk, Call call) {
    Query query(call.request);
    DeliveryFilter filter;
    filter.state = query.word<DeliveryState>("state");
    filter.connector = query.text("connector", k_max_name_bytes);
    filter.incident = query.incident("incident");
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [&parts = desk.parts, scope = call.principal.scope, filter,
                 page](storage::Connection& connection) {
        return parts.desk.deliveries(connection, scope, filter, page);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, [](const Delivery& item) { return to_json(item); });
}

Answer show_delivery(Desk& desk, Call call) {
    const auto id = id_in_path(call, "delivery");
    if (!id) co_return id.error();
    auto read = [&parts = desk.parts, scope = call.principal.scope,
                 id = DeliveryId{*id}](storage::Connection& connection) {
        return delivery(connection, parts.desk, scope, id);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return json_answer(to_json(*found));
}

namespace {

using Decide = Result<void> (ServiceDesk::*)(storage::Connection&, const Scope&, DeliveryId,
                                             Instant);

// A person's word on a dead delivery; the answer is what it is afterwards.
Answer decide(Desk& desk, Call call, Decide decision, const char* told) {
    const auto id = id_in_path(call, "delivery");
    if (!id) co_return id.error();
    auto body = Body::read(call.request);
    if (!body) co_return body.error();
    if (auto done = body->finish(); !done) co_return done.error();
    auto write = [&parts = desk.parts, scope = call.principal.scope, id = DeliveryId{*id}, decision,
                  now =
                      desk.parts.clock.now()](storage::Connection& connection) -> Result<Delivery> {
        if (auto done = (parts.desk.*decision)(connection, scope, id, now); !done) {
            return done.error();
        }
        return delivery(connection, parts.desk, scope, id);
    };
    auto found = co_await desk.store.transact(std::move(write));
    if (!found) co_return found.error();
    desk.parts.log.info(told, {{"delivery", *id},
                               {"connector", found->connector},
                               {"incident", found->incident.value},
                               {"by", call.principal.name}});
    if (desk.parts.deliveries_changed) desk.parts.deliveries_changed();
    co_return json_answer(to_json(*found));
}

}  // namespace

Answer retry_delivery(Desk& desk, Call call) {
    return decide(desk, std::move(call), &ServiceDesk::retry_delivery, "delivery_retried");
}

Answer discard_delivery(Desk& desk, Call call) {
    return decide(desk, std::move(call), &ServiceDesk::discard_delivery, "delivery_discarded");
}

}  // namespace gantry::console
