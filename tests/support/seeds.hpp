// The seeds of a simulation, as the environment wants them: GANTRY_SIM_SEEDS says how many, from 1
// on; GANTRY_SIM_SEED is the one to repeat. What is set must be a number of 1 or more: a run of no
// seeds would pass without having asked anything.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace gantry::test {

struct Seeds {
    std::uint64_t first = 1, count = 1;
    bool is_one = false;  // a failure is repeated

    [[nodiscard]] std::uint64_t end() const { return first + count; }
    // Few seeds need not meet every fault; as many as `usual` must.
    [[nodiscard]] bool are_at_least(std::uint64_t usual) const { return !is_one && count >= usual; }
};

// nullopt: not set. Throws std::invalid_argument.
inline std::optional<std::uint64_t> positive_number_from(const char* variable) {
    constexpr std::uint64_t k_most = 1'000'000'000'000;  // first + count stays a number
    const char* set = std::getenv(variable);
    if (set == nullptr) return std::nullopt;
    const std::string_view text = set;
    std::uint64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size() || out == 0 || out > k_most) {
        throw std::invalid_argument(std::string(variable) + ": \"" + set +
                                    "\" is not a number from 1 to 10^12");
    }
    return out;
}

// REQUIRES: usual > 0. Throws std::invalid_argument.
inline Seeds seeds_from_environment(std::uint64_t usual) {
    const auto count = positive_number_from("GANTRY_SIM_SEEDS");
    if (const auto one = positive_number_from("GANTRY_SIM_SEED")) return {*one, 1, true};
    return {1, count.value_or(usual), false};
}

}  // namespace gantry::test
