#include "tests/simulation/bridge/system.hpp"

#include <memory>
#include <stdexcept>

#include "app/engine/projector.hpp"
#include "core/base/random.hpp"
#include "core/records/access.hpp"
#include "itsm/tickets/service_desk.hpp"
#include "itsm/tickets/ticket_store.hpp"
#include "tests/simulation/bridge/checkers.hpp"
#include "tests/support/faulty_database.hpp"

namespace gantry::simulation {
namespace {

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}
void must(Result<void> result) {
    if (!result) throw std::runtime_error(result.error().message);
}

std::vector<Subscription> subscriptions() {
    Subscription all;
    all.connector = "all";
    Subscription urgent;
    urgent.connector = "urgent";
    urgent.min_priority = 2;
    Subscription second;
    second.connector = "second";
    second.organisations = {OrganisationId{2}};
    return {all, urgent, second};
}

// Everything that a crash takes away.
struct Memory {
    explicit Memory(telemetry::Registry& metrics)
        : correlator(correlator::make_correlator(correlator::default_rules())),
          tickets(itsm::make_ticket_store(subscriptions())),
          projector(*correlator, *tickets, metrics, telemetry::Log::silent()) {}
    std::unique_ptr<correlator::Correlator> correlator;
    std::unique_ptr<TicketStore> tickets;
    app::Projector projector;
};

class Driver {
public:
    Driver(storage::Database& database, const std::vector<journal::Record>& journal,
           const Faults& faults)
        : database_(database), journal_(journal), faults_(faults), random_(faults.seed) {}

    Run run() {
        prepare();
        start();
        for (std::size_t done = folded(); done < journal_.size(); done = folded()) step(done);
        auto connection = must(database_.connect(storage::Durability::normal));
        return {dump(*connection), check_promises(*connection, journal_), crashes_, failures_};
    }

private:
    bool chance(int percent) { return random_.below(100) < static_cast<unsigned>(percent); }

    void prepare() {
        auto connection = must(database_.connect(storage::Durability::normal));
        must(records::ensure_organisation(*connection, "second", Instant{}));
        records::Token token;
        token.kind = records::TokenKind::enrolment;
        token.organisation = OrganisationId{1};
        token.site = SiteId{1};
        must(records::insert_token(*connection, token, "hash"));
    }

    void start() {
        connection_ = must(database_.connect(storage::Durability::normal));
        memory_ = std::make_unique<Memory>(metrics_);
        must(memory_->projector.restore(*connection_, *desk_));
    }

    void crash() {
        ++crashes_;
        memory_.reset();
        connection_.reset();
        start();
    }

    // How many records the store has the effects of.
    std::size_t folded() const {
        const JournalSeq cursor = memory_->projector.cursor();
        std::size_t count = 0;
        while (count < journal_.size() && journal_[count].seq <= cursor) ++count;
        return count;
    }

    void step(std::size_t done) {
        const std::size_t cut = 1 + random_.below(faults_.max_cut);
        const std::vector<journal::Record> some(
            journal_.begin() + static_cast<std::ptrdiff_t>(done),
            journal_.begin() + static_cast<std::ptrdiff_t>(std::min(journal_.size(), done + cut)));
        app::Batch batch = memory_->projector.next(some, 0);
        const bool crashes = chance(faults_.crash_percent);
        const auto moment = random_.below(3);
        if (crashes && moment == 0) return crash();  // folded, nothing written
        if (crashes && moment == 1) {                // in the middle of the transaction
            const auto failing = failing_connection();
            if (!memory_->projector.store(*failing, batch)) return crash();
        } else {
            store(batch);
        }
        if (crashes) return crash();  // committed, but nobody knows
        memory_->projector.finish(batch);
    }

    std::unique_ptr<storage::Connection> failing_connection() {
        return test::faulty(*connection_, test::fails_at(1 + random_.below(30)));
    }

    void store(app::Batch& batch) {
        while (chance(faults_.failure_percent)) {
            const auto failing = failing_connection();
            ++failures_;
            if (memory_->projector.store(*failing, batch)) return;
        }
        must(memory_->projector.store(*connection_, batch));
    }

    storage::Database& database_;
    const std::vector<journal::Record>& journal_;
    Faults faults_;
    SeededRandom random_;
    telemetry::Registry metrics_;
    std::unique_ptr<ServiceDesk> desk_ = itsm::make_service_desk();
    std::unique_ptr<storage::Connection> connection_;
    std::unique_ptr<Memory> memory_;
    int crashes_ = 0;
    int failures_ = 0;
};

}  // namespace

Run run_system(storage::Database& database, const std::vector<journal::Record>& journal,
               const Faults& faults) {
    return Driver(database, journal, faults).run();
}

}  // namespace gantry::simulation
