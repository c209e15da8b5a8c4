#include "tests/simulation/connectors/row_checker.hpp"

#include <algorithm>

#include "core/records/query.hpp"

namespace gantry::simulation {

using connectors::DeliveryResult;
using connectors::Outcome;

void RowChecker::fault(const Truth& truth, const std::string& what) {
    broken_.push_back(truth.row.key + ": " + what);
}

void RowChecker::wrote(const WrittenRow& row) {
    Truth truth;
    truth.row = row;
    truth.created = row.at;
    threads_[{row.connector, row.incident}].push_back(row.id);
    rows_.emplace(row.id, std::move(truth));
}

void RowChecker::leased(const connectors::LeasedRow& row, Instant wall) {
    const auto found = rows_.find(row.delivery.id);
    if (found == rows_.end()) {
        broken_.push_back("leased but never written: " + row.delivery.idempotency_key);
        return;
    }
    Truth& truth = found->second;
    if (truth.not_before && wall < *truth.not_before) fault(truth, "leased before its time");
    if (truth.last_error && row.delivery.last_error != *truth.last_error) {
        fault(truth, "leased without its last error");
    }
    if (row.delivery.attempts < 1) fault(truth, "leased with no attempt counted");
    truth.leased_attempts = row.delivery.attempts;
    if (!truth.under_way) truth.attempted = false;
}

// A resolve does not wait for an update that is never taken; everything waits for the open.
bool RowChecker::may_be_passed(const Truth& truth) {
    return truth.row.operation != Operation::open && (truth.given_up || truth.discarded);
}

// Those before it in its thread have arrived, and nothing of its thread is under way.
void RowChecker::check_order(const Truth& truth) {
    for (const DeliveryId id : threads_.at({truth.row.connector, truth.row.incident})) {
        const Truth& other = rows_.at(id);
        if (other.under_way) fault(truth, "sent while " + other.row.key + " is under way");
        if (id < truth.row.id && !other.told_accepted && !may_be_passed(other)) {
            fault(truth, "sent before " + other.row.key + " had arrived");
        }
    }
}

void RowChecker::begun(const connectors::AttemptStep& step) {
    const Delivery& sent = step.row.delivery;
    Truth& truth = rows_.at(sent.id);
    ++sends_;
    check_order(truth);
    if (sent.idempotency_key != truth.row.key || sent.payload != truth.row.payload ||
        sent.connector != truth.row.connector || sent.incident != truth.row.incident) {
        fault(truth, "sent as something else");
    }
    if (truth.told_accepted_now) fault(truth, "sent again though its acceptance was known");
    if (truth.delivered) fault(truth, "sent again though it was settled as delivered");
    if (truth.dead) fault(truth, "sent though dead and not retried by a person");
    const auto link = links_.find({truth.row.connector, truth.row.incident});
    if (link != links_.end() && link->second != step.row.remote_id) {
        fault(truth,
              "sent with remote id \"" + step.row.remote_id + "\" instead of " + link->second);
    }
    const auto& limits = limits_.at(truth.row.connector);
    if (sent.attempts <= truth.sends) fault(truth, "counts fewer attempts than were made");
    if (sent.attempts > limits.max_attempts) fault(truth, "sent more often than it may be");
    if (sent.created_at != truth.created) fault(truth, "sent with another age");
    if (calm_ && sent.attempts != truth.sends + 1) fault(truth, "counts attempts not made");
    if (step.timeout != limits.attempt_timeout) fault(truth, "sent with another timeout");
    ++truth.sends;
    truth.sent_as_attempt = sent.attempts;
    truth.under_way = true;
    truth.attempted = true;
    truth.answer.reset();
}

void RowChecker::finished(DeliveryId id, const DeliveryResult& result, Instant wall) {
    Truth& truth = rows_.at(id);
    truth.under_way = false;
    truth.answer = result;
    truth.answered_at = wall;
    if (result.outcome != Outcome::accepted) return;
    truth.told_accepted = true;
    truth.told_accepted_now = true;
    truth.told_remote_id = result.remote_id;
    if (!truth.applied) fault(truth, "accepted without effect: the simulation is wrong");
}

bool RowChecker::is_spent(const Truth& truth) const {
    const auto& limits = limits_.at(truth.row.connector);
    return truth.answered_at - truth.created >= limits.max_age ||
           truth.sent_as_attempt >= limits.max_attempts;
}

void RowChecker::check_retry(const Truth& truth, const Settlement& step) {
    const auto& limits = limits_.at(truth.row.connector);
    const bool may = truth.answer && (truth.answer->outcome == Outcome::retry_later ||
                                      truth.answer->outcome == Outcome::ambiguous);
    if (!may) return fault(truth, "to be retried without a failure that allows it");
    if (is_spent(truth)) fault(truth, "to be retried though too old or too often tried");
    const Millis wait = step.at - truth.answered_at;
    const Millis longest =
        std::max(limits.backoff.cap, limits.retry_after_cap + limits.backoff.base);
    if (wait < Millis{0} || wait > longest) {
        fault(truth, "next attempt in " + std::to_string(wait.count()) + " ms");
    }
    if (truth.answer->retry_after &&
        wait < std::min(*truth.answer->retry_after, limits.retry_after_cap)) {
        fault(truth, "next attempt earlier than the other side asked");
    }
}

void RowChecker::check_death(Truth& truth, const Settlement& step) {
    ++deaths_;
    const auto& limits = limits_.at(truth.row.connector);
    if (step.text.empty()) fault(truth, "dead without a reason");
    // Leased again while its verdict waited for the outbox, it counts as not attempted.
    if (!truth.attempted && (!truth.answer || truth.leased_attempts > limits.max_attempts)) {
        // Only a row whose attempts all ended without a word may die unsent.
        if (truth.leased_attempts <= limits.max_attempts) fault(truth, "dead without an attempt");
        return;
    }
    if (!truth.answer) return fault(truth, "dead while its attempt is under way");
    if (truth.answer->outcome == Outcome::accepted) fault(truth, "dead though accepted");
    if (truth.answer->outcome == Outcome::rejected) return;
    if (!is_spent(truth)) fault(truth, "dead though young and not refused");
}

void RowChecker::check_verdict(Truth& truth, const Settlement& step) {
    switch (step.kind) {
        case Settlement::Kind::delivered:
            if (!truth.told_accepted_now) return fault(truth, "delivered though nobody said so");
            if (truth.answer && step.text != truth.answer->remote_id) {
                fault(truth, "delivered with another remote id");
            }
            return;
        case Settlement::Kind::retry: return check_retry(truth, step);
        case Settlement::Kind::dead: return check_death(truth, step);
        case Settlement::Kind::release:
            if (truth.attempted) fault(truth, "released though it was sent");
            return;
    }
}

void RowChecker::settled(const Settlement& step, bool taken) {
    Truth& truth = rows_.at(step.id);
    const auto& last = truth.last_step;
    if (truth.under_way) fault(truth, "settled while under way");
    // A verdict that the outbox did not take comes again as it was.
    const bool again = last && last->kind == step.kind && last->at == step.at;
    if (!again) check_verdict(truth, step);
    // Told again after a commit that was reported as failed, it may even undo a person's retry.
    if (step.kind == Settlement::Kind::dead) truth.given_up = true;
    truth.last_step = step;
    if (step.kind != Settlement::Kind::release) truth.last_error.reset();
    if (!taken) {
        truth.not_before.reset();
        return;
    }
    truth.last_step.reset();
    using Kind = Settlement::Kind;
    const bool waits = step.kind == Kind::retry || step.kind == Kind::release;
    truth.not_before = waits ? std::optional(step.at) : std::nullopt;
    if (step.kind == Kind::retry) truth.last_error = step.text;
    truth.delivered = step.kind == Kind::delivered;
    truth.dead = step.kind == Kind::dead;
    if (truth.delivered && !step.text.empty()) {
        links_[{truth.row.connector, truth.row.incident}] = step.text;
    }
}

// Effects of one thread stand in the order of their rows, without gaps but for those given up.
void RowChecker::applied(const Delivery& delivery) {
    Truth& truth = rows_.at(delivery.id);
    if (truth.applied) fault(truth, "had its effect twice: the simulation is wrong");
    for (const DeliveryId id : threads_.at({truth.row.connector, truth.row.incident})) {
        const Truth& other = rows_.at(id);
        if (id < truth.row.id && !other.applied && !may_be_passed(other)) {
            fault(truth, "overtook " + other.row.key);
        }
        if (id > truth.row.id && other.applied && !may_be_passed(truth) && !truth.retried) {
            fault(truth, "came after " + other.row.key);
        }
    }
    truth.applied = true;
}

void RowChecker::retried_by_operator(DeliveryId id, Instant wall) {
    Truth& truth = rows_.at(id);
    truth.created = wall;
    truth.sends = 0;
    truth.dead = false;
    truth.given_up = false;
    truth.retried = true;
    truth.not_before.reset();
}

void RowChecker::discarded_by_operator(DeliveryId id) {
    Truth& truth = rows_.at(id);
    if (!truth.given_up) fault(truth, "discarded though not dead");
    truth.discarded = true;
}

void RowChecker::program_ended() {
    for (auto& [id, truth] : rows_) {
        truth.under_way = false;
        truth.told_accepted_now = false;
        truth.answer.reset();
        truth.last_step.reset();
        truth.attempted = false;
    }
}

void RowChecker::check_row(Truth& truth, DeliveryState state, const std::string& error,
                           bool behind_dead) {
    switch (state) {
        case DeliveryState::in_flight: fault(truth, "lost: in flight at rest"); return;
        case DeliveryState::pending:
            if (!behind_dead) fault(truth, "lost: pending at rest");
            if (behind_dead && truth.applied) fault(truth, "arrived before the dead row ahead");
            return;
        case DeliveryState::delivered:
            if (behind_dead) fault(truth, "delivered behind a dead row");
            if (!truth.applied || !truth.told_accepted) fault(truth, "delivered without effect");
            if (!error.empty()) fault(truth, "delivered with an error left behind: " + error);
            return;
        case DeliveryState::discarded:
            if (!truth.discarded) fault(truth, "discarded by nobody");
            return;
        case DeliveryState::dead:
            if (error.empty()) fault(truth, "dead without a reason");
            return;
    }
}

void RowChecker::check_at_rest(storage::Connection& connection) {
    records::Query rows(connection,
                        "SELECT id, state, attempts, lease_until, last_error, remote_id FROM "
                        "outbox ORDER BY id");
    std::set<Thread> stopped;
    std::size_t seen = 0;
    while (rows.next()) {
        Truth& truth = rows_.at(rows.id<DeliveryId>());
        const auto state = rows.word<DeliveryState>();
        const std::int64_t attempts = rows.integer();
        const std::int64_t lease_until = rows.integer();
        const std::string error = rows.text();
        const Thread thread{truth.row.connector, truth.row.incident};
        ++seen;
        check_row(truth, state, error, stopped.contains(thread));
        if (state == DeliveryState::dead && truth.row.operation == Operation::open)
            stopped.insert(thread);
        if (lease_until != 0) fault(truth, "has a lease left behind");
        if (attempts < truth.sends) fault(truth, "counts fewer attempts than were made");
        if (state == DeliveryState::delivered && rows.text() != truth.told_remote_id) {
            fault(truth, "delivered, but with another remote id than was told");
        }
    }
    if (auto done = rows.done(); !done) broken_.push_back(done.error().message);
    if (seen != rows_.size()) broken_.push_back("rows are gone from the outbox");
}

void RowChecker::check_all_ended(storage::Connection& connection) {
    check_at_rest(connection);
    records::Query rest(connection, "SELECT id FROM outbox WHERE state NOT IN (2, 4)");
    while (rest.next())
        fault(rows_.at(rest.id<DeliveryId>()), "neither delivered nor discarded in the end");
}

void RowChecker::check_nothing_leased(storage::Connection& connection,
                                      const std::string& connector) {
    records::Query leased(connection, "SELECT id FROM outbox WHERE connector = $1 AND state = 1");
    leased.bind(connector);
    while (leased.next()) fault(rows_.at(leased.id<DeliveryId>()), "leased after a clean stop");
}

}  // namespace gantry::simulation
