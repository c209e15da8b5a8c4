#include "correlator/state/incident_board.hpp"

#include <algorithm>
#include <utility>

namespace gantry::correlator {
namespace {

bool is_open(IncidentState state) {
    return state == IncidentState::new_ || state == IncidentState::in_progress ||
           state == IncidentState::on_hold;
}

}  // namespace

IncidentEntry* IncidentBoard::find(IncidentId id, Instant now) {
    const auto at = entries_.find(id);
    if (at == entries_.end()) return nullptr;
    auto& entry = at->second;
    return entry.open || now - entry.resolved_at <= window_ ? &entry : nullptr;
}

IncidentEntry* IncidentBoard::find_open(IncidentId id) {
    const auto at = entries_.find(id);
    return at != entries_.end() && at->second.open ? &at->second : nullptr;
}

IncidentEntry& IncidentBoard::open(IncidentId id, IncidentEntry entry) {
    return entries_.insert_or_assign(id, std::move(entry)).first->second;
}

void IncidentBoard::resolve(IncidentEntry& entry, Instant now) {
    entry.open = false;
    entry.resolved_by_person = false;
    entry.resolved_at = now;
    ++ended_;
}

void IncidentBoard::reopen(IncidentEntry& entry) {
    if (!entry.open && ended_ > 0) --ended_;
    entry.open = true;
}

std::vector<AlertId> IncidentBoard::learn(const Incident& incident) {
    const auto known = entries_.find(incident.id);
    if (known != entries_.end() && !known->second.open && ended_ > 0) --ended_;
    if (incident.state == IncidentState::closed || incident.state == IncidentState::canceled) {
        if (known != entries_.end()) entries_.erase(known);
        return release(incident.id);
    }
    auto& entry = known != entries_.end() ? known->second : entries_[incident.id];
    entry.organisation = incident.organisation;
    entry.asset = incident.asset;
    entry.taken_over = incident.taken_over;
    entry.impact = incident.impact;
    entry.urgency = incident.urgency;
    entry.open = is_open(incident.state);
    if (entry.open) return {};
    entry.resolved_by_person = incident.close_code != CloseCode::recovered;
    entry.resolved_at = incident.resolved_at;
    ++ended_;
    return release(incident.id);
}

std::vector<AlertId> IncidentBoard::release(IncidentId id) {
    auto kept = kept_back_.extract(id);
    return kept.empty() ? std::vector<AlertId>{} : std::move(kept.mapped());
}

std::int64_t IncidentBoard::firing(IncidentId id) const {
    const auto at = firing_.find(id);
    return at == firing_.end() ? 0 : at->second;
}

void IncidentBoard::count_firing(IncidentId id, std::int64_t by) {
    auto& count = firing_[id];
    count += by;
    if (count <= 0) firing_.erase(id);
}

void IncidentBoard::tidy(Instant now) {
    if (ended_ < tidy_above_) return;
    std::erase_if(entries_, [&](const auto& item) {
        return !item.second.open && now - item.second.resolved_at > window_;
    });
    ended_ = static_cast<std::size_t>(std::count_if(
        entries_.begin(), entries_.end(), [](const auto& item) { return !item.second.open; }));
    tidy_above_ = std::max<std::size_t>(4096, ended_ * 2);
}

}  // namespace gantry::correlator
