// Every operation of the outbox, failing at its first, second ... statement: nothing is half done,
// and doing it again ends where an undisturbed one ends.
#include <functional>

#include "itsm/outbox/sql_outbox.hpp"
#include "tests/support/faulty_database.hpp"
#include "tests/support/outbox_rows.hpp"
#include "tests/support/store.hpp"

using namespace gantry;
using namespace gantry::test;

namespace {

// Hands connections through and notes what each was asked for with.
class WatchedDatabase final : public storage::Database {
public:
    explicit WatchedDatabase(storage::Database& inner) : inner_(inner) {}
    [[nodiscard]] storage::Engine engine() const override { return inner_.engine(); }
    Result<std::unique_ptr<storage::Connection>> connect(storage::Durability durability) override {
        durabilities.push_back(durability);
        return inner_.connect(durability);
    }
    Result<std::unique_ptr<storage::Connection>> connect_read_only() override {
        return inner_.connect_read_only();
    }
    std::vector<storage::Durability> durabilities;

private:
    storage::Database& inner_;
};

using Operate = std::function<Result<void>(Outbox&)>;

struct Case {
    const char* name;
    bool leased_before;
    Operate operate;
};

Result<void> leased(Outbox& outbox) {
    auto rows = outbox.lease("chat", moment(10), Millis{30'000}, 100);
    if (!rows) return rows.error();
    CHECK(ids_of(*rows) == std::vector<std::int64_t>{1, 3});
    return {};
}

const Case k_cases[] = {
    {"lease", false, leased},
    {"delivered", true,
     [](Outbox& outbox) {
         return outbox.settle({Settlement::delivered(DeliveryId{1}, "REMOTE-1", moment(11))});
     }},
    {"retry", true,
     [](Outbox& outbox) {
         return outbox.settle({Settlement::retry(DeliveryId{1}, "503", moment(40))});
     }},
    {"dead", true,
     [](Outbox& outbox) {
         return outbox.settle({Settlement::dead(DeliveryId{1}, "410", moment(11))});
     }},
    {"settle two", true,
     [](Outbox& outbox) {
         return outbox.settle({Settlement::delivered(DeliveryId{1}, "REMOTE-1", moment(11)),
                               Settlement::retry(DeliveryId{3}, "503", moment(40))});
     }},
    {"release", true,
     [](Outbox& outbox) {
         return outbox.settle({Settlement::release(DeliveryId{1}, moment(40))});
     }},
};

// A store with two incidents' rows, leased when the case begins so.
std::unique_ptr<Store> prepared(const Case& c) {
    auto store = std::make_unique<Store>();
    put(*store->connection, {.id = 1, .incident = 1});
    put(*store->connection, {.id = 2, .incident = 1});
    put(*store->connection, {.id = 3, .incident = 2});
    if (c.leased_before) must(leased(*itsm::make_outbox(*store->database)));
    return store;
}

}  // namespace

TEST_CASE("outbox: an operation that fails anywhere did nothing, and can be done again") {
    for (const Case& c : k_cases) {
        const auto undisturbed = prepared(c);
        must(c.operate(*itsm::make_outbox(*undisturbed->database)));
        int failures = 0;
        for (std::uint64_t nth = 1; nth < 50; ++nth) {
            CAPTURE(c.name, nth);
            const auto store = prepared(c);
            const Texts before = store->tables();
            const auto database = faulty(*store->database, fails_at(nth));
            const auto outbox = itsm::make_outbox(*database);
            const auto done = c.operate(*outbox);
            if (done) {
                CHECK(store->tables() == undisturbed->tables());
                break;
            }
            ++failures;
            CHECK(done.error().code == ErrorCode::unavailable);
            CHECK(store->tables() == before);
            must(c.operate(*outbox));
            CHECK(store->tables() == undisturbed->tables());
        }
        CHECK(failures >= 3);  // begin, at least one statement, commit
    }
}

TEST_CASE("outbox: a connection that cannot be opened is tried again at the next use") {
    Store store;
    put(*store.connection, {.id = 1});
    bool refuses = true;
    const auto refusing = faulty(*store.database, [&](DatabaseOperation operation) {
        const bool connects = operation == DatabaseOperation::connect;
        return refuses && connects ? Fate::fails : Fate::goes;
    });
    WatchedDatabase database(*refusing);
    const auto outbox = itsm::make_outbox(database);
    CHECK(database.durabilities.empty());  // opened at the first use
    CHECK(outbox->next_due("chat").error().code == ErrorCode::unavailable);
    CHECK(outbox->lease("chat", moment(9), Millis{1}, 1).error().code == ErrorCode::unavailable);
    CHECK(outbox->remote_id("chat", IncidentId{1}).error().code == ErrorCode::unavailable);
    refuses = false;
    CHECK(must(outbox->next_due("chat")) == moment(1));
    CHECK(database.durabilities.size() == 4);
    for (const auto durability : database.durabilities) {
        CHECK(durability == storage::Durability::full);
    }
}
