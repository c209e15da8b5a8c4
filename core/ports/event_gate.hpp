// EventGate: where the collector hands inbound bodies over; implemented by app's engine. ok means
// durable (promise 1): only then may the collector answer 2xx.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <vector>

#include "core/base/result.hpp"
#include "core/journal/journal.hpp"
#include "core/model/event.hpp"

namespace gantry {

class EventGate {
public:
    virtual ~EventGate() = default;
    // `events`: what the record's body says, from a source that may resend it; empty otherwise.
    virtual boost::asio::awaitable<Result<void>> accept(journal::Record record,
                                                        std::vector<Event> events = {}) = 0;
    // True when every event is a resend that changes nothing but "still firing": then last-seen
    // was noted in memory and the body need not be journaled (promise 1's one exception). False
    // also while an accepted record about one of them is not folded yet.
    virtual bool coalesce(const std::vector<Event>& events, Instant now) = 0;
};

}  // namespace gantry
