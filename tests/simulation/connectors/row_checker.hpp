// RowChecker: what must hold of deliveries whatever engine, outbox and tool do. It hears what is
// written, leased, sent, answered and settled, and keeps a ledger of its own; it never asks the
// code under test. Separate from the workload: it knows no fault by name.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connectors/engine/connector.hpp"
#include "connectors/engine/settings.hpp"
#include "connectors/engine/step.hpp"
#include "core/storage/database.hpp"

namespace gantry::simulation {

// A row as it was written.
struct WrittenRow {
    DeliveryId id;
    std::string connector;
    IncidentId incident;
    Operation operation = Operation::open;
    std::string key;
    std::string payload;
    Instant at{};
};

class RowChecker {
public:
    // `calm`: no crash, no failing outbox, no set clock: attempts are exact.
    RowChecker(std::map<std::string, connectors::DeliveryLimits> limits, bool calm)
        : limits_(std::move(limits)), calm_(calm) {}

    void wrote(const WrittenRow& row);
    void leased(const connectors::LeasedRow& row, Instant wall);
    void begun(const connectors::AttemptStep& step);
    void finished(DeliveryId id, const connectors::DeliveryResult& result, Instant wall);
    // `taken`: the outbox said that it did. Otherwise it may have, or not.
    void settled(const Settlement& step, bool taken);
    void applied(const Delivery& delivery);  // at the other side: the effect, once
    void retried_by_operator(DeliveryId id, Instant wall);
    void discarded_by_operator(DeliveryId id);
    void program_ended();  // what was under way is not known any more

    // Nothing is under way: every row is delivered, discarded, dead with a reason, or behind a dead
    // open.
    void check_at_rest(storage::Connection& connection);
    void check_all_ended(storage::Connection& connection);
    void check_nothing_leased(storage::Connection& connection, const std::string& connector);

    [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
    [[nodiscard]] std::size_t sends() const { return sends_; }
    [[nodiscard]] std::size_t deaths() const { return deaths_; }

private:
    using Thread = std::pair<std::string, IncidentId>;  // a connector's view of an incident
    struct Truth {
        WrittenRow row;
        Instant created{};  // as far as its age counts
        std::int64_t sends = 0;
        std::optional<connectors::DeliveryResult> answer;  // of this program's last attempt
        Instant answered_at{};
        std::optional<Instant> not_before;
        std::optional<std::string> last_error;
        std::optional<Settlement> last_step;
        std::int64_t leased_attempts = 0;
        std::int64_t sent_as_attempt = 0;
        bool under_way = false;
        bool attempted = false;  // since it was leased
        bool told_accepted = false;
        bool told_accepted_now = false;  // in this program's life
        bool delivered = false;          // the outbox said so
        bool dead = false;               // the outbox said so, and nobody retried it
        bool given_up = false;           // it was told to be dead, and nobody retried it
        bool retried = false;            // by a person, perhaps after later ones had been tried
        bool discarded = false;
        bool applied = false;
        std::string told_remote_id;
    };

    void fault(const Truth& truth, const std::string& what);
    [[nodiscard]] static bool may_be_passed(const Truth& truth);
    [[nodiscard]] bool is_spent(const Truth& truth) const;
    void check_order(const Truth& truth);
    void check_retry(const Truth& truth, const Settlement& step);
    void check_death(Truth& truth, const Settlement& step);
    void check_verdict(Truth& truth, const Settlement& step);
    void check_row(Truth& truth, DeliveryState state, const std::string& error, bool behind_dead);

    std::map<std::string, connectors::DeliveryLimits> limits_;
    bool calm_;
    std::map<DeliveryId, Truth> rows_;
    std::map<Thread, std::vector<DeliveryId>> threads_;
    std::map<Thread, std::string> links_;
    std::vector<std::string> broken_;
    std::size_t sends_ = 0;
    std::size_t deaths_ = 0;
};

}  // namespace gantry::simulation
