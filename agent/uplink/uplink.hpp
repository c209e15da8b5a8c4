// Uplink: carries the spool to the server, one report at a time. A state transition goes out at
// once (urgent() waits 200 ms for its neighbours), samples at the pace that the server sets; after
// failures full-jitter back-off, which nothing shortens.
//
// Threading: everything runs on the given executor's one thread; the exchange itself is behind
// Transport (a curl client on a Worker in life, a script in tests).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>

#include "agent/policy/policy_store.hpp"
#include "agent/uplink/identity.hpp"
#include "agent/uplink/session.hpp"
#include "core/http/client.hpp"
#include "core/telemetry/log.hpp"

namespace gantry::agent {

class Transport {
public:
    virtual ~Transport() = default;
    virtual boost::asio::awaitable<Result<http::Response>> send(http::ClientRequest request) = 0;
};

struct UplinkParts {
    Spool& spool;
    PolicyStore& policies;
    Transport& transport;
    const Clock& clock;
    RandomSource& random;
    const telemetry::Log& log;
    Facts facts;
    std::string boot_id;
    std::function<std::int64_t()> uptime_s;  // of that boot by now; 0 = cannot tell
    std::string identity_file;
    std::function<void()> on_policy;      // the current policy changed
    std::function<void()> on_full_state;  // the server asks for one
    std::function<void()> on_exchange;    // something changed that status should show
};

class Uplink {
public:
    Uplink(boost::asio::any_io_executor executor, UplinkParts parts, Identity identity);
    // Runs until stop().
    boost::asio::awaitable<void> run();
    void urgent();
    void stop();

    [[nodiscard]] const Identity& identity() const { return identity_; }
    [[nodiscard]] Session& session() { return session_; }
    [[nodiscard]] const std::string& last_problem() const { return last_problem_; }

private:
    boost::asio::awaitable<void> wait(Next next);
    boost::asio::awaitable<void> exchange(Next* next);
    boost::asio::awaitable<void> fetch_policy(std::string wanted_etag);
    boost::asio::awaitable<void> enrol_anew(Next* next);
    void note(const Next& next);

    UplinkParts parts_;
    Identity identity_;
    Session session_;
    boost::asio::steady_timer timer_;
    bool urgent_ = false;
    bool stopped_ = false;
    AnswerKind last_kind_ = AnswerKind::acknowledged;
    bool ever_answered_ = false;
    std::string last_problem_;
    std::string refused_policy_;  // etag of the document that will never do: not fetched again
};

}  // namespace gantry::agent
