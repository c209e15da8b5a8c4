#include "tests/simulation/bridge/checkers.hpp"

#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "collector/intake/generic.hpp"
#include "core/model/decision.hpp"
#include "core/records/decisions.hpp"

namespace gantry::simulation {
namespace {

using Row = std::vector<std::string>;

// All columns as text; works on both engines because every column is an integer or a text.
std::vector<Row> query(storage::Connection& connection, const std::string& sql, int columns) {
    auto statement = connection.prepare(sql);
    if (!statement) throw std::runtime_error(statement.error().message + " in " + sql);
    std::vector<Row> rows;
    while (true) {
        const auto more = (*statement)->step();
        if (!more) throw std::runtime_error(more.error().message + " in " + sql);
        if (!*more) break;
        Row row;
        for (int i = 0; i < columns; ++i) row.push_back((*statement)->text(i));
        rows.push_back(std::move(row));
    }
    (*statement)->reset();
    return rows;
}

struct Table {
    const char* name;
    const char* columns;
    const char* order;
};

constexpr Table k_tables[] = {
    {"alerts",
     "id,organisation_id,source,key,state,severity,summary,labels,asset_id,episode_id,"
     "episode_count,started_at,resolved_at,expires_after_ms,incident_id,opened_seq,changed_seq",
     "id"},
    {"decisions",
     "first_id,count,organisation_id,journal_seq,at,first_alert,last_alert,first_incident,"
     "last_incident,packed",
     "first_id"},
    {"decision_subjects", "subject,subject_id,first_id", "subject,subject_id,first_id"},
    {"incidents",
     "id,organisation_id,site_id,asset_id,title,description,state,impact,urgency,priority,"
     "category,source,assignee,assignment_group,hold_reason,close_code,close_notes,opened_at,"
     "updated_at,resolved_at,closed_at,detected_at,alert_count,firing_count,reopen_count,"
     "taken_over,version",
     "id"},
    {"incident_timeline",
     "id,incident_id,organisation_id,at,kind,actor,visibility,body,journal_seq", "id"},
    {"incident_alerts", "incident_id,alert_id,episode_id,firing", "incident_id,alert_id"},
    {"assets",
     "id,organisation_id,site_id,class,name,facts,lifecycle,identified_by,created_at,version",
     "id"},
    {"asset_identities", "organisation_id,kind,value,asset_id",
     "organisation_id,kind,value,asset_id"},
    {"outbox",
     "id,organisation_id,connector,incident_id,operation,idempotency_key,payload,state,created_at",
     "id"},
    {"agents", "id,agent_id,organisation_id,site_id,role,asset_id,epoch,acked_seq,boot_id,name",
     "id"},
};

int count_columns(const std::string& columns) {
    int count = 1;
    for (const char c : columns) count += c == ',' ? 1 : 0;
    return count;
}

class Checker {
public:
    Checker(storage::Connection& connection, const std::vector<journal::Record>& journal)
        : connection_(connection), journal_(journal) {}

    std::vector<std::string> run() {
        every_event_has_one_decision();
        one_open_incident_per_alert();
        firing_alerts_have_their_incident();
        recovered_incidents_are_closed();
        asset_and_organisation_are_set();
        outbox_is_in_order();
        tenants_are_walls();
        return std::move(broken_);
    }

private:
    std::vector<Row> rows(const std::string& sql, int columns) {
        return query(connection_, sql, columns);
    }
    std::vector<Decision> decisions() {
        std::vector<Decision> out;
        for (PageRequest page{0, 500};;) {
            const auto some = records::decisions(connection_, Scope::all(), {}, page);
            if (!some) {
                broken_.push_back("decisions: " + some.error().message);
                return out;
            }
            out.insert(out.end(), some->items.begin(), some->items.end());
            if (!some->next) return out;
            page.after = *some->next;
        }
    }
    void none(const std::string& promise, const std::string& sql) {
        for (const Row& row : rows(sql, 1)) broken_.push_back(promise + ": " + row[0]);
    }

