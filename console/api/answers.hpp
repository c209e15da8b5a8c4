// Answers: responses in the API's shapes, and how an Error becomes a problem document. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/http/message.hpp"
#include "core/ports/paging.hpp"

namespace gantry::console {

// `document` is JSON already.
http::Response json_answer(std::string document, int status = 200);
http::Response no_content();
// With ETag "<version>".
http::Response versioned(std::string document, std::int64_t version, int status = 200);
// {"items": [...], "next_cursor": "12" or null}
std::string page_document(const std::vector<std::string>& items, std::optional<std::int64_t> next);

template <class T, class Encode>
http::Response page_answer(const PageOf<T>& page, Encode encode) {
    std::vector<std::string> items;
    items.reserve(page.items.size());
    for (const T& item : page.items) items.push_back(encode(item));
    return json_answer(page_document(items, page.next));
}

// invalid_input 400, unauthorised 401, forbidden 403, not_found 404, conflict 409, limit and
// unavailable 503 (with Retry-After), timeout 504, else 500 (without the message, which may tell
// of the inside).
http::Response refusal(const Error& error);

// 429: too many failed credentials from the caller's address (core/http/auth_guard.hpp).
http::Response throttled();

// If-Match of RFC 9110, by version: absent, "*", or a list of strong tags.
struct IfMatch {
    bool present = false;
    bool any = false;
    std::vector<std::int64_t> versions;
    [[nodiscard]] bool matches(std::int64_t version) const;
};
// invalid_input for what is no list of entity tags. Weak tags never match.
Result<IfMatch> if_match(const http::Request& request);
// If-None-Match names this version: answer 304.
[[nodiscard]] bool not_modified(const http::Request& request, std::int64_t version);

http::Response precondition_required(std::string_view what);
http::Response precondition_failed(std::string_view what, std::int64_t version);

}  // namespace gantry::console
