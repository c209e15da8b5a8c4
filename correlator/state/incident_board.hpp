// IncidentBoard: what the fold must know of incidents: the open ones, and those resolved inside the
// reopen window. Closed, canceled and long resolved ones are all the same to it: gone.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/model/incident.hpp"

namespace gantry::correlator {

struct IncidentEntry {
    OrganisationId organisation;
    AssetId asset;
    bool open = true;
    bool resolved_by_person = false;
    bool taken_over = false;
    Level impact = Level::medium;
    Level urgency = Level::medium;
    Instant resolved_at{};

    [[nodiscard]] int priority() const { return priority_of(impact, urgency); }
};

class IncidentBoard {
public:
    explicit IncidentBoard(Millis reopen_window) : window_(reopen_window) {}

    // The entry when it is open, or was resolved at most the window before `now`; else null.
    [[nodiscard]] IncidentEntry* find(IncidentId id, Instant now);
    [[nodiscard]] IncidentEntry* find_open(IncidentId id);

    IncidentEntry& open(IncidentId id, IncidentEntry entry);
    void resolve(IncidentEntry& entry, Instant now);
    void reopen(IncidentEntry& entry);
    // As the store has it now. Returns the alerts that were kept back for it, when it has ended.
    std::vector<AlertId> learn(const Incident& incident);
    // An alert past its retention is not forgotten while its incident is open.
    void keep_back(IncidentId open, AlertId alert) { kept_back_[open].push_back(alert); }

    // How many alerts bound to the incident fire now; counted for ended incidents too, since a
    // person may reopen them.
    [[nodiscard]] std::int64_t firing(IncidentId id) const;
    void count_firing(IncidentId id, std::int64_t by);

    // Drops entries whose window has passed, when they have become many.
    void tidy(Instant now);

    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    std::vector<AlertId> release(IncidentId id);

    std::unordered_map<IncidentId, IncidentEntry> entries_;
    std::unordered_map<IncidentId, std::int64_t> firing_;  // without zeros
    std::unordered_map<IncidentId, std::vector<AlertId>> kept_back_;
    Millis window_;
    std::size_t ended_ = 0;  // resolved entries kept
    std::size_t tidy_above_ = 4096;
};

}  // namespace gantry::correlator
