#include "connectors/engine/outbox_step.hpp"

#include <utility>

namespace gantry::connectors {

Result<LeaseAnswer> perform(const LeaseStep& step, const std::string& connector, Instant now,
                            Outbox& outbox) {
    auto leased = outbox.lease(connector, now, step.lease, step.max);
    if (!leased) return leased.error();
    LeaseAnswer answer;
    for (auto& delivery : *leased) {
        auto remote_id = outbox.remote_id(connector, delivery.incident);
        if (!remote_id) return remote_id.error();
        answer.rows.push_back({std::move(delivery), std::move(*remote_id)});
    }
    auto due = outbox.next_due(connector);
    if (!due) return due.error();
    answer.next_due = *due;
    return answer;
}

}  // namespace gantry::connectors
