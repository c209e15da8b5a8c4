// The correlator against a reference of maps and plain ifs, and against what must always hold.
#include <catch2/catch.hpp>

#include "tests/support/correlator_workload.hpp"

using namespace gantry;
using namespace gantry::correlator;
using namespace gantry::test;

namespace {

constexpr std::uint64_t k_seeds = 100;
constexpr int k_items = 300;

// REQUIRE is too slow for what is asked millions of times.
void ensure(bool holds, const char* what) {
    if (!holds) FAIL(what);
}

using Key = std::tuple<std::int64_t, std::string, std::string>;

Key key_of(OrganisationId organisation, std::string_view source, std::string_view key) {
    return {organisation.value, std::string(source), std::string(key)};
}

// What the rules of the house say must become of an alert, told one event at a time. It looks the
// incident up in the records instead of remembering it, so it shares no state with the correlator.
class Reference {
public:
    struct Alert {
        bool firing = false;
        Severity severity = Severity::info;
        std::int64_t episodes = 0;
        Instant started_at{};
        Instant resolved_at{};
        Instant folded_at{};
        Millis expires_after{0};
        std::int64_t incident = 0;  // 0 = none
    };
    enum class Incident { open, resolved, ended };
    struct Ticket {
        Incident state = Incident::open;
        bool taken_over = false;
        Instant resolved_at{};
    };

    std::map<Key, Alert> alerts;
    std::map<std::int64_t, Ticket> tickets;

    void fold(const Event& event, Instant now) {
        const auto key = key_of(event.organisation, event.source, event.key);
        if (event.action == EventAction::resolved) {
            const auto known = alerts.find(key);
            if (known == alerts.end() || !known->second.firing) return;
            if (!of_earlier_episode(known->second, event)) resolve(known->second, now);
            return;
        }
        auto& alert = alerts[key];
        alert.folded_at = std::max(alert.folded_at, now);
        alert.expires_after = event.expires_after;
        const bool begins = !alert.firing;
        const bool rises = !begins && event.severity > alert.severity;
        const bool changed = !begins && event.severity != alert.severity;
        alert.firing = true;
        alert.severity = event.severity;
        if (begins) {
            ++alert.episodes;
            alert.started_at = event.observed_at;
        }
        if (begins || rises || (alert.incident == 0 && (changed || !begins))) {
            want_ticket(alert, begins, now);
        }
    }

    void expire(const Key& key, Instant now) {
        auto& alert = alerts.at(key);
        if (!alert.firing || alert.folded_at + alert.expires_after > now) return;
        resolve(alert, now);
    }

    void act(const PersonAct& act, Instant now) {
        auto& ticket = tickets.at(act.incident.value);
        ticket.taken_over = ticket.taken_over || act.taken_over;
        if (act.state == IncidentState::closed || act.state == IncidentState::canceled) {
            ticket.state = Incident::ended;
        } else if (act.state == IncidentState::resolved) {
            ticket.state = Incident::resolved;
            ticket.resolved_at = now;
        } else {
            ticket.state = Incident::open;
        }
    }

