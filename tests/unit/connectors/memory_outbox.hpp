// MemoryOutbox: the Outbox port over a map, in order per incident, without time: every pending row
// is due. Locked, so that a test may look while a worker works.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/ports/outbox.hpp"

namespace gantry::connectors::test {

class MemoryOutbox final : public Outbox {
public:
    void add(Delivery row) {
        const std::lock_guard lock(mutex_);
        rows_[row.id] = std::move(row);
    }
    void fail_next(int calls) {
        const std::lock_guard lock(mutex_);
        failing_ = calls;
    }
    [[nodiscard]] int leases() const {
        const std::lock_guard lock(mutex_);
        return leases_;
    }
    [[nodiscard]] Delivery row(std::int64_t id) const {
        const std::lock_guard lock(mutex_);
        return rows_.at(DeliveryId{id});
    }
    [[nodiscard]] std::size_t count(DeliveryState state) const {
        const std::lock_guard lock(mutex_);
        std::size_t out = 0;
        for (const auto& [id, row] : rows_) out += row.state == state ? 1 : 0;
        return out;
    }

    Result<std::vector<Delivery>> lease(const std::string&, Instant now, Millis lease,
                                        std::size_t max) override {
        const std::lock_guard lock(mutex_);
        ++leases_;
        if (fails()) return fail(ErrorCode::unavailable, "the disk is full");
        std::vector<Delivery> out;
        std::set<IncidentId> waiting;
        for (auto& [id, row] : rows_) {
            const bool passed =
                row.state == DeliveryState::dead && row.operation != Operation::open;
            if (row.state == DeliveryState::delivered || passed) continue;
            const bool first = waiting.insert(row.incident).second;
            if (!first || row.state != DeliveryState::pending || out.size() == max) continue;
            row.state = DeliveryState::in_flight;
            row.lease_until = now + lease;
            ++row.attempts;
            out.push_back(row);
        }
        return out;
    }
    Result<void> settle(const std::vector<Settlement>& settlements) override {
        const std::lock_guard lock(mutex_);
        if (fails()) return fail(ErrorCode::unavailable, "the disk is full");
        for (const Settlement& settlement : settlements)
            change(rows_.at(settlement.id), settlement);
        return {};
    }
    Result<std::string> remote_id(const std::string&, IncidentId incident) override {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, row] : rows_) {
            if (row.incident == incident && !row.remote_id.empty()) return row.remote_id;
        }
        return std::string();
    }
    Result<std::optional<Instant>> next_due(const std::string&) override {
        return std::optional<Instant>{};
    }

private:
    bool fails() { return failing_ > 0 && failing_-- > 0; }
    static void change(Delivery& row, const Settlement& settlement) {
        using Kind = Settlement::Kind;
        const bool delivered = settlement.kind == Kind::delivered;
        row.state = delivered                       ? DeliveryState::delivered
                    : settlement.kind == Kind::dead ? DeliveryState::dead
                                                    : DeliveryState::pending;
        row.last_error = delivered ? "" : settlement.text;
        row.remote_id = delivered ? settlement.text : "";
    }

    mutable std::mutex mutex_;
    std::map<DeliveryId, Delivery> rows_;
    int failing_ = 0;
    int leases_ = 0;
};

}  // namespace gantry::connectors::test
