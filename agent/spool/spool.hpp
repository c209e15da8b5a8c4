// Spool: the agent's memory on disk. Every state transition is committed (on the disk, not only in
// the page cache) before anybody may send it; records leave only when the server acknowledged them.
//
// Two classes under one cap on disk: samples make room for everything, oldest first; states, full
// states and facts go only when no sample is left to go. What goes is counted by kind and
// reason, and a `dropped` record tells the server: at most one is on its way at a time, counts
// that come up meanwhile wait for the next. Young samples are held in memory: while the server
// answers they never touch the disk. A kill loses those, nothing else.
//
// A disk that others fill up does not silence the agent: the spool took blocks ahead, enough for
// hundreds of transitions; samples leave them alone, and in them the oldest make room for the
// youngest. Reports go out whatever the disk does.
//
// A row that cannot be read is dropped and counted; while the disk takes no writes, left out and
// counted. A file that turns out to be damaged is set aside, at opening and at run time alike; one
// call fails, the next begins a new epoch.
//
// (epoch, seq) names a record for ever. Sequence numbers are reserved in blocks on disk, so that a
// number is never given twice; the epoch grows when the file was lost, damaged or rolled back,
// which a marker file beside it reveals.
//
// Threading: one thread. Blocks for a disk flush on states; the agent has nothing that must not
// wait for that.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/checks/check.hpp"
#include "core/base/random.hpp"
#include "core/base/result.hpp"
#include "core/model/report.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::agent {

struct SpoolOptions {
    std::string directory;             // spool.db (with -wal) and spool.marker live there
    std::size_t max_bytes = 64 << 20;  // of spool.db and spool.db-wal together; at least 1 MiB
    Millis max_sample_age{7 * 86'400'000};
    std::size_t max_held = 20;  // samples in memory
    // Of the disk: with less, samples stay in memory and the file does not grow.
    std::size_t min_free_bytes = 4 << 20;
    std::string boot_id;
};

using SpoolOpener =
    std::function<Result<std::unique_ptr<storage::Database>>(const std::string& location)>;

// Where every instance stands that was not told to be ok, by (check, instance).
using ConditionKey = std::pair<std::string, std::string>;
using Conditions = std::map<ConditionKey, Standing>;

struct DropTotal {
    RecordKind kind = RecordKind::sample;
    std::string reason;
    std::int64_t count = 0;
};

struct SpoolStatus {
    std::int64_t epoch = 0;
    std::int64_t acked_seq = 0;
    std::int64_t last_seq = 0;       // highest given
    std::int64_t states = 0;         // records of the state class
    std::int64_t samples = 0;        // on disk and held
    std::int64_t held = 0;           // of them in memory
    std::int64_t bytes = 0;          // estimate on disk, what the cap is held against
    std::vector<DropTotal> dropped;  // ever
};

class Spool {
public:
    // Recovers from a lost, damaged or rolled back file by beginning a new epoch; errors only when
    // the directory cannot be used at all. `clock` and `random` must outlive the spool, and what
    // `opener` refers to.
    static Result<std::unique_ptr<Spool>> open(SpoolOptions options, const SpoolOpener& opener,
                                               const Clock& clock, RandomSource& random);
    ~Spool();
    Spool(const Spool&) = delete;
    Spool& operator=(const Spool&) = delete;

    Result<void> append_sample(std::vector<Reading> readings);
    // All in one transaction, on disk when it returns; also what conditions() gives from then on:
    // a transition to unknown keeps what it came from as what is judged.
    Result<void> append_states(const std::vector<CheckState>& transitions);
    // Supersede what is still unsent of their kind.
    Result<void> append_full_state(std::vector<CheckState> states);
    Result<void> append_facts(const Facts& facts);
    Result<void> flush();  // held samples to disk; at a clean stop

    [[nodiscard]] const Conditions& conditions() const;
    // A full state is due: a new epoch, or states had to be dropped.
    [[nodiscard]] bool wants_full_state() const;
    // Anything but samples waits.
    [[nodiscard]] bool has_urgent() const;

    // The oldest records, contiguous from acked_seq + 1, at most `max_bytes` of JSON (but one
    // record at least); without records a sign of life. agent_id and boot_id are the caller's.
    Result<Report> next_report(std::size_t max_bytes);
    // Deletes up to acked_seq. Ignored for another epoch. An acknowledgement of numbers never given
    // means that this spool was rolled back: begins a new epoch.
    Result<void> acknowledge(std::int64_t epoch, std::int64_t acked_seq);
    // The server refuses this record for good: drop it, counted.
    Result<void> drop_refused(std::int64_t seq);
    Result<void> begin_epoch();
    // The server knows this epoch of ours, which was lost here: begins the one after. One that the
    // spool has left behind changes nothing.
    Result<void> pass_epoch(std::int64_t known);

    [[nodiscard]] SpoolStatus status() const;

private:
    struct State;
    explicit Spool(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace gantry::agent