    // Alerts resolved for a week are unknown again, unless their incident is still open.
    void forget(const std::vector<AlertId>& ids, const std::map<AlertId, Key>& keys) {
        for (const auto id : ids) alerts.erase(keys.at(id));
    }

private:
    // The workload's clocks are right and no source of it is an agent.
    static bool of_earlier_episode(const Alert& alert, const Event& resolve) {
        return alert.episodes > 1 && resolve.observed_at < alert.started_at &&
               resolve.observed_at <= alert.resolved_at;
    }
    Ticket* usable(const Alert& alert, Instant now) {
        const auto at = tickets.find(alert.incident);
        if (at == tickets.end() || at->second.state == Incident::ended) return nullptr;
        auto& ticket = at->second;
        const bool too_old = ticket.state == Incident::resolved &&
                             now - ticket.resolved_at > default_rules().reopen_window;
        return too_old ? nullptr : &ticket;
    }
    void want_ticket(Alert& alert, bool begins, Instant now) {
        auto* ticket = usable(alert, now);
        if (ticket && ticket->state == Incident::open) return;
        if (alert.severity == Severity::info) {
            if (begins) alert.incident = 0;
            return;
        }
        if (ticket) {
            ticket->state = Incident::open;
            return;
        }
        alert.incident = static_cast<std::int64_t>(tickets.size()) + 1;
        tickets[alert.incident] = {};
    }
    void resolve(Alert& alert, Instant now) {
        alert.firing = false;
        alert.resolved_at = now;
        auto* ticket = usable(alert, now);
        if (!ticket || ticket->state != Incident::open || ticket->taken_over) return;
        ticket->state = Incident::resolved;
        ticket->resolved_at = now;
    }
};

Reference::Incident state_of(const Incident& incident) {
    if (NaiveStore::open(incident)) return Reference::Incident::open;
    return incident.state == IncidentState::resolved ? Reference::Incident::resolved
                                                     : Reference::Incident::ended;
}

void compare(const Run& run, const Reference& reference) {
    REQUIRE(run.store.incidents.size() == reference.tickets.size());
    for (const auto& [id, incident] : run.store.incidents) {
        ensure(state_of(incident) == reference.tickets.at(id.value).state, "incident state");
    }
    REQUIRE(run.store.alerts.size() == reference.alerts.size());
    REQUIRE(run.correlator->live_alerts() == reference.alerts.size());
    for (const auto& [id, row] : run.store.alerts) {
        const auto& alert =
            reference.alerts.at(key_of(row.organisation, row.text.source(), row.text.key()));
        ensure((row.state == AlertState::firing) == alert.firing, "alert state");
        ensure(row.severity == alert.severity, "alert severity");
        ensure(row.episode_count == alert.episodes, "episode count");
        ensure(row.incident.value == alert.incident, "alert's incident");
    }
    std::map<AssetId, std::vector<AlertId>> of_assets;  // the newest first
    for (const auto& [id, row] : run.store.alerts) {
        auto& ids = of_assets[row.asset];
        ids.insert(ids.begin(), id);
    }
    for (const auto& [id, asset] : run.store.assets) {
        const auto all = run.correlator->alerts_of(Scope::all(), id, {}, of_assets[id].size() + 1);
        ensure(all == of_assets[id], "alerts of an asset");
        const Scope foreign = Scope::of(OrganisationId{asset.organisation.value + 1});
        ensure(run.correlator->alerts_of(foreign, id, {}, 1).empty(), "of its organisation only");
    }
}

// What must hold after every record, whatever the rules.
class Invariants {
public:
    void after(const Run& run, const Changes& changes, const JournalItem& item) {
        ascending(changes);
        decisions(changes, item);
        std::map<IncidentId, std::int64_t> firing;
        for (const auto& [id, alert] : run.store.alerts) {
            if (alert.state != AlertState::firing) continue;
            if (alert.incident.is_set()) ++firing[alert.incident];
            ensure(run.store.assets.at(alert.asset).organisation == alert.organisation,
                   "an alert is bound to an asset of its organisation");
        }
        std::map<IncidentId, std::int64_t> told;  // by the last action of each
        for (const auto& action : changes.actions) told[action.incident] = action.firing_count;
        for (const auto& [id, count] : told) REQUIRE(count == firing[id]);
        for (const auto& [id, incident] : run.store.incidents) {
            ensure(run.store.assets.at(incident.asset).organisation == incident.organisation,
                   "an incident is about an asset of its organisation");
        }
        for (const auto& action : changes.actions) {
            REQUIRE_FALSE(action.body.empty());
            REQUIRE(action.at == item.now);
            if (action.kind == IncidentAction::Kind::open) REQUIRE_FALSE(action.title.empty());
        }
    }

private:
    void ascending(const Changes& changes) {
        for (std::size_t i = 1; i < changes.alerts.size(); ++i) {
            REQUIRE(changes.alerts[i - 1].id < changes.alerts[i].id);
        }
        for (const auto& asset : changes.new_assets) next(asset_, asset.id.value);
        for (const auto& decision : changes.decisions) next(decision_, decision.id.value);
        for (const auto& action : changes.actions) {
            if (action.kind == IncidentAction::Kind::open) next(incident_, action.incident.value);
        }
    }
    void decisions(const Changes& changes, const JournalItem& item) {
        if (const auto* events = std::get_if<std::vector<Event>>(&item.body)) {
            REQUIRE(changes.decisions.size() == events->size());
        }
        for (const auto& decision : changes.decisions) {
            REQUIRE(decision.at == item.now);
            REQUIRE(decision.journal_seq == changes.cursor);
        }
    }
    // Ids are the next ones, without gaps.
    static void next(std::int64_t& last, std::int64_t id) {
        REQUIRE(id == last + 1);
        last = id;
    }
    std::int64_t asset_ = 0;
    std::int64_t decision_ = 0;
    std::int64_t incident_ = 0;
};

void check(std::uint64_t seed, Workload workload) {
    Generator generator(seed, workload);
    Run run(default_rules());
    Reference reference;
    Invariants invariants;
    std::map<AlertId, Key> keys;
    for (int i = 0; i < k_items; ++i) {
        INFO("seed " << seed << ", item " << i);
        const auto item = generator.next(run);
        const auto changes = run.play(item);
        reference.forget(changes.forgotten, keys);
        for (const auto& alert : changes.alerts) {
            keys[alert.id] = key_of(alert.organisation, alert.text.source(), alert.text.key());
        }
        if (const auto* events = std::get_if<std::vector<Event>>(&item.body)) {
            for (const auto& event : *events) reference.fold(event, item.now);
        } else if (const auto* due = std::get_if<std::vector<AlertId>>(&item.body)) {
            for (const auto id : *due) reference.expire(keys.at(id), item.now);
        } else {
            reference.act(std::get<PersonAct>(item.body), item.now);
        }
        if (!std::holds_alternative<PersonAct>(item.body)) {
            invariants.after(run, changes, item);
        }
        compare(run, reference);
    }
}

}  // namespace

