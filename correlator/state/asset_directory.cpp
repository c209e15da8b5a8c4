#include "correlator/state/asset_directory.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace gantry::correlator {
namespace {

std::string canonical(std::string_view host) {
    auto name = to_lower_ascii(trim(host));
    if (name.ends_with('.')) name.pop_back();
    return name;
}

// Addresses have dots or colons but no domain: 10.0.0.5 is not host "10".
bool is_address(std::string_view host) {
    return host.find(':') != std::string_view::npos ||
           host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool has_domain(std::string_view host) {
    return host.find('.') != std::string_view::npos && !is_address(host);
}

std::string scoped(OrganisationId organisation, std::string_view name) {
    return std::to_string(organisation.value).append("/").append(name);
}

void insert_sorted(std::vector<AssetId>& ids, AssetId id) {
    const auto at = std::lower_bound(ids.begin(), ids.end(), id);
    if (at == ids.end() || *at != id) ids.insert(at, id);
}

void remove_from(std::unordered_map<std::string, std::vector<AssetId>>& index,
                 const std::string& key, AssetId id) {
    const auto at = index.find(key);
    if (at == index.end()) return;
    std::erase(at->second, id);
    if (at->second.empty()) index.erase(at);
}

void add_name(std::vector<std::string>& names, std::string_view host) {
    auto name = canonical(host);
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
    }
}

}  // namespace

void AssetDirectory::learn(const Asset& asset) {
    Entry entry;
    entry.from_agent = proven_early_.erase(asset.id) > 0;
    if (const auto known = entries_.find(asset.id); known != entries_.end()) {
        entry.from_agent = known->second.from_agent;
        unindex(asset.id, known->second);
    }
    entry.organisation = asset.organisation;
    entry.name = asset.name;
    entry.from_host_name = asset.identified_by.starts_with(k_host_name_of);
    entry.retired = asset.lifecycle == Lifecycle::retired || asset.lifecycle == Lifecycle::disposed;
    entry.service = asset.asset_class == AssetClass::service;
    if (!entry.service) {
        add_name(entry.host_names, asset.name);
        add_name(entry.host_names, asset.facts.hostname);
        add_name(entry.host_names, asset.facts.fqdn);
    }
    index(asset.id, entry);
    entries_.insert_or_assign(asset.id, std::move(entry));
}

void AssetDirectory::prove(AssetId asset, std::string_view host_name) {
    const auto known = entries_.find(asset);
    if (known == entries_.end()) {
        proven_early_.insert(asset);
        return;
    }
    auto& entry = known->second;
    unindex(asset, entry);
    entry.from_agent = true;
    add_name(entry.host_names, host_name);
    index(asset, entry);
}

void AssetDirectory::index(AssetId id, const Entry& entry) {
    if (entry.retired) return;
    if (entry.service) {
        by_service_.try_emplace(scoped(entry.organisation, entry.name), id);
        return;
    }
    for (const auto& name : entry.host_names) {
        insert_sorted(by_full_name_[scoped(entry.organisation, name)], id);
        if (!has_domain(name)) continue;
        const auto label = std::string_view(name).substr(0, name.find('.'));
        insert_sorted(by_first_label_[scoped(entry.organisation, label)], id);
    }
}

void AssetDirectory::unindex(AssetId id, const Entry& entry) {
    if (entry.service) {
        const auto at = by_service_.find(scoped(entry.organisation, entry.name));
        if (at != by_service_.end() && at->second == id) by_service_.erase(at);
        return;
    }
    for (const auto& name : entry.host_names) {
        remove_from(by_full_name_, scoped(entry.organisation, name), id);
        if (!has_domain(name)) continue;
        const auto label = std::string_view(name).substr(0, name.find('.'));
        remove_from(by_first_label_, scoped(entry.organisation, label), id);
    }
}

const AssetDirectory::Entry* AssetDirectory::find(AssetId asset) const {
    const auto at = entries_.find(asset);
    return at == entries_.end() ? nullptr : &at->second;
}

std::optional<AssetId> AssetDirectory::decide(const Candidates& candidates) const {
    if (candidates.size() == 1) return candidates.front();
    const auto only = [&](auto&& wanted) -> std::optional<AssetId> {
        std::optional<AssetId> found;
        for (const auto id : candidates) {
            if (!wanted(entries_.at(id))) continue;
            if (found) return std::nullopt;
            found = id;
        }
        return found;
    };
    if (auto id = only([](const Entry& entry) { return entry.from_agent; })) return id;
    if (auto id = only([](const Entry& entry) { return entry.from_host_name; })) return id;
    return only([](const Entry&) { return true; });
}

AssetDirectory::Candidates AssetDirectory::short_candidates(OrganisationId organisation,
                                                            std::string_view host) const {
    if (!has_domain(host)) {
        const auto at = by_first_label_.find(scoped(organisation, host));
        return at == by_first_label_.end() ? Candidates{} : at->second;
    }
    // The host has a domain: only assets that know none may match by their first label.
    const auto at = by_full_name_.find(scoped(organisation, host.substr(0, host.find('.'))));
    if (at == by_full_name_.end()) return {};
    Candidates out;
    for (const auto id : at->second) {
        const auto& names = entries_.at(id).host_names;
        if (std::none_of(names.begin(), names.end(), has_domain)) out.push_back(id);
    }
    return out;
}

std::optional<AssetId> AssetDirectory::by_host(OrganisationId organisation,
                                               std::string_view host) const {
    const auto name = canonical(host);
    if (name.empty()) return std::nullopt;
    if (const auto at = by_full_name_.find(scoped(organisation, name)); at != by_full_name_.end()) {
        if (auto found = decide(at->second)) return found;
        return std::nullopt;
    }
    if (is_address(name)) return std::nullopt;
    return decide(short_candidates(organisation, name));
}

std::optional<AssetId> AssetDirectory::by_service(OrganisationId organisation,
                                                  std::string_view name) const {
    const auto at = by_service_.find(scoped(organisation, name));
    return at == by_service_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace gantry::correlator
