// SharedBytes: immutable bytes with a count of their owners, in one allocation behind one pointer.
// Copies may be used and dropped by different threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace gantry {

class SharedBytes {
public:
    SharedBytes() = default;
    explicit SharedBytes(std::string_view bytes) {
        if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
            throw std::length_error("SharedBytes: more than 4 GiB");
        }
        void* const memory = ::operator new(sizeof(Head) + bytes.size());
        head_ = new (memory) Head{{1}, static_cast<std::uint32_t>(bytes.size())};
        std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(head_ + 1));
    }
    SharedBytes(const SharedBytes& other) noexcept : head_(other.head_) {
        if (head_ != nullptr) head_->owners.fetch_add(1, std::memory_order_relaxed);
    }
    SharedBytes(SharedBytes&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
    SharedBytes& operator=(SharedBytes other) noexcept {
        std::swap(head_, other.head_);
        return *this;
    }
    ~SharedBytes() {
        if (head_ == nullptr || head_->owners.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        head_->~Head();
        ::operator delete(head_);
    }

    [[nodiscard]] std::string_view view() const {
        if (head_ == nullptr) return {};
        return {reinterpret_cast<const char*>(head_ + 1), head_->size};
    }

private:
    struct Head {
        std::atomic<std::uint32_t> owners;
        std::uint32_t size;
    };

    Head* head_ = nullptr;
};

}  // namespace gantry
