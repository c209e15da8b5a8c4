#include "tests/support/faulty_database.hpp"

#include <map>
#include <string>
#include <utility>

namespace gantry::test {
namespace {

using namespace storage;
using Op = DatabaseOperation;

Error failure() { return fail(ErrorCode::unavailable, "the disk is full (simulated)"); }

class FaultyStatement final : public Statement {
public:
    explicit FaultyStatement(const Fates& fates) : fates_(fates) {}
    // Each prepare may give another statement: the inner cache has a bound.
    void hand_through(Statement& inner) { inner_ = &inner; }

    Statement& bind(int index, std::int64_t value) override {
        inner_->bind(index, value);
        return *this;
    }
    Statement& bind(int index, double value) override {
        inner_->bind(index, value);
        return *this;
    }
    Statement& bind(int index, std::string_view text) override {
        inner_->bind(index, text);
        return *this;
    }
    Statement& bind_blob(int index, Blob blob) override {
        inner_->bind_blob(index, blob);
        return *this;
    }
    Statement& bind_null(int index) override {
        inner_->bind_null(index);
        return *this;
    }
    Result<bool> step() override {
        if (fates_(Op::step) != Fate::goes) return failure();
        return inner_->step();
    }
    void reset() override { inner_->reset(); }
    [[nodiscard]] bool is_null(int column) const override { return inner_->is_null(column); }
    [[nodiscard]] std::int64_t integer(int column) const override {
        return inner_->integer(column);
    }
    [[nodiscard]] double real(int column) const override { return inner_->real(column); }
    [[nodiscard]] std::string text(int column) const override { return inner_->text(column); }
    [[nodiscard]] std::string blob(int column) const override { return inner_->blob(column); }

private:
    const Fates& fates_;
    Statement* inner_ = nullptr;
};

class FaultyConnection final : public Connection {
public:
    FaultyConnection(std::unique_ptr<Connection> owned, Connection& inner, Fates fates)
        : owned_(std::move(owned)), inner_(inner), fates_(std::move(fates)) {}

    Result<Statement*> prepare(std::string_view sql) override {
        if (fates_(Op::prepare) != Fate::goes) return failure();
        auto statement = inner_.prepare(sql);
        if (!statement) return statement.error();
        FaultyStatement& kept = statements_.try_emplace(std::string(sql), fates_).first->second;
        kept.hand_through(**statement);
        return static_cast<Statement*>(&kept);
    }
    Result<void> execute(std::string_view script) override {
        if (fates_(Op::execute) != Fate::goes) return failure();
        return inner_.execute(script);
    }
    Result<void> begin() override {
        if (fates_(Op::begin) != Fate::goes) return failure();
        return inner_.begin();
    }
    Result<void> commit() override {
        const Fate fate = fates_(Op::commit);
        if (fate == Fate::goes) return inner_.commit();
        if (fate == Fate::happens_and_fails) (void)inner_.commit();
        return failure();
    }
    void rollback() noexcept override {
        if (inner_.in_transaction()) inner_.rollback();
    }
    [[nodiscard]] bool in_transaction() const override { return inner_.in_transaction(); }

private:
    std::unique_ptr<Connection> owned_;
    Connection& inner_;
    Fates fates_;
    std::map<std::string, FaultyStatement> statements_;
};

class FaultyDatabase final : public Database {
public:
    FaultyDatabase(std::unique_ptr<Database> owned, Database& inner, Fates fates)
        : owned_(std::move(owned)), inner_(inner), fates_(std::move(fates)) {}

    [[nodiscard]] Engine engine() const override { return inner_.engine(); }
    Result<std::unique_ptr<Connection>> connect(Durability durability) override {
        if (fates_(Op::connect) != Fate::goes) return failure();
        auto opened = inner_.connect(durability);
        if (!opened) return opened;
        Connection& connection = **opened;
        return std::unique_ptr<Connection>(
            std::make_unique<FaultyConnection>(std::move(*opened), connection, fates_));
    }
    Result<std::unique_ptr<Connection>> connect_read_only() override {
        return inner_.connect_read_only();
    }

private:
    std::unique_ptr<Database> owned_;
    Database& inner_;
    Fates fates_;
};

}  // namespace

std::unique_ptr<Database> faulty(Database& inner, Fates fates) {
    return std::make_unique<FaultyDatabase>(nullptr, inner, std::move(fates));
}

std::unique_ptr<Database> faulty(std::unique_ptr<Database> inner, Fates fates) {
    Database& database = *inner;
    return std::make_unique<FaultyDatabase>(std::move(inner), database, std::move(fates));
}

std::unique_ptr<Connection> faulty(Connection& inner, Fates fates) {
    return std::make_unique<FaultyConnection>(nullptr, inner, std::move(fates));
}

Fates fails_at(std::uint64_t nth) {
    return [left = std::make_shared<std::uint64_t>(nth)](Op operation) {
        if (operation == Op::connect || operation == Op::step || *left == 0) return Fate::goes;
        return --*left == 0 ? Fate::fails : Fate::goes;
    };
}

}  // namespace gantry::test
