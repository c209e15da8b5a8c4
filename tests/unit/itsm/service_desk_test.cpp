// The ServiceDesk: filters, pages that are complete and without repeats, scopes.
#include "itsm/tickets/service_desk.hpp"

#include <algorithm>
#include <functional>

#include "core/model/json.hpp"
#include "itsm/cmdb/asset_rows.hpp"
#include "itsm/tickets/incident_rows.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/outbox_rows.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::itsm;
using namespace gantry::test;

namespace {

using Ids = std::vector<std::int64_t>;

template <class Row>
Ids ids(const std::vector<Row>& rows) {
    Ids out;
    for (const Row& row : rows) out.push_back(row.id.value);
    return out;
}

// All pages of `read`, followed by their cursors; none is longer than the limit.
template <class Row>
Ids all_pages(const std::function<Result<PageOf<Row>>(const PageRequest&)>& read, int limit) {
    Ids out;
    PageRequest request{0, limit};
    for (int page = 0; page < 100; ++page) {
        const auto got = must(read(request));
        CHECK(got.items.size() <= static_cast<std::size_t>(limit));
        const Ids some = ids(got.items);
        out.insert(out.end(), some.begin(), some.end());
        if (!got.next) return out;
        CHECK(got.items.size() == static_cast<std::size_t>(limit));
        CHECK(*got.next == some.back());
        request.after = *got.next;
    }
    FAIL("the pages do not end");
    return out;
}

Ids numbers(std::int64_t from, std::int64_t to) {
    Ids out;
    for (auto id = from; from < to ? id <= to : id >= to; from < to ? ++id : --id) {
        out.push_back(id);
    }
    return out;
}

// Incidents, assets and deliveries 1 to 7; 6 and 7 are theirs.
struct Desk : Store {
    Desk() {
        for (std::int64_t id = 1; id <= 7; ++id) {
            const OrganisationId organisation = id > 5 ? k_theirs : k_ours;
            must(insert_asset(*connection, asset_of(id, organisation)));
            Incident incident;
            incident.id = IncidentId{id};
            incident.organisation = organisation;
            incident.asset = AssetId{id % 2 + 1};
            incident.state = static_cast<IncidentState>(id % 6);
            incident.priority = static_cast<int>(id % 3 + 1);
            must(insert_incident(*connection, incident));
            put(*connection, {id, id, id % 2 == 0 ? "chat" : "desk", organisation, Operation::open,
                              static_cast<DeliveryState>(id % 4)});
        }
    }
    Ids incidents(const IncidentFilter& filter, const Scope& scope = Scope::all()) {
        return ids(must(desk->incidents(*connection, scope, filter, {})).items);
    }
    Ids assets(const std::string& name, const Scope& scope = Scope::all()) {
        return ids(must(desk->assets(*connection, scope, {name}, {})).items);
    }
    Ids deliveries(const DeliveryFilter& filter, const Scope& scope = Scope::all()) {
        return ids(must(desk->deliveries(*connection, scope, filter, {})).items);
    }
    void rename(std::int64_t id, const std::string& name) {
        Asset asset = must(find_asset(*connection, Scope::all(), AssetId{id}));
        asset.name = name;
        must(update_asset(*connection, asset));
    }
    std::unique_ptr<ServiceDesk> desk = make_service_desk();
};

}  // namespace

TEST_CASE("service desk: pages are complete, newest first and without repeats") {
    Desk world;
    auto& connection = *world.connection;
    for (int limit = 1; limit <= 9; ++limit) {
        CAPTURE(limit);
        CHECK(all_pages<Incident>(
                  [&](const PageRequest& page) {
                      return world.desk->incidents(connection, Scope::all(), {}, page);
                  },
                  limit) == numbers(7, 1));
        CHECK(all_pages<Asset>(
                  [&](const PageRequest& page) {
                      return world.desk->assets(connection, Scope::of(k_ours), {}, page);
                  },
                  limit) == numbers(5, 1));
        CHECK(all_pages<Delivery>(
                  [&](const PageRequest& page) {
                      return world.desk->deliveries(connection, Scope::all(), {}, page);
                  },
                  limit) == numbers(7, 1));
    }
}

