// The wire contract between agent and collector as values; docs/specs/wire.md is its text and
// core/model/report_json.hpp its codec. Shared by both sides so that they cannot drift.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model/asset.hpp"
#include "core/model/event.hpp"

namespace gantry {

inline constexpr std::size_t k_max_report_bytes = 256 * 1024;  // uncompressed JSON

// Bounds of what an agent says; the codec holds both sides to them. An id that is longer, or has
// other than printable ASCII, is refused; other texts are cut and end with "…", and what is beyond
// a number of pieces is left out.
inline constexpr std::size_t k_max_wire_id_bytes = 64;    // agent_id, boot_id
inline constexpr std::size_t k_max_check_bytes = 128;     // a check's id, a reading's name
inline constexpr std::size_t k_max_instance_bytes = 255;  // instances, facts, reasons
inline constexpr std::size_t k_max_macs = 64;

enum class Condition : std::uint8_t { ok = 0, warning = 1, critical = 2, unknown = 3 };
[[nodiscard]] const char* to_string(Condition condition);
[[nodiscard]] bool parse(std::string_view text, Condition& out);

// sample: readings, droppable. state: a check changed its condition, never dropped before samples.
// facts: identity and inventory. full_state: every check's present condition, sent when asked for.
// dropped: what the spool evicted, by class and count, and why.
enum class RecordKind : std::uint8_t { sample = 0, state, facts, full_state, dropped };
[[nodiscard]] const char* to_string(RecordKind kind);
[[nodiscard]] bool parse(std::string_view text, RecordKind& out);

struct CheckState {
    std::string check;     // id inside the policy: "filesystem"
    std::string instance;  // "/var", "" for a check with one instance
    Condition condition = Condition::ok;
    Condition previous = Condition::unknown;
    std::string summary;  // "/var is 96 % full (critical at 95 %)"
    Labels evidence;      // value, unit, threshold, top processes ...
};
struct Reading {
    std::string name;  // OpenTelemetry's system.* names
    std::string instance;
    double value = 0;
};
struct DroppedCount {
    RecordKind kind = RecordKind::sample;
    std::int64_t count = 0;
    std::string reason;  // "spool full", "too old"
};

struct ReportRecord {
    std::int64_t seq = 0;
    Instant at{};             // agent's wall clock
    std::int64_t age_ms = 0;  // at sending, by the agent's monotonic clock
    RecordKind kind = RecordKind::sample;
    std::vector<Reading> readings;      // sample
    std::vector<CheckState> states;     // state (one) and full_state (all)
    std::optional<Facts> facts;         // facts
    std::vector<DroppedCount> dropped;  // dropped
};

struct Report {
    std::string agent_id;
    std::int64_t epoch = 0;  // grows when the agent's spool was lost or rolled back
    std::string boot_id;
    std::int64_t first_seq = 0;
    std::int64_t last_seq = 0;
    std::vector<ReportRecord> records;
};

struct ReportReply {
    std::int64_t acked_seq = 0;
    Instant server_time{};
    std::string policy_etag;
    std::int64_t interval_s = 15;
    std::int64_t retry_after_s = 0;
    bool want_full_state = false;
    std::int64_t epoch = 0;  // that the server knows, when the report's is lower; else 0
};

struct EnrolRequest {
    std::string token;
    std::string boot_id;
    Facts facts;
    std::string nonce{};  // of this enrolment, the same when it is repeated; empty = cannot be
    std::int64_t uptime_s = 0;  // since boot_id began; 0 = unknown
};
struct EnrolReply {
    std::string agent_id;
    std::string credential;  // 256 bits, base64url, shown once
    std::int64_t asset_id = 0;
    std::string organisation;
    std::string site;
    std::string role;
};

}  // namespace gantry
