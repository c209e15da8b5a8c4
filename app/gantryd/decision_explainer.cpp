#include "app/gantryd/decision_explainer.hpp"

#include <charconv>

#include "collector/ingest/decode.hpp"
#include "core/records/alerts.hpp"
#include "correlator/explain/explain.hpp"

namespace gantry::app {
namespace {

constexpr int k_max_decisions = 100;

std::optional<AlertId> parse_alert_id(std::string_view text) {
    if (text.starts_with("alert:")) text.remove_prefix(6);
    AlertId id;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
    if (error != std::errc{} || end != text.data() + text.size() || id.value <= 0) return {};
    return id;
}

bool names_incident(std::string_view id) { return id.starts_with("INC") || id.starts_with("inc"); }

std::string passed_text(const correlator::RuleTried& tried) {
    return tried.rule + ": " + tried.failed_matcher + " did not hold (" + tried.value + ")";
}

}  // namespace

struct DecisionExplainer::Found {
    std::string subject;
    std::vector<Decision> decisions;
    std::vector<correlator::Names> names;  // of each decision
    bool more = false;
};

DecisionExplainer::DecisionExplainer(storage::Database& database, Worker& reader, ServiceDesk& desk,
                                     journal::Journal& journal, correlator::RuleSet rules)
    : reader_(reader),
      desk_(desk),
      journal_(journal),
      rules_(std::move(rules)),
      connection_(storage::LazyConnection::reading(database)) {}

DecisionExplainer::~DecisionExplainer() = default;

Result<DecisionExplainer::Found> DecisionExplainer::find(const Scope& scope,
                                                         const std::string& id) {
    auto open = connection_.get();
    if (!open) return open.error();
    if (names_incident(id)) {
        if (const auto incident = parse_incident_number(id))
            return find_incident(**open, scope, *incident);
    } else if (const auto alert = parse_alert_id(id)) {
        return find_alert(**open, scope, *alert);
    }
    return fail(ErrorCode::invalid_input,
                "\"" + id.substr(0, 64) + "\" is neither an incident's number nor alert:ID");
}

Result<DecisionExplainer::Found> DecisionExplainer::find_incident(storage::Connection& connection,
                                                                  const Scope& scope,
                                                                  IncidentId id) {
    const auto incident = desk_.incident(connection, scope, id);
    if (!incident) return incident.error();
    Found found;
    found.subject = incident_number(id) + " " + incident->title;
    records::DecisionFilter filter;
    filter.incident = id;
    if (auto done = find_decisions(connection, scope, filter, found); !done) return done.error();
    for (correlator::Names& names : found.names) names.incident_priority = incident->priority;
    return found;
}

Result<DecisionExplainer::Found> DecisionExplainer::find_alert(storage::Connection& connection,
                                                               const Scope& scope, AlertId id) {
    const auto alert = records::alert(connection, scope, id);
    if (!alert) return alert.error();
    Found found;
    found.subject = "alert " + std::to_string(id.value) + " (" + std::string(alert->text.source()) +
                    ", key " + std::string(alert->text.key()) + ")";
    records::DecisionFilter filter;
    filter.alert = id;
    if (auto done = find_decisions(connection, scope, filter, found); !done) return done.error();
    return found;
}

// The latest ones: a noisy alert has thousands, and its last ones are asked about.
Result<void> DecisionExplainer::find_decisions(storage::Connection& connection, const Scope& scope,
                                               const records::DecisionFilter& filter,
                                               Found& found) {
    auto latest = records::latest_decisions(connection, scope, filter, k_max_decisions + 1);
    if (!latest) return latest.error();
    found.more = latest->size() > static_cast<std::size_t>(k_max_decisions);
    if (found.more) latest->pop_back();
    found.decisions.assign(latest->rbegin(), latest->rend());
    for (const Decision& decision : found.decisions) {
        correlator::Names names;
        if (decision.asset.is_set()) {
            const auto asset = desk_.asset(connection, scope, decision.asset);
            if (asset) names.asset = asset->name;
        }
        found.names.push_back(std::move(names));
    }
    return {};
}

// The event behind a decision, read again from the journal; nullopt when it was trimmed, or is one
// of ours (presence, expiry), whose decision says it all.
boost::asio::awaitable<std::optional<Event>> DecisionExplainer::event_of(Decision decision) {
    const JournalSeq before{decision.journal_seq.value - 1};
    const auto records = co_await journal_.read(before, 1, 1 << 20);
    if (!records || records->empty() || records->front().seq != decision.journal_seq) {
        co_return std::nullopt;
    }
    const journal::Record& record = records->front();
    std::vector<Event> events;
    if (record.kind == journal::Kind::intake) {
        std::string body = record.body;
        auto batch = intake_.parse(body, record.organisation, record.received_at);
        if (batch) events = std::move(batch->events);
    } else if (record.kind == journal::Kind::agent_report) {
        const auto agent = [&](const std::string& id) -> std::optional<collector::AgentIdentity> {
            return collector::AgentIdentity{id, record.organisation, decision.asset, ""};
        };
        auto decoded = collector::decode_agent_report(record, agent);
        if (decoded) events = std::move(decoded->events);
    }
    const auto index = static_cast<std::size_t>(decision.event_index);
    if (index >= events.size()) co_return std::nullopt;
    co_return std::move(events[index]);
}

boost::asio::awaitable<Result<Explanation>> DecisionExplainer::explain(Scope scope,
                                                                       std::string id) {
    auto job = [this, scope, id]() -> Result<Found> { return find(scope, id); };
    auto found = co_await reader_.run(std::move(job));
    if (!found) co_return found.error();
    Explanation out;
    out.subject = std::move(found->subject);
    out.more = found->more;
    for (std::size_t i = 0; i < found->decisions.size(); ++i) {
        const Decision decision = found->decisions[i];
        auto event = co_await event_of(decision);
        const auto told = correlator::explain(decision, event, rules_, found->names[i]);
        ExplainedDecision item{decision, told.sentences, told.rule, {}};
        for (const auto& tried : told.rules_tried) {
            if (!tried.matched) item.rules_passed.push_back(passed_text(tried));
        }
        out.decisions.push_back(std::move(item));
    }
    co_return out;
}

}  // namespace gantry::app
