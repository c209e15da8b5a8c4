// decode(encode(x)) == x for values made at random: every command alternative, facts, labels and
// policies. A failure prints the seed; the generator needs nothing else to make it again.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <tuple>

#include "core/base/random.hpp"
#include "core/model/json.hpp"
#include "core/model/policy_rules.hpp"

using namespace gantry;

namespace {

constexpr std::uint64_t k_seeds = 400;

class Maker {
public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    // Every kind of character that JSON treats differently, up to 40 of them.
    std::string text() {
        static const std::vector<std::string> pieces{
            "a",  "Z",  "0",  " ",      "\"",   "\\",         "/",
            "\n", "\t", "\r", "\x01",   "\x7f", "{",          "}",
            ":",  ",",  "ü",  "\u2028", "日",   "\U0001F525", std::string(1, '\0')};
        std::string out;
        for (std::uint64_t i = random_.below(40); i > 0; --i) {
            out += pieces[random_.below(pieces.size())];
        }
        return out;
    }
    std::int64_t number() {
        switch (random_.below(4)) {
            case 0: return 0;
            case 1: return static_cast<std::int64_t>(random_.below(1000));
            case 2: return -static_cast<std::int64_t>(random_.below(1000));
            default: return static_cast<std::int64_t>(random_.next());
        }
    }
    bool coin() { return random_.below(2) == 0; }
    template <class Enum>
    Enum one_of(int first, int last) {
        const auto count = static_cast<std::uint64_t>(last - first) + 1;
        return static_cast<Enum>(first + static_cast<int>(random_.below(count)));
    }
    std::vector<std::string> texts() {
        std::vector<std::string> out(random_.below(4));
        for (auto& item : out) item = text();
        return out;
    }
    Level level() { return one_of<Level>(1, 3); }