TEST_CASE("model: alerts and incidents are those of the reference, with people at work") {
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) check(seed, {});
}

TEST_CASE("model: and without people or expiries, over many keys") {
    Workload workload;
    workload.people = false;
    workload.expiries = false;
    workload.keys = 40;
    for (std::uint64_t seed = 1; seed <= k_seeds / 3; ++seed) check(seed, workload);
}

TEST_CASE("model: each firing episode that the rules promote has one open incident") {
    Workload workload;
    workload.people = false;
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        Generator generator(seed, workload);
        Run run(default_rules());
        std::map<EpisodeId, IncidentId> opened;
        for (int i = 0; i < k_items; ++i) {
            INFO("seed " << seed << ", item " << i);
            const auto changes = run.play(generator.next(run));
            for (const auto& action : changes.actions) {
                if (action.kind != IncidentAction::Kind::open) continue;
                REQUIRE(opened.emplace(action.episode, action.incident).second);
            }
            std::map<IncidentId, AlertId> owners;
            for (const auto& [id, alert] : run.store.alerts) {
                if (alert.state != AlertState::firing) continue;
                ensure(alert.severity == Severity::info || alert.incident.is_set(), "has one");
                if (!alert.incident.is_set()) continue;
                ensure(owners.emplace(alert.incident, id).second, "of its own");
                const auto& incident = run.store.incidents.at(alert.incident);
                ensure(NaiveStore::open(incident), "an open one");
                ensure(static_cast<int>(incident.urgency) == 3 - static_cast<int>(alert.severity),
                       "as urgent as the alert is severe");
            }
        }
    }
}

TEST_CASE("model: when everything has recovered and nobody interfered, no incident is open") {
    Workload workload;
    workload.people = false;
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        INFO("seed " << seed);
        Generator generator(seed, workload);
        Run run(default_rules());
        for (int i = 0; i < 100; ++i) run.play(generator.next(run));
        std::vector<Event> recoveries;
        for (const auto& [id, alert] : run.store.alerts) {
            Event event;
            event.organisation = alert.organisation;
            event.source = alert.text.source();
            event.key = alert.text.key();
            event.action = EventAction::resolved;
            recoveries.push_back(event);
        }
        run.play({generator.now(), recoveries});
        for (const auto& [id, incident] : run.store.incidents) {
            REQUIRE_FALSE(NaiveStore::open(incident));
        }
        for (const auto& [id, alert] : run.store.alerts) {
            REQUIRE(alert.state == AlertState::resolved);
        }
    }
}
