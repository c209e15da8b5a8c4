#include "itsm/tickets/ticket_store.hpp"

#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/outbox/outbox_writer.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "itsm/tickets/incident_rows.hpp"
#include "itsm/tickets/ticket_commands.hpp"

namespace gantry::itsm {
namespace {

using records::Query;

class SqlTicketStore final : public TicketStore {
public:
    explicit SqlTicketStore(std::vector<Subscription> subscriptions)
        : outbox_(std::move(subscriptions)) {}

    Result<void> apply(storage::Connection& connection, const Changes& changes,
                       Sequences& sequences) override {
        for (const Asset& asset : changes.new_assets) {
            if (auto done = insert_asset(connection, asset); !done) return done;
        }
        for (const IncidentAction& action : changes.actions) {
            auto done = action.kind == IncidentAction::Kind::open
                            ? open(connection, action, sequences)
                            : change(connection, action, sequences);
            if (!done) return done;
        }
        return {};
    }

    Result<CommandOutcome> execute(storage::Connection& connection, const Command& command,
                                   const CommandContext& context, Sequences& sequences) override {
        return execute_command({connection, command, context, sequences, outbox_});
    }

private:
    // The hot path: inserts only.
    Result<void> open(storage::Connection& connection, const IncidentAction& action,
                      Sequences& sequences) {
        const auto site = site_of(connection, action.asset);
        if (!site) return site.error();
        Step step = open_incident(action, *site);
        if (auto done = insert_incident(connection, step.incident); !done) return done;
        if (action.alert.is_set()) {
            Query insert(connection,
                         "INSERT INTO incident_alerts (incident_id, alert_id, episode_id, firing) "
                         "VALUES ($1,$2,$3,1)");
            insert.bind(action.incident, action.alert, action.episode);
            if (auto done = insert.run(); !done) return done;
        }
        return record(connection, step, sequences);
    }

    Result<void> change(storage::Connection& connection, const IncidentAction& action,
                        Sequences& sequences) {
        const auto incident = find_incident(connection, Scope::all(), action.incident);
        if (!incident) return incident.error();
        bool newly_bound = false;
        if (action.alert.is_set()) {
            const auto bound = bind_alert(connection, action.incident, action.alert, action.episode,
                                          still_fires(*incident, action));
            if (!bound) return bound.error();
            newly_bound = *bound;
        }
        Step step = follow(*incident, action, newly_bound);
        if (auto done = update_incident(connection, step.incident); !done) return done;
        return record(connection, step, sequences);
    }

    static bool still_fires(const Incident& incident, const IncidentAction& action) {
        using Kind = IncidentAction::Kind;
        if (action.kind == Kind::resolve) return false;
        return action.kind != Kind::note || action.firing_count >= incident.firing_count;
    }

    Result<void> record(storage::Connection& connection, Step& step, Sequences& sequences) {
        step.entry.id = TimelineId{sequences.next_timeline++};
        if (auto done = insert_timeline(connection, step.entry); !done) return done;
        return outbox_.write(connection, step.incident, step.operation, step.entry, sequences);
    }

    static Result<SiteId> site_of(storage::Connection& connection, AssetId asset) {
        Query query(connection, "SELECT site_id FROM assets WHERE id = $1");
        query.bind(asset);
        SiteId site;
        if (query.next()) site = query.id<SiteId>();
        if (auto done = query.done(); !done) return done.error();
        return site;
    }

    OutboxWriter outbox_;
};

}  // namespace

std::unique_ptr<TicketStore> make_ticket_store(std::vector<Subscription> subscriptions) {
    return std::make_unique<SqlTicketStore>(std::move(subscriptions));
}

}  // namespace gantry::itsm
