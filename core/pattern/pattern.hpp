// Pattern: a compiled regular expression that matches in time linear in the text, whatever the
// expression (RE2: no backtracking, no back references), so that no rule and no event can stall the
// fold. Immutable after compile(); safe to share between threads. Why RE2: docs/adr/re2.md.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/result.hpp"

namespace re2 {
class RE2;
}

namespace gantry {

class Pattern {
public:
    // RE2 syntax, UTF-8, case-sensitive ("(?i)" inside the expression changes that). Error:
    // invalid_input naming the expression and what is wrong with it.
    [[nodiscard]] static Result<Pattern> compile(std::string_view expression);

    Pattern(Pattern&&) noexcept;
    Pattern& operator=(Pattern&&) noexcept;
    ~Pattern();

    // Does the whole text match?
    [[nodiscard]] bool matches(std::string_view text) const;

private:
    explicit Pattern(std::unique_ptr<re2::RE2> compiled);
    std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace gantry
