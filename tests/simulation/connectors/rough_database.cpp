#include "tests/simulation/connectors/rough_database.hpp"

#include <map>
#include <string>
#include <utility>

namespace gantry::simulation {
namespace {

using namespace storage;
using Fate = Weather::Fate;

Error broken() { return fail(ErrorCode::unavailable, "the disk is full (simulated)"); }

class RoughStatement final : public Statement {
public:
    RoughStatement(Statement& inner, Weather& weather) : inner_(inner), weather_(weather) {}
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
        if (weather_.next_operation() != Fate::goes) return broken();
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
    Weather& weather_;
};

class RoughConnection final : public Connection {
public:
    RoughConnection(std::unique_ptr<Connection> inner, Weather& weather)
        : inner_(std::move(inner)), weather_(weather) {}
    Result<Statement*> prepare(std::string_view sql) override {
        if (weather_.is_dead()) return broken();
        auto statement = inner_->prepare(sql);
        if (!statement) return statement.error();
        auto& kept = statements_[std::string(sql)];
        kept = std::make_unique<RoughStatement>(**statement, weather_);
        return static_cast<Statement*>(kept.get());
    }
    Result<void> execute(std::string_view script) override {
        if (weather_.next_operation() != Fate::goes) return broken();
        return inner_->execute(script);
    }
    Result<void> begin() override {
        if (weather_.next_operation() != Fate::goes) return broken();
        return inner_->begin();
    }
    Result<void> commit() override {
        const bool was_dead = weather_.is_dead();
        const Fate fate = weather_.next_operation();
        if (fate == Fate::goes) return inner_->commit();
        if (fate == Fate::happens_and_fails && !was_dead) (void)inner_->commit();
        return broken();
    }
    void rollback() noexcept override {
        if (inner_->in_transaction()) inner_->rollback();
    }
    [[nodiscard]] bool in_transaction() const override { return inner_->in_transaction(); }

private:
    std::unique_ptr<Connection> inner_;
    Weather& weather_;
    std::map<std::string, std::unique_ptr<RoughStatement>> statements_;
};

class RoughDatabase final : public Database {
public:
    RoughDatabase(Database& inner, Weather& weather) : inner_(inner), weather_(weather) {}
    [[nodiscard]] Engine engine() const override { return inner_.engine(); }
    Result<std::unique_ptr<Connection>> connect(Durability durability) override {
        if (weather_.next_operation() != Fate::goes) return broken();
        auto connection = inner_.connect(durability);
        if (!connection) return connection.error();
        return std::unique_ptr<Connection>(
            std::make_unique<RoughConnection>(std::move(*connection), weather_));
    }
    Result<std::unique_ptr<Connection>> connect_read_only() override {
        return inner_.connect_read_only();
    }

private:
    Database& inner_;
    Weather& weather_;
};

}  // namespace

Weather::Fate Weather::next_operation() {
    const Fate failing = random_.below(2) == 0 ? Fate::fails : Fate::happens_and_fails;
    if (is_dead_) return Fate::fails;
    if (left_ >= 0 && left_-- == 0) {
        is_dead_ = true;
        return failing;
    }
    if (!all_fail_ && static_cast<int>(random_.below(1'000)) >= permille_) return Fate::goes;
    ++failures_;
    return failing;
}

std::unique_ptr<storage::Database> under_weather(storage::Database& inner, Weather& weather) {
    return std::make_unique<RoughDatabase>(inner, weather);
}

}  // namespace gantry::simulation
