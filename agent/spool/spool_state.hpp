// Private to agent/spool: the spool's state and what happens inside one of its transactions.
// spool_open.cpp opens and recovers, spool_state.cpp keeps the books, spool.cpp is the contract.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "agent/spool/marker.hpp"
#include "agent/spool/spool.hpp"
#include "agent/spool/store.hpp"

namespace gantry::agent {

inline constexpr const char* k_full = "spool full";
inline constexpr const char* k_old = "too old";
inline constexpr const char* k_refused = "refused by the server";
inline constexpr const char* k_superseded = "superseded";
inline constexpr const char* k_lost = "spool lost, number unknown";

inline constexpr const char* k_unreadable = "unreadable in the spool";
inline constexpr const char* k_disk_full = "disk full";
inline constexpr const char* k_disk_failure = "disk failure";

// A sample in memory.
struct Held {
    std::int64_t seq = 0;
    std::int64_t steady_ms = 0;
    ReportRecord record;
};

using DropKey = std::pair<RecordKind, std::string>;
struct DropCount {
    std::int64_t pending = 0;  // not yet told to the server
    std::int64_t total = 0;
};

struct Spool::State {
    SpoolOptions options;
    const Clock& clock;
    std::unique_ptr<Store> store;
    std::string spool_id;
    std::int64_t boot = 0;

    // What a transaction changes; a failed one puts it back as it was.
    struct Books {
        std::int64_t epoch = 1;
        std::int64_t next_seq = 1;
        std::int64_t reserved_seq = 0;  // numbers up to it may have been given
        std::int64_t acked_seq = 0;
        std::int64_t dropped_seq = 0;  // the dropped record under way; 0 = none
        bool full_state_due = false;
        Tally keep;
        Tally samples;
        Conditions conditions;
        std::map<DropKey, DropCount> drops;
        // Unreadable rows that the disk would not let go, by seq: counted already. At most as many
        // as one report looks at, since without writes nothing is acknowledged either.
        std::map<std::int64_t, RecordKind> skipped;
    };
    Books books;
    std::deque<Held> held;
    std::int64_t marker_behind = 0;  // reserved_seq that the marker must still learn

    const SpoolOpener opener;
    RandomSource& random;
    bool is_damaged = false;    // the file: seen, not yet replaced
    bool is_set_aside = false;  // the damaged file; its replacement is not there yet

    State(SpoolOptions o, SpoolOpener open, const Clock& c, RandomSource& r)
        : options(std::move(o)), clock(c), opener(std::move(open)), random(r) {}

    // For rows, of both classes together, and why there is no more.
    struct Room {
        std::int64_t bytes = 0;
        const char* reason = k_full;
    };
    Result<Room> room();
    [[nodiscard]] std::int64_t steady_ms() const {
        return std::chrono::duration_cast<Millis>(clock.steady_now().time_since_epoch()).count();
    }
    [[nodiscard]] std::string path(const char* name) const {
        return options.directory + "/" + name;
    }

    Result<void> load();
    Result<void> recover(const std::optional<Marker>& marker, bool lost);
    // At run time, on damage: an empty file with what memory knows, in a new epoch.
    Result<void> start_over();
    void set_aside();
    Result<void> write_marker_now();
    // A damaged file is replaced before the next use; the one that saw the damage fails.
    Result<void> ready() { return is_damaged ? start_over() : Result<void>{}; }
    Error note(const Error& error) {
        is_damaged = is_damaged || error.code == ErrorCode::corrupt;
        return error;
    }
    template <class Body>
    Result<void> transaction(Body body);

    Result<std::int64_t> next_seq();
    Result<void> set_epoch(std::int64_t epoch);
    Result<void> set_full_state_due(bool due);
    Result<void> count_drop(RecordKind kind, const std::string& reason, std::int64_t rows,
                            bool tell);
    // Where the disk takes no writes; on disk with the next count that it takes.
    void count_in_memory(RecordKind kind, const char* reason);
    // Rows of `kind` up to `last_seq` are gone: how many of them were counted as unreadable.
    std::int64_t forget_skipped(RecordKind kind, std::int64_t last_seq);
    Result<void> evict(Table table, const Store::Prefix& prefix, const char* reason);
    Result<void> make_room(Table table, std::int64_t cost, const Room& room);
    Result<void> insert(ReportRecord record);
    Result<void> insert_row(Table table, const ReportRecord& record, std::int64_t steady);
    Result<void> flush_held();
    [[nodiscard]] bool is_disk_short() const;
    Result<void> tell_drops();
    Result<void> drop_one(std::int64_t seq, const char* reason);
    // Drops a row that cannot be read, or where the disk takes no writes leaves it out. The error
    // is that of a damaged file.
    Result<void> drop_unreadable(const Row& row);
    std::int64_t age_of(const Row& row) const;
};

template <class Body>
Result<void> Spool::State::transaction(Body body) {
    if (auto usable = ready(); !usable) return usable;
    if (auto begun = store->begin(); !begun) return note(begun.error());
    const Books before = books;
    Result<void> done = body();
    if (done) done = store->commit();
    if (!done) {
        store->rollback();
        books = before;
        return note(done.error());
    }
    if (marker_behind != 0) (void)write_marker_now();  // tried again with the next block
    return done;
}

}  // namespace gantry::agent
