#include "core/http/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "core/http/response_head.hpp"

namespace gantry::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t k_one_record = 16 * 1024;  // head and body up to this go out together
constexpr std::size_t k_max_linger_bytes = 4 << 20;
constexpr unsigned k_requests_per_turn = 8;  // then others get the thread
constexpr auto k_max_linger = Millis{1'000};

std::string name_of(const tcp::socket& socket) {
    error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return "unknown";
    auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    }
    const std::string text = address.to_string();
    return (address.is_v6() ? "[" + text + "]" : text) + ":" + std::to_string(endpoint.port());
}

ConnectionTable::Timeouts timeouts_of(const ServerOptions& options) {
    ConnectionTable::Timeouts timeouts{};
    const auto set = [&](Phase phase, Millis timeout) {
        timeouts[static_cast<std::size_t>(phase)] = timeout;
    };
    set(Phase::handshake, options.handshake_timeout);
    set(Phase::header, options.header_timeout);
    set(Phase::body, options.body_timeout);
    set(Phase::idle, options.idle_timeout);
    set(Phase::handler, options.handler_timeout);
    set(Phase::write, options.write_timeout);
    set(Phase::linger, std::min(k_max_linger, options.write_timeout));
    return timeouts;
}

MinimumRate rate_of(const ServerOptions& options) {
    const auto bytes =
        options.min_bytes_per_second * static_cast<std::size_t>(options.rate_window.count()) / 1000;
    return {std::max<std::size_t>(bytes, 1), options.rate_window};
}

Io outcome_of(ssize_t result, std::size_t& count, Io when_blocked) {
    if (result > 0) {
        count = static_cast<std::size_t>(result);
        return Io::done;
    }
    if (result == 0) return Io::closed;
    const bool blocked = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return blocked ? when_blocked : Io::failed;
}

}  // namespace

ServerState::ServerState(asio::any_io_executor executor_in, ServerOptions options_in,
                         Handler handler_in, telemetry::Registry& registry)
    : executor(std::move(executor_in)),
      options(std::move(options_in)),
      handler(std::move(handler_in)),
      metrics(registry),
      table(timeouts_of(options), rate_of(options)),
      budget{options.max_inflight_bytes, 0},
      scratch(std::make_unique<char[]>(k_scratch_bytes)),
      acceptor(executor),
      sweep(executor),
      emptied(executor),
      tasks(executor) {
    budget.make_room = [this](const BodyLease& asking) {
        Connection* victim = table.stalled_body(clock.steady_now(), k_patience);
        if (victim == nullptr || victim->owns(asking)) return false;
        metrics.refused(Reason::evicted);
        victim->give_way();
        return true;
    };
}

Connection::Connection(std::shared_ptr<ServerState> state, tcp::socket socket)
    : state_(std::move(state)),
      socket_(std::move(socket)),
      context_(state_->tls),
      peer_(name_of(socket_)),
      lease_(state_->budget),
      parser_(ParserLimits{state_->options.max_header_bytes, state_->options.max_body_bytes,
                           &state_->options.body_limit},
              lease_),
      place_(state_->table.add(this, context_ ? Phase::handshake : Phase::header,
                               state_->clock.steady_now())) {
    state_->metrics.connections.add(1);
}

Connection::~Connection() {
    state_->table.remove(place_);
    state_->metrics.connections.add(-1);
    if (state_->table.size() == 0) state_->emptied.cancel();
}

asio::awaitable<void> Connection::serve(std::shared_ptr<Connection> self) {
    bool more = true;
    if (self->context_ != nullptr) more = co_await self->handshake();
    while (more) {
        const Got got = co_await self->read_request();
        if (got == Got::request) {
            more = co_await self->answer_request();
        } else {
            if (got == Got::refusal) co_await self->refuse();
            more = false;
        }
        // A client that always has the next request ready must not keep the thread to itself.
        if (more && ++self->served_ % k_requests_per_turn == 0) {
            co_await asio::post(self->state_->executor, asio::use_awaitable);
        }
    }
    if (!self->abandoned_) self->close();
}

asio::awaitable<bool> Connection::handshake() {
    // Who says nothing costs no TLS state.
    if (!co_await wait(Io::want_read)) co_return false;
    tls_ = context_->accept(socket_.native_handle());
    if (tls_ == nullptr) co_return false;
    while (true) {
        const Io io = tls_->handshake();
        if (io == Io::done) co_return true;
        if (io == Io::closed || io == Io::failed) {
            state_->metrics.refused(Reason::handshake);
            state_->options.log.debug("tls_handshake_failed",
                                      {{"peer", peer_}, {"reason", tls_->error()}});
            if (tls_->saw_plain_http()) {
                tls_.reset();
                auto sending =
                    respond(problem(400, "https_required", "this port speaks HTTPS only"), false);
                if (co_await std::move(sending)) co_await linger();
            }
            co_return false;
        }
        if (!co_await wait(io)) co_return false;
    }
}

