#include "collector/intake/generic.hpp"

#include <simdjson.h>

#include <array>
#include <cstdio>
#include <deque>
#include <optional>

#include "core/base/text.hpp"

namespace gantry::collector {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t k_max_warnings = 10;
constexpr std::int64_t k_max_expiry_s = 30 * 86'400;

enum class Key {
    none,
    key,
    status,
    severity,
    summary,
    description,
    host,
    service,
    labels,
    evidence,
    starts_at,
    expires_after_s
};

struct KeyName {
    std::string_view name;
    Key key;
};

constexpr std::array k_key_names{
    KeyName{"key", Key::key},
    KeyName{"dedup_key", Key::key},
    KeyName{"fingerprint", Key::key},
    KeyName{"status", Key::status},
    KeyName{"action", Key::status},
    KeyName{"event_action", Key::status},
    KeyName{"severity", Key::severity},
    KeyName{"summary", Key::summary},
    KeyName{"title", Key::summary},
    KeyName{"message", Key::summary},
    KeyName{"description", Key::description},
    KeyName{"host", Key::host},
    KeyName{"hostname", Key::host},
    KeyName{"node", Key::host},
    KeyName{"service", Key::service},
    KeyName{"labels", Key::labels},
    KeyName{"evidence", Key::evidence},
    KeyName{"annotations", Key::evidence},
    KeyName{"custom_details", Key::evidence},
    KeyName{"starts_at", Key::starts_at},
    KeyName{"expires_after_s", Key::expires_after_s},
};

Key key_of(std::string_view name) {
    for (const KeyName& known : k_key_names) {
        if (known.name == name) return known.key;
    }
    return Key::none;
}

// What is collected of one alert: views into the document, and texts that had to be made.
struct Scratch {
    LabelCollector labels;
    LabelCollector evidence;
    std::deque<std::string> made;

    void clear() {
        labels.clear();
        evidence.clear();
        made.clear();
    }
    std::string_view keep(std::string text) { return made.emplace_back(std::move(text)); }
    std::string_view clean(std::string_view text) {
        return is_clean(text) ? text : keep(sanitise(text));
    }
    std::string_view shortened(std::string_view text) {
        return text.size() <= k_max_label_bytes ? text
                                                : keep(truncate_utf8(text, k_max_label_bytes));
    }
};

// Where an alert stands in the body, for messages.
struct Place {
    const char* list = nullptr;  // nullptr: the body is the alert
    std::size_t index = 0;

    [[nodiscard]] std::string text() const {
        return list == nullptr ? std::string{}
                               : std::string(list) + "[" + std::to_string(index) + "]";
    }
    // "alerts[3].severity"
    [[nodiscard]] std::string of(std::string_view name) const {
        const std::string here = text();
        return here + (here.empty() ? "" : ".") + std::string(name);
    }
};

// One alert of the body on its way to an Event; collects the first fault.
class AlertReader {
public:
    AlertReader(Place place, Scratch& scratch, std::vector<std::string>& warnings, Event& into)
        : place_(place), scratch_(scratch), warnings_(warnings), event_(into) {
        scratch_.clear();
    }

    Result<void> read(element json, OrganisationId organisation, Instant now);

private:
    void read_member(std::string_view name, element value);
    void read_status(std::string_view name, element value);
    void read_severity(element value);
    void read_starts_at(element value);
    void read_expiry(element value);
    void keep_unknown(std::string_view name, element value);
    void read_map(std::string_view name, element value, LabelCollector& into);
    std::optional<std::string_view> scalar(element value);
    std::string text(std::string_view name, element value, std::size_t max_bytes);
    void finish(OrganisationId organisation, Instant now);
    void fault(std::string_view name, const std::string& what) {
        if (fault_.empty()) fault_ = place_.of(name) + what;
    }

