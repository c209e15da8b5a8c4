// PaceChecker: how one connector may be called, whatever the engine thinks: never more at once than
// allowed, never faster than the rate, not while the other side asked for peace (longer each time
// when it names no time), not while its circuit must be open, and then one probe at a time. One
// program's life each.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/engine/connector.hpp"
#include "connectors/engine/settings.hpp"

namespace gantry::simulation {

class PaceChecker {
public:
    using Steady = std::chrono::steady_clock::time_point;

    PaceChecker(std::string connector, connectors::DeliveryLimits limits)
        : connector_(std::move(connector)), limits_(limits) {}

    void begun(DeliveryId id, Steady now);
    void finished(DeliveryId id, const connectors::DeliveryResult& result, Steady now);
    void stops() { stops_ = true; }

    [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
    [[nodiscard]] std::size_t openings() const { return openings_in_all_; }

private:
    void check_rate(Steady now);
    void open(Steady now, std::optional<Millis> asked);
    void check_peace(DeliveryId id, const connectors::DeliveryResult& result, Steady now);
    void fault(const std::string& what) { broken_.push_back(connector_ + ": " + what); }

    std::string connector_;
    connectors::DeliveryLimits limits_;
    std::size_t under_way_ = 0;
    bool stops_ = false;
    Steady peace_until_{};
    std::map<DeliveryId, Steady> begun_at_;
    std::optional<Steady> last_enough_;  // when it last said so without naming a time
    int enoughs_in_a_row_ = 0;           // of calls that began after the one before
    int failures_ = 0;                   // in a row, while closed
    int openings_ = 0;                   // in a row
    std::size_t openings_in_all_ = 0;
    bool is_open_ = false;
    Steady closed_off_until_{};
    std::optional<DeliveryId> probe_;
    std::optional<Steady> rate_since_;  // when the bucket was last known to be full
    std::int64_t rate_used_us_ = 0;     // what was taken since, as time to refill
    std::vector<std::string> broken_;
};

}  // namespace gantry::simulation
