// Projector: one ordered log in, one transaction of effects out. It cuts the journal's records into
// batches, folds them (pure, in memory) and writes each batch with its cursor in one transaction.
// Three synchronous steps, so that production can run the second on the store's thread and a
// simulation can run all on one:
//
//   next()   the caller's thread: records -> Batch; the correlator's state advances
//   store()  the store's thread: Batch -> rows, all or nothing; may be repeated until it succeeds
//   finish() the caller's thread: takes over ids and what a command changed
//
// A batch ends before a command's successor: a person's change and the events around it keep their
// order. Equal journal, equal rules: equal rows, however the log is cut into batches.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <deque>

#include "app/engine/correlator_metrics.hpp"
#include "collector/ingest/decode.hpp"
#include "collector/intake/generic.hpp"
#include "core/journal/journal.hpp"
#include "core/ports/service_desk.hpp"
#include "core/ports/ticket_store.hpp"
#include "core/telemetry/log.hpp"
#include "core/telemetry/metrics.hpp"
#include "correlator/pipeline/correlator.hpp"

namespace gantry::app {

struct Batch {
    Changes changes;
    std::vector<records::AgentProgress> progress;  // see records::add_progress()
    std::optional<Command> command;                // executed after `changes`
    CommandContext context;
    bool from_journal_command = false;  // a waiter may be interested in the outcome
    Sequences sequences;                // before; store() works on it and leaves it advanced
    std::size_t records = 0;            // how many of the given records it covers
    Instant oldest{};                   // received_at of the first
    Result<CommandOutcome> outcome{CommandOutcome{}};  // set by store() when `command` is set
};

class Projector {
public:
    Projector(correlator::Correlator& correlator, TicketStore& tickets,
              telemetry::Registry& metrics, telemetry::Log log);

    // Fills the correlator and the agents' directory from the store. Blocking.
    Result<void> restore(storage::Connection& connection, ServiceDesk& desk);
    [[nodiscard]] JournalSeq cursor() const { return cursor_; }

    // What the intake record `seq` says, read already; spares reading it again. Ascending. Kept for
    // a bounded number of records only.
    void expect(JournalSeq seq, std::vector<Event> events);
    // REQUIRES: `records` is not empty, ascending, and begins after cursor(). One batch at a time:
    // next, store until ok, finish.
    Batch next(const std::vector<journal::Record>& records, std::size_t from);
    // unavailable and the like: nothing was written, call again with the same batch. A row that the
    // store refuses for what is in it is left out, counted and logged: one bad row must not stop
    // everybody's.
    Result<void> store(storage::Connection& connection, Batch& batch);
    void finish(const Batch& batch);

private:
    void fold(const journal::Record& record, Batch& batch);
    void fold_decoded(const journal::Record& record, collector::Decoded decoded, Batch& batch);
    Result<collector::Decoded> decode(const journal::Record& record);
    std::optional<std::vector<Event>> take_expected(JournalSeq seq);
    std::optional<collector::AgentIdentity> find_agent(const std::string& agent_id) const;
    Result<void> restore_rows(storage::Connection& connection, ServiceDesk& desk);
    Result<void> try_store(storage::Connection& connection, Batch& batch, bool row_by_row);
    Result<void> write(storage::Connection& connection, Batch& batch, bool row_by_row,
                       Sequences& sequences, Result<CommandOutcome>& outcome);
    Result<void> write_each(storage::Connection& connection, const Changes& changes,
                            Sequences& sequences);
    Result<void> write_one(storage::Connection& connection, const Changes& one,
                           Sequences& sequences);
    Result<void> execute(storage::Connection& connection, const Batch& batch, Sequences& sequences,
                         Result<CommandOutcome>& outcome);

    correlator::Correlator& correlator_;
    TicketStore& tickets_;
    telemetry::Log log_;
    telemetry::Counter& events_;
    telemetry::Counter& records_;
    telemetry::Counter& broken_;
    telemetry::Counter& left_out_;
    CorrelatorMetrics correlated_;
    collector::GenericIntake intake_;
    std::deque<std::pair<JournalSeq, std::vector<Event>>> expected_;
    std::unordered_map<std::string, collector::AgentIdentity> agents_;
    Sequences sequences_;
    JournalSeq cursor_;
};

}  // namespace gantry::app
