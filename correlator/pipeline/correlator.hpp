// Correlator: the pure fold (state, record's events, rules, now) -> (state, changes). No sockets,
// SQL, threads or clock of its own; equal inputs give equal outputs, to the byte.
//
// Every event passes the stages of pipeline.hpp in order and leaves exactly one Decision; the end
// of a full state (Event::full_state) leaves one for each alert that it ends, all with its
// event_index. The state is what restore() and the fold made of it; refresh() touches nothing but
// last-seen times, which no decision depends on.
//
// Threading: one thread at a time, the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/model/changes.hpp"
#include "core/model/command.hpp"
#include "core/model/event.hpp"
#include "core/model/scope.hpp"
#include "correlator/rules/rules.hpp"
#include "correlator/state/limits.hpp"

namespace gantry::correlator {

// A record's part of the input; `now` is the record's received_at, never the clock.
struct FoldInput {
    JournalSeq seq;
    Instant now{};
};

class Correlator {
public:
    virtual ~Correlator() = default;

    // --- state at start, before the first fold: from the store, in ascending id ---
    virtual void restore(Alert alert) = 0;
    virtual void restore(const Asset& asset) = 0;
    // Open ones, and those resolved at most reopen_window before the last folded record's
    // received_at. More do no harm.
    virtual void restore(const Incident& incident) = 0;
    virtual void restore_agent(const std::string& agent_id, AssetId asset) = 0;

    // Appends to `changes`; several records may share one Changes (one transaction). An unchanged
    // resend leaves a decision but no alert row: its last_seen_at comes through take_refreshed().
    virtual void fold(const FoldInput& input, const std::vector<Event>& events,
                      Sequences& sequences, Changes& changes) = 0;
    // These alerts were not resent within expires_after (the journaled answer of due_to_expire):
    // resolves those still firing and not folded again since. One decision per resolved alert,
    // its event_index the position in `alerts`.
    virtual void expire(const FoldInput& input, const std::vector<AlertId>& alerts,
                        Sequences& sequences, Changes& changes) = 0;
    // What a command changed (a person resolved, took over, enrolled ...).
    virtual void observe(const CommandOutcome& outcome) = 0;

    // --- resends, between folds ---
    // True and notes last_seen when the event is firing, its alert is firing, and nothing else
    // differs (severity, summary, labels, expires_after, asset). False also while an expiry of the
    // alert is on its way through the journal, so that the journal alone decides who was first.
    virtual bool refresh(const Event& event, Instant now) = 0;
    // The same for a request's events at once, faster than one by one: true and notes all of them,
    // or false and notes none.
    virtual bool refresh_all(const std::vector<Event>& events, Instant now) = 0;
    // Drains what refresh() and unchanged resends in fold() noted since the last call, ascending.
    virtual std::vector<std::pair<AlertId, Instant>> take_refreshed() = 0;
    // Firing alerts whose last_seen + expires_after <= now, ascending, at most `max`. An alert is
    // handed out again a few seconds later while its expiry was not folded.
    virtual std::vector<AlertId> due_to_expire(Instant now, std::size_t max) = 0;
    // gantryd was down: the expiry timers of alerts not seen since get this much more.
    virtual void grant_grace(Millis grace) = 0;

    // Alerts of an asset of the scope's, the newest (highest id) first, at most `max`, below
    // `before` (unset: all).
    [[nodiscard]] virtual std::vector<AlertId> alerts_of(const Scope& scope, AssetId asset,
                                                         AlertId before, std::size_t max) const = 0;
    [[nodiscard]] virtual std::size_t live_alerts() const = 0;
    [[nodiscard]] virtual Counters counters() const { return {}; }
};

// Throws std::invalid_argument when the rules do not compile (load_rules and check_rules have said
// so before, with file and line).
std::unique_ptr<Correlator> make_correlator(RuleSet rules, Options options = {});

}  // namespace gantry::correlator
