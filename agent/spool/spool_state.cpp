#include "agent/spool/spool_state.hpp"

#include <sys/statvfs.h>

#include <algorithm>

#include "core/model/report_json.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t k_block = 1000;  // sequence numbers reserved at once
constexpr std::int64_t k_min_bytes = 1 << 20;
constexpr std::int64_t k_base_bytes = 64 * 1024;  // schema, meta, conditions, free pages

}  // namespace

// On a short disk no more than what the file has already: a log that cannot be copied into it would
// grow until nothing more can be written, not even what makes room.
Result<Spool::State::Room> Spool::State::room() {
    const auto cap = std::max(static_cast<std::int64_t>(options.max_bytes), k_min_bytes);
    const Room all{cap - k_log_bytes - k_base_bytes, k_full};
    if (!is_disk_short()) return all;
    const auto file = store->file_bytes();
    if (!file) return file.error();
    return Room{std::min(all.bytes, *file - k_base_bytes), k_disk_full};
}

Result<std::int64_t> Spool::State::next_seq() {
    if (books.next_seq > books.reserved_seq) {
        books.reserved_seq = books.next_seq + k_block - 1;
        marker_behind = books.reserved_seq;
        auto set = store->set_meta("reserved_seq", std::to_string(books.reserved_seq));
        if (!set) return set.error();
    }
    return books.next_seq++;
}

Result<void> Spool::State::set_epoch(std::int64_t epoch) {
    books.epoch = epoch;
    marker_behind = std::max<std::int64_t>(books.reserved_seq, 1);
    if (auto set = store->set_meta("epoch", std::to_string(epoch)); !set) return set;
    return set_full_state_due(true);
}

Result<void> Spool::State::set_full_state_due(bool due) {
    if (books.full_state_due == due) return {};
    books.full_state_due = due;
    return store->set_meta("full_state_due", due ? "1" : "0");
}

Result<void> Spool::State::count_drop(RecordKind kind, const std::string& reason, std::int64_t rows,
                                      bool tell) {
    DropCount& count = books.drops[{kind, reason}];
    count.total += rows;
    if (tell) count.pending += rows;
    return store->set_drop({kind, reason, count.pending, count.total});
}

void Spool::State::count_in_memory(RecordKind kind, const char* reason) {
    DropCount& count = books.drops[{kind, reason}];
    ++count.pending;
    ++count.total;
}

std::int64_t Spool::State::forget_skipped(RecordKind kind, std::int64_t last_seq) {
    return static_cast<std::int64_t>(std::erase_if(books.skipped, [&](const auto& row) {
        return row.first <= last_seq && row.second == kind;
    }));
}

Result<void> Spool::State::evict(Table table, const Store::Prefix& prefix, const char* reason) {
    if (prefix.kinds.empty()) return {};
    if (auto erased = store->erase_up_to(table, prefix.last_seq); !erased) return erased;
    Tally& tally = table == Table::keep ? books.keep : books.samples;
    for (const auto& [kind, part] : prefix.kinds) {
        tally.rows -= part.rows;
        tally.cost -= part.cost;
        const std::int64_t rows = part.rows - forget_skipped(kind, prefix.last_seq);
        if (auto counted = count_drop(kind, reason, rows, true); !counted) return counted;
        if (kind == RecordKind::sample) continue;
        // The server's picture would be wrong for good without this.
        if (auto set = set_full_state_due(true); !set) return set;
    }
    return {};
}

// After it, a row of `cost` fits, if that can be: samples give way to everything, the state class
// only to itself. A little more than needed goes, so that a full spool does not evict each time.
Result<void> Spool::State::make_room(Table table, std::int64_t cost, const Room& room) {
    const std::int64_t spare = room.bytes / 50;
    const std::int64_t over = books.keep.cost + books.samples.cost + cost - room.bytes;
    if (over > 0 && books.samples.rows > 0) {
        const auto prefix = store->oldest(Table::sample, over + spare);
        if (!prefix) return prefix.error();
        if (auto done = evict(Table::sample, *prefix, room.reason); !done) return done;
    }
    const std::int64_t still_over = books.keep.cost + cost - room.bytes;
    if (table == Table::sample || still_over <= 0) return {};
    const auto prefix = store->oldest(Table::keep, still_over + spare);
    if (!prefix) return prefix.error();
    return evict(Table::keep, *prefix, room.reason);
}

