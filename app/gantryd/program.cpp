#include "app/gantryd/program.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <unordered_set>

#include "app/engine/engine.hpp"
#include "app/gantryd/decision_explainer.hpp"
#include "app/gantryd/deliveries.hpp"
#include "app/gantryd/opening.hpp"
#include "app/gantryd/organisation_directory.hpp"
#include "app/gantryd/policies.hpp"
#include "app/gantryd/route_limits.hpp"
#include "app/gantryd/router.hpp"
#include "app/gantryd/token_cache.hpp"
#include "collector/ingest/agent_desk.hpp"
#include "collector/ingest/presence.hpp"
#include "collector/intake/intake_desk.hpp"
#include "console/api/api.hpp"
#include "core/async/task_group.hpp"
#include "core/crypto/crypto.hpp"
#include "core/records/alerts.hpp"
#include "core/storage/lazy_connection.hpp"
#include "itsm/tickets/service_desk.hpp"
#include "itsm/tickets/ticket_store.hpp"

namespace gantry::app {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::seconds k_presence_tick{1};
constexpr std::chrono::seconds k_policy_tick{3};
constexpr int k_seed_page = 500;

// The server's own signs of life, for `gantry status`.
class EngineVitals final : public VitalSigns {
public:
    EngineVitals(const Engine& engine, collector::AgentBook& book) : engine_(engine), book_(book) {}
    Vitals vitals(const Scope& scope) override {
        const auto seen = book_.presence(scope);
        return {engine_.ready(), engine_.lag(), seen.online, seen.offline};
    }

private:
    const Engine& engine_;
    collector::AgentBook& book_;
};

Result<JournalSeq> folded_upto(storage::Database& database) {
    auto connection = database.connect_read_only();
    if (!connection) return connection.error();
    return records::cursor(**connection);
}

struct WorkersJoined {
    Worker& store;
    Worker& reader;
    Worker& explainer;
    ~WorkersJoined() {
        store.join();
        reader.join();
        explainer.join();
    }
};

class Program {
public:
    Program(Settings settings, telemetry::Log log)
        : settings_(std::move(settings)), log_(std::move(log)) {}

    Result<void> run();

private:
    Result<void> compose();
    void compose_rooms();
    asio::awaitable<Result<void>> start();
    asio::awaitable<void> serve();
    asio::awaitable<void> stop_on_signal();
    asio::awaitable<void> watch_presence();
    asio::awaitable<void> watch_policies();
    asio::awaitable<Result<void>> seed_agents();
    asio::awaitable<Result<void>> load_policies();
    asio::awaitable<void> stop();
    Result<void> open_server();
    [[nodiscard]] std::string not_ready() const;

