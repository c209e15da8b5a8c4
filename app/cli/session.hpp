// Session: what one run of `gantry` works with: the server, where to print, and in which form.
// Private to app/cli.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "app/cli/remote.hpp"
#include "app/cli/table.hpp"
#include "core/settings/reader.hpp"
#include "core/time/clock.hpp"

namespace gantry::cli {

struct Session {
    Remote& remote;
    const Clock& clock;
    settings::Environment environment;
    std::ostream& out;
    std::ostream& err;
    bool json = false;
    TableStyle style;

    // The last step of most commands: prints the reply's JSON, or what `render` makes of it.
    int show(const Result<Reply>& reply, const std::function<std::string(const Reply&)>& render);
    // A list for people; says so when it is empty, and when more follow.
    std::string finish_list(const Table& table, const Reply& reply, const char* none);
    int fail(const Error& error);
    void note(const std::string& text) { err << text << "\n"; }  // beside the result
};

// A command, chosen and filled by the parser.
using Command = std::function<int(Session&)>;

// --- reading the API's documents ---
// The member, or null: an answer that lacks it is an empty place, never a crash.
[[nodiscard]] const Json& member(const Json& document, const char* key);
// The member as a text: "" when absent or null.
[[nodiscard]] std::string text_of(const Json& document, const char* key);
// "40s", "12m", "5h", "3d": how long ago an RFC 3339 time was; "" for null.
[[nodiscard]] std::string age_of(const Json& document, const char* key, Instant now);
// "2026-11-25 03:05:41": UTC, for people; "" for null.
[[nodiscard]] std::string time_of(const Json& document, const char* key);
[[nodiscard]] Tone tone_of_priority(const Json& document);

}  // namespace gantry::cli