    Facts facts() {
        Facts out;
        for (auto* member : {&out.hostname, &out.fqdn, &out.manufacturer, &out.model, &out.serial,
                             &out.smbios_uuid, &out.baseboard_serial, &out.asset_tag,
                             &out.cloud_provider, &out.cloud_instance_id, &out.machine_id,
                             &out.root_disk_serial, &out.os_name, &out.os_version, &out.kernel,
                             &out.architecture, &out.virtualisation, &out.agent_version}) {
            if (coin()) *member = text();
        }
        out.macs = texts();
        out.cpu_count = number();
        out.memory_bytes = number();
        return out;
    }
    CommandBody body(std::size_t alternative) {
        switch (alternative) {
            case 0:
                return CreateIncident{text(), text(), AssetId{number()}, level(), level(),
                                      text(), text()};
            case 1: return AddNote{IncidentId{number()}, text(), one_of<Visibility>(0, 1)};
            case 2: return AssignIncident{IncidentId{number()}, text(), text()};
            case 3:
                return ChangeIncidentState{IncidentId{number()}, one_of<IncidentState>(0, 5),
                                           one_of<HoldReason>(0, 5), one_of<CloseCode>(0, 5),
                                           text()};
            case 4: return ChangePriority{IncidentId{number()}, level(), level(), text()};
            case 5:
                return EnrolAgent{text(),  text(), number(), SiteId{number()}, text(),
                                  facts(), text(), text(),   number()};
            default: return ReportFacts{text(), facts(), text()};
        }
    }
    Command command(std::size_t alternative) {
        Command out;
        out.organisation = OrganisationId{number()};
        out.actor = text();
        if (coin()) out.expected_version = number();
        out.body = body(alternative);
        return out;
    }
    std::optional<double> limit() {
        if (coin()) return std::nullopt;
        return (random_.unit() - 0.5) * 1e6;
    }
    CheckPolicy check(std::size_t index) {
        CheckPolicy out;
        out.id = "check-" + std::to_string(index);
        out.probe = coin() ? "plugin" : "cpu";
        out.metric = text();
        out.threshold = {limit(), limit(), limit(), limit(), coin()};
        out.every = Millis{200 + static_cast<std::int64_t>(random_.below(100'000))};
        out.hold_for = Millis{static_cast<std::int64_t>(random_.below(100'000))};
        out.window = 1 + static_cast<int>(random_.below(100));
        out.needed = 1 + static_cast<int>(random_.below(static_cast<std::uint64_t>(out.window)));
        out.enabled = coin();
        out.include = texts();
        out.exclude = texts();
        out.command = texts();
        out.command.push_back(text());
        out.timeout = Millis{100 + static_cast<std::int64_t>(random_.below(100'000))};
        return out;
    }
    // What an author can mean: the probe's own metrics, limits in their order and range.
    void make_sensible(CheckPolicy& check) {
        check.probe = probe_names()[random_.below(probe_names().size())];
        check.include.push_back(text());
        const auto metrics = metrics_of(check.probe);
        if (metrics.empty()) {
            check.metric.clear();
            check.threshold.warning = check.threshold.critical = std::nullopt;
            check.command[0] = "/" + check.command[0];
            return;
        }
        check.command.clear();
        check.metric = metrics[random_.below(metrics.size())].name;
        std::array<double, 4> limits{random_.unit(), random_.unit(), random_.unit(),
                                     random_.unit()};
        std::sort(limits.begin(), limits.end());
        Threshold& t = check.threshold;
        if (t.below) std::reverse(limits.begin(), limits.end());
        const std::array members{&t.clear_critical, &t.clear_warning, &t.warning, &t.critical};
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (*members[i]) *members[i] = limits[i];
        }
    }
    Policy policy(PolicyRules rules) {
        Policy out;
        out.name = text();
        out.etag = text();
        out.interval = Millis{200 + static_cast<std::int64_t>(random_.below(100'000))};
        const std::size_t count = random_.below(4);
        for (std::size_t i = 0; i < count; ++i) {
            out.checks.push_back(check(i));
            if (rules == PolicyRules::author) make_sensible(out.checks.back());
        }
        return out;
    }
    Labels labels() {
        Labels out;
        for (int i = 0; i < 5; ++i) {
            if (coin()) out.emplace_back("name " + std::to_string(i) + text(), text());
        }
        return out;
    }

private:
    SeededRandom random_;
};

// What a value is made of, so that two can be compared member by member.
auto parts(const CreateIncident& c) {
    return std::tie(c.title, c.description, c.asset, c.impact, c.urgency, c.category,
                    c.assignment_group);
}
auto parts(const AddNote& c) { return std::tie(c.incident, c.body, c.visibility); }
auto parts(const AssignIncident& c) { return std::tie(c.incident, c.assignee, c.assignment_group); }
auto parts(const ChangeIncidentState& c) {
    return std::tie(c.incident, c.to, c.hold_reason, c.close_code, c.notes);
}
auto parts(const ChangePriority& c) { return std::tie(c.incident, c.impact, c.urgency, c.reason); }
auto parts(const EnrolAgent& c) {
    return std::tie(c.agent_id, c.credential_hash, c.token_id, c.site, c.role, c.facts, c.nonce,
                    c.boot_id, c.uptime_s);
}
auto parts(const ReportFacts& c) { return std::tie(c.agent_id, c.facts, c.boot_id); }

bool equal(const Command& a, const Command& b) {
    if (std::tie(a.organisation, a.actor, a.expected_version) !=
            std::tie(b.organisation, b.actor, b.expected_version) ||
        a.body.index() != b.body.index()) {
        return false;
    }
    return std::visit(
        [&](const auto& mine) {
            return parts(mine) == parts(std::get<std::decay_t<decltype(mine)>>(b.body));
        },
        a.body);
}

bool equal(const CheckPolicy& a, const CheckPolicy& b) {
    const auto limits = [](const Threshold& t) {
        return std::tie(t.warning, t.critical, t.clear_warning, t.clear_critical, t.below);
    };
    return limits(a.threshold) == limits(b.threshold) &&
           std::tie(a.id, a.probe, a.metric, a.every, a.hold_for, a.needed, a.window, a.enabled,
                    a.include, a.exclude, a.command, a.timeout) ==
               std::tie(b.id, b.probe, b.metric, b.every, b.hold_for, b.needed, b.window, b.enabled,
                        b.include, b.exclude, b.command, b.timeout);
}

}  // namespace

TEST_CASE("codec: every command comes back from the journal as it went in") {
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        Maker make(seed);
        for (std::size_t kind = 0; kind < std::variant_size_v<CommandBody>; ++kind) {
            const Command command = make.command(kind);
            const std::string text = encode(command);
            const auto read = decode_command(text);
            if (read && equal(*read, command) && encode(*read) == text) continue;
            CAPTURE(seed, kind, text, read ? "" : read.error().message);
            FAIL("the command changed on its way");
        }
    }
}

TEST_CASE("codec: facts and an alert's texts come back as they went in") {
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        Maker make(seed);
        const Facts facts = make.facts();
        const Labels labels = make.labels();
        const auto read_facts = decode_facts(to_json(facts));
        const AlertText text("generic", "key", "summary", labels);
        const auto read_labels = LabelSet::from_packed(text.packed_labels());
        CAPTURE(seed, to_json(facts));
        REQUIRE((read_facts && *read_facts == facts));
        REQUIRE((read_labels && *read_labels == LabelSet(labels)));
        REQUIRE(text.same_content("summary", *read_labels));
    }
}

TEST_CASE("codec: a policy comes back as it went in, from its author and at an agent") {
    const auto rules = GENERATE(PolicyRules::author, PolicyRules::runner);
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        Maker make(seed);
        const Policy policy = make.policy(rules);
        const auto read = decode_policy(to_json(policy), "policy", rules);
        CAPTURE(seed, to_json(policy), read ? "" : read.error().message);
        REQUIRE(read.has_value());
        REQUIRE(std::tie(read->name, read->etag, read->interval) ==
                std::tie(policy.name, policy.etag, policy.interval));
        REQUIRE(read->checks.size() == policy.checks.size());
        for (std::size_t i = 0; i < policy.checks.size(); ++i) {
            REQUIRE(equal(read->checks[i], policy.checks[i]));
        }
    }
}

TEST_CASE("codec: an author's policy is refused when a check has a fault, and only then") {
    int refused = 0;
    for (std::uint64_t seed = 1; seed <= k_seeds; ++seed) {
        Maker make(seed);
        const Policy policy = make.policy(PolicyRules::runner);
        const bool has_fault =
            std::any_of(policy.checks.begin(), policy.checks.end(), [](const CheckPolicy& check) {
                return !faults_of(check, PolicyRules::author).empty();
            });
        const auto read = decode_policy(to_json(policy), "policy");
        CAPTURE(seed, to_json(policy), read ? "" : read.error().message);
        REQUIRE(read.has_value() == !has_fault);
        refused += has_fault ? 1 : 0;
    }
    CHECK(refused > 0);
}

TEST_CASE("codec: a document cut anywhere, or with a byte changed, is an error or a value") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Maker make(seed);
        std::string text = encode(make.command(seed % std::variant_size_v<CommandBody>));
        for (std::size_t cut = 0; cut < text.size(); ++cut) {
            REQUIRE_FALSE(decode_command(text.substr(0, cut)).has_value());
        }
        SeededRandom random(seed);
        for (int i = 0; i < 50; ++i) {
            std::string broken = text;
            broken[random.below(broken.size())] = static_cast<char>(random.below(256));
            const auto read = decode_command(broken);
            if (!read) CHECK_FALSE(read.error().message.empty());
        }
    }
}
