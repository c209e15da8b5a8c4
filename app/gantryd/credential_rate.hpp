// CredentialRate: how many requests one credential may make, so that one monitor gone wild, or one
// stolen token, leaves room for everybody else: a token bucket per credential. Who exceeds it is
// told when to come back, and counted in gantry_http_rate_limited_total{route}.
//
// Bounded: credentials whose bucket is full again are forgotten when the table is full; when that
// makes no room, it starts anew. It knows digests only. Threading: the server's executor.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "core/async/token_bucket.hpp"
#include "core/telemetry/metrics.hpp"
#include "core/time/clock.hpp"

namespace gantry::app {

struct CredentialRateOptions {
    std::int64_t per_second = 2'000;
    std::int64_t burst = 4'000;
    std::size_t max_credentials = 200'000;  // some 70 bytes each
};

class CredentialRate {
public:
    enum class Route : std::uint8_t { intake, report };

    CredentialRate(const Clock& clock, CredentialRateOptions options, telemetry::Registry& metrics);

    // Takes one request off the credential's bucket. Empty: it may pass; else the whole seconds
    // after which it may. An empty credential always passes: it proves nothing anyway.
    [[nodiscard]] std::optional<std::int64_t> refused(std::string_view credential, Route route);
    [[nodiscard]] std::size_t size() const { return buckets_.size(); }

private:
    void make_room(TokenBucket::Steady now);

    const Clock& clock_;
    CredentialRateOptions options_;
    telemetry::Counter& intake_;
    telemetry::Counter& report_;
    std::unordered_map<std::uint64_t, TokenBucket> buckets_;  // by the digest's first 64 bits
};

}  // namespace gantry::app
