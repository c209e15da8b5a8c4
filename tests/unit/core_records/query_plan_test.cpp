// How SQLite goes about the reads that tables of millions of rows meet: by an index, never row by
// row. A partial index is used only when the query repeats its condition, which nothing but the
// plan shows.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/records/alerts.hpp"
#include "core/records/counts.hpp"
#include "core/records/decisions.hpp"
#include "core/storage/database.hpp"
#include "core/storage/migrations.hpp"
#include "itsm/outbox/backlog.hpp"
#include "itsm/outbox/sql_outbox.hpp"
#include "itsm/tickets/service_desk.hpp"

using namespace gantry;

namespace {

// Hands everything through and keeps the plan of each statement.
class PlanRecorder final : public storage::Connection {
public:
    PlanRecorder(storage::Connection& inner, std::vector<std::string>& into)
        : inner_(inner), steps_(into) {}

    Result<storage::Statement*> prepare(std::string_view sql) override {
        auto plan = inner_.prepare("EXPLAIN QUERY PLAN " + std::string(sql));
        if (!plan) return plan.error();
        for (auto row = (*plan)->step(); row && *row; row = (*plan)->step()) {
            steps_.push_back((*plan)->text(3));
        }
        (*plan)->reset();
        return inner_.prepare(sql);
    }
    Result<void> execute(std::string_view script) override { return inner_.execute(script); }
    Result<void> begin() override { return inner_.begin(); }
    Result<void> commit() override { return inner_.commit(); }
    void rollback() noexcept override { inner_.rollback(); }
    [[nodiscard]] bool in_transaction() const override { return inner_.in_transaction(); }

private:
    storage::Connection& inner_;
    std::vector<std::string>& steps_;
};

// Gives connections that record into one list.
class PlanDatabase final : public storage::Database {
public:
    PlanDatabase(storage::Database& inner, std::vector<std::string>& steps)
        : inner_(inner), steps_(steps) {}
    [[nodiscard]] storage::Engine engine() const override { return inner_.engine(); }
    Result<std::unique_ptr<storage::Connection>> connect(storage::Durability durability) override {
        return recorded(inner_.connect(durability));
    }
    Result<std::unique_ptr<storage::Connection>> connect_read_only() override {
        return recorded(inner_.connect_read_only());
    }

private:
    Result<std::unique_ptr<storage::Connection>> recorded(
        Result<std::unique_ptr<storage::Connection>> opened) {
        if (!opened) return opened.error();
        kept_.push_back(std::move(*opened));
        return std::unique_ptr<storage::Connection>(
            std::make_unique<PlanRecorder>(*kept_.back(), steps_));
    }

    storage::Database& inner_;
    std::vector<std::string>& steps_;
    std::vector<std::unique_ptr<storage::Connection>> kept_;
};

struct Plans {
    Plans() { REQUIRE(storage::migrate(*database)); }

    static std::string name() {
        static int count = 0;
        return ":memory:plans-" + std::to_string(++count);
    }
    // Steps that read a whole table, or a whole index of one.
    std::vector<std::string> scans() {
        std::vector<std::string> out;
        for (const std::string& step : steps) {
            if (step.starts_with("SCAN")) out.push_back(step);
        }
        return out;
    }
    bool uses(const std::string& index) {
        return std::any_of(steps.begin(), steps.end(), [&](const std::string& step) {
            return step.find(index) != std::string::npos;
        });
    }

    std::unique_ptr<storage::Database> database = std::move(*storage::open_database(name()));
    std::unique_ptr<storage::Connection> connection =
        std::move(*database->connect(storage::Durability::normal));
    std::vector<std::string> steps;
    PlanRecorder recorder{*connection, steps};
    PlanDatabase recorded{*database, steps};
    std::unique_ptr<ServiceDesk> desk = itsm::make_service_desk();
};

using Steps = std::vector<std::string>;

}  // namespace

TEST_CASE("plans: decisions of an incident or an alert are found by their index") {
    Plans plans;
    records::DecisionFilter by_incident;
    by_incident.incident = IncidentId{7};
    REQUIRE(records::latest_decisions(plans.recorder, Scope::all(), by_incident, 101));
    REQUIRE(records::decisions(plans.recorder, Scope::all(), by_incident, {}));
    CHECK(plans.scans() == Steps{});
    CHECK(plans.uses("decisions_by_first_incident"));
    CHECK(plans.uses("SEARCH s USING PRIMARY KEY (subject=? AND subject_id=? AND first_id>?)"));
    CHECK(plans.uses("SEARCH s USING PRIMARY KEY (subject=? AND subject_id=? AND first_id<?)"));
    records::DecisionFilter by_alert;
    by_alert.alert = AlertId{7};
    REQUIRE(records::latest_decisions(plans.recorder, Scope::all(), by_alert, 101));
    CHECK(plans.scans() == Steps{});
    CHECK(plans.uses("decisions_by_first_alert"));
    CHECK(plans.scans() == Steps{});
}

TEST_CASE("plans: alerts of an asset or an incident are found by their index") {
    Plans plans;
    records::AlertFilter by_asset;
    by_asset.asset = AssetId{7};
    by_asset.among = {AlertId{9}, AlertId{4}};
    REQUIRE(records::alerts(plans.recorder, Scope::all(), by_asset, {}));
    CHECK(plans.uses("SEARCH a USING INTEGER PRIMARY KEY (rowid=?)"));
    records::AlertFilter by_incident;
    by_incident.incident = IncidentId{7};
    REQUIRE(records::alerts(plans.recorder, Scope::all(), by_incident, {}));
    CHECK(plans.uses("alerts_by_incident"));
    CHECK(plans.scans() == Steps{});
}

TEST_CASE("plans: incidents of an asset are found by their index") {
    Plans plans;
    IncidentFilter filter;
    filter.asset = AssetId{7};
    REQUIRE(plans.desk->incidents(plans.recorder, Scope::all(), filter, {}));
    CHECK(plans.scans() == Steps{});
    CHECK(plans.uses("incidents_by_asset"));
}

TEST_CASE("plans: the state of deliveries reads what is unfinished, not what was ever delivered") {
    Plans plans;
    REQUIRE(records::counts(plans.recorder, Scope::all()));
    std::size_t of_outbox = 0;
    for (const std::string& step : plans.steps) {
        if (step.find("outbox") == std::string::npos) continue;
        ++of_outbox;
        CHECK(step.find("outbox_unfinished") != std::string::npos);
    }
    CHECK(of_outbox == 2);
}

TEST_CASE("plans: what waits for a connector is counted in its index") {
    Plans plans;
    REQUIRE(itsm::backlog(plans.recorder, "desk"));
    CHECK(plans.scans() == Steps{});
}

// The index has the rows in order, so that the first few end the reading. A sort would read all.
TEST_CASE("plans: a lease takes the oldest few, and who is next is the first, of any number") {
    Plans plans;
    const auto outbox = itsm::make_outbox(plans.recorded);
    REQUIRE(outbox->lease("desk", from_ms(1), Millis{1'000}, 8));
    CHECK(plans.uses("outbox_waiting (connector=?)"));
    CHECK_FALSE(plans.uses("TEMP B-TREE"));
    plans.steps.clear();
    REQUIRE(outbox->next_due("desk"));
    CHECK(plans.uses("outbox_due (connector=? AND state=?)"));
    CHECK(plans.scans() == Steps{});
}
