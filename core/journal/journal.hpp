// Journal: the ordered, durable log that everything inbound goes through. append() answers only
// when the record is on the disk; one commit serves all appends that wait for it (group commit).
// Consumers read by sequence and keep their cursor in their own transaction, so at-least-once
// reading has exactly-once effects. Embedded (SQLite) here; the port is shaped so that JetStream
// fits: sequences rise but may have gaps.
//
// Threading: call from the executor given at construction; completion comes back on it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/strong_id.hpp"
#include "core/time/clock.hpp"

namespace gantry::journal {

enum class Kind : std::uint8_t {
    agent_report = 0,      // body: the report's JSON (docs/specs/wire.md)
    intake = 1,            // body as received; `source` names the format
    command = 2,           // body: core/model/json.hpp's command codec
    expiry = 3,            // body: {"alerts":[ids]}: these were not resent in time
    endpoint_silent = 4,   // body: {"agent_id","last_seen_ms","silence_ms"}
    endpoint_returned = 5  // body: {"agent_id"}
};

struct Record {
    JournalSeq seq;  // set by append
    Instant received_at{};
    OrganisationId organisation;
    Kind kind = Kind::intake;
    std::string source;  // "generic", an agent_id, a principal's name
    std::string body;
};

class Journal {
public:
    virtual ~Journal() = default;
    // Durable when it returns. limit: the queue of waiting appends is full (answer 503 and let the
    // client retry). unavailable or limit (disk full): nothing was stored.
    virtual boost::asio::awaitable<Result<JournalSeq>> append(Record record) = 0;
    // Records with seq > after, ascending, at most `max_records` and about `max_bytes`. Recent ones
    // come from memory. Empty: nothing new.
    virtual boost::asio::awaitable<Result<std::vector<Record>>> read(JournalSeq after,
                                                                     std::size_t max_records,
                                                                     std::size_t max_bytes) = 0;
    // Called on the executor after each commit, with the highest durable sequence. One listener.
    virtual void on_commit(std::function<void(JournalSeq)> listener) = 0;
    [[nodiscard]] virtual JournalSeq last_durable() const = 0;
    // Deletes records up to `upto` that are older than `before`, in bounded chunks.
    virtual boost::asio::awaitable<Result<std::int64_t>> trim(JournalSeq upto, Instant before) = 0;
};

}  // namespace gantry::journal
