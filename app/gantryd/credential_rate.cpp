#include "app/gantryd/credential_rate.hpp"

#include <algorithm>
#include <cmath>
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

double CredentialRate::tokens_at(const Bucket& bucket, Moment now) const {
    const std::chrono::duration<double> passed = now - bucket.at;
    return std::min(static_cast<double>(options_.burst),
                    bucket.tokens + passed.count() * static_cast<double>(options_.per_second));
}

// A full bucket is as good as none.
void CredentialRate::make_room(Moment now) {
    std::erase_if(buckets_, [&](const auto& known) {
        return tokens_at(known.second, now) >= static_cast<double>(options_.burst);
    });
    if (buckets_.size() >= options_.max_credentials) buckets_.clear();
}

std::optional<std::int64_t> CredentialRate::refused(std::string_view credential, Route route) {
    if (credential.empty()) return std::nullopt;
    const Moment now = clock_.steady_now();
    const std::uint64_t digest = digest_of(credential);
    if (buckets_.size() >= options_.max_credentials && !buckets_.contains(digest)) make_room(now);
    Bucket& bucket = buckets_.try_emplace(digest, Bucket{static_cast<double>(options_.burst), now})
                         .first->second;
    bucket.tokens = tokens_at(bucket, now);
    bucket.at = now;
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return std::nullopt;
    }
    (route == Route::intake ? intake_ : report_).add();
    const double wait_s = (1 - bucket.tokens) / static_cast<double>(options_.per_second);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(wait_s)));
}

}  // namespace gantry::app
