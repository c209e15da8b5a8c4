#include "tests/simulation/agent/dying_database.hpp"

#include <map>
#include <string>

namespace gantry::test {
namespace {

using namespace storage;

Error dead() { return fail(ErrorCode::unavailable, "the process is dead"); }

class DyingStatement final : public Statement {
public:
    DyingStatement(Statement& inner, Death& death) : inner_(inner), death_(death) {}
    Statement& bind(int index, std::int64_t value) override {
        inner_.bind(index, value);
        return *this;
    }
    Statement& bind(int index, double value) override {
        inner_.bind(index, value);
        return *this;
    }
    Statement& bind(int index, std::string_view text) override {
        inner_.bind(index, text);
        return *this;
    }
    Statement& bind_blob(int index, Blob blob) override {
        inner_.bind_blob(index, blob);
        return *this;
    }
    Statement& bind_null(int index) override {
        inner_.bind_null(index);
        return *this;
    }
    Result<bool> step() override {
        if (!death_.lives()) return dead();
        return inner_.step();
    }
    void reset() override { inner_.reset(); }
    [[nodiscard]] bool is_null(int column) const override { return inner_.is_null(column); }
    [[nodiscard]] std::int64_t integer(int column) const override { return inner_.integer(column); }
    [[nodiscard]] double real(int column) const override { return inner_.real(column); }
    [[nodiscard]] std::string text(int column) const override { return inner_.text(column); }
    [[nodiscard]] std::string blob(int column) const override { return inner_.blob(column); }

private:
    Statement& inner_;
    Death& death_;
};

class DyingConnection final : public Connection {
public:
    DyingConnection(std::unique_ptr<Connection> inner, Death& death)
        : inner_(std::move(inner)), death_(death) {}
    Result<Statement*> prepare(std::string_view sql) override {
        if (death_.is_dead) return dead();
        auto statement = inner_->prepare(sql);
        if (!statement) return statement.error();
        auto& kept = statements_[std::string(sql)];
        if (!kept) kept = std::make_unique<DyingStatement>(**statement, death_);
        return static_cast<Statement*>(kept.get());
    }
    Result<void> execute(std::string_view script) override {
        if (!death_.lives()) return dead();
        return inner_->execute(script);
    }
    Result<void> begin() override {
        if (!death_.lives()) return dead();
        if (death_.takes_no_writes) return fail(ErrorCode::unavailable, "the disk is read-only");
        return inner_->begin();
    }
    Result<void> commit() override {
        if (death_.lives()) return inner_->commit();
        if (death_.commit_happens && !reported_) {
            (void)inner_->commit();
            reported_ = true;
        }
        return dead();
    }
    void rollback() noexcept override {
        if (!death_.is_dead) inner_->rollback();
    }
    [[nodiscard]] bool in_transaction() const override { return inner_->in_transaction(); }

private:
    std::unique_ptr<Connection> inner_;
    Death& death_;
    bool reported_ = false;
    std::map<std::string, std::unique_ptr<DyingStatement>> statements_;
};

class DyingDatabase final : public Database {
public:
    DyingDatabase(std::unique_ptr<Database> inner, Death& death)
        : inner_(std::move(inner)), death_(death) {}
    [[nodiscard]] Engine engine() const override { return inner_->engine(); }
    Result<std::unique_ptr<Connection>> connect(Durability durability) override {
        auto connection = inner_->connect(durability);
        if (!connection) return connection.error();
        return std::unique_ptr<Connection>(
            std::make_unique<DyingConnection>(std::move(*connection), death_));
    }
    Result<std::unique_ptr<Connection>> connect_read_only() override {
        return inner_->connect_read_only();
    }

private:
    std::unique_ptr<Database> inner_;
    Death& death_;
};

}  // namespace

Result<std::unique_ptr<storage::Database>> open_dying(const std::string& location, Death& death) {
    auto inner = storage::open_database(location);
    if (!inner) return inner.error();
    return std::unique_ptr<storage::Database>(
        std::make_unique<DyingDatabase>(std::move(*inner), death));
}

}  // namespace gantry::test
