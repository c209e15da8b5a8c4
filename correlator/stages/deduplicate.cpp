#include "correlator/stages/deduplicate.hpp"

#include <algorithm>

namespace gantry::correlator {
namespace {

// A source's clock may date an episode back (an agent that was offline reports what happened), but
// not into the future, and not beyond what any spool keeps: then the clock is simply wrong.
constexpr Millis k_max_backdating{366 * 86'400'000LL};

Instant begin_of(const Event& event, Instant now) {
    const bool plausible = event.observed_at <= now && event.observed_at >= now - k_max_backdating;
    return plausible ? event.observed_at : now;
}

// Retries and highly available pairs of monitors tell the end of an episode again when the next one
// fires already; a resolve that names its begin says which it means. Two members of a pair may
// disagree about a begin, so an earlier one is late only when it lies before the end that we saw.
// An agent's stream is in order by its sequence, and its times are estimates: it is never late.
bool means_earlier_episode(const Context& context) {
    if (context.cause != Cause::event || context.event.asset.is_set()) return false;
    const auto& alert = context.alert();
    const auto begin = begin_of(context.event, context.now);
    return alert.episode_count > 1 && begin < alert.started_at && begin <= alert.resolved_at;
}

Verdict stop(DedupReason reason) { return {Verdict::Flow::stop, reason}; }
Verdict proceed(DedupReason reason) { return {Verdict::Flow::continue_, reason}; }

void take_content(Context& context) {
    const auto& event = context.event;
    auto& alert = context.alert();
    if (!alert.text.same_content(event.summary, event.labels)) {
        context.state.alerts.set_content(context.slot, event.summary, event.labels);
        context.content_changed = true;
    }
    if (alert.expires_after != event.expires_after) {
        alert.expires_after = event.expires_after;
        context.content_changed = true;
    }
}

void begin_episode(Context& context) {
    auto& alert = context.alert();
    alert.state = AlertState::firing;
    alert.severity = context.event.severity;
    alert.episode = EpisodeId{context.sequences.next_episode++};
    ++alert.episode_count;
    alert.started_at = begin_of(context.event, context.now);
    alert.opened_seq = context.seq;
    alert.judged = false;
    context.began = true;
    take_content(context);
    context.state.folded(context.slot, context.now);
    context.state.changed(context.slot, context.seq);
}

Verdict first_firing(Context& context) {
    const auto& event = context.event;
    if (!context.state.make_room(context.changes)) {
        ++context.state.counters.alerts_refused;
        return stop(DedupReason::no_room);
    }
    const AlertId id{context.sequences.next_alert++};
    AlertText text(event.source, event.key, event.summary, event.labels);
    context.slot =
        context.state.alerts.add(id, event.organisation, std::move(text), context.key_hash);
    context.content_changed = true;
    begin_episode(context);
    return proceed(DedupReason::first_seen);
}

Verdict fires_again(Context& context) {
    auto& alert = context.alert();
    const auto severity = context.event.severity;
    const auto known = alert.severity;
    if (severity != known) context.before = Before{known, alert.text.labels()};
    take_content(context);
    context.state.folded(context.slot, context.now);
    if (context.content_changed || severity != known) {
        alert.severity = severity;
        context.state.changed(context.slot, context.seq);
    } else {
        context.state.resent(context.slot, context.now);
    }
    if (severity > known) return proceed(DedupReason::severity_raised);
    if (severity < known) return proceed(DedupReason::severity_lowered);
    return proceed(DedupReason::same_episode);
}

void end_episode(Context& context) {
    auto& alert = context.alert();
    alert.state = AlertState::resolved;
    alert.resolved_at = context.now;
    alert.expiring = false;
    if (context.cause == Cause::event) alert.seen_at = std::max(alert.seen_at, context.now);
    context.state.changed(context.slot, context.seq);
    context.state.retire(context.slot);
}

Verdict resolves(Context& context) {
    if (context.slot == k_no_slot) {
        ++context.state.counters.resolves_unknown;
        return stop(DedupReason::never_fired);
    }
    if (!context.alert().firing() || means_earlier_episode(context)) {
        ++context.state.counters.resolves_late;
        return stop(DedupReason::already_resolved);
    }
    end_episode(context);
    switch (context.cause) {
        case Cause::event: break;
        case Cause::expiry: return proceed(DedupReason::expired);
        case Cause::full_state: return proceed(DedupReason::not_in_full_state);
    }
    return proceed(DedupReason::recovered);
}

}  // namespace

Verdict Deduplicate::run(Context& context) const {
    const auto& event = context.event;
    context.slot =
        context.state.alerts.find(context.key_hash, event.organisation, event.source, event.key);
    if (event.action == EventAction::resolved) return resolves(context);
    if (context.slot == k_no_slot) return first_firing(context);
    if (context.alert().firing()) return fires_again(context);
    context.before = Before{context.alert().severity, context.alert().text.labels()};
    begin_episode(context);
    return proceed(DedupReason::new_episode);
}

}  // namespace gantry::correlator
