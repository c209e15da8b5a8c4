// The words of all enums, in one place: API, logs and rules use the same ones.
#include <array>
#include <cstddef>
#include <string_view>

#include "core/model/alert.hpp"
#include "core/model/asset.hpp"
#include "core/model/decision.hpp"
#include "core/model/delivery.hpp"
#include "core/model/incident.hpp"
#include "core/model/report.hpp"
#include "core/model/scope.hpp"

namespace gantry {
namespace {

constexpr std::array k_severity{"info", "warning", "critical"};
constexpr std::array k_action{"firing", "resolved"};
constexpr std::array k_alert_state{"resolved", "firing"};
constexpr std::array k_incident_state{"new",      "in_progress", "on_hold",
                                      "resolved", "closed",      "canceled"};
constexpr std::array k_level{"", "high", "medium", "low"};
constexpr std::array k_hold{"none", "caller", "vendor", "change", "problem", "evidence"};
constexpr std::array k_close{"none",      "solved",    "workaround",
                             "recovered", "duplicate", "not_an_incident"};
constexpr std::array k_timeline{"opened",         "updated",   "priority_changed", "state_changed",
                                "assigned",       "work_note", "comment",          "alert_firing",
                                "alert_resolved", "resolved",  "reopened",         "closed",
                                "delivery"};
constexpr std::array k_visibility{"work_note", "public"};
constexpr std::array k_asset_class{"server",    "workstation", "virtual_machine",
                                   "container", "host",        "service"};
constexpr std::array k_lifecycle{"ordered",     "in_stock", "deployed",
                                 "maintenance", "retired",  "disposed"};
constexpr std::array k_outcome{"refreshed",         "recorded",         "incident_opened",
                               "incident_updated",  "priority_changed", "incident_resolved",
                               "incident_reopened", "resolve_noted",    "ignored"};
constexpr std::array k_dedup{"first_seen",       "new_episode",      "same_episode",
                             "severity_raised",  "severity_lowered", "recovered",
                             "already_resolved", "never_fired",      "expired",
                             "no_room",          "not_in_full_state"};
constexpr std::array k_identify{"none",      "agent_credential",  "asset_id",
                                "host_name", "created_from_host", "created_from_source",
                                "kept",      "service_name"};
constexpr std::array k_promote{"none",
                               "rule_opens",
                               "rule_records_only",
                               "joined_open_incident",
                               "within_reopen_window",
                               "severity_raised",
                               "severity_lowered",
                               "all_recovered",
                               "others_still_firing",
                               "taken_over_by_person",
                               "closed_by_person",
                               "no_incident",
                               "unchanged"};
constexpr std::array k_delivery_state{"pending", "in_flight", "delivered", "dead", "discarded"};
constexpr std::array k_operation{"open", "update", "resolve", "reopen", "note"};
constexpr std::array k_condition{"ok", "warning", "critical", "unknown"};
constexpr std::array k_record_kind{"sample", "state", "facts", "full_state", "dropped"};
constexpr std::array k_role{"viewer", "technician", "admin", "intake"};

template <std::size_t N, class Enum>
const char* word(const std::array<const char*, N>& words, Enum value) {
    const auto index = static_cast<std::size_t>(value);
    return index < N ? words[index] : "?";
}

template <std::size_t N, class Enum>
bool find(const std::array<const char*, N>& words, std::string_view text, Enum& out) {
    for (std::size_t i = 0; i < N; ++i) {
        if (!text.empty() && text == words[i]) {
            out = static_cast<Enum>(i);
            return true;
        }
    }
    return false;
}

}  // namespace

const char* to_string(Severity v) { return word(k_severity, v); }
const char* to_string(EventAction v) { return word(k_action, v); }
const char* to_string(AlertState v) { return word(k_alert_state, v); }
const char* to_string(IncidentState v) { return word(k_incident_state, v); }
const char* to_string(Level v) { return word(k_level, v); }
const char* to_string(HoldReason v) { return word(k_hold, v); }
const char* to_string(CloseCode v) { return word(k_close, v); }
const char* to_string(TimelineKind v) { return word(k_timeline, v); }
const char* to_string(Visibility v) { return word(k_visibility, v); }
const char* to_string(AssetClass v) { return word(k_asset_class, v); }
const char* to_string(Lifecycle v) { return word(k_lifecycle, v); }
const char* to_string(Outcome v) { return word(k_outcome, v); }
const char* to_string(DedupReason v) { return word(k_dedup, v); }
const char* to_string(IdentifyReason v) { return word(k_identify, v); }
const char* to_string(PromoteReason v) { return word(k_promote, v); }
const char* to_string(DeliveryState v) { return word(k_delivery_state, v); }
const char* to_string(Operation v) { return word(k_operation, v); }
const char* to_string(Condition v) { return word(k_condition, v); }
const char* to_string(RecordKind v) { return word(k_record_kind, v); }
const char* to_string(Role v) { return word(k_role, v); }

bool parse(std::string_view text, Severity& out) { return find(k_severity, text, out); }
bool parse(std::string_view text, IncidentState& out) { return find(k_incident_state, text, out); }
bool parse(std::string_view text, Level& out) { return find(k_level, text, out); }
bool parse(std::string_view text, HoldReason& out) { return find(k_hold, text, out); }
bool parse(std::string_view text, CloseCode& out) { return find(k_close, text, out); }
bool parse(std::string_view text, Condition& out) { return find(k_condition, text, out); }
bool parse(std::string_view text, RecordKind& out) { return find(k_record_kind, text, out); }
bool parse(std::string_view text, Role& out) { return find(k_role, text, out); }
bool parse(std::string_view text, DeliveryState& out) { return find(k_delivery_state, text, out); }
bool parse(std::string_view text, AlertState& out) { return find(k_alert_state, text, out); }
bool parse(std::string_view text, Visibility& out) { return find(k_visibility, text, out); }
bool parse(std::string_view text, AssetClass& out) { return find(k_asset_class, text, out); }

}  // namespace gantry
