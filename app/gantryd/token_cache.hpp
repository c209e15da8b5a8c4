// TokenCache: whose token is this, in memory. A miss reads the records on a Worker; what was found,
// or not found, is believed for a short while, but never beyond its expiry, so that neither a busy
// monitor nor a guesser costs a query per request. Revoking clears it at once. Enrolment tokens are
// always read: the agents' desk bounds who guesses them.
//
// Threading: the server's executor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/async/worker.hpp"
#include "core/ports/authenticator.hpp"
#include "core/ports/enrolment_tokens.hpp"
#include "core/storage/lazy_connection.hpp"
#include "core/time/clock.hpp"

namespace gantry::app {

class TokenCache final : public Authenticator, public EnrolmentTokens {
public:
    TokenCache(storage::Database& database, Worker& reader, const Clock& clock);
    ~TokenCache() override;

    boost::asio::awaitable<Result<Principal>> authenticate(std::string token) override;
    boost::asio::awaitable<Result<records::Token>> find(std::string hash) override;
    void clear() {
        known_.clear();
        ++cleared_;
    }

private:
    struct Known {
        Result<Principal> principal;
        std::chrono::steady_clock::time_point until;
        Instant expires_at{};  // epoch = never
    };
    boost::asio::awaitable<Result<records::Token>> read(std::string hash);

    Worker& reader_;  // one thread
    const Clock& clock_;
    storage::LazyConnection connection_;            // the reader's
    std::unordered_map<std::string, Known> known_;  // by hash, at most k_max_known
    std::uint64_t cleared_ = 0;  // a read begun before the last clear() is not remembered
};

}  // namespace gantry::app
