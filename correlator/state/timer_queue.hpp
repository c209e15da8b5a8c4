// TimerQueue: a min-heap of (due, alert), lazily corrected: whoever pops an entry asks the alert
// whether it still holds. Ties are in ascending id, so the order depends on contents alone.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "core/base/strong_id.hpp"
#include "core/time/clock.hpp"

namespace gantry::correlator {

class TimerQueue {
public:
    struct Entry {
        Instant due{};
        AlertId alert;
        friend auto operator<=>(const Entry&, const Entry&) = default;
    };

    void push(Instant due, AlertId alert) {
        heap_.push_back({due, alert});
        std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
    }
    [[nodiscard]] bool due(Instant now) const { return !heap_.empty() && heap_.front().due <= now; }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    // REQUIRES: !empty().
    Entry pop() {
        std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
        const auto entry = heap_.back();
        heap_.pop_back();
        return entry;
    }
    // Drops entries that no longer hold, once they are most of a large queue.
    template <class Holds>
    void compact(std::size_t live, Holds holds) {
        if (heap_.size() < 1024 || heap_.size() < 2 * live) return;
        std::erase_if(heap_, [&](const Entry& entry) { return !holds(entry); });
        std::sort(heap_.begin(), heap_.end());
        heap_.erase(std::unique(heap_.begin(), heap_.end()), heap_.end());
    }
    [[nodiscard]] std::size_t size() const { return heap_.size(); }

private:
    std::vector<Entry> heap_;
};

}  // namespace gantry::correlator