    Settings settings_;
    telemetry::Log log_;
    SystemClock clock_;
    crypto::SystemRandom random_;
    telemetry::Registry metrics_;
    asio::io_context context_{1};
    asio::signal_set signals_{context_, SIGTERM, SIGINT};
    asio::steady_timer presence_timer_{context_};
    asio::steady_timer policy_timer_{context_};
    std::optional<Opened> opened_;
    std::unique_ptr<journal::Journal> journal_;
    std::unique_ptr<correlator::Correlator> correlator_;
    std::unique_ptr<TicketStore> tickets_;
    std::unique_ptr<ServiceDesk> desk_;
    Worker store_{"store"};
    Worker reader_{"reader"};
    Worker explainer_reader_{"explain"};  // slow, so not where credentials are looked up
    std::optional<storage::LazyConnection> policy_connection_;  // the reader's
    std::int64_t policies_mark_ = -1;                           // of those in policies_
    std::unique_ptr<Deliveries> deliveries_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Policies> policies_;
    std::unique_ptr<TokenCache> tokens_;
    std::unique_ptr<OrganisationDirectory> organisations_;
    std::unique_ptr<DecisionExplainer> explainer_;
    collector::AgentBook book_;
    std::unique_ptr<collector::Presence> presence_;
    std::unique_ptr<collector::AgentDesk> agent_desk_;
    std::unique_ptr<collector::IntakeDesk> intake_desk_;
    std::unique_ptr<EngineVitals> vitals_;
    std::unique_ptr<console::Api> api_;
    std::optional<CredentialRate> rate_;
    std::optional<Routes> routes_;
    std::unique_ptr<http::Server> server_;
    Result<void> ended_;
    bool serving_ = false;  // the start is over: everything but the probes is answered
    bool stopping_ = false;
    TaskGroup tasks_{context_.get_executor()};
};

Result<void> Program::compose() {
    auto opened = open_everything(settings_, clock_, random_, log_);
    if (!opened) return opened.error();
    opened_.emplace(std::move(*opened));
    storage::Database& database = *opened_->database;
    const asio::any_io_executor executor = context_.get_executor();

    if (settings_.accept_lost_journal) {
        const auto cursor = folded_upto(database);
        if (!cursor) return cursor.error();
        settings_.journal.begin_after = *cursor;
    }
    auto journal = journal::open_embedded_journal(executor, settings_.journal);
    if (!journal) return journal.error();
    journal_ = std::move(*journal);

    correlator::Options limits;
    limits.max_live_alerts = settings_.correlator.max_live_alerts;
    limits.max_assets = settings_.correlator.max_assets;
    limits.hash_seed = random_.next();
    correlator_ = correlator::make_correlator(opened_->rules, limits);

    auto subscriptions = subscriptions_of(settings_.connectors, database, clock_.now());
    if (!subscriptions) return subscriptions.error();
    tickets_ = itsm::make_ticket_store(std::move(*subscriptions));
    desk_ = itsm::make_service_desk();

    auto deliveries =
        Deliveries::make({executor, database, clock_, random_, metrics_, log_}, settings_);
    if (!deliveries) return deliveries.error();
    deliveries_ = std::move(*deliveries);

    EngineOptions options;
    options.max_lag_records = settings_.correlator.max_lag;
    options.journal_retention = settings_.journal_retention;
    options.decision_retention = settings_.correlator.decision_retention;
    engine_ = std::make_unique<Engine>(
        EngineParts{executor, *journal_, database, *correlator_, *tickets_, *desk_, store_, clock_,
                    metrics_, log_, [this] { deliveries_->notify(); },
                    [this](const std::string& agent_id, const std::string& boot_id) {
                        book_.refuse_boot(agent_id, boot_id);
                    }},
        options);

    compose_rooms();
    return {};
}

void Program::compose_rooms() {
    storage::Database& database = *opened_->database;
    policy_connection_.emplace(storage::LazyConnection::reading(database));
    policies_ = std::make_unique<Policies>(opened_->policy_json, log_);
    tokens_ = std::make_unique<TokenCache>(database, reader_, clock_);
    organisations_ = std::make_unique<OrganisationDirectory>(database, reader_, clock_);
    explainer_ = std::make_unique<DecisionExplainer>(database, explainer_reader_, *desk_, *journal_,
                                                     opened_->rules);
    collector::PresenceOptions silence;
    silence.grace = settings_.agents.offline_after;
    presence_ = std::make_unique<collector::Presence>(book_, *engine_, *policies_, clock_, silence,
                                                      metrics_, log_);
    agent_desk_ = std::make_unique<collector::AgentDesk>(collector::AgentDeskParts{
        book_, *engine_, *engine_, *policies_, *tokens_, clock_, random_, metrics_, log_,
        [this](collector::AgentEntry& entry) { presence_->returned(entry); }});
    intake_desk_ = std::make_unique<collector::IntakeDesk>(*engine_, *tokens_, *organisations_,
                                                           clock_, metrics_);
    vitals_ = std::make_unique<EngineVitals>(*engine_, book_);
    api_ = std::make_unique<console::Api>(
        console::ApiParts{database, *desk_, *engine_, *tokens_, *explainer_, *engine_, *vitals_,
                          clock_, random_, metrics_, log_, GANTRY_VERSION,
                          [this](const records::PolicyRow& row) { return policies_->check(row); },
                          [this] { tokens_->clear(); }, [this] { policy_timer_.cancel(); },
                          [this] { deliveries_->notify(); },
                          [this](const std::string& agent_id) { book_.revoke(agent_id); },
                          [this](const std::string& agent_id) { book_.approve(agent_id); }});
}

// Agents as the records know them now that the journal is folded; who has a firing "offline" alert
// is offline still.
asio::awaitable<Result<void>> Program::seed_agents() {
    struct Seed {
        std::vector<records::AgentCredential> agents;
        std::unordered_set<AssetId> offline;
    };
    auto read = [this]() -> Result<Seed> {
        auto connection = opened_->database->connect_read_only();
        if (!connection) return connection.error();
        auto agents = records::agents(**connection, Scope::all());
        if (!agents) return agents.error();
        Seed seed;
        seed.agents = std::move(*agents);
        records::AlertFilter filter;
        filter.state = AlertState::firing;
        filter.source = std::string(collector::k_presence_source);
        for (PageRequest page{0, k_seed_page};;) {
            auto found = records::alerts(**connection, Scope::all(), filter, page);
            if (!found) return found.error();
            for (const Alert& alert : found->items) seed.offline.insert(alert.asset);
            if (!found->next) return seed;
            page.after = *found->next;
        }
    };
    auto seed = co_await reader_.run(std::move(read));
    if (!seed) co_return seed.error();
    for (auto& agent : seed->agents) book_.put(std::move(agent), clock_);
    for (auto& endpoint : book_.endpoints()) {
        endpoint.offline = seed->offline.contains(endpoint.asset);
    }
    co_return Result<void>{};
}

asio::awaitable<Result<void>> Program::load_policies() {
    struct Layers {
        std::int64_t mark = 0;
        std::optional<std::vector<records::PolicyRow>> rows;  // empty: as they were
    };
    auto read = [this, known = policies_mark_]() -> Result<Layers> {
        auto open = policy_connection_->get();
        if (!open) return open.error();
        const auto mark = records::policies_mark(**open);
        if (!mark) return mark.error();
        if (*mark == known) return Layers{*mark, std::nullopt};
        auto rows = records::policies(**open, Scope::all());
        if (!rows) return rows.error();
        return Layers{*mark, std::move(*rows)};
    };
    auto layers = co_await reader_.run(std::move(read));
    if (!layers) co_return layers.error();
    policies_mark_ = layers->mark;
    if (layers->rows) policies_->load(std::move(*layers->rows));
    co_return Result<void>{};
}

asio::awaitable<void> Program::watch_policies() {
    while (!stopping_) {
        policy_timer_.expires_after(k_policy_tick);
        boost::system::error_code cancelled;
        co_await policy_timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        if (stopping_) co_return;
        const auto loaded = co_await load_policies();
        if (!loaded) log_.warn("policies_not_read", {{"error", loaded.error().message}});
    }
}

asio::awaitable<void> Program::watch_presence() {
    while (!stopping_) {
        presence_timer_.expires_after(k_presence_tick);
        boost::system::error_code cancelled;
        co_await presence_timer_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
        if (!stopping_) co_await presence_->check();
    }
}

Result<void> Program::open_server() {
    CredentialRateOptions rate;
    rate.per_second = settings_.server.rate_per_credential;
    rate.burst = settings_.server.burst_per_credential;
    rate_.emplace(clock_, rate, metrics_);
    routes_.emplace(
        Routes{[this](std::string rest, http::Request request) {
                   return agent_desk_->handle(std::move(rest), std::move(request));
               },
               [this](std::string rest, http::Request request) {
                   return intake_desk_->handle(std::move(rest), std::move(request));
               },
               [this](http::Request request) { return api_->handle(std::move(request)); },
               [this] { return not_ready(); }, [this] { return serving_; }, metrics_, &*rate_});
    http::raise_file_limit();
    settings_.server.http.body_limit = body_limit;
    auto server = http::start_server(
        context_.get_executor(), settings_.server.http,
        [this](http::Request request) { return route(*routes_, std::move(request)); }, metrics_);
    if (!server) return server.error();
    server_ = std::move(*server);
    log_.info("gantryd_listening",
              {{"address", settings_.server.http.address}, {"port", server_->port()}});
    return {};
}

std::string Program::not_ready() const {
    if (stopping_) return "stopping";
    if (!serving_) return "starting: the journal is read up to its end";
    return engine_->not_ready();
}

asio::awaitable<Result<void>> Program::start() {
    if (auto done = co_await engine_->start(); !done) co_return done;
    if (stopping_) co_return Result<void>{};
    if (auto done = co_await seed_agents(); !done) co_return done;
    co_return co_await load_policies();
}

// The listener opens first, so that probes get answers while a long journal is folded; whoever
// wants more is told to come back.
asio::awaitable<void> Program::serve() {
    ended_ = open_server();
    if (ended_) {
        tasks_.spawn(stop_on_signal());
        ended_ = co_await start();
    }
    if (!ended_) context_.stop();
    if (!ended_ || stopping_) co_return;
    serving_ = true;
    tasks_.spawn(engine_->follow());
    tasks_.spawn(engine_->keep_house());
    tasks_.spawn(watch_presence());
    tasks_.spawn(watch_policies());
    deliveries_->start();
    log_.info("gantryd_ready");
}

asio::awaitable<void> Program::stop_on_signal() {
    boost::system::error_code cancelled;
    const int signal =
        co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    log_.info("gantryd_stopping", {{"signal", signal}});
    co_await stop();
}

asio::awaitable<void> Program::stop() {
    stopping_ = true;
    presence_timer_.cancel();
    policy_timer_.cancel();
    if (!serving_) engine_->stop();  // ends the start, which serves nobody yet
    co_await server_->stop(settings_.server.drain_timeout);
    co_await deliveries_->stop();
    engine_->stop();
}

Result<void> Program::run() {
    if (auto done = compose(); !done) return done;
    tasks_.spawn(serve());
    {
        // Also when a task's defect leaves the loop: jobs under way use what would go before them.
        const WorkersJoined joined{store_, reader_, explainer_reader_};
        context_.run();
    }
    log_.info("gantryd_stopped");
    return ended_;
}

}  // namespace

Result<void> run_gantryd(Settings settings, telemetry::Log log) {
    try {
        return Program(std::move(settings), std::move(log)).run();
    } catch (const std::exception& defect) {  // of a task: what is durable is in the journal
        return fail(ErrorCode::internal, std::string("a defect: ") + defect.what());
    }
}

}  // namespace gantry::app
