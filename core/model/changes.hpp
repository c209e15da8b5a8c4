// Changes: what one fold step of the correlator wants made durable, in order, in one transaction
// together with the journal cursor. A plain value: the correlator makes it, app's engine hands it
// to the ticket store. Equal journal and rules give equal Changes.
#pragma once

#include <string>
#include <vector>

#include "core/model/alert.hpp"
#include "core/model/asset.hpp"
#include "core/model/decision.hpp"
#include "core/model/incident.hpp"

namespace gantry {

// An order to the ticket store. Ids are allocated by the correlator (Sequences), so that they are
// part of the fold.
struct IncidentAction {
    enum class Kind : std::uint8_t { open, bind_alert, note, set_priority, resolve, reopen };
    Kind kind = Kind::open;
    IncidentId incident;
    OrganisationId organisation;
    AssetId asset;
    AlertId alert;
    EpisodeId episode;
    std::string title;             // open
    std::string body;              // timeline text: evidence on open, reason otherwise
    std::string category;          // open
    std::string assignment_group;  // open
    Level impact = Level::medium;  // open, set_priority
    Level urgency = Level::medium;
    Instant at{};                   // the record's received_at
    Instant detected_at{};          // open: begin of the episode
    std::int64_t firing_count = 0;  // alerts of this incident firing after the action
    JournalSeq journal_seq;
};

struct Changes {
    JournalSeq cursor;               // the last record folded
    std::vector<Asset> new_assets;   // created from a host name or a source
    std::vector<Alert> alerts;       // full rows to upsert, each id at most once, ascending id
    std::vector<AlertId> forgotten;  // rows to delete: resolved longer than the retention
    std::vector<Decision> decisions;
    std::vector<IncidentAction> actions;

    [[nodiscard]] bool empty() const {
        return new_assets.empty() && alerts.empty() && forgotten.empty() && decisions.empty() &&
               actions.empty();
    }
};

// The next free ids, owned by the engine, advanced only by the fold (correlator and commands), read
// back at start as highest stored id + 1.
struct Sequences {
    std::int64_t next_asset = 1;
    std::int64_t next_alert = 1;
    std::int64_t next_episode = 1;
    std::int64_t next_incident = 1;
    std::int64_t next_timeline = 1;
    std::int64_t next_decision = 1;
    std::int64_t next_agent = 1;
    std::int64_t next_delivery = 1;

    friend bool operator==(const Sequences&, const Sequences&) = default;
};

}  // namespace gantry
