#include "app/gantryd/token_cache.hpp"

#include "core/crypto/crypto.hpp"

namespace gantry::app {
namespace {

constexpr std::size_t k_max_known = 20'000;
constexpr std::chrono::seconds k_believe{10};
constexpr int k_max_reads = 3;

// Believed no longer than the token lasts; an expiry is by the wall clock.
bool is_over(Instant expires_at, Instant now) {
    return expires_at != Instant{} && expires_at <= now;
}

}  // namespace

TokenCache::TokenCache(storage::Database& database, Worker& reader, const Clock& clock)
    : reader_(reader), clock_(clock), connection_(storage::LazyConnection::reading(database)) {}

TokenCache::~TokenCache() = default;

boost::asio::awaitable<Result<records::Token>> TokenCache::read(std::string hash) {
    auto job = [this, hash = std::move(hash)]() -> Result<records::Token> {
        auto open = connection_.get();
        if (!open) return open.error();
        return records::token_by_hash(**open, hash);
    };
    co_return co_await reader_.run(std::move(job));
}

boost::asio::awaitable<Result<records::Token>> TokenCache::find(std::string hash) {
    auto token = co_await read(std::move(hash));
    if (token && token->kind != records::TokenKind::enrolment) {
        co_return fail(ErrorCode::not_found, "not an enrolment token");
    }
    co_return token;
}

boost::asio::awaitable<Result<Principal>> TokenCache::authenticate(std::string token) {
    std::string hash = crypto::sha256_hex(token);
    const auto known = known_.find(hash);
    if (known != known_.end() && known->second.until > clock_.steady_now() &&
        !is_over(known->second.expires_at, clock_.now())) {
        co_return known->second.principal;
    }
    std::uint64_t cleared = cleared_;
    auto found = co_await read(hash);
    // What was read before a revocation was told does not hold after it.
    for (int reads = 1; cleared != cleared_ && reads < k_max_reads; ++reads) {
        cleared = cleared_;
        found = co_await read(hash);
    }
    Result<Principal> principal = fail(ErrorCode::unauthorised, "the token is not known");
    if (found) {
        principal = records::principal_of(*found, clock_.now());
    } else if (found.error().code != ErrorCode::not_found) {
        co_return found.error();  // cannot tell now: neither believed nor remembered
    }
    if (cleared != cleared_) {
        co_return fail(ErrorCode::unavailable, "credentials change too fast to tell");
    }
    if (known_.size() >= k_max_known) known_.clear();
    known_.insert_or_assign(std::move(hash), Known{principal, clock_.steady_now() + k_believe,
                                                   found ? found->expires_at : Instant{}});
    co_return principal;
}

}  // namespace gantry::app
