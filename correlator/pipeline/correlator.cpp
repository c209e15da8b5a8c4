#include "correlator/pipeline/correlator.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>

#include "correlator/pipeline/pipeline.hpp"

namespace gantry::correlator {
namespace {

constexpr std::size_t k_refresh_batch = 64;

CompiledRules compiled(RuleSet rules) {
    auto out = CompiledRules::compile(std::move(rules));
    if (!out) throw std::invalid_argument(out.error().message);
    return std::move(out).value();
}

Decision begin_decision(const FoldInput& input, const Event& event, std::int64_t index,
                        std::int64_t rules_version, Sequences& sequences) {
    Decision decision;
    decision.id = DecisionId{sequences.next_decision++};
    decision.organisation = event.organisation;
    decision.journal_seq = input.seq;
    decision.event_index = index;
    decision.at = input.now;
    decision.action = event.action;
    decision.severity = event.severity;
    decision.rules_version = rules_version;
    return decision;
}

class Fold final : public Correlator {
public:
    Fold(RuleSet rules, const Options& options)
        : rules_(compiled(std::move(rules))),
          state_(rules_.rules(), options),
          stages_(make_stages()) {}

    void restore(Alert alert) override { state_.restore(alert); }
    void restore(const Asset& asset) override { state_.assets.learn(asset); }
    void restore(const Incident& incident) override { state_.learn(incident); }
    void restore_agent(const std::string& /*agent_id*/, AssetId asset) override {
        state_.assets.prove(asset, {});
    }

    void fold(const FoldInput& input, const std::vector<Event>& events, Sequences& sequences,
              Changes& changes) override {
        begin(input, changes);
        expect(events, sequences);
        for (std::size_t i = 0; i < events.size(); ++i) {
            const auto index = static_cast<std::int64_t>(i);
            if (events[i].full_state) {
                end_absent(input, events[i], index, sequences, changes);
            } else {
                step(input, events[i], hashes_[i], index, Cause::event, sequences, changes);
            }
        }
        state_.write_rows(changes);
    }

    void expire(const FoldInput& input, const std::vector<AlertId>& alerts, Sequences& sequences,
                Changes& changes) override {
        begin(input, changes);
        for (std::size_t index = 0; index < alerts.size(); ++index) {
            const auto slot = state_.alerts.find(alerts[index]);
            if (slot == k_no_slot || !overdue(slot, input.now)) {
                ++state_.counters.expiries_skipped;
                continue;
            }
            step(input, event_of(slot), state_.alerts.at(slot).key_hash,
                 static_cast<std::int64_t>(index), Cause::expiry, sequences, changes);
        }
        state_.write_rows(changes);
    }

    void observe(const CommandOutcome& outcome) override {
        if (outcome.incident) state_.learn(*outcome.incident);
        if (outcome.asset_now) state_.assets.learn(*outcome.asset_now);
        if (outcome.asset && !outcome.agent_id.empty()) {
            // The row's own names, when told, are those that a restart will read.
            state_.assets.prove(*outcome.asset,
                                outcome.asset_now ? std::string{} : outcome.agent_name);
        }
    }

    bool refresh(const Event& event, Instant now) override {
        const auto slot = state_.alerts.find(event.organisation, event.source, event.key);
        if (!is_resend(event, slot)) return false;
        state_.note_seen(slot, now);
        return true;
    }

    bool refresh_all(const std::vector<Event>& events, Instant now) override {
        resends_.clear();
        for (std::size_t from = 0; from < events.size(); from += k_refresh_batch) {
            const auto size = std::min(k_refresh_batch, events.size() - from);
            if (!find_resends({events.data() + from, size})) return false;
        }
        for (const auto slot : resends_) state_.note_seen(slot, now);
        return true;
    }

    std::vector<std::pair<AlertId, Instant>> take_refreshed() override {
        return state_.take_refreshed();
    }
    std::vector<AlertId> due_to_expire(Instant now, std::size_t max) override {
        return state_.due_to_expire(now, max);
    }
    void grant_grace(Millis grace) override { state_.grant_grace(grace); }
    [[nodiscard]] std::vector<AlertId> alerts_of(const Scope& scope, AssetId asset, AlertId before,
                                                 std::size_t max) const override {
        const auto* entry = state_.assets.find(asset);
        if (!entry || !scope.allows(entry->organisation)) return {};
        return state_.of_assets.newest(asset, before, max);
    }
    [[nodiscard]] std::size_t live_alerts() const override { return state_.alerts.size(); }
    [[nodiscard]] Counters counters() const override { return state_.counters; }

private:
    [[nodiscard]] bool is_resend(const Event& event, SlotNo slot) const {
        if (event.action != EventAction::firing || slot == k_no_slot) return false;
        const auto& alert = state_.alerts.at(slot);
        if (!alert.firing() || alert.expiring || alert.severity != event.severity ||
            alert.expires_after != event.expires_after ||
            (event.asset.is_set() && event.asset != alert.asset)) {
            return false;
        }
        // After a start with changed rules, an episode without incident deserves a new look.
        if (!alert.judged && !alert.incident.is_set()) return false;
        return alert.text.same_content(event.summary, event.labels);
    }

