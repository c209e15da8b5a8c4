// Incidents: list, show, timeline, and opening one by hand.
#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/model/json.hpp"
#include "core/records/access.hpp"

namespace gantry::console {
namespace {

// Where a new incident belongs: the organisation named, else the asset's, else the caller's home.
// Each of them must exist for the caller.
Result<OrganisationId> place_of(storage::Connection& connection, ServiceDesk& desk,
                                const Principal& principal, const std::string& organisation,
                                AssetId asset) {
    OrganisationId named;
    if (!organisation.empty()) {
        auto found = records::organisation_named(connection, principal.scope, organisation);
        if (!found) return found.error();
        named = found->id;
    }
    if (!asset.is_set()) return named.is_set() ? named : principal.home;
    auto found = desk.asset(connection, principal.scope, asset);
    if (!found) return found.error();
    if (named.is_set() && named != found->organisation) {
        return fail(ErrorCode::invalid_input, "asset " + std::to_string(asset.value) +
                                                  " is not of the organisation " + organisation);
    }
    return found->organisation;
}

Result<CreateIncident> read_create(const http::Request& request, std::string& organisation) {
    auto body = Body::read(request);
    if (!body) return body.error();
    CreateIncident out;
    body->require("title");
    body->text("title", out.title, k_max_title_bytes);
    body->text("description", out.description, k_max_text_bytes, true);
    body->number("asset", out.asset.value, 1, k_max_id);
    body->word("impact", out.impact, k_level_words);
    body->word("urgency", out.urgency, k_level_words);
    body->text("category", out.category, k_max_word_bytes);
    body->text("assignment_group", out.assignment_group, k_max_name_bytes);
    body->text("organisation", organisation, k_max_name_bytes);
    if (auto done = body->finish(); !done) return done.error();
    return out;
}

}  // namespace

Result<IncidentId> incident_in_path(const Call& call) {
    const auto id = parse_incident_number(call.path.at(0));
    if (id) return *id;
    return fail(ErrorCode::not_found, "\"" + truncate_utf8(sanitise(call.path.at(0)), 64) +
                                          "\" is no incident's number; they look like INC0000001");
}

Answer list_incidents(Desk& desk, Call call) {
    Query query(call.request);
    IncidentFilter filter;
    filter.open = query.flag("open");
    filter.state = query.word<IncidentState>("state");
    filter.priority = query.number("priority", 1, 5);
    filter.asset = query.id<AssetId>("asset");
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [&parts = desk.parts, scope = call.principal.scope, filter,
                 page](storage::Connection& connection) {
        return parts.desk.incidents(connection, scope, filter, page);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, [](const Incident& incident) { return to_json(incident); });
}

Answer show_incident(Desk& desk, Call call) {
    const auto id = incident_in_path(call);
    if (!id) co_return id.error();
    auto read = [&parts = desk.parts, scope = call.principal.scope,
                 id = *id](storage::Connection& connection) {
        return parts.desk.incident(connection, scope, id);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    http::Response response = versioned(to_json(*found), found->version);
    if (not_modified(call.request, found->version)) {
        response.status = 304;
        response.body.clear();
    }
    co_return response;
}

Answer list_timeline(Desk& desk, Call call) {
    const auto id = incident_in_path(call);
    if (!id) co_return id.error();
    Query query(call.request);
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [&parts = desk.parts, scope = call.principal.scope, id = *id,
                 page](storage::Connection& connection) -> Result<PageOf<TimelineEntry>> {
        // An incident outside the scope is not there; one without entries is an empty page.
        if (auto there = parts.desk.incident(connection, scope, id); !there) return there.error();
        return parts.desk.timeline(connection, scope, id, page);
    };
    auto found = co_await desk.store.read(std::move(read));
    if (!found) co_return found.error();
    co_return page_answer(*found, [](const TimelineEntry& entry) { return to_json(entry); });
}

Answer create_incident(Desk& desk, Call call) {
    std::string organisation;
    auto body = read_create(call.request, organisation);
    if (!body) co_return body.error();
    auto read = [&parts = desk.parts, principal = call.principal, organisation,
                 asset = body->asset](storage::Connection& connection) {
        return place_of(connection, parts.desk, principal, organisation, asset);
    };
    const auto place = co_await desk.store.read(std::move(read));
    if (!place) co_return place.error();
    Command command;
    command.organisation = *place;
    command.actor = call.principal.name;
    command.body = std::move(*body);
    auto outcome = co_await desk.parts.commands.submit(std::move(command));
    if (!outcome) co_return outcome.error();
    if (!outcome->incident) {
        co_return fail(ErrorCode::internal, "the command opened no incident");
    }
    const Incident& incident = *outcome->incident;
    http::Response response = versioned(to_json(incident), incident.version, 201);
    response.headers.emplace_back("Location", "/api/v1/incidents/" + incident_number(incident.id));
    co_return response;
}

}  // namespace gantry::console
