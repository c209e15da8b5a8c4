// RequestParser: bytes in, one Request out, through Beast's parser (hidden), without a stream and
// without a wait. Bounds: header bytes, body bytes as sent, and all bodies together. Private to
// core/http; one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "core/http/message.hpp"
#include "core/http/refusal.hpp"

namespace gantry::http {

class BodyLease;

// What the bodies of all connections may hold together.
struct BodyBudget {
    std::size_t limit = 0;
    std::size_t used = 0;
    // Makes another than `asking` release its lease; false: there is none that should.
    std::function<bool(const BodyLease& asking)> make_room = nullptr;
};

// One connection's part of it; given back on release() or destruction.
class BodyLease {
public:
    explicit BodyLease(BodyBudget& budget) : budget_(budget) {}
    ~BodyLease() { release(); }
    BodyLease(const BodyLease&) = delete;
    BodyLease& operator=(const BodyLease&) = delete;

    // False, and nothing taken, when the budget has no `bytes` left and nobody gives way.
    [[nodiscard]] bool grow(std::size_t bytes) {
        while (bytes > budget_.limit - budget_.used) {
            if (!budget_.make_room || !budget_.make_room(*this)) return false;
        }
        budget_.used += bytes;
        held_ += bytes;
        return true;
    }
    void release() {
        budget_.used -= held_;
        held_ = 0;
    }

private:
    BodyBudget& budget_;
    std::size_t held_ = 0;
};

struct ParserLimits {
    std::size_t header_bytes = 0;
    std::size_t body_bytes = 0;
    // Of one request's body, asked when its header is there; bounds body_bytes further.
    const std::function<std::size_t(const Request&)>* body_limit = nullptr;
};

class RequestParser {
public:
    enum class Status { need_more, complete, failed };

    RequestParser(ParserLimits limits, BodyLease& lease);
    ~RequestParser();

    // Reads from `bytes` and sets `consumed`; what was not consumed comes again, with more behind
    // it, in the next call. REQUIRES: the last answer was need_more, or reset() was called.
    Status feed(std::string_view bytes, std::size_t& consumed);
    void reset();

    [[nodiscard]] bool started() const;  // a byte of the request was fed
    [[nodiscard]] bool header_done() const;
    // True once: the client waits for "100 Continue" before it sends the body.
    [[nodiscard]] bool take_expectation();
    [[nodiscard]] bool keep_alive() const;  // REQUIRES: header_done()
    [[nodiscard]] bool is_head() const;
    [[nodiscard]] bool is_http_10() const;
    [[nodiscard]] bool is_gzip() const;
    // What this request's body may have after gzip; the largest number when nothing was said.
    [[nodiscard]] std::size_t inflated_limit() const;
    Request take();                                // REQUIRES: complete
    [[nodiscard]] const Refusal& refusal() const;  // REQUIRES: failed

private:
    class Impl;
    ParserLimits limits_;
    BodyLease& lease_;
    std::unique_ptr<Impl> impl_;
};

}  // namespace gantry::http
