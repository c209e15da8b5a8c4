// Glob patterns of policies: `*` any text, `?` one byte, everything else itself. Linear in
// text x pattern at worst, no recursion.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gantry::agent {

[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);
[[nodiscard]] bool has_wildcard(std::string_view pattern);
// Included (or nothing is), and not excluded.
[[nodiscard]] bool is_selected(std::string_view text, const std::vector<std::string>& include,
                               const std::vector<std::string>& exclude);

}  // namespace gantry::agent
