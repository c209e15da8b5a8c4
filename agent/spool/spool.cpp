#include "agent/spool/spool.hpp"

#include <algorithm>

#include "agent/spool/spool_state.hpp"
#include "core/model/report_json.hpp"

namespace gantry::agent {
namespace {

constexpr std::int64_t k_rows_per_report = 1000;
constexpr std::size_t k_max_held_readings = 1500;  // about 128 KiB of JSON
constexpr std::size_t k_record_overhead = 48;      // what a re-encoded record may grow
constexpr std::size_t k_header_bytes = 512;

// Why a sample could not be written.
const char* reason_of(const Error& error) {
    return error.code == ErrorCode::limit ? k_disk_full : k_disk_failure;
}

}  // namespace

Spool::Spool(std::unique_ptr<State> state) : state_(std::move(state)) {}
Spool::~Spool() = default;

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
        if (!reserved) {
            s.count_in_memory(RecordKind::sample, reason_of(reserved.error()));
            return reserved;
        }
    }
    sample.seq = s.books.next_seq++;
    sample.record.seq = sample.seq;
    s.held.push_back(std::move(sample));
    std::size_t held_readings = 0;
    for (const Held& one : s.held) held_readings += one.record.readings.size();
    if (s.held.size() < s.options.max_held && held_readings < k_max_held_readings) return {};
    auto flushed = flush();
    if (!flushed && s.held.size() > 2 * s.options.max_held) {
        s.held.pop_front();  // bounded all the same
        s.count_in_memory(RecordKind::sample, reason_of(flushed.error()));
    }
    return flushed;
}

Result<void> Spool::flush() {
    State& s = *state_;
    if (s.held.empty()) return {};
    if (s.is_disk_short()) {
        return fail(ErrorCode::limit,
                    s.options.directory + ": what is left of the disk is not for samples");
    }
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
        const std::int64_t rows = old->rows - s.forget_skipped(RecordKind::full_state, INT64_MAX);
        if (rows == 0) return {};
        return s.count_drop(RecordKind::full_state, k_superseded, rows, false);
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
        const std::int64_t rows = old->rows - s.forget_skipped(RecordKind::facts, INT64_MAX);
        if (rows == 0) return {};
        return s.count_drop(RecordKind::facts, k_superseded, rows, false);
    });
}

const Conditions& Spool::conditions() const { return state_->books.conditions; }
bool Spool::wants_full_state() const { return state_->books.full_state_due; }
bool Spool::has_urgent() const { return state_->books.keep.rows > 0; }

Result<Report> Spool::next_report(std::size_t max_bytes) {
    State& s = *state_;
    if (auto usable = s.ready(); !usable) return usable.error();
    (void)s.tell_drops();  // the counts wait on; a disk that takes no writes does not silence us
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
    if (!rows) return s.note(rows.error());
    for (const Row& row : *rows) {
        if (!take_held_before(row.seq)) return report;
        auto record = decode_report_record(row.payload);
        if (!record) {  // one damaged row must not keep the others
            if (auto left = s.drop_unreadable(row); !left) return left.error();
            continue;
        }
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
        auto& skipped = s.books.skipped;
        if (const auto end = skipped.upper_bound(acked_seq); end != skipped.begin()) {
            skipped.erase(skipped.begin(), end);  // what they said is lost
            if (auto set = s.set_full_state_due(true); !set) return set;
        }
        return s.store->set_meta("acked_seq", std::to_string(acked_seq));
    });
}

Result<void> Spool::drop_refused(std::int64_t seq) { return state_->drop_one(seq, k_refused); }

Result<void> Spool::begin_epoch() { return pass_epoch(state_->books.epoch); }

Result<void> Spool::pass_epoch(std::int64_t known) {
    State& s = *state_;
    if (known < s.books.epoch || known == INT64_MAX) return {};
    return s.transaction([&] { return s.set_epoch(known + 1); });
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
