#include "connectors/engine/connector.hpp"

#include <array>
#include <utility>

namespace gantry::connectors {

DeliveryResult DeliveryResult::accepted(std::string remote_id) {
    return {Outcome::accepted, Cause::none, {}, std::move(remote_id), {}};
}

DeliveryResult DeliveryResult::retry_later(Cause cause, std::string reason,
                                           std::optional<Millis> retry_after) {
    return {Outcome::retry_later, cause, std::move(reason), {}, retry_after};
}

DeliveryResult DeliveryResult::rejected(Cause cause, std::string reason) {
    return {Outcome::rejected, cause, std::move(reason), {}, {}};
}

DeliveryResult DeliveryResult::ambiguous(Cause cause, std::string reason) {
    return {Outcome::ambiguous, cause, std::move(reason), {}, {}};
}

const char* to_string(Outcome outcome) {
    constexpr std::array words{"accepted", "retry_later", "rejected", "ambiguous"};
    return words.at(static_cast<std::size_t>(outcome));
}

const char* to_string(Cause cause) {
    constexpr std::array<const char*, k_cause_count> words{
        "none",         "connection",  "timeout",      "reset",       "throttled",
        "server_error", "busy",        "refused",      "turned_away", "redirect",
        "bad_answer",   "bad_payload", "bad_settings", "exhausted"};
    return words.at(static_cast<std::size_t>(cause));
}

bool blames_connector(const DeliveryResult& result) {
    switch (result.cause) {
        case Cause::connection:
        case Cause::timeout:
        case Cause::reset:
        case Cause::server_error:
        case Cause::turned_away:
        case Cause::redirect:
        case Cause::bad_settings:
        case Cause::bad_answer: return result.outcome != Outcome::accepted;
        case Cause::none:
        case Cause::throttled:
        case Cause::busy:
        case Cause::refused:
        case Cause::bad_payload:
        case Cause::exhausted: return false;
    }
    return false;
}

}  // namespace gantry::connectors