    // Appends the slots of these events to resends_; false at the first that is no resend. With
    // half a million alerts each step is a cache miss: they overlap when the steps go in lines.
    bool find_resends(std::span<const Event> events) {
        std::array<std::uint64_t, k_refresh_batch> hashes{};
        std::array<SlotNo, k_refresh_batch> guesses{};
        const auto& alerts = state_.alerts;
        for (std::size_t i = 0; i < events.size(); ++i) {
            hashes[i] = alerts.key_hash(events[i]);
            alerts.prefetch_index(hashes[i]);
        }
        for (std::size_t i = 0; i < events.size(); ++i)
            guesses[i] = alerts.prefetch_slot(hashes[i]);
        for (std::size_t i = 0; i < events.size(); ++i) alerts.prefetch_text(guesses[i]);
        for (std::size_t i = 0; i < events.size(); ++i) {
            const auto& event = events[i];
            const auto slot = alerts.find(hashes[i], event.organisation, event.source, event.key);
            if (!is_resend(event, slot)) return false;
            resends_.push_back(slot);
        }
        return true;
    }

    // Where the events' alerts are, or will be, found: the memory is on its way before it is
    // needed.
    void expect(const std::vector<Event>& events, const Sequences& sequences) {
        const auto& alerts = state_.alerts;
        hashes_.resize(events.size());
        for (std::size_t i = 0; i < events.size(); ++i) {
            hashes_[i] = alerts.key_hash(events[i]);
            alerts.prefetch_index(hashes_[i]);
            alerts.prefetch_index(AlertId{sequences.next_alert + static_cast<std::int64_t>(i)});
        }
    }

    void begin(const FoldInput& input, Changes& changes) {
        changes.cursor = input.seq;
        state_.incidents.tidy(input.now);
        state_.forget_due(input.now, changes);
    }

    // Asked of what went through the journal only: a resend in memory must not make a replay
    // differ, and none is taken while the expiry is on its way.
    [[nodiscard]] bool overdue(SlotNo slot, Instant now) const {
        const auto& alert = state_.alerts.at(slot);
        return alert.firing() && alert.expires_after > Millis{0} &&
               alert.folded_at + alert.expires_after <= now;
    }

    void end_absent(const FoldInput& input, const Event& marker, std::int64_t index,
                    Sequences& sequences, Changes& changes) {
        const auto& listed = *marker.full_state;
        for (const auto slot : state_.firing_of_agents(marker.asset)) {
            const auto& alert = state_.alerts.at(slot);
            if (alert.organisation != marker.organisation) continue;
            if (std::binary_search(listed.begin(), listed.end(), alert.text.key())) continue;
            ++state_.counters.ended_by_full_state;
            step(input, event_of(slot), alert.key_hash, index, Cause::full_state, sequences,
                 changes);
        }
    }

    // The resolve of an alert that nobody sent.
    [[nodiscard]] Event event_of(SlotNo slot) const {
        const auto& alert = state_.alerts.at(slot);
        Event event;
        event.organisation = alert.organisation;
        event.source = alert.text.source();
        event.key = alert.text.key();
        event.action = EventAction::resolved;
        event.severity = alert.severity;
        event.summary = alert.text.summary();
        event.labels = alert.text.labels();
        return event;
    }

    void step(const FoldInput& input, const Event& event, std::uint64_t key_hash,
              std::int64_t index, Cause cause, Sequences& sequences, Changes& changes) {
        auto decision = begin_decision(input, event, index, rules_.rules().version, sequences);
        Context context{event,     key_hash, cause,    input.seq, input.now, state_, rules_,
                        sequences, changes,  decision, k_no_slot, false,     false,  {}};
        run(stages_, context);
        changes.decisions.push_back(decision);
    }

    CompiledRules rules_;
    State state_;
    Stages stages_;
    std::vector<SlotNo> resends_;        // refresh_all's, kept for its memory
    std::vector<std::uint64_t> hashes_;  // fold's
};

}  // namespace

std::unique_ptr<Correlator> make_correlator(RuleSet rules, Options options) {
    return std::make_unique<Fold>(std::move(rules), options);
}

}  // namespace gantry::correlator
