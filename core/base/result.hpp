// Result<T>: an operating error as a value. Member names follow std::expected (C++23), so that the
// switch is one alias once the compilers of Debian stable have it.
//
// Thread safety: as the contained value. `value()` on an error and `error()` on a value terminate
// the program: they are programming errors, never operating errors.
#pragma once

#include <cstdlib>
#include <string>
#include <utility>
#include <variant>

namespace gantry {

// What went wrong, coarse enough to decide on (status code, exit code, retry) and no finer.
enum class ErrorCode {
    invalid_input,  // the caller's data is wrong; repeating it cannot help
    unauthorised,   // no or bad credential
    forbidden,      // a good credential without the right
    not_found,
    conflict,     // version or state conflict; read again, then decide
    limit,        // a bound was reached (size, rate, queue); later may work
    unavailable,  // something outside is down or slow; retry with back-off
    timeout,
    corrupt,   // stored data fails its checks
    internal,  // a defect of ours
};

[[nodiscard]] const char* to_string(ErrorCode code);

struct Error {
    ErrorCode code = ErrorCode::internal;
    std::string message;  // names the object and the value, for a person

    friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;
    Result(T value) : data_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : data_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return data_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    T& value() & { return *checked(); }
    const T& value() const& { return *checked(); }
    T&& value() && { return std::move(*checked()); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return checked(); }
    const T* operator->() const { return checked(); }
    [[nodiscard]] const Error& error() const& {
        if (has_value()) std::abort();
        return *std::get_if<1>(&data_);
    }
    [[nodiscard]] Error&& error() && {
        if (has_value()) std::abort();
        return std::move(*std::get_if<1>(&data_));
    }
    template <class U>
    [[nodiscard]] T value_or(U&& other) const& {
        return has_value() ? value() : static_cast<T>(std::forward<U>(other));
    }

private:
    T* checked() {
        if (!has_value()) std::abort();
        return std::get_if<0>(&data_);
    }
    const T* checked() const {
        if (!has_value()) std::abort();
        return std::get_if<0>(&data_);
    }
    std::variant<T, Error> data_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;
    Result() = default;
    Result(Error error) : error_(std::move(error)), failed_(true) {}

    [[nodiscard]] bool has_value() const noexcept { return !failed_; }
    explicit operator bool() const noexcept { return !failed_; }
    void value() const {
        if (failed_) std::abort();
    }
    [[nodiscard]] const Error& error() const& {
        if (!failed_) std::abort();
        return error_;
    }

private:
    Error error_;
    bool failed_ = false;
};

// Shorthand for `return fail(ErrorCode::not_found, "asset 12");`
[[nodiscard]] inline Error fail(ErrorCode code, std::string message) {
    return Error{code, std::move(message)};
}

}  // namespace gantry
