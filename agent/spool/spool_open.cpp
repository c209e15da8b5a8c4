#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>

#include "agent/spool/spool_state.hpp"

namespace gantry::agent {
namespace {

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
Result<void> Spool::State::recover(const std::optional<Marker>& marker, bool lost) {
    const bool is_new_file = spool_id.empty();
    const bool is_first = is_new_file && !marker && !lost;
    const bool matches = marker && marker->spool_id == spool_id && marker->epoch <= books.epoch &&
                         marker->reserved_seq <= books.reserved_seq;
    if (matches) return write_marker_now();
    const std::int64_t epoch = is_first ? 1 : std::max(books.epoch, marker ? marker->epoch : 0) + 1;
    auto done = transaction([&]() -> Result<void> {
        if (is_new_file) spool_id = random_hex128(random);
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

// For a person to look at; only the latest one is kept. Not what came in its place before there was
// a spool again: that is no evidence of anything.
void Spool::State::set_aside() {
    const std::string database = path("spool.db");
    if (is_set_aside) {
        ::unlink(database.c_str());
    } else {
        is_set_aside =
            ::rename(database.c_str(), (database + ".corrupt").c_str()) == 0 || errno == ENOENT;
    }
    ::unlink((database + "-wal").c_str());
    ::unlink((database + "-shm").c_str());
}

Result<void> Spool::State::start_over() {
    store.reset();
    set_aside();
    auto fresh = Store::open(path("spool.db"), opener);
    if (!fresh) return fresh.error();  // tried again with the next use
    store = std::move(*fresh);
    is_damaged = false;
    const Books before = books;
    // Numbers go on: what is under way in the old epoch cannot be taken for the new one's.
    books.keep = books.samples = Tally{};
    books.skipped.clear();
    books.dropped_seq = 0;
    auto done = transaction([&]() -> Result<void> {
        spool_id = random_hex128(random);
        for (const auto& [key, value] : std::initializer_list<std::pair<const char*, std::string>>{
                 {"spool_id", spool_id},
                 {"boot_id", options.boot_id},
                 {"boot", std::to_string(boot)},
                 {"acked_seq", std::to_string(books.acked_seq)},
                 {"reserved_seq", std::to_string(books.reserved_seq)}}) {
            if (auto set = store->set_meta(key, value); !set) return set;
        }
        books.full_state_due = false;
        if (auto set = set_epoch(before.epoch + 1); !set) return set;
        for (const auto& [key, standing] : books.conditions) {
            if (auto set = store->set_condition(key, standing); !set) return set;
        }
        for (const auto& [key, count] : books.drops) {
            auto set = store->set_drop({key.first, key.second, count.pending, count.total});
            if (!set) return set;
        }
        return count_drop(RecordKind::state, k_lost, 1, true);
    });
    if (!done) {
        books = before;
        is_damaged = true;
        return done;
    }
    is_set_aside = false;
    return done;
}

Result<std::unique_ptr<Spool>> Spool::open(SpoolOptions options, const SpoolOpener& opener,
                                           const Clock& clock, RandomSource& random) {
    auto state = std::make_unique<State>(std::move(options), opener, clock, random);
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
        state = std::make_unique<State>(std::move(state->options), opener, clock, random);
        state->set_aside();
        lost = true;
    }
    if (auto done = state->recover(marker, lost); !done) return done.error();
    return std::unique_ptr<Spool>(new Spool(std::move(state)));
}

}  // namespace gantry::agent