TEST_CASE("service desk: the timeline is complete, oldest first, of its incident alone") {
    Desk world;
    for (std::int64_t id = 1; id <= 9; ++id) {
        TimelineEntry entry;
        entry.id = TimelineId{id};
        entry.incident = IncidentId{id == 4 ? 2 : 1};
        entry.organisation = k_ours;
        entry.at = moment(100 - id);  // by id, whatever the clock said
        must(insert_timeline(*world.connection, entry));
    }
    for (int limit = 1; limit <= 10; ++limit) {
        CHECK(all_pages<TimelineEntry>(
                  [&](const PageRequest& page) {
                      return world.desk->timeline(*world.connection, Scope::of(k_ours),
                                                  IncidentId{1}, page);
                  },
                  limit) == Ids{1, 2, 3, 5, 6, 7, 8, 9});
    }
    for (const std::int64_t id : {6, 99}) {
        CHECK(world.desk->timeline(*world.connection, Scope::of(k_ours), IncidentId{id}, {})
                  .error()
                  .code == ErrorCode::not_found);
    }
}

TEST_CASE("service desk: a page does not move when newer rows come") {
    Desk world;
    const auto first = must(world.desk->assets(*world.connection, Scope::all(), {}, {0, 3}));
    CHECK(ids(first.items) == Ids{7, 6, 5});
    must(insert_asset(*world.connection, asset_of(8)));
    const auto second =
        must(world.desk->assets(*world.connection, Scope::all(), {}, {*first.next, 3}));
    CHECK(ids(second.items) == Ids{4, 3, 2});
}

TEST_CASE("service desk: incidents are filtered by every field, and by all at once") {
    Desk world;
    // states 1 2 3 4 5 0 1, priorities 2 3 1 2 3 1 2, assets 2 1 2 1 2 1 2
    IncidentFilter filter;
    filter.open = true;
    CHECK(world.incidents(filter) == Ids{7, 6, 2, 1});
    filter.open = false;
    CHECK(world.incidents(filter) == Ids{5, 4, 3});
    filter = {};
    filter.state = IncidentState::in_progress;
    CHECK(world.incidents(filter) == Ids{7, 1});
    filter.state = IncidentState::new_;
    CHECK(world.incidents(filter) == Ids{6});
    filter = {};
    filter.priority = 2;
    CHECK(world.incidents(filter) == Ids{7, 4, 1});
    filter = {};
    filter.asset = AssetId{1};
    CHECK(world.incidents(filter) == Ids{6, 4, 2});
    filter.open = true;
    CHECK(world.incidents(filter) == Ids{6, 2});
    filter.priority = 3;
    CHECK(world.incidents(filter, Scope::of(k_ours)) == Ids{2});
    CHECK(world.incidents(filter, Scope::of(k_theirs)).empty());
    filter.state = IncidentState::canceled;  // and open: no row is both
    CHECK(world.incidents(filter).empty());
}

TEST_CASE("service desk: filters and cursors go together") {
    Desk world;
    IncidentFilter filter;
    filter.asset = AssetId{2};
    filter.open = true;
    for (int limit = 1; limit <= 3; ++limit) {
        CHECK(all_pages<Incident>(
                  [&](const PageRequest& page) {
                      return world.desk->incidents(*world.connection, Scope::all(), filter, page);
                  },
                  limit) == Ids{7, 1});
    }
}

TEST_CASE("service desk: assets are found by a part of the name, literally, in any case") {
    Desk world;
    world.rename(1, "DB-Server_01.example.com");
    world.rename(2, "100%");
    world.rename(3, "back\\slash");
    world.rename(4, "M\xc3\xbcnchen");
    CHECK(world.assets("server") == Ids{1});
    CHECK(world.assets("SERVER_01") == Ids{1});
    CHECK(world.assets("_") == Ids{1});
    CHECK(world.assets("%") == Ids{2});
    CHECK(world.assets("\\") == Ids{3});
    CHECK(world.assets("k\\s") == Ids{3});
    CHECK(world.assets("M\xc3\xbcN") == Ids{4});
    CHECK(world.assets("web") == Ids{7, 6, 5});
    CHECK(world.assets("' OR 1=1 --").empty());
    CHECK(world.assets("web", Scope::of(k_ours)) == Ids{5});
    CHECK(world.assets("nobody").empty());
}

TEST_CASE("service desk: deliveries are filtered by state, connector and incident") {
    Desk world;
    // states 1 2 3 0 1 2 3
    DeliveryFilter filter;
    filter.state = DeliveryState::dead;
    CHECK(world.deliveries(filter) == Ids{7, 3});
    CHECK(world.deliveries(filter, Scope::of(k_ours)) == Ids{3});
    filter = {};
    filter.connector = "chat";
    CHECK(world.deliveries(filter) == Ids{6, 4, 2});
    filter.state = DeliveryState::pending;
    CHECK(world.deliveries(filter) == Ids{4});
    filter = {};
    filter.incident = IncidentId{5};
    CHECK(world.deliveries(filter) == Ids{5});
    filter.connector = "chat";
    CHECK(world.deliveries(filter).empty());
}

