// Redacted<T>: a secret that cannot be logged by accident; reveal() is the one way to it.
#pragma once

#include <utility>

namespace gantry {

template <class T>
class Redacted {
public:
    Redacted() = default;
    explicit Redacted(T value) : value_(std::move(value)) {}
    [[nodiscard]] const T& reveal() const { return value_; }
    friend bool operator==(const Redacted&, const Redacted&) = default;

private:
    T value_{};
};

}  // namespace gantry
