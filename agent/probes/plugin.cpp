#include "agent/probes/plugin.hpp"

#include <cctype>
#include <cstring>
#include <utility>

#include "agent/probes/kernel_file.hpp"
#include "core/base/text.hpp"

namespace gantry::agent {
namespace {

constexpr std::size_t k_max_text_bytes = 512;

// "'a label'=1.5GB;..." -> label and number; units of size and time become bytes and seconds.
bool parse_item(std::string_view& rest, Reading& out) {
    std::string label;
    if (rest.front() == '\'') {
        std::size_t i = 1;
        for (; i < rest.size(); ++i) {
            if (rest[i] != '\'') {
                label += rest[i];
            } else if (i + 1 < rest.size() && rest[i + 1] == '\'') {
                label += rest[i++];  // '' is a quote inside quotes
            } else {
                break;
            }
        }
        rest = rest.substr(std::min(i + 1, rest.size()));
    } else {
        const std::size_t equals = rest.find_first_of("= ");
        label = std::string(rest.substr(0, equals));
        rest = equals == std::string_view::npos ? std::string_view() : rest.substr(equals);
    }
    const std::string_view value = next_word(rest);
    if (label.empty() || value.size() < 2 || value.front() != '=') return false;
    const std::string_view field = value.substr(1, value.find(';') - 1);
    const std::size_t digits = field.find_first_not_of("+-0123456789.");
    const auto number = to_real(field.substr(0, digits));
    if (!number) return false;
    const std::string_view unit =
        digits == std::string_view::npos ? std::string_view() : field.substr(digits);
    constexpr std::pair<std::string_view, double> scales[]{{"us", 1e-6}, {"ms", 1e-3}, {"KB", 1e3},
                                                           {"MB", 1e6},  {"GB", 1e9},  {"TB", 1e12},
                                                           {"%", 0.01}};
    double scale = 1;
    for (const auto& [word, factor] : scales) {
        if (unit == word) scale = factor;
    }
    out.name = "plugin." + sanitise(label);
    out.value = *number * scale;
    return true;
}

void parse_items(std::string_view rest, std::vector<Reading>& out) {
    while (out.size() < k_max_perfdata) {
        const std::size_t begin = rest.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) return;
        rest = rest.substr(begin);
        Reading reading;
        if (parse_item(rest, reading)) out.push_back(std::move(reading));
    }
}

PluginVerdict unknown(std::string text) {
    return PluginVerdict{Condition::unknown, std::move(text)};
}

PluginVerdict verdict_of(const process::Outcome& outcome, std::string text) {
    using End = process::Outcome::End;
    if (outcome.end == End::timed_out) return unknown("gave no answer in time and was ended");
    if (outcome.end == End::signalled) {
        return unknown("died of signal " + std::to_string(outcome.signal));
    }
    if (text.empty() && !outcome.err.empty()) text = parse_plugin_output(outcome.err).text;
    switch (outcome.exit_code) {
        case 0: return {Condition::ok, std::move(text)};
        case 1: return {Condition::warning, std::move(text)};
        case 2: return {Condition::critical, std::move(text)};
        case 3: return unknown(std::move(text));
        default:
            return unknown("exit code " + std::to_string(outcome.exit_code) +
                           " is none of the plugin interface" + (text.empty() ? "" : ": " + text));
    }
}

class PluginProbe final : public Probe {
public:
    PluginProbe(const CheckPolicy& check, std::shared_ptr<process::Groups> commands)
        : commands_(std::move(commands)) {
        command_.argv = check.command;
        command_.timeout = check.timeout;
        command_.max_output_bytes = 16 * 1024;
    }

    [[nodiscard]] const std::string& name() const override { return name_; }
    boost::asio::awaitable<Result<Measurement>> read() override {
        process::Command command = command_;
        const Result<process::Outcome> outcome =
            co_await process::run_command(std::move(command), commands_);
        if (!outcome) {
            output_ = outcome.error().message;
            co_return outcome.error();
        }
        output_ = truncate_utf8(sanitise(outcome->out), 4096);
        co_return plugin_measurement(*outcome);
    }
    boost::asio::awaitable<Labels> evidence(std::string, std::string) override {
        Labels out;
        out.emplace_back("command", command_.argv.empty() ? "" : command_.argv.front());
        out.emplace_back("output", output_);
        co_return out;
    }

private:
    const std::string name_ = "plugin";
    process::Command command_;
    std::shared_ptr<process::Groups> commands_;
    std::string output_;
};

}  // namespace

PluginOutput parse_plugin_output(std::string_view output) {
    PluginOutput out;
    std::string_view line;
    bool is_first = true;
    bool in_long_perfdata = false;
    while (next_line(output, line)) {
        const std::size_t bar = line.find('|');
        if (is_first) {
            out.text = truncate_utf8(sanitise(trim(line.substr(0, bar))), k_max_text_bytes);
        }
        // Of the long text, performance data begin at the first bar and run to the end.
        if (in_long_perfdata) {
            parse_items(line, out.readings);
        } else if (bar != std::string_view::npos) {
            parse_items(line.substr(bar + 1), out.readings);
            in_long_perfdata = !is_first;
        }
        is_first = false;
    }
    return out;
}

Measurement plugin_measurement(const process::Outcome& outcome) {
    PluginOutput output = parse_plugin_output(outcome.out);
    Measurement out;
    out.verdict.push_back(verdict_of(outcome, std::move(output.text)));
    out.readings = std::move(output.readings);
    return out;
}

std::unique_ptr<Probe> make_plugin_probe(const CheckPolicy& check,
                                         std::shared_ptr<process::Groups> commands) {
    return std::make_unique<PluginProbe>(check, std::move(commands));
}

}  // namespace gantry::agent
