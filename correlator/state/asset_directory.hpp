// AssetDirectory: which asset a host name, an id or a source stands for, inside one organisation;
// another organisation's assets are never found.
//
// A host name only proposes (design, identity rule 10). Names are compared without case and without
// a trailing dot; a full match goes before a short one ("web01" against "web01.example.com"), which
// counts only when one of both sides has no domain. Several candidates are decided in this order:
// the only one that an agent proves, the only one made from a host name, the only one at all. Else
// nothing is found: a wrong asset is worse than a new one. An agent that enrols later under the
// name of an asset made from a host name is not merged with it; new episodes go to the agent's
// asset.
//
// Known limit: two assets of the same full name and both proven by agents find neither.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/model/asset.hpp"

namespace gantry::correlator {

// identified_by of assets made from a host name begins with this.
inline constexpr std::string_view k_host_name_of = "host name of ";

class AssetDirectory {
public:
    struct Entry {
        OrganisationId organisation;
        std::string name;
        bool from_agent = false;      // an agent's credential proves it
        bool from_host_name = false;  // made by us from a host name
        bool retired = false;         // not found by name any more
        bool service = false;
        std::vector<std::string> host_names;  // lower case, unique
    };

    // Adds or replaces; `from_agent` sticks.
    void learn(const Asset& asset);
    // An agent proves this asset, known already or learned later. `host_name` may be empty.
    void prove(AssetId asset, std::string_view host_name);

    [[nodiscard]] const Entry* find(AssetId asset) const;
    [[nodiscard]] std::optional<AssetId> by_host(OrganisationId organisation,
                                                 std::string_view host) const;
    [[nodiscard]] std::optional<AssetId> by_service(OrganisationId organisation,
                                                    std::string_view name) const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    using Candidates = std::vector<AssetId>;
    void index(AssetId id, const Entry& entry);
    void unindex(AssetId id, const Entry& entry);
    [[nodiscard]] std::optional<AssetId> decide(const Candidates& candidates) const;
    [[nodiscard]] Candidates short_candidates(OrganisationId organisation,
                                              std::string_view host) const;

    std::unordered_map<AssetId, Entry> entries_;
    std::unordered_set<AssetId> proven_early_;  // before the asset itself was learned
    // Keys are organisation + name; values in ascending id.
    std::unordered_map<std::string, Candidates> by_full_name_;
    std::unordered_map<std::string, Candidates> by_first_label_;  // of names with a domain
    std::unordered_map<std::string, AssetId> by_service_;
};

}  // namespace gantry::correlator
