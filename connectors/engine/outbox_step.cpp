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

Result<void> perform(const SettleStep& step, Outbox& outbox) {
    switch (step.kind) {
        case SettleStep::Kind::delivered: return outbox.delivered(step.id, step.text, step.at);
        case SettleStep::Kind::retry: return outbox.retry(step.id, step.text, step.at);
        case SettleStep::Kind::dead: return outbox.dead(step.id, step.text, step.at);
        case SettleStep::Kind::release: return outbox.release(step.id, step.at);
    }
    return {};
}

}  // namespace gantry::connectors