    // Nothing acknowledged is lost, nothing is folded twice. The marker of a full state ends
    // several alerts, each with a decision of its own.
    void every_event_has_one_decision() {
        std::map<JournalSeq, std::set<std::int64_t>> seen;
        std::set<std::tuple<JournalSeq, std::int64_t, AlertId>> decided;
        for (const Decision& decision : decisions()) {
            const bool of_marker = decision.dedup == DedupReason::not_in_full_state;
            const JournalSeq seq = decision.journal_seq;
            seen[seq].insert(decision.event_index);
            if (!decided.emplace(seq, decision.event_index, of_marker ? decision.alert : AlertId{})
                     .second) {
                broken_.push_back("event decided twice: record " + std::to_string(seq.value) +
                                  " event " + std::to_string(decision.event_index));
            }
        }
        collector::GenericIntake intake;
        for (const journal::Record& record : journal_) {
            if (record.kind != journal::Kind::intake) continue;
            std::string body = record.body;
            const auto batch = intake.parse(body, record.organisation, record.received_at);
            const std::size_t expected = batch ? batch->events.size() : 0;
            const std::size_t found = seen[record.seq].size();
            if (found != expected) {
                broken_.push_back("record " + std::to_string(record.seq.value) + " has " +
                                  std::to_string(expected) + " events and " +
                                  std::to_string(found) + " decisions");
            }
        }
    }

    // A person may reopen an old ticket beside the present one; that is theirs to do.
    void one_open_incident_per_alert() {
        none("alert with two open incidents",
             "SELECT ia.alert_id FROM incident_alerts ia JOIN incidents i ON i.id = ia.incident_id "
             "WHERE i.state < 3 AND i.taken_over = 0 GROUP BY ia.alert_id HAVING COUNT(*) > 1");
    }

    // severity >= warning opens under the rules that the simulation runs with.
    void firing_alerts_have_their_incident() {
        none("firing alert without an incident",
             "SELECT id FROM alerts WHERE state = 1 AND severity >= 1 AND incident_id = 0");
    }

    // One ticket per problem, closed by itself: an incident that monitoring opened, whose alerts
    // have all recovered and that no person took over, is not open.
    void recovered_incidents_are_closed() {
        none("incident open though all recovered",
             "SELECT i.id FROM incidents i WHERE i.source = 'monitoring' AND i.state < 3 AND "
             "i.taken_over = 0 AND NOT EXISTS (SELECT 1 FROM alerts a WHERE a.incident_id = i.id "
             "AND a.state = 1)");
    }

    void asset_and_organisation_are_set() {
        none("monitoring incident without asset or organisation",
             "SELECT id FROM incidents WHERE organisation_id = 0 OR (source = 'monitoring' AND "
             "asset_id = 0)");
    }

    void outbox_is_in_order() {
        none("idempotency key stands twice",
             "SELECT idempotency_key FROM outbox GROUP BY idempotency_key HAVING COUNT(*) > 1");
        std::set<std::string> opened;
        for (const Row& row :
             rows("SELECT incident_id, operation FROM outbox ORDER BY connector, id", 2)) {
            if (row[1] == "0") opened.insert(row[0]);
            if (!opened.contains(row[0])) {
                broken_.push_back("delivery before its open: incident " + row[0]);
            }
        }
    }

    void tenants_are_walls() {
        none("alert bound to another organisation's asset",
             "SELECT a.id FROM alerts a JOIN assets s ON s.id = a.asset_id "
             "WHERE s.organisation_id <> a.organisation_id");
        none("incident bound to another organisation's asset",
             "SELECT i.id FROM incidents i JOIN assets s ON s.id = i.asset_id "
             "WHERE s.organisation_id <> i.organisation_id");
        none("timeline under another organisation",
             "SELECT t.id FROM incident_timeline t JOIN incidents i ON i.id = t.incident_id "
             "WHERE t.organisation_id <> i.organisation_id");
    }

    storage::Connection& connection_;
    const std::vector<journal::Record>& journal_;
    std::vector<std::string> broken_;
};

}  // namespace

std::string dump(storage::Connection& connection) {
    std::string out;
    for (const Table& table : k_tables) {
        out += std::string("== ") + table.name + "\n";
        const std::string sql = std::string("SELECT ") + table.columns + " FROM " + table.name +
                                " ORDER BY " + table.order;
        for (const Row& row : query(connection, sql, count_columns(table.columns))) {
            for (const std::string& value : row) out += value + "|";
            out += "\n";
        }
    }
    return out;
}

std::vector<std::string> check_promises(storage::Connection& connection,
                                        const std::vector<journal::Record>& journal) {
    return Checker(connection, journal).run();
}

}  // namespace gantry::simulation
