// Writing: nlohmann-json (ordered keys, bad UTF-8 replaced). Reading: simdjson, because the
// collector reads every report of every endpoint here.
#include "core/model/report_json.hpp"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/text.hpp"
#include "core/model/facts_fields.hpp"

namespace gantry {
namespace {

using Json = nlohmann::ordered_json;
namespace dom = simdjson::dom;

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// ---- writing

Json facts_json(const Facts& facts) {
    Json out = Json::object();
    for (const auto& [key, member] : k_facts_text_fields) {
        if (!(facts.*member).empty()) out[key] = facts.*member;
    }
    for (const auto& [key, member] : k_facts_number_fields) {
        if (facts.*member != 0) out[key] = facts.*member;
    }
    if (!facts.macs.empty()) out["macs"] = facts.macs;
    return out;
}

Json readings_json(const std::vector<Reading>& readings) {
    Json out = Json::array();
    for (const Reading& reading : readings) {
        if (!std::isfinite(reading.value)) continue;  // JSON has no word for it
        Json& item = out.emplace_back(Json::object());
        item["name"] = reading.name;
        if (!reading.instance.empty()) item["instance"] = reading.instance;
        item["value"] = reading.value;
    }
    return out;
}

Json states_json(const std::vector<CheckState>& states) {
    Json out = Json::array();
    for (const CheckState& state : states) {
        Json& item = out.emplace_back(Json::object());
        item["check"] = state.check;
        item["instance"] = state.instance;
        item["condition"] = to_string(state.condition);
        item["previous"] = to_string(state.previous);
        item["summary"] = state.summary;
        Json evidence = Json::object();
        for (const auto& [name, value] : state.evidence) evidence[name] = value;
        item["evidence"] = std::move(evidence);
    }
    return out;
}

Json dropped_json(const std::vector<DroppedCount>& dropped) {
    Json out = Json::array();
    for (const DroppedCount& drop : dropped) {
        Json& item = out.emplace_back(Json::object());
        item["kind"] = to_string(drop.kind);
        item["count"] = drop.count;
        item["reason"] = drop.reason;
    }
    return out;
}

Json record_json(const ReportRecord& record) {
    Json out = Json::object();
    out["seq"] = record.seq;
    out["at"] = to_rfc3339(record.at);
    out["age_ms"] = record.age_ms;
    out["kind"] = to_string(record.kind);
    switch (record.kind) {
        case RecordKind::sample: out["readings"] = readings_json(record.readings); break;
        case RecordKind::state:
        case RecordKind::full_state: out["states"] = states_json(record.states); break;
        case RecordKind::facts: out["facts"] = facts_json(record.facts.value_or(Facts{})); break;
        case RecordKind::dropped: out["dropped"] = dropped_json(record.dropped); break;
    }
    return out;
}

// ---- reading

// Where a value stands in the document; the text is made only for a message.
struct Path {
    const Path* parent = nullptr;
    std::string_view key;
    std::int64_t index = -1;  // >= 0: an element of an array

    [[nodiscard]] std::string text() const {
        std::string out = parent != nullptr ? parent->text() : std::string();
        if (index >= 0) return out + "[" + std::to_string(index) + "]";
        if (!out.empty() && !key.empty()) out += ".";
        return out + std::string(key);
    }
};

// Reads members of one object and keeps the first error, so that callers read straight on.
class Reader {
public:
    Reader(dom::element element, Path path, Error& error) : path_(path), error_(error) {
        if (element.get_object().get(object_) != simdjson::SUCCESS) {
            report(path_, "must be an object");
        } else {
            valid_ = true;
        }
    }

    [[nodiscard]] bool failed() const { return !error_.message.empty(); }
    [[nodiscard]] const Path& path() const { return path_; }
    [[nodiscard]] bool has(const char* key) const {
        dom::element ignored;
        return valid_ && object_[key].get(ignored) == simdjson::SUCCESS;
    }

