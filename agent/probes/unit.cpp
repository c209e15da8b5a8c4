#include "agent/probes/unit.hpp"

#include <algorithm>

#include "agent/checks/glob.hpp"

namespace gantry::agent {
namespace {

constexpr std::size_t k_named_in_evidence = 10;

// A plain "nginx" means the service.
std::string with_suffix(std::string pattern) {
    const bool has_suffix = pattern.find('.') != std::string::npos;
    return has_suffix || has_wildcard(pattern) ? pattern : pattern + ".service";
}

// A unit that crashed and waits to be started again is "activating", too, and does not run.
bool is_active(const UnitRow& unit) {
    if (unit.active == "activating") return !unit.sub.starts_with("auto-restart");
    return unit.active == "active" || unit.active == "reloading";
}

class UnitSource final : public Source {
public:
    UnitSource(std::unique_ptr<UnitLister> lister, std::vector<std::string> patterns)
        : lister_(std::move(lister)), given_(std::move(patterns)) {
        for (const std::string& pattern : given_) patterns_.push_back(with_suffix(pattern));
    }

    Result<Measurement> read() override {
        auto failed = lister_->list({"failed"}, {});
        if (!failed) return failed.error();
        failed_ = std::move(*failed);
        Measurement out;
        out.readings.push_back({"systemd.units.failed", "", static_cast<double>(failed_.size())});
        if (patterns_.empty()) return out;
        auto units = lister_->list({}, patterns_);
        if (!units) return units.error();
        units_ = std::move(*units);
        for (const UnitRow& unit : units_) {
            out.readings.push_back({"systemd.unit.active", unit.name, is_active(unit) ? 1.0 : 0.0});
        }
        for (std::size_t i = 0; i < patterns_.size(); ++i) append_missing(patterns_[i], out);
        return out;
    }

    Labels evidence(std::string_view metric, std::string_view instance) override {
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

private:
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

    std::unique_ptr<UnitLister> lister_;
    std::vector<std::string> given_;
    std::vector<std::string> patterns_;
    std::vector<UnitRow> failed_;
    std::vector<UnitRow> units_;
};

}  // namespace

std::unique_ptr<Source> make_unit_source(std::unique_ptr<UnitLister> lister,
                                         std::vector<std::string> patterns) {
    return std::make_unique<UnitSource>(std::move(lister), std::move(patterns));
}

}  // namespace gantry::agent
