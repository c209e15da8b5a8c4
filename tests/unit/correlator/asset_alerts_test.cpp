#include "correlator/state/asset_alerts.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "core/base/random.hpp"

using namespace gantry;
using namespace gantry::correlator;

TEST_CASE("asset alerts: the newest first, a page at a time") {
    AssetAlerts alerts;
    const AssetId asset{3};
    for (const std::int64_t id : {2, 5, 9, 4}) alerts.add(asset, AlertId{id});
    using Ids = std::vector<AlertId>;
    CHECK(alerts.newest(asset, {}, 10) == Ids{AlertId{9}, AlertId{5}, AlertId{4}, AlertId{2}});
    CHECK(alerts.newest(asset, {}, 2) == Ids{AlertId{9}, AlertId{5}});
    CHECK(alerts.newest(asset, AlertId{5}, 2) == Ids{AlertId{4}, AlertId{2}});
    CHECK(alerts.newest(asset, AlertId{6}, 1) == Ids{AlertId{5}});
    CHECK(alerts.newest(asset, AlertId{2}, 2).empty());
    CHECK(alerts.newest(AssetId{4}, {}, 2).empty());
    alerts.remove(asset, AlertId{9});
    alerts.remove(asset, AlertId{8});       // it has none such
    alerts.remove(AssetId{4}, AlertId{5});  // nor has that one
    CHECK(alerts.newest(asset, {}, 2) == Ids{AlertId{5}, AlertId{4}});
}

TEST_CASE("asset alerts: agree with sets over random comings and goings") {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        SeededRandom random(seed);
        AssetAlerts alerts;
        std::map<std::int64_t, std::set<std::int64_t>> model;
        for (int step = 0; step < 4'000; ++step) {
            const auto asset = 1 + static_cast<std::int64_t>(random.below(3));
            const auto alert = 1 + static_cast<std::int64_t>(random.below(step < 2'000 ? 400 : 60));
            auto& known = model[asset];
            if (known.erase(alert) > 0) {
                alerts.remove(AssetId{asset}, AlertId{alert});
            } else {
                known.insert(alert);
                alerts.add(AssetId{asset}, AlertId{alert});
            }
            const auto before = static_cast<std::int64_t>(random.below(420));
            std::vector<AlertId> wanted;
            for (auto at = known.rbegin(); at != known.rend() && wanted.size() < 9; ++at) {
                if (before == 0 || *at < before) wanted.push_back(AlertId{*at});
            }
            INFO("seed " << seed << ", step " << step);
            REQUIRE(alerts.newest(AssetId{asset}, AlertId{before}, 9) == wanted);
        }
    }
}