    // Of the wire's texts none is trusted to fit a store or a terminal: cut at max_bytes.
    std::string text(const char* key, bool required, std::size_t max_bytes = k_max_instance_bytes) {
        return clean_text(raw(key, required), max_bytes);
    }
    // A text that is compared, never shown: refused when it could not be what we gave out.
    std::string token(const char* key, std::size_t max_bytes = k_max_wire_id_bytes) {
        const std::string_view value = raw(key, true);
        const auto printable = [](char c) { return c > ' ' && c <= '~'; };
        if (value.empty() || value.size() > max_bytes ||
            !std::all_of(value.begin(), value.end(), printable)) {
            report(Path{&path_, key},
                   "must be 1 to " + std::to_string(max_bytes) + " printable ASCII characters");
            return {};
        }
        return std::string(value);
    }
    // As above, but "" says that there is none.
    std::string token_or_none(const char* key) {
        return raw(key, true).empty() ? std::string() : token(key);
    }
    std::int64_t integer(const char* key, std::int64_t at_least, bool required) {
        std::int64_t value = at_least;
        dom::element element;
        if (!member(key, required, element)) return 0;
        if (element.get_int64().get(value) != simdjson::SUCCESS) {
            report(Path{&path_, key}, "must be an integer");
        } else if (value < at_least) {
            report(Path{&path_, key}, "must be at least " + std::to_string(at_least));
        }
        return value;
    }
    double number(const char* key) {
        double value = 0;
        dom::element element;
        if (member(key, true, element) && element.get_double().get(value) != simdjson::SUCCESS) {
            report(Path{&path_, key}, "must be a number");
        }
        return value;
    }
    Instant instant(const char* key) {
        const std::string value = text(key, true);
        if (failed()) return {};
        const Result<Instant> parsed = parse_rfc3339(value);
        if (!parsed) {
            report(Path{&path_, key}, parsed.error().message);
            return {};
        }
        return *parsed;
    }
    template <class Enum>
    Enum word(const char* key, Enum fallback, bool required) {
        Enum value = fallback;
        const std::string given = text(key, required);
        if (!failed() && (required || !given.empty()) && !parse(given, value)) {
            report(Path{&path_, key}, "\"" + given.substr(0, 64) + "\" is not a known word");
        }
        return value;
    }
    // Calls read(element, path) for each element of an array.
    template <class Read>
    void each(const char* key, bool required, Read read) {
        dom::element element;
        dom::array array;
        if (!member(key, required, element)) return;
        const Path here{&path_, key};
        if (element.get_array().get(array) != simdjson::SUCCESS) {
            report(here, "must be an array");
            return;
        }
        std::int64_t index = 0;
        for (const dom::element item : array) {
            read(item, Path{&here, {}, index++});
            if (failed()) return;
        }
    }
    bool child(const char* key, bool required, dom::element& out) {
        return member(key, required, out);
    }
    void report(const Path& where, const std::string& what) {
        if (failed()) return;
        const std::string name = where.text();
        error_ = fail(ErrorCode::invalid_input, (name.empty() ? "document" : name) + ": " + what);
    }

private:
    std::string_view raw(const char* key, bool required) {
        std::string_view value;
        dom::element element;
        if (!member(key, required, element)) return {};
        if (element.get_string().get(value) != simdjson::SUCCESS) {
            report(Path{&path_, key}, "must be a string");
        }
        return value;
    }
    bool member(const char* key, bool required, dom::element& out) {
        if (!valid_ || failed()) return false;
        if (object_[key].get(out) == simdjson::SUCCESS) return true;
        if (required) report(Path{&path_, key}, "is missing");
        return false;
    }

