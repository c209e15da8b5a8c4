#include "itsm/cmdb/identity.hpp"

#include <algorithm>
#include <functional>
#include <map>

namespace gantry::itsm {
namespace {

using Keys = std::vector<IdentityKey>;

std::string value_of(const Keys& keys, std::string_view kind) {
    for (const IdentityKey& key : keys) {
        if (key.kind == kind) return key.value;
    }
    return {};
}

int shared_count(const Keys& a, const Keys& b, std::string_view kind) {
    int count = 0;
    for (const IdentityKey& key : a) {
        if (key.kind == kind && std::find(b.begin(), b.end(), key) != b.end()) ++count;
    }
    return count;
}

// Both sides know the fact, and it differs.
bool contradicts(const Keys& a, const Keys& b, std::string_view kind) {
    const std::string left = value_of(a, kind);
    const std::string right = value_of(b, kind);
    return !left.empty() && !right.empty() && left != right;
}

// A strong fact says that these are two machines.
bool contradicted(const Keys& a, const Keys& b) {
    return contradicts(a, b, "serial") || contradicts(a, b, "uuid") || contradicts(a, b, "cloud");
}

// Something that only one machine has is on both sides.
bool shares_part(const Keys& a, const Keys& b) {
    for (const char* kind : {"serial", "uuid", "cloud", "root_disk", "mac"}) {
        if (shared_count(a, b, kind) > 0) return true;
    }
    return false;
}

class Matcher {
public:
    Matcher(Keys mine, IdentityLookup& lookup, const ClaimOf& claim_of)
        : mine_(std::move(mine)), lookup_(lookup), claim_of_(claim_of) {}

    Result<IdentityMatch> run();

private:
    // The one candidate that shares `kind`, for which `fits` holds and that is not taken; unset
    // when none or several.
    template <class Fits>
    AssetId only(std::string_view kind, Fits fits);
    AssetId unclaimed(const std::vector<AssetId>& fitting);
    [[nodiscard]] bool has(std::string_view kind) const { return !value_of(mine_, kind).empty(); }
    const std::vector<KnownAsset>& known_with(const IdentityKey& key);
    Claim claim(AssetId asset);

