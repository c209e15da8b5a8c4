#include "tests/contract/replay/hostile.hpp"

#include <array>
#include <string>

#include "core/base/random.hpp"

namespace gantry::test {
namespace {

// As they stand between the quotes of a JSON text.
const std::vector<std::string>& texts() {
    static const std::vector<std::string> all{
        R"(nul\u0000inside)",
        R"(\u0000)",
        R"(lone \ud800 surrogate)",
        R"(\udc00\ud800)",
        "raw \xff\xfe bytes",
        "cut \xe2\x82",
        R"(robert'); DROP TABLE alerts; --)",
        R"(quote \" backslash \\ slash \/ tab \t line \n end \r)",
        R"($1 $2 %s {} ? :name)",
        "\xf0\x9f\x94\xa5 fire, \xe6\x97\xa5\xe6\x9c\xac, e\xcc\x81, \xe2\x80\xae rtl",
        R"(\u0001\u001b[31m\u007f\u009b)",
        std::string(70'000, 'l'),
        "",
        "   ",
        R"(\\x00 \\000)",
        "NULL",
        "0x41",
        "1e400",
    };
    return all;
}

class Maker {
public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    journal::Record any() {
        switch (random_.below(5)) {
            case 0: return record(journal::Kind::intake, alert());
            case 1: return record(journal::Kind::intake, numbers());
            case 2: return record(journal::Kind::command, note());
            case 3: return record(journal::Kind::command, creation());
            default: return record(journal::Kind::agent_report, report());
        }
    }
    bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

private:
    std::string text() { return texts()[random_.below(texts().size())]; }
    std::string quoted() { return "\"" + text() + "\""; }

    static journal::Record record(journal::Kind kind, std::string body) {
        journal::Record out;
        out.organisation = OrganisationId{1};
        out.kind = kind;
        out.source = "agent-1";
        out.body = std::move(body);
        return out;
    }

    std::string alert() {
        return R"({"key":)" + quoted() + R"(,"summary":)" + quoted() + R"(,"description":)" +
               quoted() + R"(,"host":)" + quoted() + R"(,"service":)" + quoted() +
               R"(,"severity":"critical","labels":{)" + quoted() + ":" + quoted() +
               R"(},"evidence":{"output":)" + quoted() + "}}";
    }
    std::string numbers() {
        constexpr std::array values{"9223372036854775807", "1e308", "-1", "0.1", "1e-320"};
        const std::string value = values[random_.below(values.size())];
        return R"({"key":"numbers","summary":"n","severity":"warning","reading":)" + value +
               R"(,"expires_after_s":)" + value + R"(,"starts_at":"2025-11-2)" +
               std::to_string(random_.below(10)) + R"(T01:02:03Z"})";
    }
    std::string head(const std::string& type) {
        return R"({"organisation":1,"actor":)" + quoted() + R"(,"command":")" + type + R"(",)";
    }
    std::string note() {
        return head("add_note") + R"("incident":)" + std::to_string(1 + random_.below(10)) +
               R"(,"body":)" + quoted() + R"(,"visibility":"work_note"})";
    }
    std::string creation() {
        return head("create_incident") + R"("title":)" + quoted() + R"(,"description":)" +
               quoted() + R"(,"asset":0,"impact":"high","urgency":"high","category":)" + quoted() +
               R"(,"assignment_group":)" + quoted() + "}";
    }
    std::string report() {
        const std::string seq = std::to_string(++seq_);
        const std::string body =
            chance(50)
                ? R"("kind":"state","states":[{"check":)" + quoted() + R"(,"instance":)" +
                      quoted() + R"(,"condition":"critical","previous":"ok","summary":)" +
                      quoted() + R"(,"evidence":{"value":)" + quoted() + "}}]"
                : R"("kind":"facts","facts":{"hostname":)" + quoted() + R"(,"serial":)" + quoted() +
                      R"(,"manufacturer":)" + quoted() + R"(,"os_name":)" + quoted() + "}";
        return R"({"agent_id":"agent-1","epoch":9,"boot_id":)" + quoted() + R"(,"first_seq":)" +
               seq + R"(,"last_seq":)" + seq + R"(,"records":[{"seq":)" + seq +
               R"(,"at":"2025-11-24T00:00:00Z","age_ms":0,)" + body + "}]}";
    }

    SeededRandom random_;
    std::int64_t seq_ = 0;
};

}  // namespace

std::vector<journal::Record> with_hostile_records(std::vector<journal::Record> journal,
                                                  std::uint64_t seed) {
    Maker maker(seed);
    std::vector<journal::Record> out;
    std::int64_t shift = 0;
    for (journal::Record& record : journal) {
        const Instant at = record.received_at;
        record.seq.value += shift;
        std::int64_t seq = record.seq.value;
        out.push_back(std::move(record));
        while (maker.chance(40)) {
            journal::Record extra = maker.any();
            extra.received_at = at;
            extra.seq = JournalSeq{++seq};
            ++shift;
            out.push_back(std::move(extra));
        }
    }
    return out;
}

}  // namespace gantry::test
