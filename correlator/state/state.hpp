// State: everything the fold remembers between records. Stages change it only through these
// functions, which keep the queues and the list of rows to write in step with it.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "core/model/changes.hpp"
#include "correlator/rules/rules.hpp"
#include "correlator/state/alert_table.hpp"
#include "correlator/state/asset_alerts.hpp"
#include "correlator/state/asset_directory.hpp"
#include "correlator/state/incident_board.hpp"
#include "correlator/state/limits.hpp"
#include "correlator/state/timer_queue.hpp"

namespace gantry::correlator {

class State {
public:
    State(const RuleSet& rules, const Options& options)
        : alerts(options.hash_seed),
          incidents(rules.reopen_window),
          options_(options),
          retention_(rules.alert_retention) {}

    AlertTable alerts;
    AssetDirectory assets;
    AssetAlerts of_assets;
    IncidentBoard incidents;
    Counters counters;

    void restore(const Alert& alert);
    void learn(const Incident& incident);

    // --- during a fold ---
    // The row is to be written; its final content is taken when the fold ends.
    void changed(SlotNo slot, JournalSeq seq);
    // As changed(), for an unchanged resend that an expiry on its way through the journal may be
    // compared with: after a crash the row must know of it. Otherwise only notes the time.
    void resent(SlotNo slot, Instant now);
    // A firing event of this alert was folded at `now`.
    void folded(SlotNo slot, Instant now);
    // The alert's incident is this one from now on; unset = none.
    void bind(SlotNo slot, IncidentId incident);
    // The episode that has just begun belongs to this asset.
    void place(SlotNo slot, AssetId asset);
    // Firing alerts of agents on this asset, in ascending id.
    [[nodiscard]] std::vector<SlotNo> firing_of_agents(AssetId asset) const;
    // The alert has just been resolved: its retention begins, its incident counts one less.
    void retire(SlotNo slot);
    // Room for one more alert, by forgetting the longest resolved one. False when none is resolved.
    [[nodiscard]] bool make_room(Changes& changes);
    [[nodiscard]] bool room_for_asset() const { return assets.size() < options_.max_assets; }
    // Forgets alerts past their retention, a bounded number per call, oldest first.
    void forget_due(Instant now, Changes& changes);
    // Merges the changed rows into `changes`, in ascending id.
    void write_rows(Changes& changes);

    // --- resends and expiry ---
    void note_seen(SlotNo slot, Instant now);
    std::vector<std::pair<AlertId, Instant>> take_refreshed();
    std::vector<AlertId> due_to_expire(Instant now, std::size_t max);
    void grant_grace(Millis grace);

private:
    void write(SlotNo slot);
    void schedule(SlotNo slot);
    void queue_expiry(SlotNo slot, Instant due);
    void queue_retention(SlotNo slot);
    void forget(SlotNo slot, Changes& changes);
    // The slot, when the entry still tells of a resolved alert that nothing holds back.
    [[nodiscard]] SlotNo forgettable(const TimerQueue::Entry& entry);

    Options options_;
    Millis retention_;
    TimerQueue expiry_;    // due = last seen + expires_after, corrected when popped
    TimerQueue resolved_;  // due = resolved_at
    // Firing ones whose source is k_agent_source.
    std::set<std::pair<AssetId, AlertId>> of_agents_;
    std::vector<SlotNo> changed_;
    std::vector<SlotNo> refreshed_;
};

}  // namespace gantry::correlator
