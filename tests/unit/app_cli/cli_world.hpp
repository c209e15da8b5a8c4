// CliWorld: the whole command line against a server that answers from a script.
#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "app/cli/program.hpp"
#include "tests/support/sim_clock.hpp"

namespace gantry::test {

using nlohmann::json;

// What the client was asked and what it answers. Answers are taken by "METHOD path"; the last one
// of a path is kept for further requests.
struct Script {
    std::vector<http::ClientRequest> asked;
    std::map<std::string, std::deque<Result<http::Response>>> answers;
    http::ClientOptions options;

    void answer(const std::string& line, int status, const std::string& body,
                const std::string& etag = "") {
        http::Response response;
        response.status = status;
        response.body = body;
        if (!etag.empty()) response.headers.emplace_back("ETag", etag);
        answers[line].push_back(std::move(response));
    }
    void refuse(const std::string& line, int status, const std::string& code,
                const std::string& detail) {
        const auto response = http::problem(status, code, detail);
        answer(line, status, response.body);
    }
};

class ScriptedClient final : public http::Client {
public:
    explicit ScriptedClient(Script& script) : script_(script) {}
    Result<http::Response> send(const http::ClientRequest& request) override {
        script_.asked.push_back(request);
        const std::string root = "https://gantry.test:8443/api/v1";
        const std::string target = request.url.substr(std::min(root.size(), request.url.size()));
        const std::string line = request.method + " " + target.substr(0, target.find('?'));
        auto& queue = script_.answers[line];
        if (queue.empty()) return fail(ErrorCode::unavailable, "https://gantry.test:8443: refused");
        auto answer = queue.front();
        if (queue.size() > 1) queue.pop_front();
        return answer;
    }

private:
    Script& script_;
};

struct CliWorld {
    Script script;
    SimClock clock;
    std::map<std::string, std::string> variables{{"GANTRY_URL", "https://gantry.test:8443/"},
                                                 {"GANTRY_TOKEN", "secret-token"},
                                                 {"GANTRY_CA", "/ca.pem"}};
    std::string out;
    std::string err;
    bool terminal = false;
    std::size_t width = 0;

    int run(const std::vector<std::string>& words) {
        std::ostringstream out_stream;
        std::ostringstream err_stream;
        const auto environment = [this](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        };
        const auto make_client = [this](const http::ClientOptions& options) {
            script.options = options;
            return std::unique_ptr<http::Client>(std::make_unique<ScriptedClient>(script));
        };
        cli::World world{environment, make_client, clock, out_stream, err_stream, terminal, width};
        const int code = cli::run(words, world);
        out = out_stream.str();
        err = err_stream.str();
        return code;
    }
    [[nodiscard]] json sent() const { return json::parse(script.asked.back().body); }
    [[nodiscard]] std::string query() const {
        const std::string& url = script.asked.back().url;
        const std::size_t question = url.find('?');
        return question == std::string::npos ? "" : url.substr(question + 1);
    }
};

inline std::string incident_json(int version = 4, const std::string& state = "new") {
    return json{{"id", 1},
                {"number", "INC0000001"},
                {"title", "disk full"},
                {"state", state},
                {"impact", "high"},
                {"urgency", "high"},
                {"priority", 1},
                {"asset_id", 7},
                {"assignee", nullptr},
                {"description", "line 1\nline 2"},
                {"opened_at", "2025-11-24T15:58:00.000Z"},
                {"alert_count", 2},
                {"firing_count", 1},
                {"reopen_count", 0},
                {"version", version}}
        .dump();
}

inline std::string page_json(const std::vector<std::string>& items,
                             const std::string& next = "null") {
    std::string out = "{\"items\":[";
    for (std::size_t i = 0; i < items.size(); ++i) out += (i > 0 ? "," : "") + items[i];
    return out + "],\"next_cursor\":" + next + "}";
}

}  // namespace gantry::test
