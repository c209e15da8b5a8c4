#include <libpq-fe.h>

#include <utility>

#include "core/storage/postgres_statement.hpp"

namespace gantry::storage {
namespace {

// A transaction that the server is still ending after its client broke away: asked this often,
// with the pause taken by the server.
constexpr int k_outcome_questions = 50;
constexpr const char* k_pause = "SELECT pg_sleep(0.1)";

Error lost_transaction() {
    return fail(ErrorCode::unavailable, "postgresql: the connection broke inside the transaction");
}

}  // namespace

PostgresConnection::PostgresConnection(std::unique_ptr<PostgresSession> session, bool read_only)
    : session_(std::move(session)), read_only_(read_only) {}

PostgresConnection::~PostgresConnection() {
    if (begun_) rollback();
    statements_.clear();  // before the session goes
}

Result<void> PostgresConnection::usable() const {
    if (begun_ && session_->generation() != begun_in_) return lost_transaction();
    if (!session_->is_broken()) return {};
    if (begun_) return lost_transaction();
    return fail(ErrorCode::unavailable, "postgresql: the connection is broken");
}

// Outside a transaction a broken session is opened anew, and the server forgets what the cache has.
Result<void> PostgresConnection::heal() {
    if (session_->is_broken()) {
        discarded_.clear();
        return session_->reopen();
    }
    if (discarded_.empty()) return {};
    std::string script;
    for (const std::string& name : std::exchange(discarded_, {})) {
        script += "DEALLOCATE " + name + ";";
    }
    auto done = session_->run(script);
    if (!done) return std::move(done).error();
    return {};
}

Result<Statement*> PostgresConnection::prepare(std::string_view sql) {
    if (begun_) {
        if (auto fit = usable(); !fit) return fit.error();
    } else if (auto done = heal(); !done) {
        return done.error();
    }
    if (PostgresStatement* known = statements_.find(sql); known != nullptr) {
        known->reset();
        return static_cast<Statement*>(known);
    }
    auto made = std::make_unique<PostgresStatement>(*this, "gantry_" + std::to_string(++names_),
                                                    std::string(sql));
    if (auto done = made->ensure_prepared(); !done) return done.error();
    return static_cast<Statement*>(statements_.add(std::move(made)));
}

Result<void> PostgresConnection::execute(std::string_view script) {
    if (begun_) {
        if (auto fit = usable(); !fit) return fit;
    } else if (auto done = heal(); !done) {
        return done;
    }
    auto done = session_->run(std::string(script));
    if (!done) return std::move(done).error();
    return {};
}

// A writer's transaction is numbered at once: by the number its outcome can be asked for later.
Result<void> PostgresConnection::start_transaction() {
    auto done =
        session_->run(read_only_ ? "BEGIN" : "BEGIN; SELECT CAST(pg_current_xact_id() AS TEXT)");
    if (!done) {
        if (!session_->is_broken()) (void)session_->run("ROLLBACK");
        return std::move(done).error();
    }
    transaction_id_ = read_only_ ? "" : PQgetvalue(done->get(), 0, 0);
    return {};
}

Result<void> PostgresConnection::begin() {
    if (begun_) return fail(ErrorCode::internal, "postgresql: a transaction inside a transaction");
    if (auto done = heal(); !done) return done;
    auto started = start_transaction();
    if (!started && session_->is_broken()) {  // it had gone since its last use: nothing is lost
        if (auto done = heal(); !done) return done;
        started = start_transaction();
    }
    if (!started) return started;
    begun_ = true;
    begun_in_ = session_->generation();
    return {};
}

Result<void> PostgresConnection::commit() {
    if (!begun_) return fail(ErrorCode::internal, "postgresql: commit without a transaction");
    if (auto fit = usable(); !fit) {
        rollback();
        return fit;
    }
    auto done = session_->run("COMMIT");
    begun_ = false;
    if (!done) {
        if (session_->is_broken()) return learn_outcome(done.error());
        (void)session_->run("ROLLBACK");
        return std::move(done).error();
    }
    // An aborted transaction ends so, and calls it success.
    if (std::string_view(PQcmdStatus(done->get())) == "ROLLBACK") {
        return fail(ErrorCode::unavailable,
                    "postgresql: the transaction was rolled back by an error");
    }
    return {};
}

// The connection broke while COMMIT was under way: it may have happened. Repeating a transaction
// that did happen is as wrong as dropping one that did not, so the server is asked.
Result<void> PostgresConnection::learn_outcome(const Error& broken) {
    if (read_only_) return broken;
    if (auto done = heal(); !done) return done;
    const std::string question = "SELECT pg_xact_status(CAST('" + transaction_id_ + "' AS xid8))";
    for (int asked = 0; asked < k_outcome_questions; ++asked) {
        auto answer = session_->run(question);
        if (!answer) return std::move(answer).error();
        const std::string_view status(PQgetvalue(answer->get(), 0, 0));
        if (status == "committed") return {};
        if (status != "in progress") return broken;
        if (auto paused = session_->run(k_pause); !paused) return std::move(paused).error();
    }
    return fail(ErrorCode::timeout, "postgresql: the outcome of a transaction is not known");
}

void PostgresConnection::rollback() noexcept {
    if (!begun_) return;
    const bool ours = session_->generation() == begun_in_ && !session_->is_broken();
    begun_ = false;
    if (ours) (void)session_->run("ROLLBACK");
}

}  // namespace gantry::storage
