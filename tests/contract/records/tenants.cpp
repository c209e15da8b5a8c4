#include "tests/contract/records/tenants.hpp"

#include "core/base/random.hpp"
#include "core/records/policies.hpp"

namespace gantry::test {
namespace {

std::string text(std::int64_t id) { return std::to_string(id); }

void make_people(storage::Connection& connection, std::int64_t id) {
    const OrganisationId owner = owner_of(id);
    records::User user;
    user.name = "user" + text(id);
    user.organisation = owner;
    user.all_organisations = id == 3;
    must(records::insert_user(connection, user, moment(id)));
    records::Token token;
    token.kind = id % 2 == 0 ? records::TokenKind::enrolment : records::TokenKind::api;
    token.organisation = owner;
    token.all_organisations = id == 5;
    must(records::insert_token(connection, token, "hash" + text(id)));
    records::AgentCredential agent;
    agent.agent_id = "agent" + text(id);
    agent.organisation = owner;
    agent.asset = AssetId{id};
    must(records::insert_agent(connection, {id, moment(id), agent}));
    must(records::ensure_site(connection, owner, "site" + text(id / 2), moment(id)));
    records::PolicyRow policy;
    policy.name = "role:" + text(id / 2);
    policy.organisation = id == 7 ? OrganisationId{} : owner;
    policy.document = "{}";
    must(records::put_policy(connection, Scope::all(), policy, std::nullopt, moment(id)));
}

Changes events_of(std::int64_t id) {
    const OrganisationId owner = owner_of(id);
    Alert alert = alert_of(id, owner);
    // The same in both organisations.
    alert.text = AlertText("generic", "disk", alert.text.summary(), alert.text.labels());
    Changes changes;
    changes.cursor = JournalSeq{id};
    changes.new_assets = {asset_of(id, owner)};
    changes.alerts = {alert};
    changes.decisions = {decision_of(id, owner)};
    IncidentAction opened = open_action(id, owner);
    opened.asset = AssetId{id};
    changes.actions = {opened, then(opened, IncidentAction::Kind::note),
                       then(opened, IncidentAction::Kind::bind_alert)};
    return changes;
}

// Follows the cursors, two rows a page.
template <class Row, class ReadPage, class Describe>
std::vector<Seen> paged(ReadPage read, Describe describe) {
    std::vector<Seen> out;
    for (PageRequest request{0, 2};;) {
        const PageOf<Row> page = must(read(request));
        for (const Row& row : page.items) out.push_back(describe(row));
        if (!page.next) return out;
        request.after = *page.next;
    }
}

template <class Row>
Seen by_id(const Row& row) {
    return {row.organisation, text(row.id.value)};
}

std::vector<Seen> read_incidents(Tenants& world, const Scope& scope, const IncidentFilter& filter) {
    return paged<Incident>(
        [&](const PageRequest& page) {
            return world.desk->incidents(*world.connection, scope, filter, page);
        },
        by_id<Incident>);
}

std::vector<Seen> read_alerts(Tenants& world, const Scope& scope,
                              const records::AlertFilter& filter) {
    return paged<Alert>(
        [&](const PageRequest& page) {
            return records::alerts(*world.connection, scope, filter, page);
        },
        by_id<Alert>);
}

std::vector<Seen> read_decisions(Tenants& world, const Scope& scope) {
    std::vector<Seen> out;
    for (std::int64_t id = 0; id <= k_rows; ++id) {  // 0: all of them, without a filter
        for (const records::DecisionFilter& filter :
             {records::DecisionFilter{AlertId{id}, {}},
              records::DecisionFilter{{}, IncidentId{id}}}) {
            const auto some = paged<Decision>(
                [&](const PageRequest& page) {
                    return records::decisions(*world.connection, scope, filter, page);
                },
                by_id<Decision>);
            out.insert(out.end(), some.begin(), some.end());
        }
    }
    return out;
}

// What single reads of every id give, those that are not found left out.
template <class ReadOne>
std::vector<Seen> each_id(ReadOne read) {
    std::vector<Seen> out;
    for (std::int64_t id = 1; id <= k_rows + 1; ++id) {
        const auto row = read(id);
        if (row) {
            out.push_back(by_id(*row));
        } else {
            CHECK(row.error().code == ErrorCode::not_found);
        }
    }
    return out;
}

std::vector<Seen> read_timelines(Tenants& world, const Scope& scope) {
    std::vector<Seen> out;
    for (std::int64_t id = 1; id <= k_rows; ++id) {
        const auto page = world.desk->timeline(*world.connection, scope, IncidentId{id}, {});
        if (!page) {
            CHECK(page.error().code == ErrorCode::not_found);
            continue;
        }
        for (const TimelineEntry& entry : page->items) out.push_back(by_id(entry));
    }
    return out;
}

std::vector<Seen> read_deliveries(Tenants& world, const Scope& scope,
                                  const DeliveryFilter& filter) {
    return paged<Delivery>(
        [&](const PageRequest& page) {
            return world.desk->deliveries(*world.connection, scope, filter, page);
        },
        by_id<Delivery>);
}

std::vector<Seen> read_organisations(Tenants& world, const Scope& scope) {
    std::vector<Seen> out;
    for (const auto& row : must(records::organisations(*world.connection, scope, {0, 100})).items) {
        out.push_back({row.id, row.name});
    }
    for (const char* name : {"default", "acme"}) {
        const auto row = records::organisation_named(*world.connection, scope, name);
        if (row) out.push_back({row->id, row->name});
        if (!row) CHECK(row.error().code == ErrorCode::not_found);
    }
    return out;
}

template <class Rows, class Describe>
std::vector<Seen> listed(Rows rows, Describe describe) {
    std::vector<Seen> out;
    for (const auto& row : must(std::move(rows))) out.push_back(describe(row));
    return out;
}

std::vector<Read> ticket_reads() {
    return {
        {"incidents", [](Tenants& w, const Scope& scope) { return read_incidents(w, scope, {}); }},
        {"open incidents about asset 4 or urgent",
         [](Tenants& w, const Scope& scope) {
             IncidentFilter filter;
             filter.open = true;
             filter.asset = AssetId{4};
             auto out = read_incidents(w, scope, filter);
             filter = {};
             filter.priority = 2;
             filter.state = IncidentState::new_;
             for (auto& row : read_incidents(w, scope, filter)) out.push_back(row);
             return out;
         }},
        {"one incident",
         [](Tenants& w, const Scope& scope) {
             return each_id([&](std::int64_t id) {
                 return w.desk->incident(*w.connection, scope, IncidentId{id});
             });
         }},
        {"timelines", read_timelines},
        {"assets",
         [](Tenants& w, const Scope& scope) {
             return paged<Asset>(
                 [&](const PageRequest& page) {
                     return w.desk->assets(*w.connection, scope, {"WEB"}, page);
                 },
                 by_id<Asset>);
         }},
        {"one asset",
         [](Tenants& w, const Scope& scope) {
             return each_id(
                 [&](std::int64_t id) { return w.desk->asset(*w.connection, scope, AssetId{id}); });
         }},
        {"deliveries",
         [](Tenants& w, const Scope& scope) { return read_deliveries(w, scope, {}); }},
        {"deliveries of a connector, a state, an incident",
         [](Tenants& w, const Scope& scope) {
             auto out = read_deliveries(w, scope, {DeliveryState::dead, "chat", {}});
             for (std::int64_t id = 1; id <= k_rows; ++id) {
                 for (auto& row : read_deliveries(w, scope, {{}, "", IncidentId{id}})) {
                     out.push_back(row);
                 }
             }
             return out;
         }},
    };
}

std::vector<Read> record_reads() {
    return {
        {"alerts", [](Tenants& w, const Scope& scope) { return read_alerts(w, scope, {}); }},
        {"alerts of one key, asset, incident",
         [](Tenants& w, const Scope& scope) {
             auto out = read_alerts(w, scope, {AlertState::firing, {}, {}, "disk"});
             for (std::int64_t id = 1; id <= k_rows; ++id) {
                 for (auto& row : read_alerts(w, scope, {{}, AssetId{id}, IncidentId{id}, ""})) {
                     out.push_back(row);
                 }
             }
             return out;
         }},
        {"one alert",
         [](Tenants& w, const Scope& scope) {
             return each_id([&](std::int64_t id) {
                 return records::alert(*w.connection, scope, AlertId{id});
             });
         }},
        {"decisions", read_decisions},
    };
}

std::vector<Read> access_reads() {
    return {
        {"organisations", read_organisations},
        {"sites",
         [](Tenants& w, const Scope& scope) {
             return listed(records::sites(*w.connection, scope), by_id<records::Site>);
         }},
        {"users",
         [](Tenants& w, const Scope& scope) {
             return paged<records::User>(
                 [&](const PageRequest& page) {
                     return records::users(*w.connection, scope, page);
                 },
                 [](const records::User& row) {
                     return Seen{row.organisation, row.name, row.all_organisations};
                 });
         }},
        {"tokens",
         [](Tenants& w, const Scope& scope) {
             return paged<records::Token>(
                 [&](const PageRequest& page) {
                     return records::tokens(*w.connection, scope, page);
                 },
                 [](const records::Token& row) {
                     return Seen{row.organisation, text(row.id.value), row.all_organisations};
                 });
         }},
        {"agents",
         [](Tenants& w, const Scope& scope) {
             return listed(records::agents(*w.connection, scope),
                           [](const records::AgentCredential& row) {
                               return Seen{row.organisation, row.agent_id};
                           });
         }},
        {"agents in pages, then of each asset",
         [](Tenants& w, const Scope& scope) {
             std::vector<Seen> out;
             for (std::int64_t id = 0; id <= k_rows; ++id) {
                 const auto some = paged<records::AgentRow>(
                     [&](const PageRequest& page) {
                         return records::agent_rows(*w.connection, scope, AssetId{id}, page);
                     },
                     [](const records::AgentRow& row) {
                         return Seen{row.agent.organisation, row.agent.agent_id};
                     });
                 out.insert(out.end(), some.begin(), some.end());
             }
             return out;
         }},
        {"one user",
         [](Tenants& w, const Scope& scope) {
             std::vector<Seen> out;
             for (std::int64_t id = 1; id <= k_rows; ++id) {
                 const auto row = records::user_by_id(*w.connection, scope, UserId{id});
                 if (row) out.push_back({row->organisation, row->name, row->all_organisations});
                 if (!row) CHECK(row.error().code == ErrorCode::not_found);
             }
             return out;
         }},
        {"policies",
         [](Tenants& w, const Scope& scope) {
             return listed(records::policies(*w.connection, scope),
                           [](const records::PolicyRow& row) {
                               return Seen{row.organisation, row.name};
                           });
         },
         true},
    };
}

}  // namespace

OrganisationId owner_of(std::int64_t id) {
    if (id <= 2) return OrganisationId{id};  // each has at least one
    SeededRandom random(static_cast<std::uint64_t>(id));
    return random.below(2) == 0 ? k_ours : k_theirs;
}

Tenants::Tenants(Kind kind) : Records(kind) {
    auto transaction = must(storage::Transaction::begin(*connection));  // one flush, not hundreds
    for (std::int64_t id = 1; id <= k_rows; ++id) {
        make_people(*connection, id);
        const Changes changes = events_of(id);
        must(records::save_changes(*connection, changes));
        must(tickets->apply(*connection, changes, sequences));
    }
    must(connection->execute(
        "UPDATE outbox SET state = 3, last_error = 'gone' WHERE operation IN (0, 4)"));
    must(transaction.commit());
}

const std::vector<Read>& reads() {
    static const std::vector<Read> all = [] {
        std::vector<Read> out = ticket_reads();
        for (Read& read : record_reads()) out.push_back(std::move(read));
        for (Read& read : access_reads()) out.push_back(std::move(read));
        return out;
    }();
    return all;
}

}  // namespace gantry::test
