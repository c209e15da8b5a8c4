// FailingConnection: a Connection whose Nth operation (prepare, execute, begin, commit) fails as if
// the disk were full; all others go through. The transaction under way is rolled back by whoever
// began it, as with a real failure.
#pragma once

#include <cstdint>

#include "core/storage/database.hpp"

namespace gantry::test {

class FailingConnection final : public storage::Connection {
public:
    FailingConnection(storage::Connection& inner, std::uint64_t nth) : inner_(inner), left_(nth) {}

    Result<storage::Statement*> prepare(std::string_view sql) override {
        if (fails()) return failure();
        return inner_.prepare(sql);
    }
    Result<void> execute(std::string_view script) override {
        if (fails()) return failure();
        return inner_.execute(script);
    }
    Result<void> begin() override {
        if (fails()) return failure();
        return inner_.begin();
    }
    Result<void> commit() override {
        if (fails()) return failure();
        return inner_.commit();
    }
    void rollback() noexcept override { inner_.rollback(); }
    [[nodiscard]] bool in_transaction() const override { return inner_.in_transaction(); }

private:
    bool fails() { return left_ > 0 && --left_ == 0; }
    static Error failure() { return fail(ErrorCode::unavailable, "the disk is full (simulated)"); }

    storage::Connection& inner_;
    std::uint64_t left_;
};

}  // namespace gantry::test
