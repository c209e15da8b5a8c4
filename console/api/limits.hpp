// The bounds and words of what the API takes in, the same for all handlers and in openapi.yaml.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/event.hpp"

namespace gantry::console {

inline constexpr std::size_t k_max_word_bytes = 64;
inline constexpr std::size_t k_max_name_bytes = 128;
inline constexpr std::size_t k_max_title_bytes = k_max_summary_bytes;
inline constexpr std::size_t k_max_text_bytes = k_max_description_bytes;
inline constexpr std::size_t k_min_password_bytes = 12;
inline constexpr std::size_t k_max_password_bytes = 1024;
inline constexpr std::size_t k_max_document_bytes = 256 * 1024;  // a policy, the largest body
inline constexpr std::int64_t k_max_id = std::int64_t{1} << 53;  // exact in every JSON reader
inline constexpr std::int64_t k_max_uses = 1'000'000;
inline constexpr std::int64_t k_max_expiry_s = 10LL * 366 * 86'400;
inline constexpr std::int64_t k_default_session_s = 12LL * 3600;
inline constexpr std::int64_t k_max_session_s = 7LL * 86'400;
inline constexpr std::int64_t k_default_enrolment_expiry_s = 7LL * 86'400;

inline const std::vector<std::string> k_level_words{"high", "medium", "low"};
inline const std::vector<std::string> k_role_words{"viewer", "technician", "admin", "intake"};
inline const std::vector<std::string> k_user_role_words{"viewer", "technician", "admin"};
inline const std::vector<std::string> k_incident_state_words{"new",      "in_progress", "on_hold",
                                                             "resolved", "closed",      "canceled"};
inline const std::vector<std::string> k_hold_words{"caller", "vendor", "change", "problem",
                                                   "evidence"};
inline const std::vector<std::string> k_close_words{"solved", "workaround", "recovered",
                                                    "duplicate", "not_an_incident"};
inline const std::vector<std::string> k_visibility_words{"work_note", "public"};

}  // namespace gantry::console
