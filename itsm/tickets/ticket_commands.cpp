#include "itsm/tickets/ticket_commands.hpp"

#include "core/base/text.hpp"
#include "core/records/access.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/cmdb/identity.hpp"
#include "itsm/cmdb/twins.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "itsm/tickets/incident_rows.hpp"

namespace gantry::itsm {
namespace {

using records::Query;

class Executor {
public:
    explicit Executor(CommandWork work) : work_(work) {}

    Result<CommandOutcome> operator()(const CreateIncident& wanted);
    Result<CommandOutcome> operator()(const AddNote& wanted) { return change(wanted, add_note); }
    Result<CommandOutcome> operator()(const AssignIncident& wanted) {
        return change(wanted, assign);
    }
    Result<CommandOutcome> operator()(const ChangeIncidentState& wanted) {
        return change(wanted, change_state);
    }
    Result<CommandOutcome> operator()(const ChangePriority& wanted) {
        return change(wanted, change_priority);
    }
    Result<CommandOutcome> operator()(const EnrolAgent& wanted);
    Result<CommandOutcome> operator()(const ReportFacts& wanted);

private:
    template <class Wanted, class Machine>
    Result<CommandOutcome> change(const Wanted& wanted, Machine machine);
    Result<CommandOutcome> record(Step step);
    Result<CommandOutcome> enrol_again(const EnrolAgent& wanted,
                                       const records::AgentCredential& known);
    Result<Asset> organisation_asset(bool& created);
    Result<Asset> asset_for(const EnrolAgent& wanted, bool& created);
    Result<CommandOutcome> refuse_boot(const records::AgentCredential& agent,
                                       const std::string& boot_id, const Asset& asset,
                                       const std::string& contradiction);
    Result<void> save_facts(Asset& asset, const Facts& facts, const std::string& rule);

    [[nodiscard]] Scope scope() const { return Scope::of(work_.command.organisation); }
    [[nodiscard]] Stamp stamp() const {
        return {work_.command.actor, work_.context.now, work_.context.seq};
    }