asio::awaitable<Connection::Got> Connection::read_request() {
    parser_.reset();
    if (pending_.empty()) pending_ = std::string();  // gives its memory back
    // A fresh connection has to show a header soon; one that has proved itself may rest.
    enter(served_ == 0 || !pending_.empty() ? Phase::header : Phase::idle);
    auto status = RequestParser::Status::need_more;
    if (!pending_.empty()) status = feed_pending();
    while (status == RequestParser::Status::need_more) {
        if (parser_.take_expectation()) {
            if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n")) co_return Got::nothing;
            enter(Phase::body);
        }
        std::size_t count = 0;
        const Io io = read_some(count);
        if (io == Io::done) {
            status = feed(count);
        } else if (io == Io::closed || io == Io::failed) {
            if (parser_.started()) state_->metrics.refused(Reason::aborted);
            co_return Got::nothing;
        } else if (!co_await wait(io)) {
            co_return lost();
        }
    }
    if (status == RequestParser::Status::complete) co_return Got::request;
    refusal_ = parser_.refusal();
    co_return Got::refusal;
}

RequestParser::Status Connection::feed(std::size_t count) {
    if (place_->phase == Phase::idle) enter(Phase::header);
    moved(count);
    const std::string_view bytes(state_->scratch.get(), count);
    if (!pending_.empty()) {
        pending_.append(bytes);
        return feed_pending();
    }
    std::size_t consumed = 0;
    const auto status = parser_.feed(bytes, consumed);
    if (consumed < count) pending_.assign(bytes.substr(consumed));
    if (place_->phase == Phase::header && parser_.header_done()) enter(Phase::body);
    return status;
}

RequestParser::Status Connection::feed_pending() {
    std::size_t consumed = 0;
    const auto status = parser_.feed(pending_, consumed);
    pending_.erase(0, consumed);
    if (place_->phase == Phase::header && parser_.header_done()) enter(Phase::body);
    return status;
}

// A wait for the client ended without it: is there somebody to tell?
Connection::Got Connection::lost() {
    const bool header_cut = cut_ == Phase::header && parser_.started();
    if (header_cut || cut_ == Phase::body) {
        refusal_ = Refusal{header_cut ? Reason::header_timeout : Reason::body_timeout, 408,
                           "request_timeout", "the request did not arrive in time"};
        cut_.reset();
        return Got::refusal;
    }
    return Got::nothing;
}

bool Connection::inflate_body(Request& request) {
    const std::size_t max_bytes =
        std::min(state_->options.max_inflated_bytes, parser_.inflated_limit());
    Result<std::string> plain = state_->inflater.inflate(request.body, max_bytes);
    if (!plain) {
        const bool large = plain.error().code == ErrorCode::limit;
        refusal_ = Refusal{large ? Reason::inflated_limit : Reason::malformed, large ? 413 : 400,
                           large ? "body_too_large" : "malformed_body", plain.error().message};
        return false;
    }
    request.body = std::move(*plain);
    lease_.release();
    if (lease_.grow(request.body.size())) return true;
    refusal_ =
        Refusal{Reason::inflight, 503, "overloaded", "too many requests are under way; try again"};
    return false;
}

asio::awaitable<bool> Connection::answer_request() {
    const SteadyTime begin = state_->clock.steady_now();
    Request request = parser_.take();
    if (parser_.is_gzip() && !request.body.empty() && !inflate_body(request)) {
        co_await refuse();
        co_return false;
    }
    if (state_->gone) co_return false;
    request.peer = peer_;
    enter(Phase::handler);
    auto call = call_handler(std::move(request));
    Response response = co_await std::move(call);
    lease_.release();
    if (abandoned_) co_return false;  // answer_late() has the stream

    const bool keep_alive = parser_.keep_alive() && !state_->draining;
    auto sending = respond(std::move(response), keep_alive);
    const bool sent = co_await std::move(sending);
    const std::chrono::duration<double> took = state_->clock.steady_now() - begin;
    state_->metrics.request_seconds.observe(took.count());
    if (sent && !keep_alive && !pending_.empty()) co_await linger();
    co_return sent&& keep_alive;
}

asio::awaitable<Response> Connection::call_handler(Request request) {
    std::string what;
    try {
        auto call = state_->handler(std::move(request));
        co_return co_await std::move(call);
    } catch (const std::exception& exception) {
        what = exception.what();
    } catch (...) {
        what = "unknown exception";
    }
    state_->metrics.refused(Reason::handler_error);
    state_->options.log.error("http_handler_threw", {{"peer", peer_}, {"what", what}});
    co_return problem(500, "internal", "the server failed to handle the request");
}

// True: all bytes are with the kernel.
asio::awaitable<bool> Connection::respond(Response response, bool keep_alive) {
    enter(Phase::write);
    state_->metrics.answered(response.status);
    HeadOptions head;
    head.keep_alive = keep_alive;
    head.http_10 = parser_.is_http_10();
    std::string out = response_head(response, head);
    const bool body = may_have_body(response.status) && !parser_.is_head();
    const bool together = body && out.size() + response.body.size() <= k_one_record;
    if (together) out += response.body;
    bool sent = co_await write(out);
    if (sent && body && !together) sent = co_await write(response.body);
    co_return sent;
}

