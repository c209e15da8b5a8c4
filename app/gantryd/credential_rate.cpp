#include "app/gantryd/credential_rate.hpp"

#include <algorithm>
#include <string>

#include "core/crypto/crypto.hpp"

namespace gantry::app {
namespace {

std::uint64_t digest_of(std::string_view credential) {
    return std::stoull(crypto::sha256_hex(credential).substr(0, 16), nullptr, 16);
}

telemetry::Counter& counter(telemetry::Registry& metrics, const char* route) {
    return metrics.counter("gantry_http_rate_limited_total",
                           "Requests refused because their credential made too many, by route.",
                           {{"route", route}});
}

}  // namespace

CredentialRate::CredentialRate(const Clock& clock, CredentialRateOptions options,
                               telemetry::Registry& metrics)
    : clock_(clock),
      options_(options),
      intake_(counter(metrics, "intake")),
      report_(counter(metrics, "report")) {}

// A full bucket is as good as none.
void CredentialRate::make_room(TokenBucket::Steady now) {
    std::erase_if(buckets_, [now](auto& known) { return known.second.is_full(now); });
    if (buckets_.size() >= options_.max_credentials) buckets_.clear();
}

std::optional<std::int64_t> CredentialRate::refused(std::string_view credential, Route route) {
    if (credential.empty()) return std::nullopt;
    const TokenBucket::Steady now = clock_.steady_now();
    const std::uint64_t digest = digest_of(credential);
    if (buckets_.size() >= options_.max_credentials && !buckets_.contains(digest)) make_room(now);
    const Rate rate{static_cast<double>(options_.per_second), static_cast<double>(options_.burst)};
    TokenBucket& bucket = buckets_.try_emplace(digest, rate, now).first->second;
    if (bucket.available(now) > 0) {
        bucket.take(now);
        return std::nullopt;
    }
    (route == Route::intake ? intake_ : report_).add();
    const auto wait = std::chrono::ceil<std::chrono::seconds>(bucket.next(now) - now);
    return std::max<std::int64_t>(1, wait.count());
}

}  // namespace gantry::app
