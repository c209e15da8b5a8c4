#include "agent/probes/unit.hpp"

#include <algorithm>

#include "agent/checks/glob.hpp"

namespace gantry::agent {
namespace {

constexpr std::size_t k_named_in_evidence = 10;

// A plain "nginx" means the service.
std::string with_suffix(const std::string& pattern) {
    const bool has_suffix = pattern.find('.') != std::string::npos;
    return has_suffix || has_wildcard(pattern) ? pattern : pattern + ".service";
}

// A unit that crashed and waits to be started again is "activating", too, and does not run.
bool is_active(const UnitRow& unit) {
    if (unit.active == "activating") return !unit.sub.starts_with("auto-restart");
    return unit.active == "active" || unit.active == "reloading";
}

class UnitProbe final : public Probe {
public:
    UnitProbe(std::unique_ptr<UnitLister> lister, std::vector<std::string> patterns)
        : lister_(std::move(lister)) {
        for (std::string& pattern : patterns) {
            patterns_.push_back(with_suffix(std::move(pattern)));
        }
    }

    [[nodiscard]] const std::string& name() const override { return name_; }

    boost::asio::awaitable<Result<Measurement>> read() override {
        std::vector<std::string> states(1, "failed");
        auto failed = co_await lister_->list(std::move(states), std::vector<std::string>());
        if (!failed) co_return failed.error();
        failed_ = std::move(*failed);
        Measurement out;
        out.readings.push_back({"systemd.units.failed", "", static_cast<double>(failed_.size())});
        if (patterns_.empty()) co_return out;
        auto units = co_await lister_->list(std::vector<std::string>(), patterns_);
        if (!units) co_return units.error();
        units_ = std::move(*units);
        for (const UnitRow& unit : units_) {
            out.readings.push_back({"systemd.unit.active", unit.name, is_active(unit) ? 1.0 : 0.0});
        }
        for (const std::string& pattern : patterns_) append_missing(pattern, out);
        co_return out;
    }

    boost::asio::awaitable<Labels> evidence(std::string metric, std::string instance) override {
        co_return proof_of(metric, instance);
    }

private:
    [[nodiscard]] Labels proof_of(const std::string& metric, const std::string& instance) const {
        if (metric == "systemd.units.failed") return {{"failed_units", failed_names()}};
        for (const UnitRow& unit : units_) {
            if (unit.name == instance) {
                return {{"active_state", unit.active},
                        {"load_state", unit.load},
                        {"sub_state", unit.sub}};
            }
        }
        return {{"load_state", "not-found"}};
    }

    void append_missing(const std::string& name, Measurement& out) const {
        if (has_wildcard(name)) return;
        const bool known = std::any_of(units_.begin(), units_.end(),
                                       [&](const UnitRow& unit) { return unit.name == name; });
        if (!known) out.readings.push_back({"systemd.unit.active", name, 0});
    }

    [[nodiscard]] std::string failed_names() const {
        std::string out;
        for (std::size_t i = 0; i < failed_.size() && i < k_named_in_evidence; ++i) {
            out += (i == 0 ? "" : ", ") + failed_[i].name;
        }
        if (failed_.size() > k_named_in_evidence) out += ", ...";
        return out;
    }

    const std::string name_ = "unit";
    std::unique_ptr<UnitLister> lister_;
    std::vector<std::string> patterns_;
    std::vector<UnitRow> failed_;
    std::vector<UnitRow> units_;
};

}  // namespace

std::unique_ptr<Probe> make_unit_probe(std::unique_ptr<UnitLister> lister,
                                       std::vector<std::string> patterns) {
    return std::make_unique<UnitProbe>(std::move(lister), std::move(patterns));
}

}  // namespace gantry::agent
