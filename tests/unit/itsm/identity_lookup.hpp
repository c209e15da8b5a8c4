// Known assets in a map, and a lookup over them that can fail at its Nth call.
#pragma once

#include <algorithm>
#include <map>

#include "itsm/cmdb/identity.hpp"

namespace gantry::test {

class KnownAssets final : public itsm::IdentityLookup {
public:
    std::map<AssetId, std::vector<itsm::IdentityKey>> assets;
    int calls = 0;
    int fail_at = 0;  // 0 = never

    void add(std::int64_t id, const Facts& facts) {
        assets[AssetId{id}] = itsm::identity_keys(itsm::canonicalise(facts));
    }
    Result<std::vector<AssetId>> assets_with(const itsm::IdentityKey& key) override {
        if (++calls == fail_at) return fail(ErrorCode::unavailable, "lost");
        std::vector<AssetId> out;
        for (const auto& [id, keys] : assets) {
            if (std::find(keys.begin(), keys.end(), key) != keys.end()) out.push_back(id);
        }
        return out;
    }
    Result<std::vector<itsm::IdentityKey>> keys_of(AssetId asset) override {
        if (++calls == fail_at) return fail(ErrorCode::unavailable, "lost");
        return assets[asset];
    }
};

}  // namespace gantry::test
