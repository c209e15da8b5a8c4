// Alert: the deduplicated thing that events are about. Its identity is its key (organisation,
// source, dedup key); each inactive -> firing step begins a new episode, to which incidents bind.
#pragma once

#include "core/model/alert_text.hpp"
#include "core/model/event.hpp"

namespace gantry {

enum class AlertState : std::uint8_t { resolved = 0, firing = 1 };

[[nodiscard]] const char* to_string(AlertState state);
[[nodiscard]] bool parse(std::string_view text, AlertState& out);

struct Alert {
    AlertId id;
    OrganisationId organisation;
    AlertText text;  // source, key, summary, labels
    AlertState state = AlertState::resolved;
    Severity severity = Severity::warning;  // the latest firing event's
    AssetId asset;
    EpisodeId episode;               // of the present or last firing
    std::int64_t episode_count = 0;  // how often it began to fire
    Instant started_at{};            // the episode's begin
    Instant last_seen_at{};          // the latest event, resends included
    Instant resolved_at{};           // of the last episode; epoch while it never was
    Millis expires_after{0};
    IncidentId incident;     // of the present or last episode; unset when none was opened
    JournalSeq opened_seq;   // record that began the episode
    JournalSeq changed_seq;  // record that last changed anything but last_seen_at
};

}  // namespace gantry
