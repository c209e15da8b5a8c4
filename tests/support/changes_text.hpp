// Changes as text, one line per item with every field: golden files compare it, and byte equality
// of two folds is equality of this.
#pragma once

#include <sstream>
#include <string>

#include "core/model/changes.hpp"

namespace gantry::test {

inline std::string labels_text(const LabelSet& labels) {
    std::string out = "{";
    for (const auto [name, value] : labels) {
        out.append(out.size() > 1 ? "," : "").append(name).append("=").append(value);
    }
    return out + "}";
}

// Texts of several lines stay on one.
inline std::string one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += " | ";
        } else {
            out += c;
        }
    }
    return out;
}

inline const char* word(IncidentAction::Kind kind) {
    switch (kind) {
        case IncidentAction::Kind::open: return "open";
        case IncidentAction::Kind::bind_alert: return "bind_alert";
        case IncidentAction::Kind::note: return "note";
        case IncidentAction::Kind::set_priority: return "set_priority";
        case IncidentAction::Kind::resolve: return "resolve";
        case IncidentAction::Kind::reopen: return "reopen";
    }
    return "?";
}

inline std::string text_of(const Asset& a) {
    std::ostringstream out;
    out << "asset " << a.id.value << " org=" << a.organisation.value << ' '
        << to_string(a.asset_class) << " name=" << a.name << " by=\"" << a.identified_by
        << "\" at=" << to_ms(a.created_at);
    return out.str();
}

inline std::string text_of(const Alert& a) {
    std::ostringstream out;
    out << "alert " << a.id.value << " org=" << a.organisation.value
        << " source=" << a.text.source() << " key=" << a.text.key() << ' ' << to_string(a.state)
        << ' ' << to_string(a.severity) << " summary=\"" << one_line(a.text.summary())
        << "\" labels=" << labels_text(a.text.labels()) << " asset=" << a.asset.value
        << " episode=" << a.episode.value << " count=" << a.episode_count
        << " started=" << to_ms(a.started_at) << " seen=" << to_ms(a.last_seen_at)
        << " resolved=" << to_ms(a.resolved_at) << " expires=" << a.expires_after.count()
        << " incident=" << a.incident.value << " opened_seq=" << a.opened_seq.value
        << " changed_seq=" << a.changed_seq.value;
    return out.str();
}

inline std::string text_of(const Decision& d) {
    std::ostringstream out;
    out << "decision " << d.id.value << " org=" << d.organisation.value
        << " seq=" << d.journal_seq.value << '.' << d.event_index << ' ' << to_string(d.action)
        << ' ' << to_string(d.severity) << " -> " << to_string(d.outcome)
        << " dedup=" << to_string(d.dedup) << " identify=" << to_string(d.identify)
        << " promote=" << to_string(d.promote) << " alert=" << d.alert.value
        << " episode=" << d.episode.value << " asset=" << d.asset.value
        << " incident=" << d.incident.value << " rule=" << d.rule_index << " at=" << to_ms(d.at);
    return out.str();
}

inline std::string text_of(const IncidentAction& a) {
    std::ostringstream out;
    out << "action " << word(a.kind) << ' ' << incident_number(a.incident)
        << " org=" << a.organisation.value << " asset=" << a.asset.value
        << " alert=" << a.alert.value << " episode=" << a.episode.value << ' '
        << to_string(a.impact) << '/' << to_string(a.urgency) << " firing=" << a.firing_count
        << " at=" << to_ms(a.at);
    if (a.kind == IncidentAction::Kind::open) {
        out << " detected=" << to_ms(a.detected_at) << " category=" << a.category
            << " group=" << a.assignment_group << "\n  title: " << a.title;
    }
    out << "\n  body: " << one_line(a.body);
    return out.str();
}

inline std::string text_of(const Changes& changes) {
    std::ostringstream out;
    out << "cursor " << changes.cursor.value << '\n';
    for (const auto& asset : changes.new_assets) out << text_of(asset) << '\n';
    for (const auto& alert : changes.alerts) out << text_of(alert) << '\n';
    for (const auto id : changes.forgotten) out << "forgotten " << id.value << '\n';
    for (const auto& decision : changes.decisions) out << text_of(decision) << '\n';
    for (const auto& action : changes.actions) out << text_of(action) << '\n';
    return out.str();
}

}  // namespace gantry::test
