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
    Matcher(Keys mine, IdentityLookup& lookup) : mine_(std::move(mine)), lookup_(lookup) {}

    Result<IdentityMatch> run();

private:
    // The one candidate that shares `kind` and for which `fits` holds; unset when none or several.
    template <class Fits>
    AssetId only(std::string_view kind, Fits fits);
    [[nodiscard]] bool has(std::string_view kind) const { return !value_of(mine_, kind).empty(); }
    const Keys& keys_of(AssetId asset);

    Keys mine_;
    IdentityLookup& lookup_;
    std::map<AssetId, Keys> known_;
    Result<void> failed_;
};

const Keys& Matcher::keys_of(AssetId asset) {
    const auto [at, fresh] = known_.try_emplace(asset);
    if (fresh) {
        auto keys = lookup_.keys_of(asset);
        if (keys) {
            at->second = std::move(*keys);
        } else {
            failed_ = keys.error();
        }
    }
    return at->second;
}

template <class Fits>
AssetId Matcher::only(std::string_view kind, Fits fits) {
    std::vector<AssetId> found;
    for (const IdentityKey& key : mine_) {
        if (key.kind != kind || !failed_) continue;
        const auto assets = lookup_.assets_with(key);
        if (!assets) {
            failed_ = assets.error();
            return {};
        }
        for (const AssetId asset : *assets) {
            const bool known = std::find(found.begin(), found.end(), asset) != found.end();
            if (!known && fits(keys_of(asset))) found.push_back(asset);
        }
    }
    return found.size() == 1 && failed_ ? found.front() : AssetId{};
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
        if (asset.is_set()) return IdentityMatch{asset, rule.name};
    }
    return IdentityMatch{AssetId{}, "new"};
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

Result<IdentityMatch> identify(const CanonicalFacts& facts, IdentityLookup& lookup) {
    return Matcher(identity_keys(facts), lookup).run();
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
