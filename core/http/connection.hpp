// One connection: a coroutine that reads requests, calls the handler and writes answers. All
// connections of a server share its state: one thread, so one read buffer and one inflater serve
// them all, and an idle connection holds little more than its TLS session. Private to core/http.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/async/task_group.hpp"
#include "core/http/connection_table.hpp"
#include "core/http/gzip.hpp"
#include "core/http/refusal.hpp"
#include "core/http/request_parser.hpp"
#include "core/http/server.hpp"
#include "core/http/tls.hpp"

namespace gantry::http {

struct ServerState {
    ServerState(boost::asio::any_io_executor executor, ServerOptions options, Handler handler,
                telemetry::Registry& registry);

    boost::asio::any_io_executor executor;
    ServerOptions options;
    Handler handler;
    ServerMetrics metrics;
    SystemClock clock;
    ConnectionTable table;
    BodyBudget budget;
    Inflater inflater;
    std::unique_ptr<char[]> scratch;  // used between two suspensions, never across one
    std::shared_ptr<TlsContext> tls;  // null: plain HTTP
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer sweep;
    boost::asio::steady_timer emptied;  // cancelled when the last connection has gone
    bool sweeping = false;
    bool draining = false;  // no new connection, no further request
    bool gone = false;      // the Server was destroyed: the handler must not be called
    TaskGroup tasks;        // the listener; a connection's failure is its own

    // For co_spawn of what one connection does: a defect there is logged, not everybody's end.
    static auto failure_of_one(std::shared_ptr<ServerState> state) {
        return [state = std::move(state)](const std::exception_ptr& thrown) {
            if (thrown) state->options.log.error("http_connection_failed");
        };
    }

    static constexpr std::size_t k_scratch_bytes = 64 * 1024;
    // Whoever rests may do so for so long before a newer connection takes the place.
    static constexpr Millis k_patience{1'000};
};

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<ServerState> state, boost::asio::ip::tcp::socket socket);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // The whole life. `self` keeps it alive.
    static boost::asio::awaitable<void> serve(std::shared_ptr<Connection> self);

    void on_deadline();  // its phase lasted too long
    void give_way();     // evicted, or idle while the server stops
    void abort();        // the drain is over
    [[nodiscard]] bool owns(const BodyLease& lease) const { return &lease == &lease_; }

private:
    enum class Got { request, refusal, nothing };

    boost::asio::awaitable<bool> handshake();
    boost::asio::awaitable<Got> read_request();
    boost::asio::awaitable<bool> answer_request();
    boost::asio::awaitable<Response> call_handler(Request request);
    boost::asio::awaitable<bool> respond(Response response, bool keep_alive);
    boost::asio::awaitable<void> refuse();
    boost::asio::awaitable<void> linger();
    boost::asio::awaitable<bool> write(std::string_view bytes);
    boost::asio::awaitable<bool> wait(Io what);
    static boost::asio::awaitable<void> answer_late(std::shared_ptr<Connection> self);

    bool inflate_body(Request& request);
    RequestParser::Status feed(std::size_t count);
    RequestParser::Status feed_pending();
    void moved(std::size_t bytes);
    Got lost();
    Io read_some(std::size_t& count);
    Io write_some(std::string_view bytes, std::size_t& count);
    void enter(Phase phase);
    void close();

    std::shared_ptr<ServerState> state_;
    boost::asio::ip::tcp::socket socket_;
    std::shared_ptr<TlsContext> context_;  // outlives the session made from it
    std::unique_ptr<TlsSession> tls_;
    std::string peer_;
    std::string pending_;  // read, not yet consumed: half a header, or a pipelined request
    BodyLease lease_;
    RequestParser parser_;
    ConnectionTable::Place place_;
    std::optional<Phase> cut_;  // the phase whose deadline passed, or closing
    Refusal refusal_;
    unsigned served_ = 0;
    bool abandoned_ = false;  // the handler still runs, but its answer is not wanted any more
};

}  // namespace gantry::http
