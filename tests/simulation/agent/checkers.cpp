#include <algorithm>
#include <functional>
#include <iterator>

#include "tests/simulation/agent/offline_week.hpp"

namespace gantry::test {
namespace {

std::int64_t total(const agent::SpoolStatus& status, RecordKind kind) {
    std::int64_t out = 0;
    for (const agent::DropTotal& drop : status.dropped) {
        if (drop.kind == kind) out += drop.count;
    }
    return out;
}

// Ids of the transitions that the server has, in the order of their numbers.
std::vector<std::int64_t> received_transitions(const ReportServer& server) {
    std::vector<std::int64_t> out;
    for (const auto& [key, record] : server.records()) {
        if (record.kind != RecordKind::state) continue;
        out.push_back(transition_id(record.states[0]));
    }
    return out;
}

}  // namespace

std::optional<std::string> check_at_the_end(const Truth& truth, const ReportServer& server,
                                            const agent::SpoolStatus& status,
                                            std::size_t max_bytes) {
    if (status.states + status.samples != 0) return "records are left that the server lacks";
    const std::vector<std::int64_t> received = received_transitions(server);
    if (!std::is_sorted(received.begin(), received.end(), std::less_equal<>())) {
        return "transitions arrived out of order or twice";
    }
    std::vector<std::int64_t> missing;
    std::set_difference(truth.committed.begin(), truth.committed.end(), received.begin(),
                        received.end(), std::back_inserter(missing));
    const auto dropped = total(status, RecordKind::state);
    // One that the server had received when it was dropped here counts as dropped all the same.
    if (static_cast<std::int64_t>(missing.size()) > dropped) {
        return std::to_string(missing.size()) + " transitions are missing, " +
               std::to_string(dropped) + " were dropped";
    }
    if (server.told_dropped(RecordKind::state) != dropped) {
        return "states: " + std::to_string(dropped) + " dropped, " +
               std::to_string(server.told_dropped(RecordKind::state)) + " told";
    }
    const auto samples = total(status, RecordKind::sample);
    if (server.told_dropped(RecordKind::sample) != samples) {
        return "samples: " + std::to_string(samples) + " dropped, " +
               std::to_string(server.told_dropped(RecordKind::sample)) + " told";
    }
    // Oldest first, and only for want of room: what is missing is older than enough bytes of
    // younger transitions to fill most of the class.
    if (missing.empty()) return std::nullopt;
    std::size_t younger = 0;
    for (const auto& [id, size] : truth.size) {
        if (id > missing.back()) younger += size;
    }
    const std::size_t room = max_bytes - 640 * 1024;
    if (younger < room / 3) return "states were dropped while there was room";
    if (samples == 0) return "states were dropped before samples";
    return std::nullopt;
}

}  // namespace gantry::test