Result<void> Spool::State::insert_row(Table table, const ReportRecord& record,
                                      std::int64_t steady) {
    Row row{record.seq, record.kind, to_ms(record.at), steady, boot, encode(record)};
    const std::int64_t cost = row_cost(row.payload.size());
    const auto room = this->room();
    if (!room) return room.error();
    if (auto made = make_room(table, cost, *room); !made) return made;
    if (books.keep.cost + books.samples.cost + cost > room->bytes) {
        // Larger than all the room there is.
        if (table == Table::keep) {
            if (auto set = set_full_state_due(true); !set) return set;
        }
        return count_drop(record.kind, room->reason, 1, true);
    }
    if (auto inserted = store->insert(table, row); !inserted) return inserted;
    Tally& tally = table == Table::keep ? books.keep : books.samples;
    tally.rows += 1;
    tally.cost += cost;
    return {};
}

Result<void> Spool::State::insert(ReportRecord record) {
    const auto seq = next_seq();
    if (!seq) return seq.error();
    record.seq = *seq;
    record.at = clock.now();
    return insert_row(Table::keep, record, steady_ms());
}

Result<void> Spool::State::flush_held() {
    const std::int64_t youngest = to_ms(clock.now() - options.max_sample_age);
    const auto old = store->older_than(Table::sample, youngest);
    if (!old) return old.error();
    if (auto done = evict(Table::sample, *old, k_old); !done) return done;
    for (const Held& sample : held) {
        if (auto done = insert_row(Table::sample, sample.record, sample.steady_ms); !done) {
            return done;
        }
    }
    return {};
}

bool Spool::State::is_disk_short() const {
    struct statvfs disk {};
    if (::statvfs(options.directory.c_str(), &disk) != 0) return false;
    return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize < options.min_free_bytes;
}

// Turns the counts that wait into one record, unless one is already on its way.
Result<void> Spool::State::tell_drops() {
    if (books.dropped_seq != 0) return {};
    ReportRecord record;
    record.kind = RecordKind::dropped;
    for (const auto& [key, count] : books.drops) {
        if (count.pending > 0) {
            record.dropped.push_back({key.first, count.pending, key.second});
        }
    }
    if (record.dropped.empty()) return {};
    return transaction([&]() -> Result<void> {
        for (const DroppedCount& told : record.dropped) {
            DropCount& count = books.drops[{told.kind, told.reason}];
            count.pending = 0;
            auto set = store->set_drop({told.kind, told.reason, 0, count.total});
            if (!set) return set;
        }
        books.dropped_seq = books.next_seq;
        return insert(record);
    });
}

Result<void> Spool::State::drop_one(std::int64_t seq, const char* reason) {
    return transaction([&]() -> Result<void> {
        RecordKind kind = RecordKind::sample;
        const auto found = std::find_if(held.begin(), held.end(),
                                        [seq](const Held& sample) { return sample.seq == seq; });
        if (found != held.end()) {
            held.erase(found);
        } else {
            auto gone = store->erase_one(Table::sample, seq);
            if (!gone) return gone.error();
            books.samples.rows -= gone->rows;
            books.samples.cost -= gone->cost;
            if (gone->rows == 0) {
                kind = RecordKind::state;
                gone = store->erase_one(Table::keep, seq);
                if (!gone) return gone.error();
                books.keep.rows -= gone->rows;
                books.keep.cost -= gone->cost;
                if (auto due = set_full_state_due(true); !due) return due;
            }
            if (gone->rows == 0) return {};
            if (books.dropped_seq == seq) books.dropped_seq = 0;
        }
        const bool is_counted = books.skipped.erase(seq) > 0;
        return count_drop(kind, reason, is_counted ? 0 : 1, true);
    });
}

Result<void> Spool::State::drop_unreadable(const Row& row) {
    auto gone = drop_one(row.seq, k_unreadable);
    if (gone || gone.error().code == ErrorCode::corrupt) return gone;
    const bool is_sample = row.kind == RecordKind::sample;
    if (books.skipped.emplace(row.seq, row.kind).second) {
        count_in_memory(is_sample ? RecordKind::sample : RecordKind::state, k_unreadable);
    }
    return {};
}

std::int64_t Spool::State::age_of(const Row& row) const {
    const std::int64_t age =
        row.boot == boot ? steady_ms() - row.steady_ms : to_ms(clock.now()) - row.at_ms;
    return std::max<std::int64_t>(age, 0);
}

}  // namespace gantry::agent