TEST_CASE("service desk: a list shows each row as its single read does") {
    Desk world;
    auto& connection = *world.connection;
    for (const Incident& row :
         must(world.desk->incidents(connection, Scope::all(), {}, {})).items) {
        CHECK(to_json(row) ==
              to_json(must(world.desk->incident(connection, Scope::all(), row.id))));
    }
    for (const Asset& row : must(world.desk->assets(connection, Scope::all(), {}, {})).items) {
        CHECK(to_json(row) == to_json(must(world.desk->asset(connection, Scope::all(), row.id))));
    }
}

TEST_CASE("service desk: a scope shows its organisations' rows, none shows none") {
    Desk world;
    const Scope none = Scope::of(std::vector<OrganisationId>{});
    const Scope both = Scope::of({k_ours, k_theirs});
    CHECK(world.incidents({}, Scope::of(k_ours)) == numbers(5, 1));
    CHECK(world.incidents({}, Scope::of(k_theirs)) == Ids{7, 6});
    CHECK(world.incidents({}, both) == numbers(7, 1));
    CHECK(world.incidents({}, none).empty());
    CHECK(world.assets("", none).empty());
    CHECK(world.deliveries({}, Scope::of(k_theirs)) == Ids{7, 6});
    CHECK(world.deliveries({}, none).empty());
    for (const Scope& scope : {Scope::of(k_ours), none}) {
        CHECK(world.desk->incident(*world.connection, scope, IncidentId{6}).error().code ==
              ErrorCode::not_found);
        CHECK(world.desk->asset(*world.connection, scope, AssetId{6}).error().code ==
              ErrorCode::not_found);
    }
}

TEST_CASE("service desk: only a dead delivery can be retried, and it is due at once") {
    Desk world;
    const auto retry = [&](std::int64_t id, const Scope& scope) {
        return world.desk->retry_delivery(*world.connection, scope, DeliveryId{id}, moment(500));
    };
    must(world.connection->execute("UPDATE outbox SET attempts = 9, last_error = 'gone'"));
    for (const std::int64_t id : {1, 2, 4}) {  // in flight, delivered, pending
        const auto refused = retry(id, Scope::all());
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::conflict);
    }
    CHECK(retry(7, Scope::of(k_ours)).error() == fail(ErrorCode::not_found, "no delivery 7"));
    CHECK(retry(99, Scope::all()).error().code == ErrorCode::not_found);
    CHECK(world.texts("SELECT state FROM outbox WHERE id = 7", 1) == Texts{"3"});
    must(retry(7, Scope::of(k_theirs)));
    CHECK(world.texts("SELECT state, attempts, created_at, next_attempt_at FROM outbox WHERE "
                      "id = 7",
                      4) == Texts{"0|0|1764000500000|1764000500000"});
    CHECK(retry(7, Scope::all()).error().code == ErrorCode::conflict);
}

TEST_CASE("service desk: it reads on a read-only connection") {
    Desk world;
    const auto reader = must(world.database->connect_read_only());
    CHECK(must(world.desk->incidents(*reader, Scope::all(), {}, {})).items.size() == 7);
    CHECK(!world.desk->retry_delivery(*reader, Scope::all(), DeliveryId{7}, moment(1)));
}

TEST_CASE("service desk: a statement that fails is an error, not an empty page") {
    Desk world;
    const auto failing = [&] { return faulty(*world.connection, fails_at(1)); };
    auto a = failing();
    CHECK(!world.desk->incidents(*a, Scope::all(), {}, {}));
    auto b = failing();
    CHECK(!world.desk->assets(*b, Scope::all(), {}, {}));
    auto c = failing();
    CHECK(!world.desk->deliveries(*c, Scope::all(), {}, {}));
    const auto second = faulty(*world.connection, fails_at(2));
    CHECK(world.desk->timeline(*second, Scope::all(), IncidentId{1}, {}).error().code ==
          ErrorCode::unavailable);
    const auto update = faulty(*world.connection, fails_at(2));
    CHECK(
        world.desk->retry_delivery(*update, Scope::all(), DeliveryId{7}, moment(1)).error().code ==
        ErrorCode::unavailable);
}
