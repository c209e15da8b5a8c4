#include "agent/spool/marker.hpp"

#include <nlohmann/json.hpp>

#include "agent/state/state_file.hpp"

namespace gantry::agent {

std::optional<Marker> read_marker(const std::string& path) {
    const auto text = read_state_file(path);
    if (!text) return std::nullopt;
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    if (!json.is_object() || !json.contains("spool_id") || !json["spool_id"].is_string() ||
        !json.contains("epoch") || !json["epoch"].is_number_integer() ||
        !json.contains("reserved_seq") || !json["reserved_seq"].is_number_integer()) {
        return std::nullopt;
    }
    return Marker{json["spool_id"].get<std::string>(), json["epoch"].get<std::int64_t>(),
                  json["reserved_seq"].get<std::int64_t>()};
}

Result<void> write_marker(const std::string& path, const Marker& marker) {
    const nlohmann::ordered_json json{{"spool_id", marker.spool_id},
                                      {"epoch", marker.epoch},
                                      {"reserved_seq", marker.reserved_seq}};
    return write_state_file(path, json.dump() + "\n", Flush::durable);
}

}  // namespace gantry::agent