    Path path_;
    Error& error_;
    dom::object object_;
    bool valid_ = false;
};

Error no_error() { return Error{ErrorCode::invalid_input, {}}; }

Facts read_facts(dom::element element, Path path, Error& error) {
    Facts facts;
    Reader reader(element, path, error);
    for (const auto& [key, member] : k_facts_text_fields) {
        facts.*member = reader.text(key, false);
    }
    for (const auto& [key, member] : k_facts_number_fields) {
        facts.*member = reader.integer(key, 0, false);
    }
    reader.each("macs", false, [&](dom::element item, const Path& where) {
        std::string_view mac;
        if (item.get_string().get(mac) != simdjson::SUCCESS) {
            reader.report(where, "must be a string");
        }
        if (facts.macs.size() < k_max_macs) {
            facts.macs.push_back(clean_text(mac, k_max_wire_id_bytes));
        }
    });
    return facts;
}

Labels read_evidence(Reader& state) {
    Labels out;
    dom::element element;
    dom::object object;
    if (!state.child("evidence", false, element)) return out;
    const Path here{&state.path(), "evidence"};
    if (element.get_object().get(object) != simdjson::SUCCESS) {
        state.report(here, "must be an object");
        return out;
    }
    for (const auto field : object) {
        std::string_view value;
        if (field.value.get_string().get(value) != simdjson::SUCCESS) {
            state.report(Path{&here, field.key}, "must be a string");
            return out;
        }
        if (out.size() == k_max_labels) break;
        out.emplace_back(clean_text(field.key, k_max_check_bytes),
                         clean_text(value, k_max_label_bytes));
    }
    // Labels are sorted and unique by contract; of a repeated name the first one stays.
    std::stable_sort(out.begin(), out.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    out.erase(std::unique(out.begin(), out.end(),
                          [](const auto& a, const auto& b) { return a.first == b.first; }),
              out.end());
    return out;
}

CheckState read_state(dom::element element, Path path, Error& error) {
    Reader reader(element, path, error);
    CheckState state;
    state.check = reader.text("check", true, k_max_check_bytes);
    state.instance = reader.text("instance", false);
    state.condition = reader.word("condition", Condition::ok, true);
    state.previous = reader.word("previous", Condition::unknown, false);
    state.summary = reader.text("summary", false, k_max_summary_bytes);
    state.evidence = read_evidence(reader);
    return state;
}

void read_body(Reader& reader, ReportRecord& record, Error& error) {
    switch (record.kind) {
        case RecordKind::sample:
            reader.each("readings", true, [&](dom::element item, const Path& where) {
                Reader in(item, where, error);
                Reading& reading = record.readings.emplace_back();
                reading.name = in.text("name", true, k_max_check_bytes);
                reading.instance = in.text("instance", false);
                reading.value = in.number("value");
            });
            return;
        case RecordKind::state:
        case RecordKind::full_state:
            reader.each("states", true, [&](dom::element item, const Path& where) {
                record.states.push_back(read_state(item, where, error));
            });
            if (record.kind == RecordKind::state && record.states.size() != 1) {
                reader.report(Path{&reader.path(), "states"}, "a state record has exactly one");
            }
            return;
        case RecordKind::facts: {
            dom::element facts;
            if (reader.child("facts", true, facts)) {
                record.facts = read_facts(facts, Path{&reader.path(), "facts"}, error);
            }
            return;
        }
        case RecordKind::dropped:
            reader.each("dropped", true, [&](dom::element item, const Path& where) {
                Reader in(item, where, error);
                DroppedCount& drop = record.dropped.emplace_back();
                drop.kind = in.word("kind", RecordKind::sample, true);
                drop.count = in.integer("count", 0, true);
                drop.reason = in.text("reason", true);
            });
            return;
    }
}

ReportRecord read_record(dom::element element, Path path, Error& error) {
    Reader reader(element, path, error);
    ReportRecord record;
    record.seq = reader.integer("seq", 1, true);
    record.at = reader.instant("at");
    record.age_ms = reader.integer("age_ms", 0, true);
    record.kind = reader.word("kind", RecordKind::sample, true);
    if (!reader.failed()) read_body(reader, record, error);
    return record;
}

// Records ascend inside the range; numbers may be missing where the spool evicted a record.
void check_range(const Report& report, Reader& reader) {
    if (report.last_seq < report.first_seq) {
        reader.report(Path{&reader.path(), "last_seq"}, "is before first_seq");
        return;
    }
    const Path records{&reader.path(), "records"};
    std::int64_t least = report.first_seq;
    std::int64_t index = 0;
    for (const ReportRecord& record : report.records) {
        if (record.seq < least || record.seq > report.last_seq) {
            const Path item{&records, {}, index};
            reader.report(Path{&item, "seq"}, "must ascend inside first_seq..last_seq");
            return;
        }
        least = record.seq + 1;
        ++index;
    }
}

// Parses and hands the root to read(root, error); the answer is an error when one was noted.
template <class Read>
auto decode(std::string_view json, Read read)
    -> Result<decltype(read(std::declval<dom::element>(), std::declval<Error&>()))> {
    dom::parser parser;
    dom::element root;
    const simdjson::error_code code = parser.parse(json.data(), json.size(), true).get(root);
    if (code != simdjson::SUCCESS) {
        return fail(ErrorCode::invalid_input,
                    std::string("not JSON: ") + simdjson::error_message(code));
    }
    Error error = no_error();
    auto value = read(root, error);
    if (!error.message.empty()) return error;
    return value;
}

}  // namespace

std::string encode(const Report& report) {
    Json out = Json::object();
    out["agent_id"] = report.agent_id;
    out["epoch"] = report.epoch;
    out["boot_id"] = report.boot_id;
    out["first_seq"] = report.first_seq;
    out["last_seq"] = report.last_seq;
    Json records = Json::array();
    for (const ReportRecord& record : report.records) records.push_back(record_json(record));
    out["records"] = std::move(records);
    return dump(out);
}

std::string encode(const ReportReply& reply) {
    Json out = Json::object();
    out["acked_seq"] = reply.acked_seq;
    out["server_time"] = to_rfc3339(reply.server_time);
    out["policy_etag"] = reply.policy_etag;
    out["interval_s"] = reply.interval_s;
    out["retry_after_s"] = reply.retry_after_s;
    if (reply.want_full_state) out["want"] = "full_state";
    if (reply.epoch > 0) out["epoch"] = reply.epoch;
    return dump(out);
}

std::string encode(const EnrolRequest& request) {
    Json out = Json::object();
    out["token"] = request.token;
    out["boot_id"] = request.boot_id;
    if (!request.nonce.empty()) out["nonce"] = request.nonce;
    if (request.uptime_s > 0) out["uptime_s"] = request.uptime_s;
    out["facts"] = facts_json(request.facts);
    return dump(out);
}

std::string encode(const EnrolReply& reply) {
    Json out = Json::object();
    out["agent_id"] = reply.agent_id;
    out["credential"] = reply.credential;
    out["asset_id"] = reply.asset_id;
    out["organisation"] = reply.organisation;
    out["site"] = reply.site;
    out["role"] = reply.role;
    return dump(out);
}

std::string encode(const ReportRecord& record) { return dump(record_json(record)); }

Result<Report> decode_report(std::string_view json) {
    return decode(json, [](dom::element root, Error& error) {
        Reader reader(root, Path{}, error);
        Report report;
        report.agent_id = reader.token("agent_id");
        report.epoch = reader.integer("epoch", 1, true);
        report.boot_id = reader.token("boot_id");
        report.first_seq = reader.integer("first_seq", 1, true);
        report.last_seq = reader.integer("last_seq", 0, true);
        reader.each("records", true, [&](dom::element item, const Path& where) {
            report.records.push_back(read_record(item, where, error));
        });
        // An empty report (a sign of life) has last_seq = first_seq - 1.
        const bool is_empty = report.records.empty() && report.last_seq == report.first_seq - 1;
        if (!reader.failed() && !is_empty) check_range(report, reader);
        return report;
    });
}

Result<ReportReply> decode_report_reply(std::string_view json) {
    return decode(json, [](dom::element root, Error& error) {
        Reader reader(root, Path{}, error);
        ReportReply reply;
        reply.acked_seq = reader.integer("acked_seq", 0, true);
        reply.server_time = reader.instant("server_time");
        reply.policy_etag = reader.text("policy_etag", false);
        if (reader.has("interval_s")) reply.interval_s = reader.integer("interval_s", 1, true);
        reply.retry_after_s = reader.integer("retry_after_s", 0, false);
        reply.want_full_state = reader.text("want", false) == "full_state";
        reply.epoch = reader.integer("epoch", 0, false);
        return reply;
    });
}

Result<EnrolRequest> decode_enrol_request(std::string_view json) {
    return decode(json, [](dom::element root, Error& error) {
        Reader reader(root, Path{}, error);
        EnrolRequest request;
        request.token = reader.token("token", k_max_instance_bytes);
        request.boot_id = reader.token("boot_id");
        if (reader.has("nonce")) request.nonce = reader.token_or_none("nonce");
        request.uptime_s = reader.integer("uptime_s", 0, false);
        dom::element facts;
        if (reader.child("facts", true, facts)) {
            request.facts = read_facts(facts, Path{nullptr, "facts"}, error);
        }
        return request;
    });
}

Result<EnrolReply> decode_enrol_reply(std::string_view json) {
    return decode(json, [](dom::element root, Error& error) {
        Reader reader(root, Path{}, error);
        EnrolReply reply;
        reply.agent_id = reader.text("agent_id", true);
        reply.credential = reader.text("credential", true);
        reply.asset_id = reader.integer("asset_id", 0, false);
        reply.organisation = reader.text("organisation", false);
        reply.site = reader.text("site", false);
        reply.role = reader.text("role", false);
        return reply;
    });
}

Result<ReportRecord> decode_report_record(std::string_view json) {
    return decode(json,
                  [](dom::element root, Error& error) { return read_record(root, Path{}, error); });
}

}  // namespace gantry
