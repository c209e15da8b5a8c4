#include "core/pattern/pattern.hpp"

#include <re2/re2.h>

#include <string>

namespace gantry {
namespace {

// An expression that needs more than this is refused at compile time.
constexpr std::int64_t k_max_program_bytes = std::int64_t{1} << 20;
constexpr std::size_t k_max_expression_bytes = 4096;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

Result<Pattern> Pattern::compile(std::string_view expression) {
    if (expression.size() > k_max_expression_bytes) {
        return fail(ErrorCode::invalid_input, "regular expression longer than 4096 bytes");
    }
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(k_max_program_bytes);
    auto compiled = std::make_unique<re2::RE2>(piece(expression), options);
    if (!compiled->ok()) {
        return fail(ErrorCode::invalid_input,
                    "regular expression \"" + std::string(expression) + "\": " + compiled->error());
    }
    return Pattern(std::move(compiled));
}

bool Pattern::matches(std::string_view text) const {
    return re2::RE2::FullMatch(piece(text), *compiled_);
}

}  // namespace gantry
