// Event: one inbound record, from an agent or any other monitor, in Gantry's own words. Immutable
// once normalised; adapters in collector/ are the only makers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/strong_id.hpp"
#include "core/model/label_set.hpp"
#include "core/time/clock.hpp"

namespace gantry {

// In order of rank. `info` is worth knowing and opens no incident under the default rules.
enum class Severity : std::uint8_t { info = 0, warning = 1, critical = 2 };
enum class EventAction : std::uint8_t { firing = 0, resolved = 1 };

[[nodiscard]] const char* to_string(Severity severity);
[[nodiscard]] const char* to_string(EventAction action);
[[nodiscard]] bool parse(std::string_view text, Severity& out);

// Bounds that adapters enforce before an Event exists (longer text is cut, counted, marked "…").
inline constexpr std::size_t k_max_key_bytes = 255;
inline constexpr std::size_t k_max_summary_bytes = 1024;
inline constexpr std::size_t k_max_description_bytes = 16 * 1024;
inline constexpr std::size_t k_max_labels = 64;
inline constexpr std::size_t k_max_label_bytes = 1024;
inline constexpr std::size_t k_max_events_per_request = 1000;

// Of what an agent's checks say; only the collector makes such events.
inline constexpr std::string_view k_agent_source = "agent";

struct Event {
    OrganisationId organisation;
    std::string source;  // adapter or monitor: "agent", "generic", "gantry"
    std::string key;     // dedup key as the source gave it, or the labels' fingerprint in hex
    EventAction action = EventAction::firing;
    Severity severity = Severity::warning;
    std::string summary;      // one line; becomes the incident's title
    std::string description;  // more lines, may be empty
    LabelSet labels;          // identity and routing: host, service, check ...
    LabelSet evidence;        // readings and texts that prove it: value, threshold, output ...
    AssetId asset;            // set when the source proves it (an agent's credential)
    std::string host;         // host name as told by the source; empty when none
    Instant observed_at{};    // by the source's clock, corrected by its age where told
    Millis expires_after{0};  // firing without a resend for so long resolves itself; 0 = never
    // Set on the last event of a full state of `asset`: every firing alert of `source` on it whose
    // key is not among these (ascending) has ended. The event itself has no key and fires nothing.
    std::optional<std::vector<std::string>> full_state;
};

// The same for events about the same alert (organisation, source, key); others may collide.
[[nodiscard]] std::uint64_t key_hash(const Event& event);
[[nodiscard]] std::vector<std::uint64_t> key_hashes(const std::vector<Event>& events);

}  // namespace gantry
