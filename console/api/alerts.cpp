// Alerts, the decisions about them, and the explanation of both.
#include <nlohmann/json.hpp>

#include "console/api/handlers.hpp"
#include "core/model/json.hpp"
#include "core/records/alerts.hpp"
#include "core/records/decisions.hpp"

namespace gantry::console {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t k_alerts_at_once = 1'000;

std::string explanation_document(const Explanation& explanation) {
    Json decisions = Json::array();
    for (const ExplainedDecision& item : explanation.decisions) {
        Json decision = Json::parse(to_json(item.decision));
        decision["sentences"] = item.sentences;
        decision["rule"] = item.rule.empty() ? Json(nullptr) : Json(item.rule);
        decision["rules_passed"] = item.rules_passed;
        decisions.push_back(std::move(decision));
    }
    const Json document{{"subject", explanation.subject},
                        {"more", explanation.more},
                        {"decisions", std::move(decisions)}};
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

using FoundAlerts = Result<PageOf<Alert>>;

boost::asio::awaitable<FoundAlerts> read_alerts(Desk& desk, Scope scope,
                                                records::AlertFilter filter, PageRequest page) {
    auto read = [scope = std::move(scope), filter = std::move(filter),
                 page](storage::Connection& connection) {
        return records::alerts(connection, scope, filter, page);
    };
    co_return co_await desk.store.read(std::move(read));
}

// Those of an asset are looked at some at a time, until the page is full.
boost::asio::awaitable<FoundAlerts> find_alerts(Desk& desk, Scope scope,
                                                records::AlertFilter filter, PageRequest page) {
    if (!filter.asset.is_set()) {
        auto all = co_await read_alerts(desk, std::move(scope), std::move(filter), page);
        co_return all;
    }
    PageOf<Alert> out;
    for (AlertId before{page.after};;) {
        auto ids = desk.parts.alert_finder.alerts_of(scope, filter.asset, before, k_alerts_at_once);
        if (ids.empty()) co_return out;
        before = ids.back();
        filter.among = std::move(ids);
        auto some = co_await read_alerts(desk, scope, filter, page);
        if (!some) co_return some.error();
        for (Alert& alert : some->items) out.items.push_back(std::move(alert));
        const auto wanted = static_cast<std::size_t>(page.limit);
        if (out.items.size() < wanted || (out.items.size() == wanted && !some->next)) continue;
        out.items.resize(wanted);
        out.next = out.items.back().id.value;
        co_return out;
    }
}

}  // namespace

Answer list_alerts(Desk& desk, Call call) {
    Query query(call.request);
    records::AlertFilter filter;
    filter.state = query.word<AlertState>("state");
    filter.asset = query.id<AssetId>("asset");
    filter.incident = query.incident("incident");
    filter.key = query.text("key", k_max_key_bytes);
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto found = co_await find_alerts(desk, call.principal.scope, std::move(filter), page);
    if (!found) co_return found.error();
    co_return page_answer(*found, [](const Alert& alert) { return to_json(alert); });
}

Answer show_alert(Desk& desk, Call call) {
    const auto id = id_in_path(call, "alert");
    if (!id) co_return id.error();
    auto read = [scope = call.principal.scope, id = AlertId{*id}](storage::Connection& connection) {
        return records::alert(connection, scope, id);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return json_answer(to_json(*found));
}

Answer list_decisions(Desk& desk, Call call) {
    Query query(call.request);
    records::DecisionFilter filter;
    filter.alert = query.id<AlertId>("alert");
    filter.incident = query.incident("incident");
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [scope = call.principal.scope, filter, page](storage::Connection& connection) {
        return records::decisions(connection, scope, filter, page);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, [](const Decision& decision) { return to_json(decision); });
}

Answer explain(Desk& desk, Call call) {
    const std::string id = sanitise(call.path.at(0));
    auto explained = co_await desk.parts.explainer.explain(call.principal.scope, id);
    if (!explained) co_return explained.error();
    co_return json_answer(explanation_document(*explained));
}

}  // namespace gantry::console
