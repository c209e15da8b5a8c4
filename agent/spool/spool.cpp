#include "agent/spool/spool.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <deque>
#include <optional>

#include "agent/spool/marker.hpp"
#include "agent/spool/store.hpp"
#include "core/model/report_json.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t k_block = 1000;  // sequence numbers reserved at once
constexpr std::int64_t k_min_bytes = 1 << 20;
constexpr std::int64_t k_log_bytes = 512 * 1024;  // the write-ahead log at its largest
constexpr std::int64_t k_base_bytes = 64 * 1024;  // schema, meta, conditions, free pages
constexpr std::int64_t k_rows_per_report = 1000;
constexpr std::size_t k_max_held_readings = 1500;  // about 128 KiB of JSON
constexpr std::size_t k_record_overhead = 48;      // what a re-encoded record may grow
constexpr std::size_t k_header_bytes = 512;

constexpr const char* k_full = "spool full";
constexpr const char* k_old = "too old";
constexpr const char* k_refused = "refused by the server";
constexpr const char* k_superseded = "superseded";
constexpr const char* k_lost = "spool lost, number unknown";

struct Held {
    std::int64_t seq = 0;
    std::int64_t steady_ms = 0;
    ReportRecord record;
};

std::int64_t number(const std::map<std::string, std::string>& meta, const char* key) {
    const auto found = meta.find(key);
    std::int64_t out = 0;
    if (found != meta.end()) {
        std::from_chars(found->second.data(), found->second.data() + found->second.size(), out);
    }
    return out;
}

std::string text(const std::map<std::string, std::string>& meta, const char* key) {
    const auto found = meta.find(key);
    return found == meta.end() ? std::string() : found->second;
}

}  // namespace

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
    };
    Books books;
    std::deque<Held> held;
    std::int64_t marker_behind = 0;  // reserved_seq that the marker must still learn

    State(SpoolOptions o, const Clock& c) : options(std::move(o)), clock(c) {}

    [[nodiscard]] std::int64_t budget() const {
        const auto cap = std::max(static_cast<std::int64_t>(options.max_bytes), k_min_bytes);
        return cap - k_log_bytes - k_base_bytes;
    }
    [[nodiscard]] std::int64_t steady_ms() const {
        return std::chrono::duration_cast<Millis>(clock.steady_now().time_since_epoch()).count();
    }
    [[nodiscard]] std::string path(const char* name) const {
        return options.directory + "/" + name;
    }

    Result<void> load();
    Result<void> recover(const std::optional<Marker>& marker, const std::string& spool_id_if_new,
                         bool lost);
    Result<void> write_marker_now();
    template <class Body>
    Result<void> transaction(Body body);

    Result<std::int64_t> next_seq();
    Result<void> set_epoch(std::int64_t epoch);
    Result<void> set_full_state_due(bool due);
    Result<void> count_drop(RecordKind kind, const std::string& reason, std::int64_t rows,
                            bool tell);
    Result<void> evict(Table table, const Store::Prefix& prefix, const char* reason);
    Result<void> make_room(Table table, std::int64_t cost);
    Result<void> insert(ReportRecord record);
    Result<void> insert_row(Table table, const ReportRecord& record, std::int64_t steady);
    Result<void> flush_held();
    Result<void> tell_drops();
    std::int64_t age_of(const Row& row) const;
};

// ---- opening

