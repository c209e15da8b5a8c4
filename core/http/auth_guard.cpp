#include "core/http/auth_guard.hpp"

#include <utility>

namespace gantry::http {
namespace {

constexpr std::size_t k_max_entries = 10'000;
constexpr Rate k_failures{1.0 / 3, 20};  // a second, and at once
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

bool AuthGuard::may_try(std::string_view address, const std::string& credential) {
    const Moment now = clock_.steady_now();
    const auto good = good_until_.find(credential);
    if (good != good_until_.end() && good->second > now) return true;
    // Addresses that never failed are not remembered.
    const auto known = failures_.find(host_of(address));
    return known == failures_.end() || known->second.available(now) > 0;
}

void AuthGuard::failed(std::string_view address) {
    const Moment now = clock_.steady_now();
    std::string host = host_of(address);
    if (!failures_.contains(host)) make_room(failures_);
    failures_.try_emplace(std::move(host), k_failures, now).first->second.take(now);
}

void AuthGuard::succeeded(const std::string& credential) {
    if (!good_until_.contains(credential)) make_room(good_until_);
    good_until_[credential] = clock_.steady_now() + k_good_for;
}

}  // namespace gantry::http
