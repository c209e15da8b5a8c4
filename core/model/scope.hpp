// Who asks, and whose data they may touch. Every reader and writer of rows takes a Scope; a row
// outside it does not exist for the caller (not_found, never forbidden).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/strong_id.hpp"

namespace gantry {

// The organisations whose rows a caller may see. Immutable.
class Scope {
public:
    [[nodiscard]] static Scope all() { return Scope{true, {}}; }
    [[nodiscard]] static Scope of(OrganisationId id) { return Scope{false, {id}}; }
    [[nodiscard]] static Scope of(std::vector<OrganisationId> ids) {
        return Scope{false, std::move(ids)};
    }
    [[nodiscard]] bool is_all() const { return all_; }
    [[nodiscard]] bool allows(OrganisationId id) const {
        return all_ || std::find(ids_.begin(), ids_.end(), id) != ids_.end();
    }
    // Empty when is_all().
    [[nodiscard]] const std::vector<OrganisationId>& organisations() const { return ids_; }

private:
    Scope(bool all, std::vector<OrganisationId> ids) : all_(all), ids_(std::move(ids)) {}
    bool all_ = false;
    std::vector<OrganisationId> ids_;
};

// admin: everything in scope, tokens and policies included. technician: reads, and changes
// tickets. viewer: reads. intake: may only send events. In this order of rights, intake aside.
enum class Role { viewer, technician, admin, intake };

[[nodiscard]] const char* to_string(Role role);
[[nodiscard]] bool parse(std::string_view text, Role& out);

struct Principal {
    std::string name;  // as it appears in timelines: "admin", "token laptop-of-ann"
    Role role = Role::viewer;
    Scope scope = Scope::of(std::vector<OrganisationId>{});
    // The organisation that a write lands in when the request names none.
    OrganisationId home;
};

}  // namespace gantry
