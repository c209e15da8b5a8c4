#include "correlator/state/asset_alerts.hpp"

#include <algorithm>

namespace gantry::correlator {
namespace {

constexpr std::size_t k_small = 16;  // not worth sweeping

constexpr std::int64_t mark_of(AlertId alert) { return alert.value * 2; }
constexpr bool is_gone(std::int64_t mark) { return (mark & 1) != 0; }

}  // namespace

void AssetAlerts::add(AssetId asset, AlertId alert) {
    auto& list = lists_[asset];
    const auto mark = mark_of(alert);
    if (list.marks.empty() || list.marks.back() < mark) {
        list.marks.push_back(mark);
        return;
    }
    const auto at = std::lower_bound(list.marks.begin(), list.marks.end(), mark);
    if (at != list.marks.end() && *at == mark + 1) {  // it comes back
        *at = mark;
        --list.gone;
        return;
    }
    list.marks.insert(at, mark);
}

void AssetAlerts::remove(AssetId asset, AlertId alert) {
    const auto known = lists_.find(asset);
    if (known == lists_.end()) return;
    auto& list = known->second;
    const auto at = std::lower_bound(list.marks.begin(), list.marks.end(), mark_of(alert));
    if (at == list.marks.end() || *at != mark_of(alert)) return;
    *at += 1;
    ++list.gone;
    if (list.gone == list.marks.size()) {
        lists_.erase(known);
    } else if (list.gone * 2 > list.marks.size() && list.marks.size() > k_small) {
        std::erase_if(list.marks, is_gone);
        list.gone = 0;
    }
}

std::vector<AlertId> AssetAlerts::newest(AssetId asset, AlertId before, std::size_t max) const {
    std::vector<AlertId> out;
    const auto known = lists_.find(asset);
    if (known == lists_.end()) return out;
    const auto& marks = known->second.marks;
    auto at = before.is_set() ? std::lower_bound(marks.begin(), marks.end(), mark_of(before))
                              : marks.end();
    while (at != marks.begin() && out.size() < max) {
        --at;
        if (!is_gone(*at)) out.emplace_back(*at / 2);
    }
    return out;
}

}  // namespace gantry::correlator
