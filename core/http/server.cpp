#include "core/http/server.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "core/http/connection.hpp"

namespace gantry::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto k_accept_pause = Millis{50};
constexpr auto k_last_wait = Millis{1'000};
constexpr std::size_t k_files_for_others = 128;  // databases, logs, outgoing connections
constexpr int k_backlog = 4096;

using State = std::shared_ptr<ServerState>;

// A wait is over soon after its deadline, and an idle server sleeps.
Millis sweep_interval(const ServerOptions& options) {
    const Millis shortest =
        std::min({options.handshake_timeout, options.header_timeout, options.body_timeout,
                  options.idle_timeout, options.handler_timeout, options.write_timeout,
                  options.rate_window});
    return std::clamp(shortest / 8, Millis{5}, Millis{250});
}

void arm_sweep(const State& state) {
    if (state->sweeping || state->table.size() == 0) return;
    state->sweeping = true;
    state->sweep.expires_after(sweep_interval(state->options));
    state->sweep.async_wait([state](const error_code& error) {
        state->sweeping = false;
        if (error) return;
        const SteadyTime now = state->clock.steady_now();
        while (Connection* late = state->table.expired(now)) late->on_deadline();
        arm_sweep(state);
    });
}

bool make_room(const State& state) {
    Connection* victim = state->table.victim(state->clock.steady_now(), ServerState::k_patience);
    if (victim == nullptr) return false;
    state->metrics.refused(Reason::evicted);
    victim->give_way();
    return true;
}

void admit(const State& state, tcp::socket socket) {
    if (state->table.open() >= state->options.max_connections && !make_room(state)) {
        state->metrics.refused(Reason::connections);
        return;  // the socket closes
    }
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    if (!error) socket.native_non_blocking(true, error);
    if (error) return;  // the client has gone already
    auto connection = std::make_shared<Connection>(state, std::move(socket));
    asio::co_spawn(state->executor, Connection::serve(std::move(connection)),
                   ServerState::failure_of_one(state));
    arm_sweep(state);
}

// The client's fault, over with this one connection; everything else is a shortage of ours.
bool is_passing(const error_code& error) {
    return error == asio::error::connection_aborted || error == asio::error::connection_reset ||
           error == asio::error::interrupted || error == asio::error::timed_out ||
           error == boost::system::errc::protocol_error;
}

asio::awaitable<void> accept_all(State state) {
    asio::steady_timer pause(state->executor);
    while (!state->draining) {
        error_code error;
        tcp::socket socket =
            co_await state->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (state->draining) co_return;
        if (!error) {
            admit(state, std::move(socket));
            continue;
        }
        if (is_passing(error)) continue;
        // No descriptor left: the waiting client keeps the acceptor readable, so trying again at
        // once would spin.
        state->metrics.refused(Reason::accept_error);
        state->options.log.warn("http_accept_failed", {{"reason", error.message()}});
        make_room(state);
        pause.expires_after(k_accept_pause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
}

void abort_all(ServerState& state) {
    for (std::size_t i = 0; i < k_phases; ++i) {
        const auto phase = static_cast<Phase>(i);
        if (phase == Phase::abandoned || phase == Phase::closing) continue;
        while (!state.table.list(phase).empty())
            state.table.list(phase).front().connection->abort();
    }
}

class BeastServer final : public Server {
public:
    explicit BeastServer(State state)
        : state_(std::move(state)), port_(state_->acceptor.local_endpoint().port()) {}

    ~BeastServer() override {
        close_acceptor();
        state_->gone = true;
        abort_all(*state_);
        state_->sweep.cancel();
    }

    [[nodiscard]] std::uint16_t port() const override { return port_; }

    asio::awaitable<void> stop(Millis drain) override {
        const State state = state_;
        close_acceptor();
        const auto& idle = state->table.list(Phase::idle);
        while (!idle.empty()) idle.front().connection->give_way();
        error_code ignored;
        for (const Millis patience : {drain, k_last_wait}) {
            if (state->table.size() == 0) co_return;
            state->emptied.expires_after(patience);
            co_await state->emptied.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            abort_all(*state);
        }
    }

    Result<void> reload_certificate() override {
        if (state_->tls == nullptr) return {};
        auto tls = make_tls_context(state_->options.certificate_file, state_->options.key_file);
        if (!tls) return tls.error();
        state_->tls = std::move(*tls);
        return {};
    }

private:
    void close_acceptor() {
        state_->draining = true;
        error_code ignored;
        state_->acceptor.close(ignored);
    }

    State state_;
    std::uint16_t port_;
};

Result<void> listen(tcp::acceptor& acceptor, const ServerOptions& options) {
    error_code error;
    const auto address = asio::ip::make_address(options.address, error);
    if (error) {
        return fail(ErrorCode::invalid_input,
                    "listen address \"" + options.address + "\" is no IP address");
    }
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && address.is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(k_backlog, error);
    if (error) {
        return fail(ErrorCode::unavailable, "listen on " + options.address + " port " +
                                                std::to_string(options.port) + ": " +
                                                error.message());
    }
    return {};
}

std::size_t soft_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
}

}  // namespace

std::size_t raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    return soft_file_limit();
}

Result<std::unique_ptr<Server>> start_server(asio::any_io_executor executor, ServerOptions options,
                                             Handler handler, telemetry::Registry& metrics) {
    const std::size_t files = soft_file_limit();
    const std::size_t room =
        files > 2 * k_files_for_others ? files - k_files_for_others : files / 2;
    options.max_connections = std::min(options.max_connections, room);
    auto state = std::make_shared<ServerState>(std::move(executor), std::move(options),
                                               std::move(handler), metrics);
    if (!state->options.certificate_file.empty()) {
        auto tls = make_tls_context(state->options.certificate_file, state->options.key_file);
        if (!tls) return tls.error();
        state->tls = std::move(*tls);
    }
    if (const auto listening = listen(state->acceptor, state->options); !listening) {
        return listening.error();
    }
    state->tasks.spawn(accept_all(state));
    return std::unique_ptr<Server>(std::make_unique<BeastServer>(std::move(state)));
}

}  // namespace gantry::http
