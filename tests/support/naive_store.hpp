// NaiveStore: what the records would be after these Changes and commands, with maps and plain ifs;
// the reference that property tests compare the correlator's view with, and restart it from.
#pragma once

#include <map>

#include "correlator/pipeline/correlator.hpp"

namespace gantry::test {

class NaiveStore {
public:
    std::map<AlertId, Alert> alerts;
    std::map<AssetId, Asset> assets;
    std::map<IncidentId, Incident> incidents;

    void apply(const Changes& changes) {
        for (const auto& asset : changes.new_assets) assets[asset.id] = asset;
        for (const auto& alert : changes.alerts) alerts[alert.id] = alert;
        for (const auto id : changes.forgotten) alerts.erase(id);
        for (const auto& action : changes.actions) apply(action);
    }

    void restore(correlator::Correlator& correlator) const {
        for (const auto& [id, asset] : assets) correlator.restore(asset);
        for (const auto& [id, incident] : incidents) {
            const auto ended = incident.state == IncidentState::closed ||
                               incident.state == IncidentState::canceled;
            if (!ended) correlator.restore(incident);
        }
        for (const auto& [id, alert] : alerts) correlator.restore(alert);
    }

    static bool open(const Incident& incident) {
        return incident.state == IncidentState::new_ ||
               incident.state == IncidentState::in_progress ||
               incident.state == IncidentState::on_hold;
    }

private:
    void apply(const IncidentAction& action) {
        using Kind = IncidentAction::Kind;
        auto& incident = incidents[action.incident];
        incident.firing_count = action.firing_count;
        switch (action.kind) {
            case Kind::open:
                incident.id = action.incident;
                incident.organisation = action.organisation;
                incident.asset = action.asset;
                incident.title = action.title;
                incident.impact = action.impact;
                incident.urgency = action.urgency;
                incident.opened_at = action.at;
                break;
            case Kind::set_priority:
                incident.impact = action.impact;
                incident.urgency = action.urgency;
                break;
            case Kind::resolve:
                incident.state = IncidentState::resolved;
                incident.close_code = CloseCode::recovered;
                incident.resolved_at = action.at;
                break;
            case Kind::reopen:
                incident.state = IncidentState::in_progress;
                incident.close_code = CloseCode::none;
                ++incident.reopen_count;
                break;
            case Kind::bind_alert:
            case Kind::note: break;
        }
    }
};

}  // namespace gantry::test