asio::awaitable<void> Connection::refuse() {
    state_->metrics.refused(refusal_.reason);
    Response response = problem(refusal_.status, refusal_.code, refusal_.detail);
    if (refusal_.status == 503) response.headers.emplace_back("Retry-After", "5");
    if (refusal_.status == 415) response.headers.emplace_back("Accept-Encoding", "gzip");
    lease_.release();
    auto sending = respond(std::move(response), false);
    if (co_await std::move(sending)) co_await linger();
}

// Closing a socket with unread bytes resets it, and the reset may overtake the answer: say that
// nothing follows, then read away what the client still sends, for a bounded while.
asio::awaitable<void> Connection::linger() {
    if (tls_ != nullptr) tls_->close_notify();
    ::shutdown(socket_.native_handle(), SHUT_WR);
    enter(Phase::linger);
    for (std::size_t total = 0; total < k_max_linger_bytes;) {
        std::size_t count = 0;
        const auto got =
            ::recv(socket_.native_handle(), state_->scratch.get(), ServerState::k_scratch_bytes, 0);
        const Io io = outcome_of(got, count, Io::want_read);
        total += count;
        if (io == Io::closed || io == Io::failed) co_return;
        if (io == Io::want_read && !co_await wait(io)) co_return;
    }
}

asio::awaitable<bool> Connection::write(std::string_view bytes) {
    while (!bytes.empty()) {
        std::size_t count = 0;
        const Io io = write_some(bytes, count);
        if (io == Io::done) {
            moved(count);
            bytes.remove_prefix(count);
            continue;
        }
        if (io == Io::closed || io == Io::failed) {
            state_->metrics.refused(Reason::aborted);
            co_return false;
        }
        if (place_->phase != Phase::write) enter(Phase::write);
        if (!co_await wait(io)) co_return false;
    }
    co_return true;
}

// False: the deadline passed, the connection was given up, or it broke.
asio::awaitable<bool> Connection::wait(Io what) {
    if (cut_.has_value()) co_return false;  // while nothing was waited for that could be cancelled
    const auto direction =
        what == Io::want_write ? tcp::socket::wait_write : tcp::socket::wait_read;
    error_code error;
    co_await socket_.async_wait(direction, asio::redirect_error(asio::use_awaitable, error));
    co_return !cut_.has_value() && !error;
}

Io Connection::read_some(std::size_t& count) {
    char* const to = state_->scratch.get();
    if (tls_ != nullptr) return tls_->read(to, ServerState::k_scratch_bytes, count);
    return outcome_of(::recv(socket_.native_handle(), to, ServerState::k_scratch_bytes, 0), count,
                      Io::want_read);
}

Io Connection::write_some(std::string_view bytes, std::size_t& count) {
    if (tls_ != nullptr) return tls_->write(bytes.data(), bytes.size(), count);
    return outcome_of(::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                      count, Io::want_write);
}

void Connection::on_deadline() {
    const Phase phase = place_->phase;
    if (phase == Phase::handler) {
        state_->metrics.refused(Reason::handler_timeout);
        state_->options.log.error("http_handler_overran", {{"peer", peer_}});
        abandoned_ = true;
        enter(Phase::abandoned);
        asio::co_spawn(state_->executor, answer_late(shared_from_this()),
                       ServerState::failure_of_one(state_));
        return;
    }
    if (phase == Phase::handshake) state_->metrics.refused(Reason::handshake_timeout);
    if (phase == Phase::write) state_->metrics.refused(Reason::write_timeout);
    // A header or body timeout that can still be answered is counted with its answer.
    if (phase == Phase::header && !parser_.started()) {
        state_->metrics.refused(Reason::header_timeout);
    }
    cut_ = phase;
    enter(Phase::closing);
    error_code ignored;
    socket_.cancel(ignored);
}

// The handler overran and still runs; its connection's coroutine waits for it, so the stream is
// free for the answer.
asio::awaitable<void> Connection::answer_late(std::shared_ptr<Connection> self) {
    Response response = problem(503, "handler_timeout", "the request took too long");
    response.headers.emplace_back("Retry-After", "5");
    auto sending = self->respond(std::move(response), false);
    co_await std::move(sending);
    self->enter(Phase::abandoned);
    self->close();
}

void Connection::give_way() {
    cut_ = Phase::closing;
    lease_.release();
    enter(Phase::closing);
    error_code ignored;
    socket_.cancel(ignored);
}

void Connection::abort() {
    if (place_->phase == Phase::handler) {
        abandoned_ = true;
        enter(Phase::abandoned);
        close();
    } else if (place_->phase != Phase::abandoned) {
        give_way();
    }
}

void Connection::moved(std::size_t bytes) {
    state_->table.moved(place_, bytes, state_->clock.steady_now());
}

void Connection::enter(Phase phase) {
    state_->table.enter(place_, phase, state_->clock.steady_now());
}

void Connection::close() {
    if (!socket_.is_open()) return;
    if (tls_ != nullptr && !cut_.has_value()) tls_->close_notify();
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
}

}  // namespace gantry::http
