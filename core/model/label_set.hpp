// LabelSet: pairs of name and value, ascending by name, names unique, packed in one piece of
// memory. Alerts carry some ten pairs each through the whole way; as strings of their own they cost
// more than everything else that is done with them. Equal sets have equal bytes.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/packed.hpp"
#include "core/base/result.hpp"

namespace gantry {

// Pairs while they are collected, in any order.
using Labels = std::vector<std::pair<std::string, std::string>>;

// REQUIRES: ascending by name, names unique.
[[nodiscard]] const std::string* find_label(const Labels& labels, std::string_view name);

class LabelSet {
public:
    using value_type = std::pair<std::string_view, std::string_view>;

    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = LabelSet::value_type;
        using difference_type = std::ptrdiff_t;
        using pointer = const value_type*;
        using reference = value_type;

        Iterator(PackedReader reader, std::uint64_t left) : reader_(reader), left_(left) { read(); }
        value_type operator*() const { return now_; }
        Iterator& operator++() {
            --left_;
            read();
            return *this;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.left_ == b.left_; }

    private:
        void read() {
            if (left_ == 0) return;
            now_.first = reader_.text();
            now_.second = reader_.text();
        }
        PackedReader reader_;
        std::uint64_t left_;
        value_type now_;
    };

    LabelSet() = default;
    // In any order; of equal names the last one counts. Implicit, as sets are written down so.
    LabelSet(std::initializer_list<value_type> pairs) : LabelSet(std::vector(pairs)) {}
    LabelSet(const Labels& labels);                      // NOLINT(google-explicit-constructor)
    explicit LabelSet(std::vector<value_type>&& pairs);  // sorts them
    // What packed() gave; corrupt for anything else.
    static Result<LabelSet> from_packed(std::string_view packed);

    [[nodiscard]] Iterator begin() const;
    [[nodiscard]] Iterator end() const { return {PackedReader({}), 0}; }
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool empty() const { return size() == 0; }
    // A view into this set.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
    // Never empty.
    [[nodiscard]] std::string_view packed() const;

    friend bool operator==(const LabelSet& a, const LabelSet& b) {
        return a.packed() == b.packed();
    }

private:
    friend class LabelCollector;
    void pack(std::vector<value_type>& pairs);

    std::string packed_;  // the number of pairs, and the pairs; empty when there are none
};

// FNV-1a 64 over name 0xFF value 0xFF in order, as Prometheus' model/signature.go does.
[[nodiscard]] std::uint64_t fingerprint(const LabelSet& labels);

// Collects pairs as views, for a set that is made of them at once. The texts must live until then.
// Kept and used again, it asks for no memory.
class LabelCollector {
public:
    void add(std::string_view name, std::string_view value) { pairs_.emplace_back(name, value); }
    [[nodiscard]] std::size_t size() const { return pairs_.size(); }
    [[nodiscard]] LabelSet take() {
        LabelSet out;
        out.pack(pairs_);
        pairs_.clear();
        return out;
    }
    void clear() { pairs_.clear(); }

private:
    std::vector<LabelSet::value_type> pairs_;
};

}  // namespace gantry