    Place place_;
    Scratch& scratch_;
    std::vector<std::string>& warnings_;
    std::string fault_;
    Event& event_;
};

// Scalars as text; nullopt for objects, arrays and null.
std::optional<std::string_view> AlertReader::scalar(element value) {
    switch (value.type()) {
        case element_type::STRING: return std::string_view(value);
        case element_type::INT64: return scratch_.keep(std::to_string(std::int64_t(value)));
        case element_type::UINT64: return scratch_.keep(std::to_string(std::uint64_t(value)));
        case element_type::BOOL: return bool(value) ? "true" : "false";
        case element_type::DOUBLE: {
            char out[40];
            std::snprintf(out, sizeof out, "%.15g", double(value));
            return scratch_.keep(out);
        }
        default: return std::nullopt;
    }
}

// Sixteen digits.
std::string hex_of(std::uint64_t value) {
    std::string out(16, '0');
    for (auto digit = out.rbegin(); digit != out.rend(); ++digit, value >>= 4) {
        *digit = "0123456789abcdef"[value & 0xF];
    }
    return out;
}

Result<void> AlertReader::read(element json, OrganisationId organisation, Instant now) {
    if (!json.is_object()) {
        return fail(ErrorCode::invalid_input,
                    (place_.list == nullptr ? "the body" : place_.text()) + " must be an object");
    }
    event_.source = "generic";
    for (const auto [name, value] : simdjson::dom::object(json)) {
        read_member(name, value);
        if (!fault_.empty()) return fail(ErrorCode::invalid_input, fault_);
    }
    finish(organisation, now);
    if (!fault_.empty()) return fail(ErrorCode::invalid_input, fault_);
    return {};
}

void AlertReader::read_member(std::string_view name, element value) {
    if (value.is_null()) return;
    switch (key_of(name)) {
        case Key::key: event_.key = text(name, value, k_max_key_bytes); break;
        case Key::status: read_status(name, value); break;
        case Key::severity: read_severity(value); break;
        case Key::summary: event_.summary = text(name, value, k_max_summary_bytes); break;
        case Key::description:
            event_.description = text(name, value, k_max_description_bytes);
            break;
        case Key::host: event_.host = text(name, value, k_max_key_bytes); break;
        case Key::service:
            scratch_.labels.add("service", scratch_.keep(text(name, value, k_max_label_bytes)));
            break;
        case Key::labels: read_map(name, value, scratch_.labels); break;
        case Key::evidence: read_map(name, value, scratch_.evidence); break;
        case Key::starts_at: read_starts_at(value); break;
        case Key::expires_after_s: read_expiry(value); break;
        case Key::none: keep_unknown(name, value); break;
    }
}

std::string AlertReader::text(std::string_view name, element value, std::size_t max_bytes) {
    if (!value.is_string()) {
        fault(name, " must be a text");
        return {};
    }
    const std::string_view raw(value);
    if (raw.size() > max_bytes) {
        fault(name, " has " + std::to_string(raw.size()) + " bytes; at most " +
                        std::to_string(max_bytes) + " are taken");
        return {};
    }
    return sanitise(raw);
}

void AlertReader::read_status(std::string_view name, element value) {
    const std::string word = to_lower_ascii(text(name, value, 32));
    if (word == "firing" || word == "trigger" || word == "problem" || word == "alerting") {
        event_.action = EventAction::firing;
    } else if (word == "resolved" || word == "resolve" || word == "ok" || word == "recovery") {
        event_.action = EventAction::resolved;
    } else {
        fault(name, " must be \"firing\" or \"resolved\", not \"" + word + "\"");
    }
}

void AlertReader::read_severity(element value) {
    const std::string word = to_lower_ascii(text("severity", value, 32));
    if (parse(word, event_.severity)) return;
    if (word == "error" || word == "high" || word == "major" || word == "emergency") {
        event_.severity = Severity::critical;
    } else if (word == "warn" || word == "minor" || word == "medium") {
        event_.severity = Severity::warning;
    } else if (word == "information" || word == "informational" || word == "low") {
        event_.severity = Severity::info;
    } else {
        fault("severity", " must be \"critical\", \"warning\" or \"info\", not \"" + word + "\"");
    }
}

void AlertReader::read_starts_at(element value) {
    const auto at = parse_rfc3339(text("starts_at", value, 64));
    if (at) {
        event_.observed_at = *at;
    } else {
        fault("starts_at", ": " + at.error().message);
    }
}

void AlertReader::read_expiry(element value) {
    std::int64_t seconds = 0;
    if (value.get(seconds) != simdjson::SUCCESS || seconds < 0 || seconds > k_max_expiry_s) {
        fault("expires_after_s",
              " must be a whole number from 0 to " + std::to_string(k_max_expiry_s));
        return;
    }
    event_.expires_after = std::chrono::seconds{seconds};
}

void AlertReader::read_map(std::string_view name, element value, LabelCollector& into) {
    if (!value.is_object()) return fault(name, " must be an object of texts");
    for (const auto [label, content] : simdjson::dom::object(value)) {
        if (content.is_null()) continue;
        const auto text = scalar(content);
        const auto place = [&, label = label] {
            return std::string(name) + "." + truncate_utf8(label, 64);
        };
        if (label.empty()) return fault(name, " has an empty name");
        if (!text) return fault(place(), " must be a text, a number or a boolean");
        if (label.size() > k_max_label_bytes || text->size() > k_max_label_bytes) {
            return fault(place(),
                         " is longer than " + std::to_string(k_max_label_bytes) + " bytes");
        }
        if (into.size() >= k_max_labels) {
            return fault(name, " has more than " + std::to_string(k_max_labels) + " entries");
        }
        into.add(scratch_.clean(label), scratch_.clean(*text));
    }
}

void AlertReader::keep_unknown(std::string_view name, element value) {
    const auto text = scalar(value);
    if (warnings_.size() < k_max_warnings) {
        std::vector<std::string> known;
        known.reserve(std::size(k_key_names));
        for (const KeyName& candidate : k_key_names) known.emplace_back(candidate.name);
        const auto meant = nearest(name, known);
        warnings_.push_back(place_.of(truncate_utf8(name, 64)) +
                            (text ? " is not a known key and was kept as evidence"
                                  : " is not a known key and was left out") +
                            (meant ? "; did you mean " + *meant + "?" : ""));
    }
    if (text && scratch_.evidence.size() < k_max_labels) {
        scratch_.evidence.add(scratch_.clean(scratch_.shortened(name)),
                              scratch_.clean(scratch_.shortened(*text)));
    }
}

void AlertReader::finish(OrganisationId organisation, Instant now) {
    event_.organisation = organisation;
    if (event_.observed_at == Instant{}) event_.observed_at = now;
    const bool named = !event_.host.empty();
    if (named && scratch_.labels.size() < k_max_labels) scratch_.labels.add("host", event_.host);
    event_.labels = scratch_.labels.take();
    event_.evidence = scratch_.evidence.take();
    for (const char* name : {"host", "instance", "node"}) {
        if (named) break;
        if (const auto host = event_.labels.find(name)) {
            event_.host = truncate_utf8(*host, k_max_key_bytes);
            break;
        }
    }
    if (event_.key.empty()) {
        if (event_.labels.empty()) {
            return fault("key", " is missing: give a key, or labels to identify the alert by");
        }
        event_.key = hex_of(fingerprint(event_.labels));
    }
    if (event_.summary.empty() && event_.action == EventAction::firing) {
        fault("summary", " is missing: one line that says what is wrong");
    }
}

}  // namespace

