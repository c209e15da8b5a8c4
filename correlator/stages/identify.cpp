#include "correlator/stages/identify.hpp"

#include <charconv>

#include "core/base/text.hpp"

namespace gantry::correlator {
namespace {

constexpr std::size_t k_max_asset_name_bytes = 255;

struct Found {
    AssetId asset;
    IdentifyReason reason = IdentifyReason::none;
};

std::optional<AssetId> proven(const Context& context) {
    const auto asset = context.event.asset;
    if (!asset.is_set()) return std::nullopt;
    // Not in the directory yet is no objection: the credential was checked at the door.
    const auto* entry = context.state.assets.find(asset);
    if (entry && entry->organisation != context.event.organisation) return std::nullopt;
    return asset;
}

std::optional<AssetId> labelled(const Context& context) {
    const auto label = context.event.labels.find("asset_id");
    if (!label) return std::nullopt;
    AssetId asset;
    const auto* end = label->data() + label->size();
    const auto [rest, error] = std::from_chars(label->data(), end, asset.value);
    if (error != std::errc{} || rest != end) return std::nullopt;
    const auto* entry = context.state.assets.find(asset);
    if (!entry || entry->organisation != context.event.organisation) return std::nullopt;
    return asset;
}

AssetId create(Context& context, AssetClass asset_class, std::string_view name,
               std::string identified_by) {
    Asset asset;
    asset.id = AssetId{context.sequences.next_asset++};
    asset.organisation = context.event.organisation;
    asset.asset_class = asset_class;
    asset.name = truncate_utf8(name, k_max_asset_name_bytes);
    asset.identified_by = std::move(identified_by);
    asset.created_at = context.now;
    asset.last_seen_at = context.now;
    context.state.assets.learn(asset);
    context.changes.new_assets.push_back(asset);
    return asset.id;
}

// Without the root's dot; empty when nothing is left to name an asset by.
std::string host_of(const Event& event) {
    auto host = trim(event.host);
    while (host.ends_with('.')) host.remove_suffix(1);
    return truncate_utf8(trim(host), k_max_asset_name_bytes);
}

Found by_service(Context& context, std::string_view name) {
    const auto& event = context.event;
    if (const auto known = context.state.assets.by_service(event.organisation, name)) {
        return {*known, IdentifyReason::service_name};
    }
    // Labels are the sender's to invent; sources are not. Past the bound only the latter may add.
    if (name != event.source && !context.state.room_for_asset()) {
        ++context.state.counters.assets_refused;
        return by_service(context, event.source);
    }
    return {create(context, AssetClass::service, name, "source " + event.source),
            IdentifyReason::created_from_source};
}

Found find(Context& context) {
    const auto& event = context.event;
    if (const auto asset = proven(context)) return {*asset, IdentifyReason::agent_credential};
    if (const auto asset = labelled(context)) return {*asset, IdentifyReason::asset_id};
    if (const auto host = host_of(event); !host.empty()) {
        if (const auto asset = context.state.assets.by_host(event.organisation, host)) {
            return {*asset, IdentifyReason::host_name};
        }
        if (context.state.room_for_asset()) {
            return {
                create(context, AssetClass::host, host, std::string(k_host_name_of) + event.source),
                IdentifyReason::created_from_host};
        }
        ++context.state.counters.assets_refused;
        return by_service(context, event.source);
    }
    const auto service = event.labels.find("service");
    const bool named = service && !trim(*service).empty();
    return by_service(context,
                      named ? truncate_utf8(trim(*service), k_max_asset_name_bytes) : event.source);
}

}  // namespace

Verdict Identify::run(Context& context) const {
    auto& alert = context.alert();
    if (!context.began) {
        context.decision.asset = alert.asset;
        return {Verdict::Flow::continue_, IdentifyReason::kept};
    }
    const auto found = find(context);
    context.state.place(context.slot, found.asset);
    context.decision.asset = found.asset;
    return {Verdict::Flow::continue_, found.reason};
}

}  // namespace gantry::correlator
