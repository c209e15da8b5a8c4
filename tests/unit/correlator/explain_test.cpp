#include "correlator/explain/explain.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace gantry;
using namespace gantry::correlator;

namespace {

Event event() {
    Event out;
    out.organisation = OrganisationId{1};
    out.source = "generic";
    out.key = "disk/web01";
    out.severity = Severity::critical;
    out.host = "web01";
    return out;
}

Decision opened() {
    Decision out;
    out.journal_seq = JournalSeq{12};
    out.alert = AlertId{1};
    out.episode = EpisodeId{7};
    out.asset = AssetId{3};
    out.incident = IncidentId{4};
    out.severity = Severity::critical;
    out.outcome = Outcome::incident_opened;
    out.dedup = DedupReason::first_seen;
    out.identify = IdentifyReason::host_name;
    out.promote = PromoteReason::rule_opens;
    out.rules_version = default_rules().version;
    out.rule_index = 1;
    return out;
}

template <class Enum>
std::vector<Enum> all() {
    std::vector<Enum> out;
    for (int i = 0; std::string(to_string(static_cast<Enum>(i))) != "?"; ++i) {
        out.push_back(static_cast<Enum>(i));
    }
    return out;
}

bool has(const Explanation& explanation, const std::string& part) {
    INFO(explanation.text());
    return explanation.text().find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("explain: why this ticket") {
    const auto out = explain(opened(), event(), default_rules(), {"web01", 2});
    CHECK(out.text() ==
          "Event 1 of record 12 (generic, key disk/web01) fired with severity critical. "
          "It is the first firing of this alert, so episode #7 began. "
          "It was bound to asset 3 (web01) by its host name. "
          "Rule \"critical and warnings\" opens an incident: INC0000004, now priority 2. "
          "Rule \"information is only recorded\" did not match: it wants severity=\"info\", the "
          "event has \"critical\".");
    CHECK(out.rule == "critical and warnings");
    REQUIRE(out.rules_tried.size() == 2);
    CHECK(out.rules_tried[0].value == "critical");
    CHECK(out.rules_tried[1].matched);
}

TEST_CASE("explain: why is this alert not a ticket") {
    auto decision = opened();
    decision.incident = IncidentId{};
    decision.outcome = Outcome::recorded;
    decision.promote = PromoteReason::rule_records_only;
    SECTION("a rule says so") {
        decision.severity = Severity::info;
        decision.rule_index = 0;
        const auto out = explain(decision, event(), default_rules(), {});
        CHECK(has(out, "There is no ticket: Rule \"information is only recorded\" says"));
    }
    SECTION("no rule matches") {
        RuleSet rules;
        PromoteRule rule;
        rule.name = "databases";
        rule.match = {{"host", Matcher::Op::regex, "db.*"}};
        rules.promote = {rule};
        rules.version = version_of(rules);
        decision.rules_version = rules.version;
        decision.rule_index = -1;
        const auto out = explain(decision, event(), rules, {});
        CHECK(has(out, "no rule matches"));
        CHECK(has(out,
                  "Rule \"databases\" did not match: it wants host=~\"db.*\", the event has "
                  "\"web01\"."));
    }
    SECTION("a person ended it") {
        decision.incident = IncidentId{4};
        decision.promote = PromoteReason::closed_by_person;
        CHECK(has(explain(decision, event(), default_rules(), {}), "There is no open ticket"));
    }
    SECTION("no room") {
        decision.dedup = DedupReason::no_room;
        decision.promote = PromoteReason::none;
        decision.outcome = Outcome::ignored;
        CHECK(has(explain(decision, event(), default_rules(), {}), "it is no ticket"));
    }
}

TEST_CASE("explain: under changed rules no rule of today is named for a decision of then") {
    auto decision = opened();
    decision.rules_version = 1;
    const auto out = explain(decision, event(), default_rules(), {});
    CHECK(out.rules_changed);
    CHECK(out.rule.empty());
    CHECK(out.rules_tried.empty());
    CHECK(has(out, "Rule 2 of the rule set of that time opens an incident"));
    CHECK(has(out, "The rules have changed since this decision."));
}

TEST_CASE("explain: every combination of reasons has whole sentences, with and without the event") {
    const auto rules = default_rules();
    std::size_t combinations = 0;
    for (const auto dedup : all<DedupReason>()) {
        for (const auto identify : all<IdentifyReason>()) {
            for (const auto promote : all<PromoteReason>()) {
                for (const auto outcome : all<Outcome>()) {
                    for (const auto action : {EventAction::firing, EventAction::resolved}) {
                        Decision decision = opened();
                        decision.dedup = dedup;
                        decision.identify = identify;
                        decision.promote = promote;
                        decision.outcome = outcome;
                        decision.action = action;
                        decision.rule_index = promote == PromoteReason::rule_opens ? 1 : -1;
                        if (combinations % 3 == 0) decision.incident = IncidentId{};
                        if (combinations % 5 == 0) decision.asset = AssetId{};
                        const auto known =
                            combinations % 2 == 0 ? std::optional(event()) : std::nullopt;
                        const auto out = explain(decision, known, rules, {});
                        ++combinations;
                        if (out.sentences.size() < 2) FAIL(out.text());
                        for (const auto& sentence : out.sentences) {
                            if (sentence.size() < 10 || sentence.back() != '.') FAIL(sentence);
                        }
                    }
                }
            }
        }
    }
    CHECK(combinations == std::size_t{11} * 8 * 13 * 9 * 2);
}

TEST_CASE("explain: each reason has words of its own") {
    std::set<std::string> texts;
    for (const auto promote : all<PromoteReason>()) {
        auto decision = opened();
        decision.promote = promote;
        texts.insert(explain(decision, event(), default_rules(), {}).text());
    }
    // Raised and lowered differ only when the priority moved.
    CHECK(texts.size() == all<PromoteReason>().size() - 1);
    texts.clear();
    for (const auto identify : all<IdentifyReason>()) {
        auto decision = opened();
        decision.identify = identify;
        texts.insert(explain(decision, event(), default_rules(), {}).text());
    }
    CHECK(texts.size() == all<IdentifyReason>().size());
}

TEST_CASE("explain: an index beyond the rules is no crash") {
    auto decision = opened();
    decision.rule_index = 99;
    const auto out = explain(decision, event(), default_rules(), {});
    CHECK(has(out, "Rule 100 of the rule set of that time"));
}
