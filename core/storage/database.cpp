#include "core/storage/database.hpp"

#include <utility>

namespace gantry::storage {

Result<void> Statement::run() {
    auto stepped = step();
    reset();
    if (!stepped) return std::move(stepped).error();
    return {};
}

Result<Transaction> Transaction::begin(Connection& connection) {
    if (auto begun = connection.begin(); !begun) return begun.error();
    return Transaction(connection);
}

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() {
    if (connection_ != nullptr) connection_->rollback();
}

Result<void> Transaction::commit() {
    Connection* connection = std::exchange(connection_, nullptr);
    if (connection == nullptr) {
        return fail(ErrorCode::internal, "transaction: committed twice");
    }
    auto committed = connection->commit();
    if (!committed) connection->rollback();
    return committed;
}

}  // namespace gantry::storage