struct GenericIntake::Parser {
    simdjson::dom::parser json;
    Scratch scratch;
};

GenericIntake::GenericIntake() : parser_(std::make_unique<Parser>()) {}
GenericIntake::~GenericIntake() = default;

Result<IntakeBatch> GenericIntake::parse(std::string& body, OrganisationId organisation,
                                         Instant now) {
    body.reserve(body.size() + simdjson::SIMDJSON_PADDING);
    element root;
    const auto error = parser_->json.parse(body.data(), body.size(), false).get(root);
    if (error != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid_input,
                    std::string("the body is not valid JSON: ") + simdjson::error_message(error));
    }
    IntakeBatch batch;
    const auto add = [&](element json, Place place) {
        Event& event = batch.events.emplace_back();
        return AlertReader(place, parser_->scratch, batch.warnings, event)
            .read(json, organisation, now);
    };
    simdjson::dom::array list;
    element alerts;
    const char* list_name = "alerts";
    if (root.is_array()) {
        list = simdjson::dom::array(root);
        list_name = "";
    } else if (root.is_object() && root["alerts"].get(alerts) == simdjson::SUCCESS) {
        if (!alerts.is_array()) return fail(ErrorCode::invalid_input, "alerts must be an array");
        list = simdjson::dom::array(alerts);
    } else {
        if (auto added = add(root, {}); !added) return added.error();
        return batch;
    }
    if (list.size() > k_max_events_per_request) {
        return fail(ErrorCode::invalid_input,
                    "the body has " + std::to_string(list.size()) + " alerts; at most " +
                        std::to_string(k_max_events_per_request) + " are taken at once");
    }
    batch.events.reserve(list.size());
    std::size_t index = 0;
    for (const element json : list) {
        if (auto added = add(json, {list_name, index++}); !added) return added.error();
    }
    return batch;
}

}  // namespace gantry::collector
