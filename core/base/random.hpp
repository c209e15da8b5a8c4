// RandomSource: the only source of randomness, injected so that a simulation can repeat a run.
// SystemRandom (core/crypto) is cryptographically strong; SeededRandom is for tests and jitter.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace gantry {

class RandomSource {
public:
    virtual ~RandomSource() = default;
    // Uniform over all 64-bit values. Not thread-safe unless the implementation says so.
    virtual std::uint64_t next() = 0;

    // Uniform in [0, bound); 0 when bound is 0.
    std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
    // Uniform in [0, 1).
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
};

class SeededRandom final : public RandomSource {
public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
    std::uint64_t next() override { return engine_(); }

private:
    std::mt19937_64 engine_;
};

// 128 random bits as 32 lower-case hexadecimal digits, of two draws.
std::string random_hex128(RandomSource& random);

}  // namespace gantry
