#include "app/engine/engine.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "core/model/json.hpp"
#include "core/records/alerts.hpp"
#include "core/records/decisions.hpp"

namespace gantry::app {
namespace asio = boost::asio;
namespace {

constexpr std::size_t k_read_records = 512;
constexpr std::size_t k_read_bytes = 8 << 20;
constexpr std::size_t k_expiry_chunk = 500;
constexpr Millis k_house_tick{1'000};
constexpr Millis k_idle{1'000};
constexpr int k_seen_every_ticks = 5;
constexpr int k_trim_every_ticks = 600;
constexpr Millis k_gather{8};
constexpr std::size_t k_max_early = 1'000;
// Without new appends nobody knows whether the disk has recovered, so a failure is not shown
// longer.
constexpr Millis k_append_error_shown{10'000};
constexpr Millis k_first_retry{100};
constexpr Millis k_last_retry{5'000};

const std::string k_alive = "alive_ms";

std::string too_far_ahead(std::int64_t lag) {
    return "the journal is " + std::to_string(lag) + " records ahead of the correlator";
}

// Restarts the wait of whoever sleeps on the timer.
void wake(asio::steady_timer& timer) { timer.cancel(); }

asio::awaitable<void> wait(asio::steady_timer& timer, Millis time) {
    timer.expires_after(time);
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

}  // namespace

struct Engine::Waiter {
    explicit Waiter(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::optional<Result<CommandOutcome>> outcome;
};

Engine::Engine(EngineParts parts, EngineOptions options)
    : parts_(std::move(parts)),
      options_(options),
      projector_(parts_.correlator, parts_.tickets, parts_.metrics, parts_.log),
      connection_(storage::LazyConnection::writing(parts_.database, storage::Durability::normal)),
      new_records_(parts_.executor),
      pause_(parts_.executor),
      house_(parts_.executor),
      coalesced_(parts_.metrics.counter("gantry_events_coalesced_total",
                                        "Resends that changed nothing and were not journaled")),
      retries_(parts_.metrics.counter("gantry_store_retries_total",
                                      "Transactions of the fold that failed and were repeated")),
      missing_(parts_.metrics.counter("gantry_journal_missing_total",
                                      "Journal records that were trimmed before the store that is "
                                      "in use had their effects")),
      refused_facts_(parts_.metrics.counter("gantry_facts_refused_total",
                                            "Facts of agents that were journaled and not taken: "
                                            "they are a copy's, or the agent is gone")),
      refused_boots_(parts_.metrics.counter("gantry_agent_boots_refused_total",
                                            "Boots that reported another machine's facts")),
      lag_(parts_.metrics.gauge("gantry_journal_lag_records",
                                "Durable journal records that are not folded yet")),
      commit_seconds_(parts_.metrics.histogram("gantry_commit_seconds",
                                               "From reception to the committed effects")) {
    parts_.journal.on_commit([this](JournalSeq) {
        lag_.set(lag());
        wake(new_records_);
    });
}

Engine::~Engine() = default;

std::int64_t Engine::lag() const {
    const JournalSeq passed = std::max(projector_.cursor(), nothing_upto_);
    return parts_.journal.last_durable().value - passed.value;
}

// Empty when the journal has nothing behind the cursor although it gave sequences there: they were
// trimmed before this store saw them (it was made anew, or came from a backup).
asio::awaitable<Result<std::vector<journal::Record>>> Engine::read_on() {
    const JournalSeq durable = parts_.journal.last_durable();
    auto records = co_await parts_.journal.read(projector_.cursor(), k_read_records, k_read_bytes);
    if (records && records->empty()) nothing_upto_ = durable;
    co_return records;
}

// An older store was put back, or a new one made: what the journal no longer has is not made good.
void Engine::tell_missing(const std::vector<journal::Record>& first) {
    const std::int64_t from = projector_.cursor().value + 1;
    const std::int64_t to = first.empty() ? nothing_upto_.value : first.front().seq.value - 1;
    if (to < from) return;
    missing_.add(to - from + 1);
    parts_.log.error("journal_records_missing",
                     {{"from", from},
                      {"to", to},
                      {"why", "they were trimmed before this store had their effects"}});
}

// Its new records would get sequences that count as folded: accepted, and never looked at.
Error Engine::behind_the_store() const {
    return fail(ErrorCode::corrupt,
                "the store has the effects of journal record " +
                    std::to_string(projector_.cursor().value) + ", but the journal ends at " +
                    std::to_string(parts_.journal.last_durable().value) +
                    ": it is missing, or older than the store. Put back the journal that belongs "
                    "to the store, or start once with --accept-lost-journal");
}

asio::awaitable<Result<void>> Engine::start() {
    const Instant now = parts_.clock.now();
    auto restore = [this]() -> Result<std::int64_t> {
        auto open = connection_.get();
        if (!open) return open.error();
        auto done = projector_.restore(**open, parts_.desk);
        if (!done) return done.error();
        return records::progress(**open, k_alive);
    };
    const auto alive_ms = co_await parts_.store.run(std::move(restore));
    if (!alive_ms) co_return alive_ms.error();
    if (lag() < 0) co_return behind_the_store();
    if (*alive_ms > 0) parts_.correlator.grant_grace(now - from_ms(*alive_ms));
    std::int64_t caught_up = 0;
    for (bool first = true; !stopping_ && lag() > 0; first = false) {
        auto records = co_await read_on();
        if (!records) co_return records.error();
        if (first) tell_missing(*records);
        if (records->empty()) continue;
        caught_up += static_cast<std::int64_t>(records->size());
        co_await project(std::move(*records));
    }
    parts_.log.info("engine_started", {{"cursor", projector_.cursor().value},
                                       {"caught_up", caught_up},
                                       {"live_alerts", parts_.correlator.live_alerts()}});
    started_ = true;
    co_return Result<void>{};
}

void Engine::stop() {
    stopping_ = true;
    wake(new_records_);
    wake(pause_);
    wake(house_);
}

asio::awaitable<void> Engine::follow() {
    while (true) {
        if (lag() <= 0) {
            if (stopping_) co_return;
            co_await wait(new_records_, k_idle);
            continue;
        }
        const bool few = lag() < static_cast<std::int64_t>(k_read_records);
        if (few && load_.is_high(parts_.clock.steady_now())) co_await wait(pause_, k_gather);
        auto records = co_await read_on();
        if (!records) {
            parts_.log.error("journal_read_failed", {{"error", records.error().message}});
            if (stopping_) co_return;
            co_await wait(pause_, k_last_retry);
            continue;
        }
        if (!records->empty()) co_await project(std::move(*records));
        if (stopping_ && !storing_) co_return;
    }
}

asio::awaitable<void> Engine::project(std::vector<journal::Record> records) {
    std::size_t done = 0;
    while (done < records.size()) {
        Batch batch = projector_.next(records, done);
        if (!co_await store_until_done(batch)) co_return;
        projector_.finish(batch);
        done += batch.records;
        load_.add(batch.changes.decisions.size(), parts_.clock.steady_now());
        answer(batch);
        lag_.set(lag());
        const auto spent = parts_.clock.now() - batch.oldest;
        commit_seconds_.observe(static_cast<double>(spent.count()) / 1'000.0);
        if (parts_.on_committed) parts_.on_committed();
    }
}

// The correlator's state is ahead of the rows until this succeeds, so there is no giving up but
// with the process: the journal has everything, the next start folds it again.
asio::awaitable<bool> Engine::store_until_done(Batch& batch) {
    Millis pause = k_first_retry;
    while (true) {
        Batch* const pending = &batch;
        auto job = [this, pending]() -> Result<void> {
            auto open = connection_.get();
            if (!open) return open.error();
            return projector_.store(**open, *pending);
        };
        const auto stored = co_await parts_.store.run(std::move(job));
        if (stored) {
            storing_ = true;
            co_return true;
        }
        storing_ = false;
        retries_.add();
        parts_.log.error("store_failed",
                         {{"error", stored.error().message}, {"retry_in_ms", pause.count()}});
        if (stopping_) co_return false;
        co_await wait(pause_, pause);
        pause = std::min(pause * 2, k_last_retry);
    }
}

void Engine::tell_refused(const CommandOutcome& outcome) {
    refused_boots_.add();
    parts_.log.warn(
        "agent_reports_as_another",
        {{"agent_id", outcome.agent_id},
         {"boot_id", outcome.refused_boot_id},
         {"incident", outcome.incident ? incident_number(outcome.incident->id) : std::string()}});
    if (parts_.on_boot_refused) parts_.on_boot_refused(outcome.agent_id, outcome.refused_boot_id);
}

void Engine::answer(const Batch& batch) {
    if (!batch.from_journal_command) {
        if (batch.command && !batch.outcome) {
            refused_facts_.add();
            parts_.log.warn("facts_not_taken", {{"error", batch.outcome.error().message}});
        }
        if (batch.command && batch.outcome && !batch.outcome->refused_boot_id.empty()) {
            tell_refused(*batch.outcome);
        }
        return;
    }
    const std::int64_t seq = batch.context.seq.value;
    const auto waiter = waiters_.find(seq);
    if (waiter != waiters_.end()) {
        waiter->second->outcome = batch.outcome;
        wake(waiter->second->timer);
        waiters_.erase(waiter);
    } else if (started_) {
        // Most of these nobody asks for: their callers' deadlines are over. The oldest go first.
        early_.emplace(seq, batch.outcome);
        if (early_.size() > k_max_early) early_.erase(early_.begin());
    }
}

std::string Engine::not_ready() const {
    if (!started_) return "starting";
    if (!storing_) return "the store does not take the effects";
    if (!append_error_.empty() && parts_.clock.now() - append_failed_at_ < k_append_error_shown) {
        return append_error_;
    }
    if (lag() > options_.max_lag_records) return too_far_ahead(lag());
    return {};
}

asio::awaitable<Result<JournalSeq>> Engine::append(journal::Record record) {
    if (lag() > options_.max_lag_records) co_return fail(ErrorCode::limit, too_far_ahead(lag()));
    auto appended = co_await parts_.journal.append(std::move(record));
    append_error_ = appended ? std::string{} : appended.error().message;
    if (!appended) append_failed_at_ = parts_.clock.now();
    co_return appended;
}

asio::awaitable<Result<void>> Engine::accept(journal::Record record, std::vector<Event> events) {
    const auto appended = co_await append(std::move(record));
    if (!appended) co_return appended.error();
    if (*appended > projector_.cursor()) {
        in_flight_.add(key_hashes(events), *appended);
        projector_.expect(*appended, std::move(events));
    }
    co_return Result<void>{};
}

bool Engine::coalesce(const std::vector<Event>& events, Instant now) {
    if (lag() > 0 && in_flight_.any_of(key_hashes(events), projector_.cursor())) return false;
    if (!events.empty() && !parts_.correlator.refresh_all(events, now)) return false;
    coalesced_.add(static_cast<std::int64_t>(events.size()));
    return true;
}

asio::awaitable<Result<CommandOutcome>> Engine::submit(Command command) {
    journal::Record record;
    record.received_at = parts_.clock.now();
    record.organisation = command.organisation;
    record.kind = journal::Kind::command;
    record.source = command.actor;
    record.body = encode(command);
    const auto seq = co_await append(std::move(record));
    if (!seq) co_return seq.error();
    if (const auto early = early_.find(seq->value); early != early_.end()) {
        auto outcome = std::move(early->second);
        early_.erase(early);
        co_return outcome;
    }
    auto waiter = std::make_shared<Waiter>(parts_.executor);
    waiters_.emplace(seq->value, waiter);
    waiter->timer.expires_after(options_.command_deadline);
    boost::system::error_code cancelled;
    co_await waiter->timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    if (waiter->outcome) co_return std::move(*waiter->outcome);
    waiters_.erase(seq->value);
    co_return fail(ErrorCode::timeout,
                   "the change is recorded and will be made; its outcome was not "
                   "known in time (journal record " +
                       std::to_string(seq->value) + ")");
}

asio::awaitable<void> Engine::keep_house() {
    for (int tick = 1; !stopping_; ++tick) {
        co_await wait(house_, k_house_tick);
        if (stopping_) break;
        co_await expire_due();
        if (tick % k_seen_every_ticks == 0) co_await save_seen();
        if (tick % k_trim_every_ticks == 0) co_await trim();
    }
    co_await save_seen();
}

asio::awaitable<void> Engine::expire_due() {
    const Instant now = parts_.clock.now();
    const auto due = parts_.correlator.due_to_expire(now, k_expiry_chunk);
    if (due.empty()) co_return;
    nlohmann::json ids = nlohmann::json::array();
    for (const AlertId id : due) ids.push_back(id.value);
    journal::Record record;
    record.received_at = now;
    record.kind = journal::Kind::expiry;
    record.source = "gantry";
    record.body = nlohmann::json{{"alerts", std::move(ids)}}.dump();
    const auto accepted = co_await accept(std::move(record));
    if (!accepted) parts_.log.warn("expiry_not_recorded", {{"error", accepted.error().message}});
}

asio::awaitable<void> Engine::save_seen() {
    auto seen = parts_.correlator.take_refreshed();
    const std::int64_t now_ms = to_ms(parts_.clock.now());
    auto job = [this, seen = std::move(seen), now_ms]() -> Result<void> {
        auto open = connection_.get();
        if (!open) return open.error();
        auto transaction = storage::Transaction::begin(**open);
        if (!transaction) return transaction.error();
        if (auto done = records::save_last_seen(**open, seen); !done) return done;
        if (auto done = records::set_progress(**open, k_alive, now_ms); !done) return done;
        return transaction->commit();
    };
    const auto saved = co_await parts_.store.run(std::move(job));
    if (!saved) parts_.log.warn("last_seen_not_saved", {{"error", saved.error().message}});
}

asio::awaitable<void> Engine::trim() {
    const Instant now = parts_.clock.now();
    const auto trimmed =
        co_await parts_.journal.trim(projector_.cursor(), now - options_.journal_retention);
    if (!trimmed) {
        parts_.log.warn("journal_trim_failed", {{"error", trimmed.error().message}});
    }
    const Instant before = now - options_.decision_retention;
    auto job = [this, before]() -> Result<std::int64_t> {
        auto open = connection_.get();
        if (!open) return open.error();
        return records::trim_decisions(**open, before, 50'000);
    };
    const auto decisions = co_await parts_.store.run(std::move(job));
    if (!decisions) {
        parts_.log.warn("decision_trim_failed", {{"error", decisions.error().message}});
    }
}

}  // namespace gantry::app
