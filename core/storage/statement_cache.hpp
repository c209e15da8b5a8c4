// StatementCache: a connection's prepared statements by their SQL. The hot path asks with the same
// literal again and again, so a small table keyed by the text's address comes first; the content is
// always compared, because another text may live at that address later.
//
// Threading: its connection's. S has sql(), idle() and a public `last_used`.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace gantry::storage {

template <class S>
class StatementCache {
public:
    // Beyond this the longest unused idle statement goes: texts made at run time (filters, scopes)
    // must not grow without a bound.
    static constexpr std::size_t k_max_statements = 256;

    S* find(std::string_view sql) {
        Slot& slot = slot_of(sql);
        if (slot.statement == nullptr || slot.data != sql.data() || slot.statement->sql() != sql) {
            const auto found = statements_.find(sql);
            if (found == statements_.end()) return nullptr;
            slot = {sql.data(), found->second.get()};
        }
        slot.statement->last_used = ++tick_;
        return slot.statement;
    }

    S* add(std::unique_ptr<S> statement) {
        if (statements_.size() >= k_max_statements) evict();
        S* raw = statement.get();
        raw->last_used = ++tick_;
        statements_.emplace(raw->sql(), std::move(statement));
        return raw;
    }

    void clear() {
        slots_.fill({});
        statements_.clear();
    }
    [[nodiscard]] std::size_t size() const { return statements_.size(); }

private:
    struct Slot {
        const char* data = nullptr;
        S* statement = nullptr;
    };
    static constexpr std::size_t k_slots = 128;

    Slot& slot_of(std::string_view sql) {
        const auto address = reinterpret_cast<std::uintptr_t>(sql.data());
        return slots_[((address >> 4U) ^ (address >> 11U) ^ sql.size()) % k_slots];
    }

    void evict() {
        auto oldest = statements_.end();
        for (auto it = statements_.begin(); it != statements_.end(); ++it) {
            if (!it->second->idle()) continue;
            if (oldest == statements_.end() || it->second->last_used < oldest->second->last_used) {
                oldest = it;
            }
        }
        if (oldest == statements_.end()) return;
        slots_.fill({});
        statements_.erase(oldest);
    }

    std::array<Slot, k_slots> slots_{};
    std::unordered_map<std::string_view, std::unique_ptr<S>> statements_;  // keys live in the S
    std::uint64_t tick_ = 0;
};

}  // namespace gantry::storage
