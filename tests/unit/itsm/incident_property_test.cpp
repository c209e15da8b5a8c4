// Any sequence of what people and monitoring do leaves a ticket whose fields agree.
#include <catch2/catch.hpp>

#include "core/base/random.hpp"
#include "core/model/json.hpp"
#include "itsm/tickets/incident_machine.hpp"
#include "tests/support/records_builders.hpp"

using namespace gantry;
using namespace gantry::itsm;
using test::moment;
using test::must;

namespace {

using S = IncidentState;

class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed) {
        if (random_.below(2) == 0) {
            incident = open_incident(test::open_action(1), SiteId{1}).incident;
        } else {
            CreateIncident wanted;
            wanted.title = "by hand";
            incident =
                must(create(wanted, IncidentId{1}, OrganisationId{1}, SiteId{1}, stamp())).incident;
        }
    }

    // One random operation; nullopt when it was refused.
    std::optional<Step> act() {
        ++now_;
        switch (random_.below(6)) {
            case 0:
            case 1: return kept(change_state(incident, state(), stamp()));
            case 2: {
                AssignIncident wanted;
                if (coin()) wanted.assignee = "bob";
                if (coin()) wanted.assignment_group = "day";
                return kept(assign(incident, wanted, stamp()));
            }
            case 3: {
                AddNote wanted;
                if (random_.below(8) != 0) wanted.body = "note";
                return kept(add_note(incident, wanted, stamp()));
            }
            case 4: {
                ChangePriority wanted;
                wanted.impact = level();
                wanted.urgency = level();
                if (random_.below(8) != 0) wanted.reason = "why";
                return kept(change_priority(incident, wanted, stamp()));
            }
            default: return follow(incident, monitoring(), coin());
        }
    }

    Incident incident;

private:
    bool coin() { return random_.below(2) == 0; }
    Level level() { return static_cast<Level>(1 + random_.below(3)); }
    [[nodiscard]] Stamp stamp() const { return {"ann", moment(now_), JournalSeq{now_}}; }

    ChangeIncidentState state() {
        ChangeIncidentState wanted;
        wanted.to = static_cast<S>(random_.below(6));
        wanted.hold_reason = static_cast<HoldReason>(random_.below(6));
        wanted.close_code = static_cast<CloseCode>(random_.below(6));
        if (coin()) wanted.notes = "notes";
        return wanted;
    }
    IncidentAction monitoring() {
        IncidentAction action;
        action.kind = static_cast<IncidentAction::Kind>(1 + random_.below(5));
        action.impact = level();
        action.urgency = level();
        action.body = "seen";
        action.at = moment(now_);
        action.firing_count = static_cast<std::int64_t>(random_.below(4));
        return action;
    }
    std::optional<Step> kept(Result<Step> step) {
        if (step) return std::move(*step);
        refused = step.error();
        return std::nullopt;
    }

public:
    std::optional<Error> refused;

private:
    SeededRandom random_;
    std::int64_t now_ = 10;  // when monitoring opened it
};

void check_agreement(const Incident& incident) {
    const bool ended = incident.state == S::closed || incident.state == S::canceled;
    CHECK((incident.hold_reason != HoldReason::none) == (incident.state == S::on_hold));
    CHECK((incident.close_code == CloseCode::none) == is_open(incident.state));
    CHECK((incident.closed_at != Instant{}) == ended);
    CHECK((incident.resolved_at != Instant{}) ==
          (incident.state == S::resolved || incident.state == S::closed));
    CHECK(incident.priority == priority_of(incident.impact, incident.urgency));
    CHECK(incident.opened_at <= incident.updated_at);
}

void check_step(const Incident& before, const Step& step) {
    const Incident& after = step.incident;
    CHECK(after.version == before.version + 1);
    if (after.state != before.state) CHECK(is_allowed(before.state, after.state));
    const bool reopened = before.state == S::resolved && after.state == S::in_progress;
    CHECK(after.reopen_count == before.reopen_count + (reopened ? 1 : 0));
    CHECK((step.operation == Operation::reopen) == reopened);
    const bool done =
        after.state != before.state && (after.state == S::resolved || after.state == S::canceled);
    CHECK((step.operation == Operation::resolve) == done);
    CHECK(after.alert_count >= before.alert_count);
    CHECK((after.taken_over || !before.taken_over));
    CHECK(after.id == before.id);
    CHECK(after.organisation == before.organisation);
    CHECK(after.title == before.title);
    CHECK(after.opened_at == before.opened_at);
    CHECK(step.entry.at == after.updated_at);
    CHECK(!step.entry.body.empty());
}

}  // namespace

TEST_CASE("incident: whatever is done to it in any order, its fields agree") {
    std::int64_t done = 0;
    std::int64_t refused = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        Walk walk(seed);
        CHECK(walk.incident.version == 1);
        for (int i = 0; i < 40; ++i) {
            const Incident before = walk.incident;
            auto step = walk.act();
            if (!step) {
                ++refused;
                CHECK((walk.refused->code == ErrorCode::conflict ||
                       walk.refused->code == ErrorCode::invalid_input));
                CHECK(to_json(walk.incident) == to_json(before));
                continue;
            }
            ++done;
            check_step(before, *step);
            walk.incident = std::move(step->incident);
            check_agreement(walk.incident);
        }
    }
    CHECK(done > 1000);
    CHECK(refused > 1000);
}
