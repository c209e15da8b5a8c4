// FaultyDatabase: hands a Database through, but writing transactions fail to begin while `failing`
// is above nought (each try takes one off). Thread-safe as a Database is.
#pragma once

#include <atomic>
#include <limits>
#include <memory>

#include "core/storage/database.hpp"

namespace gantry::test {

struct Faults {
    static constexpr int k_for_ever = std::numeric_limits<int>::max();
    std::atomic<int> failing{0};
    std::atomic<int> begun{0};
};

class FaultyConnection final : public storage::Connection {
public:
    FaultyConnection(std::unique_ptr<storage::Connection> inner, Faults& faults)
        : inner_(std::move(inner)), faults_(faults) {}

    Result<storage::Statement*> prepare(std::string_view sql) override {
        return inner_->prepare(sql);
    }
    Result<void> execute(std::string_view script) override { return inner_->execute(script); }
    Result<void> begin() override {
        ++faults_.begun;
        if (faults_.failing > 0) {
            if (faults_.failing != Faults::k_for_ever) --faults_.failing;
            return fail(ErrorCode::unavailable, "the store is away (simulated)");
        }
        return inner_->begin();
    }
    Result<void> commit() override { return inner_->commit(); }
    void rollback() noexcept override { inner_->rollback(); }
    [[nodiscard]] bool in_transaction() const override { return inner_->in_transaction(); }

private:
    std::unique_ptr<storage::Connection> inner_;
    Faults& faults_;
};

class FaultyDatabase final : public storage::Database {
public:
    FaultyDatabase(storage::Database& inner, Faults& faults) : inner_(inner), faults_(faults) {}

    [[nodiscard]] storage::Engine engine() const override { return inner_.engine(); }
    Result<std::unique_ptr<storage::Connection>> connect(storage::Durability durability) override {
        auto opened = inner_.connect(durability);
        if (!opened) return opened.error();
        return std::unique_ptr<storage::Connection>(
            std::make_unique<FaultyConnection>(std::move(*opened), faults_));
    }
    Result<std::unique_ptr<storage::Connection>> connect_read_only() override {
        return inner_.connect_read_only();
    }

private:
    storage::Database& inner_;
    Faults& faults_;
};

}  // namespace gantry::test
