#include "correlator/state/state.hpp"

#include <algorithm>

namespace gantry::correlator {
namespace {

// Per record, so that a mass of old alerts is not forgotten in one long transaction.
constexpr std::size_t k_forget_per_fold = 256;
// An expiry handed out and not folded by then (the journal refused it) is handed out again.
constexpr Millis k_expiry_retry{5000};

bool by_id(const Alert& a, const Alert& b) { return a.id < b.id; }

}  // namespace

void State::restore(const Alert& alert) {
    const auto slot = alerts.add(alert);
    if (alert.asset.is_set()) of_assets.add(alert.asset, alert.id);
    if (!alerts.at(slot).firing()) {
        resolved_.push(alert.resolved_at, alert.id);
        return;
    }
    alerts.at(slot).exact_seen = true;
    place(slot, alert.asset);
    bind(slot, alert.incident);
    schedule(slot);
}

void State::learn(const Incident& incident) {
    for (const auto alert : incidents.learn(incident)) {
        if (const auto slot = alerts.find(alert); slot != k_no_slot) queue_retention(slot);
    }
}

void State::bind(SlotNo slot, IncidentId incident) {
    auto& alert = alerts.at(slot);
    if (alert.counted) incidents.count_firing(alert.incident, -1);
    alert.incident = incident;
    alert.counted = incident.is_set() && alert.firing();
    if (alert.counted) incidents.count_firing(incident, 1);
}

void State::place(SlotNo slot, AssetId asset) {
    auto& alert = alerts.at(slot);
    if (alert.asset != asset) {
        if (alert.asset.is_set()) of_assets.remove(alert.asset, alert.id);
        if (asset.is_set()) of_assets.add(asset, alert.id);
    }
    alert.asset = asset;
    if (alert.text.source() == k_agent_source) of_agents_.emplace(asset, alert.id);
}

std::vector<SlotNo> State::firing_of_agents(AssetId asset) const {
    std::vector<SlotNo> out;
    for (auto at = of_agents_.lower_bound({asset, AlertId{}});
         at != of_agents_.end() && at->first == asset; ++at) {
        out.push_back(alerts.find(at->second));
    }
    return out;
}

void State::changed(SlotNo slot, JournalSeq seq) {
    alerts.at(slot).changed_seq = seq;
    write(slot);
}

void State::write(SlotNo slot) {
    auto& alert = alerts.at(slot);
    if (!alert.changed) changed_.push_back(slot);
    alert.changed = true;
}

void State::resent(SlotNo slot, Instant now) {
    note_seen(slot, now);
    if (alerts.at(slot).exact_seen) write(slot);
}

void State::folded(SlotNo slot, Instant now) {
    auto& alert = alerts.at(slot);
    alert.folded_at = std::max(alert.folded_at, now);
    alert.seen_at = std::max(alert.seen_at, now);
    alert.expiring = false;
    alert.grace = Millis{0};
    schedule(slot);
}

void State::retire(SlotNo slot) {
    auto& alert = alerts.at(slot);
    if (alert.counted) incidents.count_firing(alert.incident, -1);
    alert.counted = false;
    of_agents_.erase({alert.asset, alert.id});
    queue_retention(slot);
}

void State::queue_retention(SlotNo slot) {
    const auto& alert = alerts.at(slot);
    if (alert.firing()) return;
    resolved_.push(alert.resolved_at, alert.id);
    resolved_.compact(alerts.size(), [&](const TimerQueue::Entry& entry) {
        const auto other = alerts.find(entry.alert);
        return other != k_no_slot && !alerts.at(other).firing() &&
               alerts.at(other).resolved_at == entry.due;
    });
}

SlotNo State::forgettable(const TimerQueue::Entry& entry) {
    const auto slot = alerts.find(entry.alert);
    if (slot == k_no_slot) return k_no_slot;
    const auto& alert = alerts.at(slot);
    if (alert.firing() || alert.resolved_at != entry.due) return k_no_slot;
    // An open incident (taken over by a person) keeps its alerts, so that the next firing joins it.
    if (incidents.find_open(alert.incident)) {
        incidents.keep_back(alert.incident, alert.id);
        return k_no_slot;
    }
    return slot;
}

void State::forget(SlotNo slot, Changes& changes) {
    const auto id = alerts.at(slot).id;
    const auto asset = alerts.at(slot).asset;
    if (asset.is_set()) of_assets.remove(asset, id);
    // Rows of earlier records in the same transaction must not bring it back.
    Alert wanted;
    wanted.id = id;
    const auto row = std::lower_bound(changes.alerts.begin(), changes.alerts.end(), wanted, by_id);
    if (row != changes.alerts.end() && row->id == id) changes.alerts.erase(row);
    changes.forgotten.push_back(id);
    alerts.erase(slot);
}

bool State::make_room(Changes& changes) {
    while (alerts.size() >= options_.max_live_alerts) {
        if (resolved_.empty()) return false;
        const auto slot = forgettable(resolved_.pop());
        if (slot == k_no_slot) continue;
        forget(slot, changes);
        ++counters.alerts_evicted;
    }
    return true;
}

void State::forget_due(Instant now, Changes& changes) {
    for (std::size_t done = 0; done < k_forget_per_fold && resolved_.due(now - retention_);) {
        const auto slot = forgettable(resolved_.pop());
        if (slot == k_no_slot) continue;
        forget(slot, changes);
        ++done;
    }
}

void State::write_rows(Changes& changes) {
    std::vector<Alert> rows;
    rows.reserve(changed_.size());
    for (const auto slot : changed_) {
        auto& alert = alerts.at(slot);
        if (!alert.changed) continue;  // forgotten since, or the slot's second mention
        alert.changed = false;
        alert.exact_seen = false;
        rows.push_back(alerts.row(slot));
    }
    changed_.clear();
    std::sort(rows.begin(), rows.end(), by_id);
    auto& out = changes.alerts;
    const auto before = out.size();
    for (auto& row : rows) {
        const auto end = out.begin() + static_cast<std::ptrdiff_t>(before);
        const auto at = std::lower_bound(out.begin(), end, row, by_id);
        if (at != end && at->id == row.id) {
            *at = std::move(row);
        } else {
            out.push_back(std::move(row));
        }
    }
    const auto middle = out.begin() + static_cast<std::ptrdiff_t>(before);
    if (before > 0 && before < out.size() && by_id(*middle, *std::prev(middle))) {
        std::inplace_merge(out.begin(), middle, out.end(), by_id);
    }
}

void State::schedule(SlotNo slot) {
    auto& alert = alerts.at(slot);
    if (alert.expires_after <= Millis{0} || !alert.firing()) return;
    // A later due is not queued: the earlier entry corrects itself when it is popped.
    const auto due = alert.seen_at + alert.expires_after + alert.grace;
    if (alert.expiry_due != Instant{} && alert.expiry_due <= due) return;
    queue_expiry(slot, due);
}

void State::queue_expiry(SlotNo slot, Instant due) {
    alerts.at(slot).expiry_due = due;
    expiry_.push(due, alerts.at(slot).id);
    expiry_.compact(alerts.size(), [&](const TimerQueue::Entry& entry) {
        const auto other = alerts.find(entry.alert);
        return other != k_no_slot && alerts.at(other).expiry_due == entry.due;
    });
}

void State::note_seen(SlotNo slot, Instant now) {
    auto& alert = alerts.at(slot);
    alert.seen_at = std::max(alert.seen_at, now);
    alert.grace = Millis{0};
    if (!alert.refreshed) refreshed_.push_back(slot);
    alert.refreshed = true;
}

std::vector<std::pair<AlertId, Instant>> State::take_refreshed() {
    std::vector<std::pair<AlertId, Instant>> out;
    out.reserve(refreshed_.size());
    for (const auto slot : refreshed_) {
        auto& alert = alerts.at(slot);
        if (!alert.refreshed) continue;
        alert.refreshed = false;
        out.emplace_back(alert.id, alert.seen_at);
    }
    refreshed_.clear();
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<AlertId> State::due_to_expire(Instant now, std::size_t max) {
    std::vector<AlertId> out;
    while (out.size() < max && expiry_.due(now)) {
        const auto entry = expiry_.pop();
        const auto slot = alerts.find(entry.alert);
        if (slot == k_no_slot) continue;
        auto& alert = alerts.at(slot);
        if (alert.expiry_due != entry.due) continue;  // a sooner entry took its place
        alert.expiry_due = Instant{};
        if (!alert.firing() || alert.expires_after <= Millis{0}) continue;
        if (alert.seen_at + alert.expires_after + alert.grace > now) {
            schedule(slot);
            continue;
        }
        alert.expiring = true;
        alert.exact_seen = true;
        out.push_back(alert.id);
        queue_expiry(slot, now + k_expiry_retry);
    }
    std::sort(out.begin(), out.end());
    return out;
}

void State::grant_grace(Millis grace) {
    for (SlotNo slot = 0; slot < alerts.end(); ++slot) {
        auto& alert = alerts.at(slot);
        if (alert.id.is_set() && alert.firing()) alert.grace += grace;
    }
}

}  // namespace gantry::correlator
