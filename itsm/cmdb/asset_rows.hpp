// Assets and their identities as rows. Blocking, inside the caller's transaction.
#pragma once

#include <vector>

#include "core/base/result.hpp"
#include "core/model/asset.hpp"
#include "core/model/scope.hpp"
#include "core/storage/database.hpp"
#include "itsm/cmdb/identity.hpp"

namespace gantry::itsm {

inline constexpr std::string_view k_asset_columns =
    "id, organisation_id, site_id, class, name, facts, lifecycle, identified_by, created_at, "
    "last_seen_at, version";

Result<void> insert_asset(storage::Connection& connection, const Asset& asset);
Result<void> update_asset(storage::Connection& connection, const Asset& asset);
// not_found outside the scope.
Result<Asset> find_asset(storage::Connection& connection, const Scope& scope, AssetId id);

// Replaces all identities of the asset.
Result<void> save_identities(storage::Connection& connection, OrganisationId organisation,
                             AssetId asset, const std::vector<IdentityKey>& keys);

class SqlIdentityLookup final : public IdentityLookup {
public:
    SqlIdentityLookup(storage::Connection& connection, OrganisationId organisation)
        : connection_(connection), organisation_(organisation) {}
    Result<std::vector<AssetId>> assets_with(const IdentityKey& key) override;
    Result<std::vector<IdentityKey>> keys_of(AssetId asset) override;
    Result<std::vector<KnownAsset>> known_with(const IdentityKey& key) override;

private:
    storage::Connection& connection_;
    OrganisationId organisation_;
};

}  // namespace gantry::itsm
