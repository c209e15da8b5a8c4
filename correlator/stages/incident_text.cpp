#include "correlator/stages/incident_text.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace gantry::correlator {
namespace {

std::string bounded(std::string text, std::size_t max_bytes) {
    if (text.size() <= max_bytes) return text;
    constexpr std::string_view k_ellipsis = "…";
    return truncate_utf8(text, max_bytes - k_ellipsis.size()).append(k_ellipsis);
}

// A sentence out of somebody's words: trimmed, ended with a full stop unless it ends itself.
std::string sentence(std::string_view words) {
    std::string out(trim(words));
    if (out.empty()) return out;
    const char last = out.back();
    if (last != '.' && last != '!' && last != '?') out += '.';
    return out;
}

std::string where(const Context& context) {
    const auto host = host_of(context);
    return host.empty() ? std::string{} : " on " + host;
}

// "The value is 96.2 %; the threshold is 95 %." Empty when the evidence has no value.
std::string value_sentence(const LabelSet& evidence) {
    const auto value = evidence.find("value");
    if (!value || value->empty()) return {};
    std::string suffix;
    if (const auto unit = evidence.find("unit"); unit && !unit->empty()) {
        suffix.append(" ").append(*unit);
    }
    std::string out("The value is ");
    out.append(*value).append(suffix);
    if (const auto threshold = evidence.find("threshold"); threshold && !threshold->empty()) {
        out.append("; the threshold is ").append(*threshold).append(suffix);
    }
    return out + ".";
}

bool told_already(std::string_view name) {
    constexpr std::array k_told{"value", "unit", "threshold"};
    return std::find(k_told.begin(), k_told.end(), name) != k_told.end();
}

std::string evidence_lines(const LabelSet& evidence) {
    std::string out;
    for (const auto [name, text] : evidence) {
        if (!told_already(name)) out.append("\n").append(name).append(": ").append(text);
    }
    return out.empty() ? out : "\nEvidence:" + out;
}

std::string label_list(const LabelSet& labels) {
    std::string out;
    for (const auto [name, value] : labels) {
        out.append(out.empty() ? "" : ", ").append(name).append("=").append(value);
    }
    return out;
}

std::string origin_sentence(const Event& event) {
    auto out = "\nReported by " + event.source + " under the key " + event.key;
    const auto labels = label_list(event.labels);
    return out + (labels.empty() ? "." : ", with the labels " + labels + ".");
}

std::string unit_text(std::int64_t count, const char* one, const char* many) {
    return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string condition_sentence(const Context& context) {
    return std::string("The condition is ") + to_string(context.event.severity) + where(context) +
           " since " + to_rfc3339(context.alert().started_at) + ".";
}

}  // namespace

std::string duration_text(Millis duration) {
    const auto seconds = std::max<std::int64_t>(0, duration.count() / 1000);
    const auto minutes = seconds / 60;
    const auto hours = minutes / 60;
    if (minutes < 1) return unit_text(seconds, "s", "s");
    if (hours < 1) return unit_text(minutes, "min", "min");
    if (hours < 24) {
        const auto rest = minutes % 60;
        return unit_text(hours, "h", "h") + (rest ? " " + unit_text(rest, "min", "min") : "");
    }
    const auto rest = hours % 24;
    return unit_text(hours / 24, "day", "days") + (rest ? " " + unit_text(rest, "h", "h") : "");
}

std::string host_of(const Context& context) {
    if (!context.event.host.empty()) return context.event.host;
    if (const auto label = context.event.labels.find("host"); label && !label->empty()) {
        return std::string(*label);
    }
    const auto* asset = context.state.assets.find(context.alert().asset);
    return asset && !asset->service ? asset->name : std::string{};
}

std::string incident_title(const Context& context) {
    const auto host = host_of(context);
    auto summary = std::string(trim(context.event.summary));
    if (summary.empty()) summary = context.event.key;
    std::replace_if(
        summary.begin(), summary.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    if (!host.empty() && !summary.starts_with(host + ":")) summary = host + ": " + summary;
    return bounded(std::move(summary), k_max_title_bytes);
}

std::string opened_text(const Context& context, const PromoteRule& rule, IncidentId earlier) {
    const auto& event = context.event;
    auto out = sentence(event.summary.empty() ? event.key : event.summary);
    out += "\n" + condition_sentence(context);
    if (const auto value = value_sentence(event.evidence); !value.empty()) out += " " + value;
    if (!event.description.empty()) out += "\n" + event.description;
    out += evidence_lines(event.evidence);
    out += origin_sentence(event);
    out += " Rule \"" + rule.name + "\" opened this incident.";
    if (earlier.is_set()) {
        out += "\nThe same alert had the incident " + incident_number(earlier) +
               ", which has ended: look there for what helped.";
    }
    return bounded(std::move(out), k_max_body_bytes);
}

std::string joined_text(const Context& context) {
    auto out =
        "It fires again: " + sentence(context.event.summary) + " " + condition_sentence(context);
    if (const auto value = value_sentence(context.event.evidence); !value.empty()) {
        out += " " + value;
    }
    return bounded(out + evidence_lines(context.event.evidence), k_max_body_bytes);
}

std::string reopened_text(const Context& context, const IncidentEntry& incident) {
    auto out = "Reopened: it fires again " + duration_text(context.now - incident.resolved_at) +
               " after " +
               (incident.resolved_by_person ? "a person resolved it. " : "it had recovered. ") +
               sentence(context.event.summary) + " " + condition_sentence(context);
    if (const auto value = value_sentence(context.event.evidence); !value.empty()) {
        out += " " + value;
    }
    return bounded(out + evidence_lines(context.event.evidence), k_max_body_bytes);
}

std::string severity_text(const Context& context, bool kept_by_person) {
    const auto now = context.event.severity;
    const auto before = context.before ? context.before->severity : now;
    std::string out = now > before ? "The severity rose from " : "The severity fell from ";
    out += std::string(to_string(before)) + " to " + to_string(now) + ": " +
           sentence(context.event.summary);
    if (const auto value = value_sentence(context.event.evidence); !value.empty()) {
        out += " " + value;
    }
    if (kept_by_person) out += " The priority stays as a person set it.";
    return bounded(std::move(out), k_max_body_bytes);
}

std::string recovered_text(const Context& context, After after, std::int64_t still_firing) {
    const auto& alert = context.alert();
    const auto lasted = duration_text(context.now - alert.started_at);
    std::string out;
    if (context.cause == Cause::expiry) {
        out = "Not reported again within " + duration_text(alert.expires_after) +
              ", so it counts as recovered after " + lasted + ".";
    } else if (context.cause == Cause::full_state) {
        out = "The agent's full state does not list it any more, so it ended, after " + lasted +
              "; its recovery was not reported.";
    } else {
        out = "Recovered after " + lasted + where(context) + ".";
        if (!context.event.summary.empty()) out += " " + sentence(context.event.summary);
        if (const auto value = value_sentence(context.event.evidence); !value.empty()) {
            out += " " + value;
        }
    }
    switch (after) {
        case After::resolved: break;
        case After::others_firing:
            out += " The incident stays open: " +
                   unit_text(still_firing, "other alert fires", "other alerts fire") + ".";
            break;
        case After::taken_over:
            out += " The incident stays open because a person took it over.";
            break;
        case After::ended_by_person: out += " A person had ended the incident before."; break;
    }
    return bounded(std::move(out), k_max_body_bytes);
}

}  // namespace gantry::correlator
