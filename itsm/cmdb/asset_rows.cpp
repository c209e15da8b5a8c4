#include "itsm/cmdb/asset_rows.hpp"

#include "core/model/json.hpp"
#include "core/records/query.hpp"

namespace gantry::itsm {

using records::Query;

Result<void> insert_asset(storage::Connection& connection, const Asset& asset) {
    Query insert(connection,
                 "INSERT INTO assets (id, organisation_id, site_id, class, name, facts, lifecycle, "
                 "identified_by, created_at, last_seen_at, version) "
                 "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)");
    insert.bind(asset.id, asset.organisation, asset.site, asset.asset_class, asset.name,
                to_json(asset.facts), asset.lifecycle, asset.identified_by, asset.created_at,
                asset.last_seen_at, asset.version);
    return insert.run();
}

Result<void> update_asset(storage::Connection& connection, const Asset& asset) {
    Query update(connection,
                 "UPDATE assets SET site_id = $1, class = $2, name = $3, facts = $4, "
                 "lifecycle = $5, identified_by = $6, last_seen_at = $7, version = $8 "
                 "WHERE id = $9");
    update.bind(asset.site, asset.asset_class, asset.name, to_json(asset.facts), asset.lifecycle,
                asset.identified_by, asset.last_seen_at, asset.version, asset.id);
    return update.run();
}

Result<Asset> find_asset(storage::Connection& connection, const Scope& scope, AssetId id) {
    Query query(connection, "SELECT " + std::string(k_asset_columns) +
                                " FROM assets WHERE id = $1 AND " +
                                records::scope_condition(scope));
    query.bind(id);
    if (query.next()) {
        Asset asset;
        asset.id = query.id<AssetId>();
        asset.organisation = query.id<OrganisationId>();
        asset.site = query.id<SiteId>();
        asset.asset_class = query.word<AssetClass>();
        asset.name = query.text();
        asset.facts = decode_facts(query.text()).value_or(Facts{});
        asset.lifecycle = query.word<Lifecycle>();
        asset.identified_by = query.text();
        asset.created_at = query.time();
        asset.last_seen_at = query.time();
        asset.version = query.integer();
        return asset;
    }
    if (auto done = query.done(); !done) return done.error();
    return fail(ErrorCode::not_found, "no asset " + std::to_string(id.value));
}

Result<void> save_identities(storage::Connection& connection, OrganisationId organisation,
                             AssetId asset, const std::vector<IdentityKey>& keys) {
    {
        Query forget(connection, "DELETE FROM asset_identities WHERE asset_id = $1");
        if (auto done = forget.bind(asset).run(); !done) return done;
    }
    for (const IdentityKey& key : keys) {
        Query insert(connection,
                     "INSERT INTO asset_identities (organisation_id, kind, value, asset_id) "
                     "VALUES ($1,$2,$3,$4)");
        if (auto done = insert.bind(organisation, key.kind, key.value, asset).run(); !done) {
            return done;
        }
    }
    return {};
}

Result<std::vector<AssetId>> SqlIdentityLookup::assets_with(const IdentityKey& key) {
    Query query(connection_,
                "SELECT asset_id FROM asset_identities WHERE organisation_id = $1 AND kind = $2 "
                "AND value = $3 ORDER BY asset_id");
    query.bind(organisation_, key.kind, key.value);
    std::vector<AssetId> out;
    while (query.next()) out.push_back(query.id<AssetId>());
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<std::vector<KnownAsset>> SqlIdentityLookup::known_with(const IdentityKey& key) {
    Query query(connection_,
                "SELECT b.asset_id, b.kind, b.value FROM asset_identities AS a "
                "JOIN asset_identities AS b ON b.asset_id = a.asset_id "
                "WHERE a.organisation_id = $1 AND a.kind = $2 AND a.value = $3 "
                "ORDER BY b.asset_id, b.kind, b.value");
    query.bind(organisation_, key.kind, key.value);
    std::vector<KnownAsset> out;
    while (query.next()) {
        const auto asset = query.id<AssetId>();
        if (out.empty() || out.back().asset != asset) out.push_back({asset, {}});
        IdentityKey& known = out.back().keys.emplace_back();
        known.kind = query.text();
        known.value = query.text();
    }
    if (auto done = query.done(); !done) return done.error();
    return out;
}

Result<std::vector<IdentityKey>> SqlIdentityLookup::keys_of(AssetId asset) {
    Query query(connection_,
                "SELECT kind, value FROM asset_identities WHERE asset_id = $1 "
                "ORDER BY kind, value");
    query.bind(asset);
    std::vector<IdentityKey> out;
    while (query.next()) {
        IdentityKey key;
        key.kind = query.text();
        key.value = query.text();
        out.push_back(std::move(key));
    }
    if (auto done = query.done(); !done) return done.error();
    return out;
}

}  // namespace gantry::itsm
