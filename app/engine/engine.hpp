// Engine: gantryd's heart. Takes inbound bodies and commands into the journal, follows the journal
// with the Projector, and tells the connectors when there is something new to deliver.
//
// Threading: one executor (the server's) for everything but SQL, which runs on `store`. Only this
// class touches the correlator.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "app/engine/in_flight.hpp"
#include "app/engine/load.hpp"
#include "app/engine/projector.hpp"
#include "core/async/worker.hpp"
#include "core/ports/alert_finder.hpp"
#include "core/ports/command_gate.hpp"
#include "core/ports/event_gate.hpp"
#include "core/storage/lazy_connection.hpp"

namespace gantry::app {

struct EngineOptions {
    Millis command_deadline{20'000};
    std::int64_t max_lag_records = 200'000;  // beyond it the gates answer limit
    Millis journal_retention{7 * 86'400'000LL};
    Millis decision_retention{90 * 86'400'000LL};
};

struct EngineParts {
    boost::asio::any_io_executor executor;
    journal::Journal& journal;
    storage::Database& database;
    correlator::Correlator& correlator;
    TicketStore& tickets;
    ServiceDesk& desk;
    Worker& store;  // one thread: the store's only writer of the projection
    const Clock& clock;
    telemetry::Registry& metrics;
    telemetry::Log log;
    std::function<void()> on_committed;  // new rows may be in the outbox
    // The records refuse this boot of the agent from now on: it reported another machine's facts.
    std::function<void(const std::string& agent_id, const std::string& boot_id)> on_boot_refused{};
};

class Engine final : public EventGate, public CommandGate, public AlertFinder {
public:
    Engine(EngineParts parts, EngineOptions options);
    ~Engine() override;

    // Restores the state and folds what the journal has beyond the cursor. Before it returns ok,
    // nothing may be accepted.
    boost::asio::awaitable<Result<void>> start();
    // Follows the journal until stop(); returns when the last batch is committed.
    boost::asio::awaitable<void> follow();
    // Expiry of alerts, last-seen of resends, retention; until stop().
    boost::asio::awaitable<void> keep_house();
    void stop();

    [[nodiscard]] bool ready() const { return not_ready().empty(); }
    // Why no work is taken now, for people; "" when it is.
    [[nodiscard]] std::string not_ready() const;
    [[nodiscard]] std::int64_t lag() const;

    boost::asio::awaitable<Result<void>> accept(journal::Record record,
                                                std::vector<Event> events = {}) override;
    bool coalesce(const std::vector<Event>& events, Instant now) override;
    boost::asio::awaitable<Result<CommandOutcome>> submit(Command command) override;
    [[nodiscard]] std::vector<AlertId> alerts_of(const Scope& scope, AssetId asset, AlertId before,
                                                 std::size_t max) const override {
        return parts_.correlator.alerts_of(scope, asset, before, max);
    }

private:
    struct Waiter;
    boost::asio::awaitable<void> project(std::vector<journal::Record> records);
    boost::asio::awaitable<bool> store_until_done(Batch& batch);
    boost::asio::awaitable<Result<std::vector<journal::Record>>> read_on();
    boost::asio::awaitable<void> expire_due();
    boost::asio::awaitable<void> save_seen();
    boost::asio::awaitable<void> trim();
    void answer(const Batch& batch);
    void tell_refused(const CommandOutcome& outcome);
    [[nodiscard]] Error behind_the_store() const;
    void tell_missing(const std::vector<journal::Record>& first);
    boost::asio::awaitable<Result<JournalSeq>> append(journal::Record record);

    EngineParts parts_;
    EngineOptions options_;
    Projector projector_;
    storage::LazyConnection connection_;  // the store thread's
    boost::asio::steady_timer new_records_;
    boost::asio::steady_timer pause_;  // not woken by new records: they must not hurry a sick store
    boost::asio::steady_timer house_;
    std::unordered_map<std::int64_t, std::shared_ptr<Waiter>> waiters_;  // by journal sequence
    std::map<std::int64_t, Result<CommandOutcome>> early_;  // executed before awaited; bounded
    JournalSeq nothing_upto_;  // behind the cursor the journal has nothing up to here
    telemetry::Counter& coalesced_;
    telemetry::Counter& retries_;
    telemetry::Counter& missing_;
    telemetry::Counter& refused_facts_;
    telemetry::Counter& refused_boots_;
    telemetry::Gauge& lag_;
    telemetry::Histogram& commit_seconds_;
    KeysInFlight in_flight_;
    Load load_;
    std::string append_error_;  // of the last append; "" = it succeeded
    Instant append_failed_at_{};
    bool storing_ = true;  // the store takes the effects
    bool started_ = false;
    bool stopping_ = false;
};

}  // namespace gantry::app