    Keys mine_;
    IdentityLookup& lookup_;
    const ClaimOf& claim_of_;
    std::map<IdentityKey, std::vector<KnownAsset>> known_;
    std::map<AssetId, Claim> claims_;
    AssetId passed_over_;
    Result<void> failed_;
};

const std::vector<KnownAsset>& Matcher::known_with(const IdentityKey& key) {
    const auto [at, fresh] = known_.try_emplace(key);
    if (fresh) {
        auto known = lookup_.known_with(key);
        if (known) {
            at->second = std::move(*known);
        } else {
            failed_ = known.error();
        }
    }
    return at->second;
}

Claim Matcher::claim(AssetId asset) {
    if (!claim_of_) return Claim::free;
    const auto [at, fresh] = claims_.try_emplace(asset, Claim::taken);
    if (fresh && failed_) {
        const auto asked = claim_of_(asset);
        if (asked) {
            at->second = *asked;
        } else {
            failed_ = asked.error();
        }
    }
    return at->second;
}

AssetId Matcher::unclaimed(const std::vector<AssetId>& fitting) {
    std::vector<AssetId> mine;
    std::vector<AssetId> free;
    for (const AssetId asset : fitting) {
        const Claim claimed = claim(asset);
        if (claimed == Claim::mine) mine.push_back(asset);
        if (claimed == Claim::free) free.push_back(asset);
    }
    const auto& best = mine.empty() ? free : mine;
    return best.size() == 1 && failed_ ? best.front() : AssetId{};
}

template <class Fits>
AssetId Matcher::only(std::string_view kind, Fits fits) {
    std::vector<AssetId> found;
    for (const IdentityKey& key : mine_) {
        if (key.kind != kind || !failed_) continue;
        for (const KnownAsset& one : known_with(key)) {
            const bool known = std::find(found.begin(), found.end(), one.asset) != found.end();
            if (!known && fits(one.keys)) found.push_back(one.asset);
        }
    }
    const AssetId asset = unclaimed(found);
    if (!asset.is_set() && found.size() == 1 && !passed_over_.is_set()) passed_over_ = found[0];
    return asset;
}

Result<IdentityMatch> Matcher::run() {
    const auto any = [](const Keys&) { return true; };
    const auto same_hardware = [&](const Keys& other) { return !contradicted(mine_, other); };
    const auto not_cloud = [&](const Keys& other) { return !contradicts(mine_, other, "cloud"); };
    struct Rule {
        const char* name;
        const char* kind;
        std::function<bool(const Keys&)> fits;
    };
    const Rule rules[] = {
        // Some write the company's name into every machine's tag.
        {"asset tag", "asset_tag",
         [&](const Keys& other) {
             return !contradicted(mine_, other) || shares_part(mine_, other);
         }},
        // The provider's word: it moves an instance to other hardware when its type changes.
        {"cloud instance", "cloud", any},
        {"serial and uuid", "serial",
         [&](const Keys& other) {
             return not_cloud(other) && shared_count(mine_, other, "uuid") == 1;
         }},
        {"serial", "serial",
         [&](const Keys& other) {
             return not_cloud(other) && (!has("uuid") || value_of(other, "uuid").empty());
         }},
        {"uuid", "uuid", same_hardware},
        {"baseboard serial", "baseboard", same_hardware},
        {"machine id and network card or disk", "machine_id",
         [&](const Keys& other) {
             return same_hardware(other) && (shared_count(mine_, other, "mac") > 0 ||
                                             shared_count(mine_, other, "root_disk") > 0);
         }},
        {"two network cards", "mac",
         [&](const Keys& other) {
             return same_hardware(other) && shared_count(mine_, other, "mac") >= 2;
         }},
    };
    for (const Rule& rule : rules) {
        const AssetId asset = only(rule.kind, rule.fits);
        if (!failed_) return failed_.error();
        if (asset.is_set()) return IdentityMatch{asset, rule.name, {}};
    }
    return IdentityMatch{AssetId{}, "new", passed_over_};
}

}  // namespace

std::vector<IdentityKey> identity_keys(const CanonicalFacts& facts) {
    Keys keys;
    const auto add = [&](const char* kind, const std::string& value) {
        if (!value.empty()) keys.push_back({kind, value});
    };
    add("asset_tag", facts.asset_tag);
    add("cloud", facts.cloud_instance);
    add("serial", facts.serial);
    add("uuid", facts.smbios_uuid);
    add("baseboard", facts.baseboard_serial);
    add("machine_id", facts.machine_id);
    add("root_disk", facts.root_disk_serial);
    for (const std::string& mac : facts.macs) add("mac", mac);
    return keys;
}

Result<std::vector<KnownAsset>> IdentityLookup::known_with(const IdentityKey& key) {
    const auto assets = assets_with(key);
    if (!assets) return assets.error();
    std::vector<KnownAsset> out;
    for (const AssetId asset : *assets) {
        auto keys = keys_of(asset);
        if (!keys) return keys.error();
        out.push_back({asset, std::move(*keys)});
    }
    return out;
}

Result<IdentityMatch> identify(const CanonicalFacts& facts, IdentityLookup& lookup,
                               const ClaimOf& claim_of) {
    return Matcher(identity_keys(facts), lookup, claim_of).run();
}

std::string contradiction_text(const std::vector<IdentityKey>& told,
                               const std::vector<IdentityKey>& known) {
    std::string out;
    for (const char* kind : {"serial", "uuid", "cloud"}) {
        if (!contradicts(told, known, kind)) continue;
        out += (out.empty() ? "" : ", ") + std::string(kind) + " " + value_of(told, kind) +
               " instead of " + value_of(known, kind);
    }
    return out;
}

bool is_consistent(const CanonicalFacts& facts, const std::vector<IdentityKey>& known) {
    const Keys mine = identity_keys(facts);
    // A new board in the same machine keeps its disk, its cards or its tag.
    return !contradicted(mine, known) || shares_part(mine, known) ||
           shared_count(mine, known, "asset_tag") > 0;
}

}  // namespace gantry::itsm
