// Incident: the ticket that people work on, with ITIL's states, impact x urgency -> priority, and a
// timeline. State machine: docs/adr and itsm/tickets/incident_machine.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/strong_id.hpp"
#include "core/model/event.hpp"
#include "core/time/clock.hpp"

namespace gantry {

enum class IncidentState : std::uint8_t {
    new_ = 0,
    in_progress = 1,
    on_hold = 2,
    resolved = 3,
    closed = 4,
    canceled = 5
};
enum class Level : std::uint8_t { high = 1, medium = 2, low = 3 };  // impact, urgency
enum class HoldReason : std::uint8_t { none = 0, caller, vendor, change, problem, evidence };
enum class CloseCode : std::uint8_t {
    none = 0,
    solved,      // a person solved it
    workaround,  // works again, cause stays
    recovered,   // monitoring saw it recover
    duplicate,
    not_an_incident
};

[[nodiscard]] const char* to_string(IncidentState state);
[[nodiscard]] const char* to_string(Level level);
[[nodiscard]] const char* to_string(HoldReason reason);
[[nodiscard]] const char* to_string(CloseCode code);
[[nodiscard]] bool parse(std::string_view text, IncidentState& out);
[[nodiscard]] bool parse(std::string_view text, Level& out);
[[nodiscard]] bool parse(std::string_view text, HoldReason& out);
[[nodiscard]] bool parse(std::string_view text, CloseCode& out);

// 1 (critical) to 5 (planning), ServiceNow's base matrix: high/high 1, high/medium 2, high/low 3,
// medium/medium 3, medium/low 4, low/low 5 (symmetric).
[[nodiscard]] int priority_of(Level impact, Level urgency);

// "INC0000001"; ids above 9,999,999 simply grow longer.
[[nodiscard]] std::string incident_number(IncidentId id);
[[nodiscard]] std::optional<IncidentId> parse_incident_number(std::string_view number);

struct Incident {
    IncidentId id;
    OrganisationId organisation;
    SiteId site;
    AssetId asset;
    std::string title;
    std::string description;
    IncidentState state = IncidentState::new_;
    Level impact = Level::medium;
    Level urgency = Level::medium;
    int priority = 3;
    std::string category;  // "monitoring", "hardware" ...
    std::string source;    // "monitoring", "api"
    std::string assignee;
    std::string assignment_group;
    HoldReason hold_reason = HoldReason::none;
    CloseCode close_code = CloseCode::none;
    std::string close_notes;
    Instant opened_at{};
    Instant updated_at{};
    Instant resolved_at{};
    Instant closed_at{};
    Instant detected_at{};          // the first alert's begin
    std::int64_t alert_count = 0;   // alerts ever bound to it
    std::int64_t firing_count = 0;  // of them firing now
    std::int64_t reopen_count = 0;
    bool taken_over = false;   // a person works on it: monitoring may note, not resolve
    std::int64_t version = 1;  // optimistic lock; the ETag
};

enum class TimelineKind : std::uint8_t {
    opened,
    updated,
    priority_changed,
    state_changed,
    assigned,
    work_note,
    comment,
    alert_firing,
    alert_resolved,
    resolved,
    reopened,
    closed,
    delivery
};
enum class Visibility : std::uint8_t { work_note = 0, public_ = 1 };

[[nodiscard]] const char* to_string(TimelineKind kind);
[[nodiscard]] const char* to_string(Visibility visibility);
[[nodiscard]] bool parse(std::string_view text, Visibility& out);

struct TimelineEntry {
    TimelineId id;
    IncidentId incident;
    OrganisationId organisation;
    Instant at{};
    TimelineKind kind = TimelineKind::updated;
    std::string actor;  // "gantry" for the correlator, else the principal's name
    Visibility visibility = Visibility::work_note;
    std::string body;
    JournalSeq journal_seq;  // the record behind it; explain follows it
};

}  // namespace gantry
