#include <malloc.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>

#include "agent/inventory/facts.hpp"
#include "agent/monitor/monitor.hpp"
#include "agent/state/state_file.hpp"
#include "agent/uplink/http_transport.hpp"
#include "app/agent/commands.hpp"
#include "app/agent/status_file.hpp"
#include "core/async/task_group.hpp"
#include "core/base/random.hpp"
#include "core/storage/engines.hpp"

namespace gantry::app {
namespace {

namespace asio = boost::asio;

constexpr Millis k_status_every{60'000};
constexpr Millis k_facts_every{86'400'000};
constexpr Millis k_facts_retry{300'000};
constexpr Millis k_stop_grace{1'500};

// A small, long-lived process: one arena, memory given back early, no large thresholds that grow.
void keep_memory_small() {
    ::mallopt(M_ARENA_MAX, 1);
    ::mallopt(M_TRIM_THRESHOLD, 256 * 1024);
    ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    std::signal(SIGPIPE, SIG_IGN);
}

// Wires the rooms and lives for one run.
class AgentProgram {
public:
    AgentProgram(const AgentSettings& settings, const telemetry::Log& log,
                 std::unique_ptr<agent::Spool> spool, agent::Identity identity, Facts facts)
        : settings_(settings),
          log_(log),
          paths_(settings),
          random_(process_entropy() + 1),
          spool_(std::move(spool)),
          facts_(std::move(facts)),
          policies_(paths_.policy),
          transport_(agent::make_http_transport(client_options(identity))),
          monitor_(context_.get_executor(), monitor_parts()),
          uplink_(context_.get_executor(), uplink_parts(), std::move(identity)),
          signals_(context_, SIGTERM, SIGINT),
          facts_timer_(context_) {}

    int run();

private:
    http::ClientOptions client_options(const agent::Identity& identity) const {
        http::ClientOptions out;
        out.ca_file = identity.ca_file;
        out.user_agent = "gantry-agent/" GANTRY_VERSION;
        return out;
    }
    agent::MonitorParts monitor_parts() {
        return {*spool_,           clock_, log_, agent::Platform(), [this] { uplink_.urgent(); },
                settings_.interval};
    }
    agent::UplinkParts uplink_parts() {
        return {*spool_,
                policies_,
                *transport_,
                clock_,
                random_,
                log_,
                facts_,
                agent::boot_id_of("/"),
                [] { return agent::uptime_s_of("/"); },
                paths_.identity,
                [this] { monitor_.use(policies_.current()); },
                [this] {
                    monitor_.request_full_state();
                    uplink_.session().full_state_is_spooled();
                },
                [this] { write_status(); }};
    }
    asio::awaitable<void> run_uplink();
    asio::awaitable<void> spool_facts();
    asio::awaitable<void> stop_on_signal();
    void write_status();

    const AgentSettings& settings_;
    const telemetry::Log& log_;
    StatePaths paths_;
    SystemClock clock_;
    SeededRandom random_;
    std::unique_ptr<agent::Spool> spool_;
    Facts facts_;
    agent::PolicyStore policies_;
    asio::io_context context_{1};
    std::unique_ptr<agent::Transport> transport_;
    agent::Monitor monitor_;
    agent::Uplink uplink_;
    asio::signal_set signals_;
    asio::steady_timer facts_timer_;
    bool uplink_ended_ = false;
    bool stopping_ = false;
    std::string last_status_;  // without its times
    std::chrono::steady_clock::time_point status_at_{};
    TaskGroup tasks_{context_.get_executor()};
};

asio::awaitable<void> AgentProgram::run_uplink() {
    co_await uplink_.run();
    uplink_ended_ = true;
}

// At the start and daily; the server sees what changed.
asio::awaitable<void> AgentProgram::spool_facts() {
    while (!stopping_) {
        const auto saved = spool_->append_facts(facts_);
        if (!saved) log_.error("spool_unwritable", {{"reason", saved.error().message}});
        facts_timer_.expires_after(saved ? k_facts_every : k_facts_retry);
        boost::system::error_code ignored;
        co_await facts_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        facts_ = agent::collect_facts("/", GANTRY_VERSION);
        if (!settings_.asset_tag.empty()) facts_.asset_tag = settings_.asset_tag;
    }
}

asio::awaitable<void> AgentProgram::stop_on_signal() {
    boost::system::error_code ignored;
    co_await signals_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    log_.info("agent_stops");
    stopping_ = true;
    monitor_.stop();
    uplink_.stop();
    facts_timer_.cancel();
    asio::steady_timer timer(context_);
    for (Millis waited{0}; waited < k_stop_grace; waited += Millis{50}) {
        if (monitor_.idle() && uplink_ended_) break;
        timer.expires_after(Millis{50});
        co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (auto flushed = spool_->flush(); !flushed) {
        log_.error("spool_unwritable", {{"reason", flushed.error().message}});
    }
    // An exchange or a plugin that is still under way is not waited for: all is on disk.
    if (!monitor_.idle() || !uplink_ended_) {
        monitor_.kill_plugins();
        std::_Exit(0);
    }
    context_.stop();
}

void AgentProgram::write_status() {
    AgentStatus status;
    status.policy = policies_.current().name;
    status.policy_etag = policies_.current().etag;
    status.problem = uplink_.last_problem();
    status.conditions = monitor_.evaluator().full_state();
    status.ignored_instances = monitor_.evaluator().ignored_instances();
    status.spool = spool_->status();
    const auto now = clock_.steady_now();
    // What moves with every report does not count as news.
    AgentStatus news = status;
    news.spool.last_seq = news.spool.acked_seq = news.spool.samples = news.spool.bytes = 0;
    std::string fingerprint = encode_status(news, Instant{});
    if (fingerprint == last_status_ && now - status_at_ < k_status_every) return;
    status.acknowledged_at = uplink_.session().acknowledged_at();
    status.clock_skew_ms = uplink_.session().clock_skew().count();
    last_status_ = std::move(fingerprint);
    status_at_ = now;
    const auto written = agent::write_state_file(paths_.status, encode_status(status, clock_.now()),
                                                 agent::Flush::lazy);
    if (!written) log_.warn("status_not_written", {{"reason", written.error().message}});
}

int AgentProgram::run() {
    const auto cached = policies_.load();
    if (!cached && cached.error().code != ErrorCode::not_found) {
        log_.error("policy_unreadable", {{"reason", cached.error().message}});
    }
    log_.info("agent_starts", {{"version", GANTRY_VERSION},
                               {"agent_id", uplink_.identity().agent_id},
                               {"server", uplink_.identity().server},
                               {"epoch", spool_->status().epoch},
                               {"policy", policies_.current().name}});
    monitor_.use(policies_.current());
    tasks_.spawn(stop_on_signal());
    tasks_.spawn(spool_facts());
    tasks_.spawn(monitor_.run());
    tasks_.spawn(run_uplink());
    context_.run();
    return 0;
}

}  // namespace

int run_agent(const AgentSettings& settings) {
    keep_memory_small();
    const telemetry::Log log("gantry-agent", settings.log_level);
    const StatePaths paths(settings);
    auto identity = agent::load_identity(paths.identity);
    if (!identity) {
        log.error("not_enrolled", {{"reason", identity.error().message},
                                   {"how", "gantry-agent enrol --server URL --token T"}});
        return 1;
    }
    if (!settings.server.empty()) identity->server = settings.server;
    if (!settings.ca_file.empty()) identity->ca_file = settings.ca_file;
    const bool is_copied_ca = !identity->ca_file.empty() && identity->ca_file.front() != '/';
    if (is_copied_ca && settings.ca_file.empty()) {
        identity->ca_file = paths.directory + "/" + identity->ca_file;
    }
    agent::SpoolOptions options;
    options.directory = paths.directory;
    options.max_bytes = settings.spool_max_bytes;
    options.boot_id = agent::boot_id_of("/");
    if (options.boot_id.empty()) {
        log.error("no_boot_id", {{"reason", agent::k_no_boot_id}});
        return 1;
    }
    const SystemClock clock;
    SeededRandom random(process_entropy());
    auto spool = agent::Spool::open(std::move(options), &storage::open_sqlite, clock, random);
    if (!spool) {
        log.error("spool_unusable", {{"reason", spool.error().message}});
        return 1;
    }
    Facts facts = agent::collect_facts("/", GANTRY_VERSION);
    if (!settings.asset_tag.empty()) facts.asset_tag = settings.asset_tag;
    try {
        AgentProgram program(settings, log, std::move(*spool), std::move(*identity),
                             std::move(facts));
        return program.run();
    } catch (const std::exception& defect) {  // of a task: the spool has what was seen
        log.error("agent_failed", {{"defect", defect.what()}});
        return 1;
    }
}

}  // namespace gantry::app
