// Stage: one step of the pipeline. It reads what earlier stages left in the Context, changes the
// state through its functions, orders incident actions, and answers with a reason; the pipeline
// records the reason in the event's Decision. Stages hold no state of their own.
//
// A stage is added in one place: make_stages() in pipeline/pipeline.cpp. When its reason is a new
// enum, that enum joins StageReason and the pipeline's record_reason().
#pragma once

#include <optional>
#include <variant>

#include "core/model/changes.hpp"
#include "correlator/rules/compiled_rules.hpp"
#include "correlator/state/state.hpp"

namespace gantry::correlator {

enum class Cause : std::uint8_t { event, expiry, full_state };

// How the alert fired before this event changed it.
struct Before {
    Severity severity = Severity::warning;
    LabelSet labels;
};

struct Context {
    // --- given; the event of an expiry or a full state is made from the alert it resolves ---
    const Event& event;
    std::uint64_t key_hash;  // AlertTable's, of the event's key
    Cause cause;
    JournalSeq seq;
    Instant now;
    State& state;
    const CompiledRules& rules;
    Sequences& sequences;
    Changes& changes;
    Decision& decision;  // ids and outcome are the stages' to fill in; reasons are the pipeline's

    // --- left by deduplicate ---
    SlotNo slot = k_no_slot;
    bool began = false;            // this event began an episode
    bool content_changed = false;  // summary, labels or expiry differ from before
    // Set when the severity changed inside an episode, and when a further episode began.
    std::optional<Before> before;

    [[nodiscard]] AlertSlot& alert() const { return state.alerts.at(slot); }
};

using StageReason = std::variant<DedupReason, IdentifyReason, PromoteReason>;

struct Verdict {
    enum class Flow : std::uint8_t { continue_, stop };
    Flow flow = Flow::continue_;
    StageReason reason;
};

class Stage {
public:
    virtual ~Stage() = default;
    [[nodiscard]] virtual const char* name() const = 0;
    [[nodiscard]] virtual Verdict run(Context& context) const = 0;
};

}  // namespace gantry::correlator
