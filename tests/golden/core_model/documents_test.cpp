// The API's documents and the journal's commands, byte for byte. The file beside it is accepted by
// reviewing its diff: run with GANTRY_ACCEPT_GOLDEN=1. A changed line is a changed contract: keys
// may be added, never renamed.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "core/model/json.hpp"

using namespace gantry;

namespace {

constexpr const char* k_golden = "tests/golden/core_model/documents.txt";
constexpr Instant k_at = from_ms(1'764'040'741'123);

Facts facts() {
    Facts out;
    out.hostname = "web01";
    out.fqdn = "web01.example.net";
    out.manufacturer = "Example";
    out.serial = "S-1";
    out.macs = {"02:00:00:00:00:01"};
    out.os_name = "Debian GNU/Linux";
    out.os_version = "12";
    out.cpu_count = 2;
    out.memory_bytes = std::int64_t{1} << 34;
    return out;
}

Incident incident() {
    Incident out;
    out.id = IncidentId{12};
    out.organisation = OrganisationId{1};
    out.site = SiteId{2};
    out.asset = AssetId{3};
    out.title = "web01: / is 96 % full \"now\"";
    out.description = "line 1\nline 2 \u00fc";
    out.state = IncidentState::on_hold;
    out.hold_reason = HoldReason::vendor;
    out.impact = Level::high;
    out.priority = 2;
    out.category = "monitoring";
    out.source = "monitoring";
    out.assignee = "ann";
    out.opened_at = k_at;
    out.updated_at = k_at + Millis{1};
    out.detected_at = k_at - Millis{5'000};
    out.alert_count = 2;
    out.firing_count = 1;
    out.taken_over = true;
    out.version = 4;
    return out;
}

Alert alert() {
    Alert out;
    out.id = AlertId{5};
    out.organisation = OrganisationId{1};
    out.text = AlertText("generic", "disk/web01", "/ is 96 % full",
                         {{"check", "filesystem"}, {"host", "web01"}});
    out.state = AlertState::firing;
    out.severity = Severity::critical;
    out.asset = AssetId{3};
    out.episode = EpisodeId{8};
    out.episode_count = 2;
    out.started_at = k_at;
    out.last_seen_at = k_at + Millis{60'000};
    out.expires_after = Millis{300'000};
    out.incident = IncidentId{12};
    out.opened_seq = JournalSeq{100};
    out.changed_seq = JournalSeq{104};
    return out;
}

Decision decision() {
    Decision out;
    out.id = DecisionId{9};
    out.organisation = OrganisationId{1};
    out.journal_seq = JournalSeq{100};
    out.event_index = 1;
    out.at = k_at;
    out.alert = AlertId{5};
    out.episode = EpisodeId{8};
    out.incident = IncidentId{12};
    out.asset = AssetId{3};
    out.outcome = Outcome::incident_opened;
    out.dedup = DedupReason::new_episode;
    out.identify = IdentifyReason::host_name;
    out.promote = PromoteReason::rule_opens;
    out.severity = Severity::critical;
    out.rules_version = -77;
    out.rule_index = 0;
    return out;
}

Delivery delivery() {
    Delivery out;
    out.id = DeliveryId{6};
    out.organisation = OrganisationId{1};
    out.connector = "operations-webhook";
    out.incident = IncidentId{12};
    out.operation = Operation::resolve;
    out.idempotency_key = "INC0000012.4.operations-webhook";
    out.payload = R"({"event":"incident.resolve"})";
    out.state = DeliveryState::dead;
    out.attempts = 9;
    out.created_at = k_at;
    out.last_error = "answered 500";
    return out;
}

Policy policy() {
    Policy out;
    out.name = "default";
    out.etag = "abc";
    CheckPolicy disk;
    disk.id = "disk";
    disk.probe = "filesystem";
    disk.metric = "system.filesystem.utilization";
    disk.threshold.warning = 0.9;
    disk.threshold.critical = 0.95;
    disk.hold_for = Millis{1'500};
    disk.needed = 2;
    disk.window = 3;
    disk.include = {"/", "/var*"};
    out.checks.push_back(disk);
    CheckPolicy plugin;
    plugin.id = "raid";
    plugin.probe = "plugin";
    plugin.command = {"/usr/lib/nagios/plugins/check_raid", "-v"};
    plugin.enabled = false;
    out.checks.push_back(plugin);
    return out;
}

void add_commands(std::ostream& out) {
    const CommandBody bodies[] = {
        CreateIncident{"t", "d", AssetId{3}, Level::high, Level::low, "hardware", "night"},
        AddNote{IncidentId{12}, "called\nback", Visibility::public_},
        AssignIncident{IncidentId{12}, "ann", "night"},
        ChangeIncidentState{IncidentId{12}, IncidentState::resolved, HoldReason::none,
                            CloseCode::workaround, "restarted"},
        ChangePriority{IncidentId{12}, Level::high, Level::medium, "vip"},
        EnrolAgent{"0193-uuid", "00ff", 4, SiteId{2}, "server", facts()},
        ReportFacts{"0193-uuid", facts()},
    };
    for (const CommandBody& body : bodies) {
        Command command;
        command.organisation = OrganisationId{1};
        command.actor = "ann";
        if (body.index() == 1) command.expected_version = 4;
        command.body = body;
        out << encode(command) << "\n";
    }
}

}  // namespace

TEST_CASE("golden: the documents of the API and the commands of the journal") {
    std::ostringstream now;
    now << to_json(incident()) << "\n" << to_json(Incident{}) << "\n";
    TimelineEntry entry;
    entry.id = TimelineId{3};
    entry.incident = IncidentId{12};
    entry.at = k_at;
    entry.kind = TimelineKind::state_changed;
    entry.actor = "ann";
    entry.visibility = Visibility::public_;
    entry.body = "in_progress -> on_hold";
    entry.journal_seq = JournalSeq{104};
    now << to_json(entry) << "\n" << to_json(alert()) << "\n";
    Asset asset;
    asset.id = AssetId{3};
    asset.organisation = OrganisationId{1};
    asset.asset_class = AssetClass::server;
    asset.name = "web01";
    asset.facts = facts();
    asset.identified_by = "serial and uuid";
    asset.created_at = k_at;
    now << to_json(asset) << "\n"
        << to_json(decision()) << "\n"
        << to_json(delivery()) << "\n"
        << to_json(facts()) << "\n"
        << to_json(policy()) << "\n";
    add_commands(now);
    if (std::getenv("GANTRY_ACCEPT_GOLDEN")) std::ofstream(k_golden) << now.str();
    std::ifstream file(k_golden);
    std::ostringstream golden;
    golden << file.rdbuf();
    CHECK(now.str() == golden.str());
}
