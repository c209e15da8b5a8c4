// AuthGuard: bounds how often one address may try credentials that fail (a token bucket: 20 at
// once, then one every three seconds), so that guessing costs neither queries nor log lines. A
// credential that was good a short while ago always passes: a guesser behind the same address must
// not lock its neighbours out. The API's credentials and enrolment tokens have one each.
//
// Bounded: 10,000 addresses and as many credentials; a full table starts anew. One thread.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/async/token_bucket.hpp"
#include "core/time/clock.hpp"

namespace gantry::http {

class AuthGuard {
public:
    explicit AuthGuard(const Clock& clock) : clock_(clock) {}

    // `address` as "192.0.2.1:5012" or "[2001:db8::1]:5012"; the port does not count.
    // `credential` is a digest, never the text.
    [[nodiscard]] bool may_try(std::string_view address, const std::string& credential);
    void failed(std::string_view address);
    void succeeded(const std::string& credential);
    // For all credentials: what was good before may be revoked now.
    void forget() { good_until_.clear(); }

private:
    using Moment = std::chrono::steady_clock::time_point;
    template <class Map>
    void make_room(Map& map);

    const Clock& clock_;
    std::unordered_map<std::string, TokenBucket> failures_;
    std::unordered_map<std::string, Moment> good_until_;
};

}  // namespace gantry::http
