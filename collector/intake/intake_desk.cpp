#include "collector/intake/intake_desk.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace gantry::collector {
namespace {

constexpr std::array k_refusals{"unknown_format",   "method_not_allowed", "no_credential",
                                "wrong_credential", "forbidden",          "unknown_organisation",
                                "invalid_input",    "unavailable"};

http::Response accepted_reply(const IntakeBatch& batch, bool coalesced) {
    nlohmann::ordered_json json{{"accepted", batch.events.size()}, {"coalesced", coalesced}};
    if (batch.events.size() == 1) {
        json["key"] = batch.events.front().key;
        json["status"] = to_string(batch.events.front().action);
    }
    if (!batch.warnings.empty()) json["warnings"] = batch.warnings;
    http::Response response;
    response.status = 202;
    response.body = json.dump();
    return response;
}

}  // namespace

IntakeDesk::IntakeDesk(EventGate& events, Authenticator& authenticator,
                       OrganisationNames& organisations, const Clock& clock,
                       telemetry::Registry& metrics)
    : events_(events),
      authenticator_(authenticator),
      organisations_(organisations),
      clock_(clock),
      metrics_(metrics),
      accepted_(metrics.counter("gantry_intake_events_total", "Events taken from other monitors",
                                {{"format", "generic"}})) {
    for (const char* reason : k_refusals) refused(reason);  // there from the start, with 0
}

telemetry::Counter& IntakeDesk::refused(const char* reason) {
    return metrics_.counter("gantry_intake_refused_total", "Intake requests refused, by reason",
                            {{"reason", reason}});
}

http::Response IntakeDesk::refuse(int status, const char* reason, const std::string& detail) {
    refused(reason).add();
    http::Response response = http::problem(status, reason, detail);
    if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (status == 503) response.headers.emplace_back("Retry-After", "5");
    return response;
}

boost::asio::awaitable<http::Response> IntakeDesk::handle(std::string format,
                                                          http::Request request) {
    if (format != "generic") {
        co_return refuse(404, "unknown_format", "no intake for \"" + format + "\"; try generic");
    }
    if (request.method != "POST") {
        auto response = refuse(405, "method_not_allowed", request.path + " takes POST");
        response.headers.emplace_back("Allow", "POST");
        co_return response;
    }
    std::string token(request.bearer());
    if (token.empty()) {
        co_return refuse(401, "no_credential", "send Authorization: Bearer <token>");
    }
    const auto principal = co_await authenticator_.authenticate(std::move(token));
    if (!principal) {
        const bool bad = principal.error().code == ErrorCode::unauthorised;
        co_return refuse(bad ? 401 : 503, bad ? "wrong_credential" : "unavailable",
                         principal.error().message);
    }
    if (principal->role == Role::viewer) {
        co_return refuse(403, "forbidden", "the role viewer may not send events");
    }
    OrganisationId organisation = principal->home;
    if (const auto text = request.query_value("organisation")) {
        std::string name(*text);
        const auto found = co_await organisations_.find(principal->scope, std::move(name));
        if (!found && found.error().code != ErrorCode::not_found) {
            co_return refuse(503, "unavailable", found.error().message);
        }
        if (!found) {
            co_return refuse(404, "unknown_organisation", "no such organisation for this token");
        }
        organisation = *found;
    }
    co_return co_await take(organisation, std::move(request));
}

boost::asio::awaitable<http::Response> IntakeDesk::take(OrganisationId organisation,
                                                        http::Request request) {
    const Instant now = clock_.now();
    auto batch = generic_.parse(request.body, organisation, now);
    if (!batch) co_return refuse(400, "invalid_input", batch.error().message);
    const auto count = static_cast<std::int64_t>(batch->events.size());
    if (events_.coalesce(batch->events, now)) {
        accepted_.add(count);
        co_return accepted_reply(*batch, true);
    }
    journal::Record record;
    record.received_at = now;
    record.organisation = organisation;
    record.kind = journal::Kind::intake;
    record.source = "generic";
    record.body = std::move(request.body);
    auto reply = accepted_reply(*batch, false);
    const auto accepted = co_await events_.accept(std::move(record), std::move(batch->events));
    if (!accepted) co_return refuse(503, "unavailable", accepted.error().message);
    accepted_.add(count);
    co_return reply;
}

}  // namespace gantry::collector
