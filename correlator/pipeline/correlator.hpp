// Correlator: the pure fold (state, record's events, rules, now) -> (state, changes). No sockets,
// SQL, threads or clock of its own; equal inputs give equal outputs, to the byte.
//
// Threading: one thread at a time, the engine's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/model/changes.hpp"
#include "core/model/command.hpp"
#include "core/model/event.hpp"
#include "correlator/rules/rules.hpp"

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
    virtual void restore(const Incident& incident) = 0;  // open ones, and resolved inside the window
    virtual void restore_agent(const std::string& agent_id, AssetId asset) = 0;

    // Appends to `changes`; several records may share one Changes (one transaction).
    virtual void fold(const FoldInput& input, const std::vector<Event>& events,
                      Sequences& sequences, Changes& changes) = 0;
    // These alerts were not resent within expires_after: resolves those still firing and unseen.
    virtual void expire(const FoldInput& input, const std::vector<AlertId>& alerts,
                        Sequences& sequences, Changes& changes) = 0;
    // What a command changed (a person resolved, took over, enrolled ...).
    virtual void observe(const CommandOutcome& outcome) = 0;

    // --- resends, between folds ---
    // True and notes last_seen when the event is firing, its alert is firing, and nothing else
    // differs (severity, summary, labels).
    virtual bool refresh(const Event& event, Instant now) = 0;
    // Drains what refresh() noted since the last call.
    virtual std::vector<std::pair<AlertId, Instant>> take_refreshed() = 0;
    // Firing alerts whose last_seen + expires_after <= now, ascending, at most `max`.
    virtual std::vector<AlertId> due_to_expire(Instant now, std::size_t max) = 0;
    // gantryd was down: all expiry timers get this much more.
    virtual void grant_grace(Millis grace) = 0;

    [[nodiscard]] virtual std::size_t live_alerts() const = 0;
};

std::unique_ptr<Correlator> make_correlator(RuleSet rules);

}  // namespace gantry::correlator