Result<void> Spool::State::load() {
    const auto meta = store->load_meta();
    if (!meta) return meta.error();
    auto conditions = store->load_conditions();
    if (!conditions) return conditions.error();
    const auto drops = store->load_drops();
    if (!drops) return drops.error();
    const auto keep = store->tally(Table::keep);
    const auto samples = store->tally(Table::sample);
    const auto dropped = store->seq_of_kind(RecordKind::dropped);
    const auto highest = store->highest_seq();
    if (!keep || !samples || !dropped || !highest) {
        return fail(ErrorCode::corrupt, path("spool.db") + ": cannot be read");
    }
    spool_id = text(*meta, "spool_id");
    books.epoch = std::max<std::int64_t>(number(*meta, "epoch"), 1);
    books.reserved_seq = std::max(number(*meta, "reserved_seq"), *highest);
    books.next_seq = books.reserved_seq + 1;
    books.acked_seq = number(*meta, "acked_seq");
    books.full_state_due = number(*meta, "full_state_due") != 0;
    books.dropped_seq = *dropped;
    books.keep = *keep;
    books.samples = *samples;
    books.conditions = std::move(*conditions);
    for (const Store::Drop& drop : *drops) {
        books.drops[{drop.kind, drop.reason}] = {drop.pending, drop.total};
    }
    boot = number(*meta, "boot");
    if (text(*meta, "boot_id") == options.boot_id && boot > 0) return {};
    return transaction([&]() -> Result<void> {
        ++boot;
        if (auto set = store->set_meta("boot_id", options.boot_id); !set) return set;
        return store->set_meta("boot", std::to_string(boot));
    });
}

// Decides whether this file is the one that the marker knows, and begins a new epoch if not.
Result<void> Spool::State::recover(const std::optional<Marker>& marker,
                                   const std::string& spool_id_if_new, bool lost) {
    const bool is_new_file = spool_id.empty();
    const bool is_first = is_new_file && !marker && !lost;
    const bool matches = marker && marker->spool_id == spool_id && marker->epoch <= books.epoch &&
                         marker->reserved_seq <= books.reserved_seq;
    if (matches) return write_marker_now();
    const std::int64_t epoch = is_first ? 1 : std::max(books.epoch, marker ? marker->epoch : 0) + 1;
    auto done = transaction([&]() -> Result<void> {
        if (is_new_file) spool_id = spool_id_if_new;
        if (auto set = store->set_meta("spool_id", spool_id); !set) return set;
        if (auto set = set_epoch(epoch); !set) return set;
        // Without any marker nothing says that something is missing from an intact file.
        const bool is_missing_some = is_new_file ? !is_first : marker.has_value();
        if (!is_missing_some) return Result<void>{};
        return count_drop(RecordKind::state, k_lost, 1, true);
    });
    if (!done) return done;
    return write_marker_now();
}

Result<void> Spool::State::write_marker_now() {
    marker_behind = 0;
    return write_marker(path("spool.marker"), {spool_id, books.epoch, books.reserved_seq});
}

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::open(SpoolOptions options, const SpoolOpener& opener,
                                           const Clock& clock, RandomSource& random) {
    char id[40];
    std::snprintf(id, sizeof id, "%016llx%016llx", static_cast<unsigned long long>(random.next()),
                  static_cast<unsigned long long>(random.next()));
    auto state = std::make_unique<State>(std::move(options), clock);
    const std::string database = state->path("spool.db");
    const auto marker = read_marker(state->path("spool.marker"));
    bool lost = false;
    for (int attempt = 0;; ++attempt) {
        auto store = Store::open(database, opener);
        Result<void> ready = store ? Result<void>{} : Result<void>(store.error());
        if (store) {
            state->store = std::move(*store);
            ready = state->load();
        }
        if (ready) break;
        if (attempt > 0 || ready.error().code != ErrorCode::corrupt) return ready.error();
        // Set aside for a person to look at; only the latest one is kept.
        state = std::make_unique<State>(std::move(state->options), clock);
        ::rename(database.c_str(), (database + ".corrupt").c_str());
        ::unlink((database + "-wal").c_str());
        ::unlink((database + "-shm").c_str());
        lost = true;
    }
    if (auto done = state->recover(marker, id, lost); !done) return done.error();
    return std::unique_ptr<Spool>(new Spool(std::move(state)));
}

// ---- inside a transaction