    CommandWork work_;
};

constexpr std::size_t k_max_asset_name_bytes = 255;

std::string asset_name(const Facts& facts) {
    for (const std::string* name : {&facts.hostname, &facts.fqdn, &facts.serial}) {
        if (!name->empty()) return clean_text(*name, k_max_asset_name_bytes);
    }
    return "unnamed endpoint";
}

AssetClass class_of(const Facts& facts, const std::string& role) {
    const CanonicalFacts canonical = canonicalise(facts);
    if (canonical.container) return AssetClass::container;
    if (canonical.virtual_machine) return AssetClass::virtual_machine;
    return role == "workstation" ? AssetClass::workstation : AssetClass::server;
}

Result<CommandOutcome> Executor::record(Step step) {
    step.entry.id = TimelineId{work_.sequences.next_timeline++};
    if (auto done = insert_timeline(work_.connection, step.entry); !done) return done.error();
    auto told = work_.outbox.write(work_.connection, step.incident, step.operation, step.entry,
                                   work_.sequences);
    if (!told) return told.error();
    CommandOutcome outcome;
    outcome.incident = std::move(step.incident);
    return outcome;
}

template <class Wanted, class Machine>
Result<CommandOutcome> Executor::change(const Wanted& wanted, Machine machine) {
    const auto incident = find_incident(work_.connection, scope(), wanted.incident);
    if (!incident) return incident.error();
    const auto& expected = work_.command.expected_version;
    if (expected && *expected != incident->version) {
        return fail(ErrorCode::conflict, incident_number(incident->id) + " has version " +
                                             std::to_string(incident->version) + ", not " +
                                             std::to_string(*expected));
    }
    auto step = machine(*incident, wanted, stamp());
    if (!step) return step.error();
    if (auto done = update_incident(work_.connection, step->incident); !done) return done.error();
    return record(std::move(*step));
}

// What stands for the organisation as a whole: a service of its name, as the correlator makes one
// for a source that names no host.
Result<Asset> Executor::organisation_asset(bool& created) {
    Asset asset;
    asset.organisation = work_.command.organisation;
    asset.asset_class = AssetClass::service;
    {
        Query query(work_.connection, "SELECT name FROM organisations WHERE id = $1");
        query.bind(asset.organisation);
        if (query.next()) asset.name = query.text();
        if (auto done = query.done(); !done) return done.error();
    }
    {
        Query query(work_.connection,
                    "SELECT id FROM assets WHERE organisation_id = $1 AND name = $2 AND class = $3 "
                    "ORDER BY id LIMIT 1");
        query.bind(asset.organisation, asset.name, asset.asset_class);
        if (query.next()) asset.id = query.id<AssetId>();
        if (auto done = query.done(); !done) return done.error();
    }
    created = !asset.id.is_set();
    if (!created) return find_asset(work_.connection, scope(), asset.id);
    asset.id = AssetId{work_.sequences.next_asset};
    asset.identified_by = "organisation";
    asset.created_at = work_.context.now;
    asset.last_seen_at = work_.context.now;
    return asset;
}

// Every incident has an asset; one that is about none in particular is about the organisation.
Result<CommandOutcome> Executor::operator()(const CreateIncident& wanted) {
    bool created = false;
    auto asset = wanted.asset.is_set() ? find_asset(work_.connection, scope(), wanted.asset)
                                       : organisation_asset(created);
    if (!asset) return asset.error();
    auto bound = wanted;
    bound.asset = asset->id;
    auto step = create(bound, IncidentId{work_.sequences.next_incident}, work_.command.organisation,
                       asset->site, stamp());
    if (!step) return step.error();
    if (created) {
        if (auto done = insert_asset(work_.connection, *asset); !done) return done.error();
        ++work_.sequences.next_asset;
    }
    ++work_.sequences.next_incident;
    if (auto done = insert_incident(work_.connection, step->incident); !done) return done.error();
    auto outcome = record(std::move(*step));
    if (outcome && created) outcome->asset_now = std::move(*asset);
    return outcome;
}

Result<void> Executor::save_facts(Asset& asset, const Facts& facts, const std::string& rule) {
    asset.facts = facts;
    asset.name = asset_name(facts);
    asset.identified_by = rule;
    asset.last_seen_at = work_.context.now;
    return save_identities(work_.connection, asset.organisation, asset.id,
                           identity_keys(canonicalise(facts)));
}

Result<Asset> Executor::asset_for(const EnrolAgent& wanted, bool& created) {
    const Facts& facts = wanted.facts;
    SqlIdentityLookup lookup(work_.connection, work_.command.organisation);
    const auto match = identify_untaken(
        canonicalise(facts), work_.connection, lookup,
        {wanted.boot_id, booted_at(work_.context.now, std::chrono::seconds{wanted.uptime_s})});
    if (!match) return match.error();
    created = !match->asset.is_set();
    Asset asset;
    if (created) {
        asset.id = AssetId{work_.sequences.next_asset++};
        asset.organisation = work_.command.organisation;
        asset.site = wanted.site;
        asset.created_at = work_.context.now;
        if (auto done = save_facts(asset, facts, match->rule); !done) return done.error();
        return asset;
    }
    auto known = find_asset(work_.connection, scope(), match->asset);
    if (!known) return known.error();
    asset = std::move(*known);
    ++asset.version;
    if (auto done = save_facts(asset, facts, match->rule); !done) return done.error();
    return asset;
}

// Its answer was lost, so nobody knows the credential that was made for it.
Result<CommandOutcome> Executor::enrol_again(const EnrolAgent& wanted,
                                             const records::AgentCredential& known) {
    if (known.organisation != work_.command.organisation || known.revoked) {
        return fail(ErrorCode::forbidden, "agent " + known.agent_id + " of this enrolment was " +
                                              (known.revoked ? "revoked" : "another's"));
    }
    auto asset = find_asset(work_.connection, scope(), known.asset);
    if (!asset) return asset.error();
    if (auto done =
            records::renew_credential(work_.connection, known.agent_id, wanted.credential_hash);
        !done) {
        return done.error();
    }
    CommandOutcome outcome;
    outcome.asset = asset->id;
    outcome.agent_id = known.agent_id;
    outcome.agent_name = known.name;
    outcome.approved = known.approved;
    outcome.asset_now = std::move(*asset);
    return outcome;
}

Result<CommandOutcome> Executor::operator()(const EnrolAgent& wanted) {
    const auto known =
        records::agent_by_enrolment(work_.connection, TokenId{wanted.token_id}, wanted.nonce);
    if (known) return enrol_again(wanted, *known);
    if (known.error().code != ErrorCode::not_found) return known.error();
    const auto token =
        records::use_enrolment_token(work_.connection, TokenId{wanted.token_id}, work_.context.now);
    if (!token) return token.error();
    if (token->organisation != work_.command.organisation) {
        return fail(ErrorCode::forbidden, "the token belongs to another organisation");
    }
    bool created = false;
    auto asset = asset_for(wanted, created);
    if (!asset) return asset.error();
    asset->asset_class = class_of(wanted.facts, wanted.role);
    auto saved =
        created ? insert_asset(work_.connection, *asset) : update_asset(work_.connection, *asset);
    if (!saved) return saved.error();
    records::AgentCredential agent;
    agent.agent_id = wanted.agent_id;
    agent.organisation = work_.command.organisation;
    agent.site = wanted.site;
    agent.role = wanted.role;
    agent.asset = asset->id;
    agent.credential_hash = wanted.credential_hash;
    agent.name = asset->name;
    agent.token = TokenId{wanted.token_id};
    agent.nonce = wanted.nonce;
    agent.boot_id = wanted.boot_id;
    agent.approved = !token->needs_approval;
    const records::AgentRow row{work_.sequences.next_agent, work_.context.now, agent};
    if (auto done = records::insert_agent(work_.connection, row); !done) return done.error();
    ++work_.sequences.next_agent;
    CommandOutcome outcome;
    outcome.asset = asset->id;
    outcome.agent_id = agent.agent_id;
    outcome.agent_name = agent.name;
    outcome.asset_created = created;
    outcome.approved = agent.approved;
    outcome.asset_now = std::move(*asset);
    return outcome;
}

// Another machine carries the credential: a copy, or the disk in another chassis. Its boot is
// refused from now on, so that it enrols anew. It may have no token to do so, and the copies of one
// image have one cause: a person gets one ticket for the credential.
Result<CommandOutcome> Executor::refuse_boot(const records::AgentCredential& agent,
                                             const std::string& boot_id, const Asset& asset,
                                             const std::string& contradiction) {
    if (auto done = records::refuse_boot(work_.connection, agent.agent_id, boot_id); !done) {
        return done.error();
    }
    CommandOutcome outcome;
    if (agent.refused_boots.empty()) {
        CreateIncident ticket;
        ticket.title =
            truncate_utf8("Another machine reports as " + asset.name, k_max_summary_bytes);
        ticket.description =
            "The agent " + agent.agent_id +
            " of this asset reports the facts of another machine: " + contradiction +
            ". Either the machine was copied with its agent, or its disk is in another machine. "
            "What reports so is refused from now on; if it was given an enrolment token it enrols "
            "anew by itself and becomes an asset of its own. Otherwise run there:\n"
            "gantry-agent enrol --force --server URL --token TOKEN";
        ticket.asset = asset.id;
        ticket.impact = Level::low;
        ticket.category = "monitoring";
        auto step = create(ticket, IncidentId{work_.sequences.next_incident}, asset.organisation,
                           asset.site, stamp());
        if (!step) return step.error();
        ++work_.sequences.next_incident;
        step->incident.source = k_monitoring_actor;
        if (auto done = insert_incident(work_.connection, step->incident); !done) {
            return done.error();
        }
        auto recorded = record(std::move(*step));
        if (!recorded) return recorded.error();
        outcome = std::move(*recorded);
    }
    outcome.agent_id = agent.agent_id;
    outcome.refused_boot_id = boot_id;
    return outcome;
}

Result<CommandOutcome> Executor::operator()(const ReportFacts& wanted) {
    const auto agent = records::agent_by_id(work_.connection, wanted.agent_id);
    if (!agent) return agent.error();
    if (!scope().allows(agent->organisation)) {
        return fail(ErrorCode::not_found, "no agent " + wanted.agent_id);
    }
    // It was journaled before it was known for a copy's.
    if (agent->refuses(wanted.boot_id)) {
        return fail(ErrorCode::conflict, "agent " + wanted.agent_id + ": the facts are of boot " +
                                             wanted.boot_id + ", which is refused");
    }
    auto asset = find_asset(work_.connection, scope(), agent->asset);
    if (!asset) return asset.error();
    SqlIdentityLookup lookup(work_.connection, work_.command.organisation);
    const auto known = lookup.keys_of(asset->id);
    if (!known) return known.error();
    const CanonicalFacts facts = canonicalise(wanted.facts);
    if (!is_consistent(facts, *known)) {
        return refuse_boot(*agent, wanted.boot_id, *asset,
                           contradiction_text(identity_keys(facts), *known));
    }
    ++asset->version;
    if (auto done = save_facts(*asset, wanted.facts, "agent key"); !done) return done.error();
    if (auto done = update_asset(work_.connection, *asset); !done) return done.error();
    CommandOutcome outcome;
    outcome.asset = asset->id;
    outcome.agent_id = wanted.agent_id;
    outcome.agent_name = asset->name;
    outcome.asset_now = std::move(*asset);
    return outcome;
}

}  // namespace

Result<CommandOutcome> execute_command(CommandWork work) {
    return std::visit(Executor(work), work.command.body);
}

}  // namespace gantry::itsm
