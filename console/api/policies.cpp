// Policies: the layers of what agents run. A layer is known by its name ("default", "role:server",
// "organisation:3", "site:4", "endpoint:<agent_id>") and whose it is: all organisations' or one's.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "console/api/handlers.hpp"
#include "console/api/limits.hpp"
#include "core/records/access.hpp"
#include "core/records/policies.hpp"

namespace gantry::console {
namespace {

using Json = nlohmann::ordered_json;
using records::PolicyRow;

std::string policy_document(const PolicyRow& row) {
    const Json document = Json::parse(row.document, nullptr, false);
    const Json out{
        {"name", row.name},
        {"organisation_id",
         row.organisation.is_set() ? Json(row.organisation.value) : Json(nullptr)},
        {"version", row.version},
        {"updated_at", to_rfc3339(row.updated_at)},
        {"document", document.is_discarded() ? Json(nullptr) : document},
    };
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> name_in_path(const Call& call) {
    const std::string& name = call.path.at(0);
    const std::size_t colon = name.find(':');
    const std::string layer = name.substr(0, colon);
    const std::string whose = colon == std::string::npos ? "" : name.substr(colon + 1);
    const bool by_id = layer == "organisation" || layer == "site";
    const bool by_word = layer == "role" || layer == "endpoint";
    const bool plain = std::all_of(whose.begin(), whose.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (name == "default" || (by_id && parse_row_id(whose)) ||
        (by_word && !whose.empty() && whose.size() <= k_max_word_bytes && plain)) {
        return name;
    }
    return fail(ErrorCode::invalid_input,
                "\"" + truncate_utf8(sanitise(name), 64) +
                    "\" names no layer; they are default, organisation:ID, site:ID, role:NAME and "
                    "endpoint:AGENT_ID");
}

// Whose layer is meant: the organisation asked for, else everybody's for who sees all, else the
// caller's own.
Result<OrganisationId> owner(storage::Connection& connection, const Principal& principal,
                             const std::string& organisation) {
    if (organisation.empty()) {
        return principal.scope.is_all() ? OrganisationId{} : principal.home;
    }
    auto found = records::organisation_named(connection, principal.scope, organisation);
    if (!found) return found.error();
    return found->id;
}

// The document as it is kept: the layer's own name, no tag of an effective policy.
Result<std::string> read_document(const http::Request& request, const std::string& name) {
    if (request.body.size() > k_max_document_bytes) {
        return fail(ErrorCode::invalid_input, "the policy has " +
                                                  std::to_string(request.body.size()) +
                                                  " bytes; at most 262144 are taken");
    }
    auto body = Body::read(request);
    if (!body) return body.error();
    Json document = Json::parse(trim(request.body).empty() ? "{}" : request.body);
    if (document.contains("name") && document["name"] != name) {
        return fail(ErrorCode::invalid_input,
                    "name must be \"" + name + "\", as in the path, or left out");
    }
    document.erase("name");
    document.erase("etag");
    Json named{{"name", name}};
    named.update(document);
    return named.dump(-1, ' ', false, Json::error_handler_t::replace);
}

struct Written {
    std::optional<PolicyRow> row;
    std::optional<http::Response> refused;
    bool created = false;
};

Result<Written> write_policy(storage::Connection& connection, const Principal& principal,
                             PolicyRow row, const IfMatch& condition, Instant now) {
    const auto known = records::policy(connection, principal.scope, row.name, row.organisation);
    if (!known && known.error().code != ErrorCode::not_found) return known.error();
    const std::string what = "policy " + row.name;
    Written out;
    out.created = !known.has_value();
    if (out.created && condition.present) {
        out.refused = http::problem(412, "precondition_failed",
                                    what + " does not exist; leave If-Match out to create it");
        return out;
    }
    if (!out.created && !condition.present) {
        out.refused = precondition_required(what);
        return out;
    }
    if (!out.created && !condition.matches(known->version)) {
        out.refused = precondition_failed(what, known->version);
        return out;
    }
    const std::int64_t version = out.created ? 0 : known->version;
    auto written = records::put_policy(connection, principal.scope, std::move(row), version, now);
    if (!written) return written.error();
    out.row = std::move(*written);
    return out;
}

}  // namespace

Answer list_policies(Desk& desk, Call call) {
    Query query(call.request);
    const PageRequest page = query.page();
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [scope = call.principal.scope, page](storage::Connection& connection) {
        return records::policies(connection, scope, page);
    };
    const auto rows = co_await desk.store.read(std::move(read));
    if (!rows) co_return rows.error();
    co_return page_answer(*rows, policy_document);
}

Answer show_policy(Desk& desk, Call call) {
    const auto name = name_in_path(call);
    if (!name) co_return name.error();
    Query query(call.request);
    const std::string organisation = query.text("organisation", k_max_name_bytes);
    if (auto good = query.result(); !good) co_return good.error();
    auto read = [principal = call.principal, name = *name,
                 organisation](storage::Connection& connection) -> Result<PolicyRow> {
        auto whose = owner(connection, principal, organisation);
        if (!whose) return whose.error();
        return records::policy(connection, principal.scope, name, *whose);
    };
    const auto row = co_await desk.store.read(std::move(read));
    if (!row) co_return row.error();
    co_return versioned(policy_document(*row), row->version);
}

Answer put_policy(Desk& desk, Call call) {
    const auto name = name_in_path(call);
    if (!name) co_return name.error();
    const auto condition = if_match(call.request);
    if (!condition) co_return condition.error();
    Query query(call.request);
    const std::string organisation = query.text("organisation", k_max_name_bytes);
    if (auto good = query.result(); !good) co_return good.error();
    auto document = read_document(call.request, *name);
    if (!document) co_return document.error();
    PolicyRow row;
    row.name = *name;
    row.document = std::move(*document);
    auto read = [principal = call.principal, organisation](storage::Connection& connection) {
        return owner(connection, principal, organisation);
    };
    const auto whose = co_await desk.store.read(std::move(read));
    if (!whose) co_return whose.error();
    row.organisation = *whose;
    if (auto checked = desk.parts.check_policy(row); !checked) co_return checked.error();
    auto write = [row = std::move(row), principal = call.principal, condition = *condition,
                  now = desk.parts.clock.now()](storage::Connection& connection) {
        return write_policy(connection, principal, row, condition, now);
    };
    auto written = co_await desk.store.transact(std::move(write));
    if (!written) co_return written.error();
    if (written->refused) co_return std::move(*written->refused);
    if (desk.parts.policies_changed) desk.parts.policies_changed();
    desk.parts.log.info(
        "policy_written",
        {{"policy", *name}, {"version", written->row->version}, {"by", call.principal.name}});
    co_return versioned(policy_document(*written->row), written->row->version,
                        written->created ? 201 : 200);
}

}  // namespace gantry::console