template <class Body>
Result<void> Spool::State::transaction(Body body) {
    if (auto begun = store->begin(); !begun) return begun;
    const Books before = books;
    Result<void> done = body();
    if (done) done = store->commit();
    if (!done) {
        store->rollback();
        books = before;
        return done;
    }
    if (marker_behind != 0) (void)write_marker_now();  // tried again with the next block
    return done;
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

Result<void> Spool::State::evict(Table table, const Store::Prefix& prefix, const char* reason) {
    if (prefix.kinds.empty()) return {};
    if (auto erased = store->erase_up_to(table, prefix.last_seq); !erased) return erased;
    Tally& tally = table == Table::keep ? books.keep : books.samples;
    for (const auto& [kind, part] : prefix.kinds) {
        tally.rows -= part.rows;
        tally.cost -= part.cost;
        if (auto counted = count_drop(kind, reason, part.rows, true); !counted) return counted;
        if (kind == RecordKind::sample) continue;
        // The server's picture would be wrong for good without this.
        if (auto set = set_full_state_due(true); !set) return set;
    }
    return {};
}

// After it, a row of `cost` fits, if that can be: samples give way to everything, the state class
// only to itself. A little more than needed goes, so that a full spool does not evict each time.
Result<void> Spool::State::make_room(Table table, std::int64_t cost) {
    const std::int64_t spare = budget() / 50;
    const std::int64_t over = books.keep.cost + books.samples.cost + cost - budget();
    if (over > 0 && books.samples.rows > 0) {
        const auto prefix = store->oldest(Table::sample, over + spare);
        if (!prefix) return prefix.error();
        if (auto done = evict(Table::sample, *prefix, k_full); !done) return done;
    }
    const std::int64_t still_over = books.keep.cost + cost - budget();
    if (table == Table::sample || still_over <= 0) return {};
    const auto prefix = store->oldest(Table::keep, still_over + spare);
    if (!prefix) return prefix.error();
    return evict(Table::keep, *prefix, k_full);
}

Result<void> Spool::State::insert_row(Table table, const ReportRecord& record,
                                      std::int64_t steady) {
    Row row{record.seq, record.kind, to_ms(record.at), steady, boot, encode(record)};
    const std::int64_t cost = row_cost(row.payload.size());
    if (auto room = make_room(table, cost); !room) return room;
    if (books.keep.cost + books.samples.cost + cost > budget()) {
        // Larger than all the room there is.
        if (table == Table::keep) {
            if (auto set = set_full_state_due(true); !set) return set;
        }
        return count_drop(record.kind, k_full, 1, true);
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

std::int64_t Spool::State::age_of(const Row& row) const {
    const std::int64_t age =
        row.boot == boot ? steady_ms() - row.steady_ms : to_ms(clock.now()) - row.at_ms;
    return std::max<std::int64_t>(age, 0);
}

// ---- the contract

Result<void> Spool::append_sample(std::vector<Reading> readings) {
    State& s = *state_;
    Held sample;
    sample.record.kind = RecordKind::sample;
    sample.record.at = s.clock.now();
    sample.record.readings = std::move(readings);
    sample.steady_ms = s.steady_ms();
    if (s.books.next_seq > s.books.reserved_seq) {
        auto reserved = s.transaction([&]() -> Result<void> {
            const auto seq = s.next_seq();
            if (!seq) return seq.error();
            --s.books.next_seq;
            return {};
        });
        if (!reserved) return reserved;
    }
    sample.seq = s.books.next_seq++;
    sample.record.seq = sample.seq;
    s.held.push_back(std::move(sample));
    std::size_t held_readings = 0;
    for (const Held& one : s.held) held_readings += one.record.readings.size();
    if (s.held.size() < s.options.max_held && held_readings < k_max_held_readings) return {};
    auto flushed = flush();
    if (!flushed && s.held.size() > 2 * s.options.max_held) {
        s.held.pop_front();  // the disk fails: bounded all the same, counted in memory
        DropCount& count = s.books.drops[{RecordKind::sample, "disk failure"}];
        ++count.pending;
        ++count.total;
    }
    return flushed;
}

Result<void> Spool::flush() {
    State& s = *state_;
    if (s.held.empty()) return {};
    auto done = s.transaction([&] { return s.flush_held(); });
    if (done) s.held.clear();
    return done;
}

Result<void> Spool::append_states(const std::vector<CheckState>& transitions) {
    State& s = *state_;
    if (transitions.empty()) return {};
    return s.transaction([&]() -> Result<void> {
        for (const CheckState& state : transitions) {
            ReportRecord record;
            record.kind = RecordKind::state;
            record.states = {state};
            if (auto done = s.insert(std::move(record)); !done) return done;
            const ConditionKey key{state.check, state.instance};
            const bool is_blind = state.condition == Condition::unknown;
            const Standing standing{state.condition, is_blind ? state.previous : state.condition};
            if (state.condition == Condition::ok) {
                s.books.conditions.erase(key);
            } else {
                s.books.conditions[key] = standing;
            }
            if (auto done = s.store->set_condition(key, standing); !done) return done;
        }
        return {};
    });
}

Result<void> Spool::append_full_state(std::vector<CheckState> states) {
    State& s = *state_;
    return s.transaction([&]() -> Result<void> {
        const auto old = s.store->erase_kind(RecordKind::full_state);
        if (!old) return old.error();
        s.books.keep.rows -= old->rows;
        s.books.keep.cost -= old->cost;
        ReportRecord record;
        record.kind = RecordKind::full_state;
        record.states = std::move(states);
        if (auto done = s.set_full_state_due(false); !done) return done;
        if (auto done = s.insert(std::move(record)); !done) return done;
        if (old->rows == 0) return {};
        return s.count_drop(RecordKind::full_state, k_superseded, old->rows, false);
    });
}

Result<void> Spool::append_facts(const Facts& facts) {
    State& s = *state_;
    return s.transaction([&]() -> Result<void> {
        const auto old = s.store->erase_kind(RecordKind::facts);
        if (!old) return old.error();
        s.books.keep.rows -= old->rows;
        s.books.keep.cost -= old->cost;
        ReportRecord record;
        record.kind = RecordKind::facts;
        record.facts = facts;
        if (auto done = s.insert(std::move(record)); !done) return done;
        if (old->rows == 0) return {};
        return s.count_drop(RecordKind::facts, k_superseded, old->rows, false);
    });
}

const Conditions& Spool::conditions() const { return state_->books.conditions; }
bool Spool::wants_full_state() const { return state_->books.full_state_due; }
bool Spool::has_urgent() const { return state_->books.keep.rows > 0; }

Result<Report> Spool::next_report(std::size_t max_bytes) {
    State& s = *state_;
    if (auto told = s.tell_drops(); !told) return told.error();
    Report report;
    report.epoch = s.books.epoch;
    report.boot_id = s.options.boot_id;
    report.first_seq = s.books.acked_seq + 1;
    report.last_seq = s.books.acked_seq;
    std::size_t bytes = k_header_bytes;
    auto held = s.held.begin();
    // One more record fits, or it is the first.
    const auto take = [&](ReportRecord record, std::size_t size) {
        if (!report.records.empty() && bytes + size > max_bytes) return false;
        bytes += size;
        report.last_seq = record.seq;
        report.records.push_back(std::move(record));
        return true;
    };
    const auto take_held_before = [&](std::int64_t seq) {
        for (; held != s.held.end() && held->seq < seq; ++held) {
            ReportRecord record = held->record;
            record.age_ms = std::max<std::int64_t>(s.steady_ms() - held->steady_ms, 0);
            const std::size_t size = encode(record).size() + k_record_overhead;
            if (!take(std::move(record), size)) return false;
        }
        return true;
    };
    const bool has_rows = s.books.keep.rows + s.books.samples.rows > 0;
    const auto rows = has_rows ? s.store->rows(s.books.acked_seq, k_rows_per_report)
                               : Result<std::vector<Row>>(std::vector<Row>{});
    if (!rows) return rows.error();
    for (const Row& row : *rows) {
        if (!take_held_before(row.seq)) return report;
        auto record = decode_report_record(row.payload);
        if (!record) return fail(ErrorCode::corrupt, "spool record: " + record.error().message);
        record->age_ms = s.age_of(row);
        if (!take(std::move(*record), row.payload.size() + k_record_overhead)) return report;
    }
    if (static_cast<std::int64_t>(rows->size()) < k_rows_per_report) take_held_before(INT64_MAX);
    return report;
}

Result<void> Spool::acknowledge(std::int64_t epoch, std::int64_t acked_seq) {
    State& s = *state_;
    if (epoch != s.books.epoch) return {};
    if (acked_seq >= s.books.next_seq) return begin_epoch();
    if (acked_seq <= s.books.acked_seq) return {};
    while (!s.held.empty() && s.held.front().seq <= acked_seq) s.held.pop_front();
    const bool has_rows = s.books.keep.rows + s.books.samples.rows > 0;
    if (!has_rows) {
        // Not worth a write: after a kill, the server takes the wider range as a repeat.
        s.books.acked_seq = acked_seq;
        return {};
    }
    return s.transaction([&]() -> Result<void> {
        for (const Table table : {Table::keep, Table::sample}) {
            const auto gone = s.store->up_to(table, acked_seq);
            if (!gone) return gone.error();
            Tally& tally = table == Table::keep ? s.books.keep : s.books.samples;
            for (const auto& [kind, part] : gone->kinds) {
                tally.rows -= part.rows;
                tally.cost -= part.cost;
            }
        }
        if (auto done = s.store->erase_acknowledged(acked_seq); !done) return done;
        if (s.books.dropped_seq <= acked_seq) s.books.dropped_seq = 0;
        s.books.acked_seq = acked_seq;
        return s.store->set_meta("acked_seq", std::to_string(acked_seq));
    });
}

Result<void> Spool::drop_refused(std::int64_t seq) {
    State& s = *state_;
    const auto held = std::find_if(s.held.begin(), s.held.end(),
                                   [seq](const Held& sample) { return sample.seq == seq; });
    return s.transaction([&]() -> Result<void> {
        RecordKind kind = RecordKind::sample;
        if (held != s.held.end()) {
            s.held.erase(held);
        } else {
            auto gone = s.store->erase_one(Table::sample, seq);
            if (!gone) return gone.error();
            s.books.samples.rows -= gone->rows;
            s.books.samples.cost -= gone->cost;
            if (gone->rows == 0) {
                kind = RecordKind::state;
                gone = s.store->erase_one(Table::keep, seq);
                if (!gone) return gone.error();
                s.books.keep.rows -= gone->rows;
                s.books.keep.cost -= gone->cost;
                if (auto due = s.set_full_state_due(true); !due) return due;
            }
            if (gone->rows == 0) return {};
            if (s.books.dropped_seq == seq) s.books.dropped_seq = 0;
        }
        return s.count_drop(kind, k_refused, 1, true);
    });
}

Result<void> Spool::begin_epoch() {
    State& s = *state_;
    return s.transaction([&] { return s.set_epoch(s.books.epoch + 1); });
}

SpoolStatus Spool::status() const {
    const State& s = *state_;
    SpoolStatus out;
    out.epoch = s.books.epoch;
    out.acked_seq = s.books.acked_seq;
    out.last_seq = s.books.next_seq - 1;
    out.states = s.books.keep.rows;
    out.held = static_cast<std::int64_t>(s.held.size());
    out.samples = s.books.samples.rows + out.held;
    out.bytes = s.books.keep.cost + s.books.samples.cost;
    for (const auto& [key, count] : s.books.drops) {
        if (count.total > 0) out.dropped.push_back({key.first, key.second, count.total});
    }
    return out;
}

}  // namespace gantry::agent
