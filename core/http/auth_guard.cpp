#include "core/http/auth_guard.hpp"

#include <algorithm>

namespace gantry::http {
namespace {

constexpr std::size_t k_max_entries = 10'000;
constexpr double k_burst = 20;
constexpr double k_per_second = 1.0 / 3;
constexpr std::chrono::minutes k_good_for{5};

std::string host_of(std::string_view address) {
    return std::string(address.substr(0, address.rfind(':')));
}

}  // namespace

// Full: everything goes. A flood of addresses then starts with fresh buckets, which still bounds
// each of them, and costs no order to keep.
template <class Map>
void AuthGuard::make_room(Map& map) {
    if (map.size() >= k_max_entries) map.clear();
}

AuthGuard::Bucket& AuthGuard::bucket(std::string_view address) {
    const Moment now = clock_.steady_now();
    std::string host = host_of(address);
    if (!failures_.contains(host)) make_room(failures_);
    Bucket& found = failures_.try_emplace(std::move(host), Bucket{k_burst, now}).first->second;
    const std::chrono::duration<double> passed = now - found.at;
    found.tokens = std::min(k_burst, found.tokens + passed.count() * k_per_second);
    found.at = now;
    return found;
}

bool AuthGuard::may_try(std::string_view address, const std::string& credential) {
    const auto good = good_until_.find(credential);
    if (good != good_until_.end() && good->second > clock_.steady_now()) return true;
    // Addresses that never failed are not remembered.
    return !failures_.contains(host_of(address)) || bucket(address).tokens >= 1;
}

void AuthGuard::failed(std::string_view address) {
    Bucket& found = bucket(address);
    found.tokens = std::max(0.0, found.tokens - 1);
}

void AuthGuard::succeeded(const std::string& credential) {
    if (!good_until_.contains(credential)) make_room(good_until_);
    good_until_[credential] = clock_.steady_now() + k_good_for;
}

}  // namespace gantry::http
