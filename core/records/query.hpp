// Query: a prepared statement in one breath. Private to the rooms that own tables.
//
//     Query q(connection, "SELECT id, name FROM sites WHERE organisation_id = $1");
//     q.bind(organisation.value);
//     while (q.next()) sites.push_back({q.integer(), q.text()});
//     if (auto done = q.done(); !done) return done.error();
//
// Errors are kept until done(); reading goes through the columns in order. The statement is reset
// when the Query goes.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/strong_id.hpp"
#include "core/model/scope.hpp"
#include "core/ports/paging.hpp"
#include "core/storage/database.hpp"
#include "core/time/clock.hpp"

namespace gantry::records {

// To be bound as a blob.
struct Bytes {
    std::string_view view;
};

class Query {
public:
    Query(storage::Connection& connection, std::string_view sql) {
        auto prepared = connection.prepare(sql);
        if (prepared) {
            statement_ = *prepared;
        } else {
            error_ = prepared.error();
        }
    }
    ~Query() {
        if (statement_) statement_->reset();
    }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    template <class... Values>
    Query& bind(const Values&... values) {
        if (statement_) (bind_one(values), ...);
        return *this;
    }

    // True: a row is there; its columns are read from the left.
    bool next() {
        if (!statement_ || !error_.message.empty()) return false;
        const auto more = statement_->step();
        column_ = 0;
        if (!more) {
            error_ = more.error();
            return false;
        }
        return *more;
    }
    [[nodiscard]] Result<void> done() const {
        if (!error_.message.empty()) return error_;
        return {};
    }
    // For statements without rows.
    Result<void> run() {
        while (next()) {
        }
        return done();
    }

    std::int64_t integer() { return statement_->integer(column_++); }
    std::string text() { return statement_->text(column_++); }
    std::string bytes() { return statement_->blob(column_++); }
    bool flag() { return integer() != 0; }
    Instant time() { return from_ms(integer()); }
    template <class Id>
    Id id() {
        return Id{integer()};
    }
    template <class Enum>
    Enum word() {
        return static_cast<Enum>(integer());
    }

private:
    void bind_one(std::string_view text) { statement_->bind(++parameter_, text); }
    void bind_one(const std::string& text) { bind_one(std::string_view(text)); }
    void bind_one(const char* text) { bind_one(std::string_view(text)); }
    void bind_one(Bytes bytes) {
        statement_->bind_blob(++parameter_, std::as_bytes(std::span(bytes.view)));
    }
    void bind_one(Instant at) { statement_->bind(++parameter_, to_ms(at)); }
    template <class Tag>
    void bind_one(StrongId<Tag> id) {
        statement_->bind(++parameter_, id.value);
    }
    template <class Number>
    requires std::is_integral_v<Number>
    void bind_one(Number value) {
        statement_->bind(++parameter_, static_cast<std::int64_t>(value));
    }
    template <class Enum>
    requires std::is_enum_v<Enum>
    void bind_one(Enum value) { statement_->bind(++parameter_, static_cast<std::int64_t>(value)); }

    storage::Statement* statement_ = nullptr;
    Error error_{ErrorCode::internal, ""};
    int parameter_ = 0;
    int column_ = 0;
};

// Rows were asked for with `LIMIT limit + 1`: is there a further page, and where does it
// start?
template <class Row, class IdOf>
void cut_page(PageOf<Row>& out, int limit, IdOf id_of) {
    if (out.items.size() <= static_cast<std::size_t>(limit)) return;
    out.items.pop_back();
    out.next = id_of(out.items.back());
}
template <class Row>
void cut_page(PageOf<Row>& out, int limit) {
    cut_page(out, limit, [](const Row& row) { return row.id.value; });
}

// A condition that holds for the rows of `scope` only: "1 = 1", "organisation_id IN (3,7)" or, for
// an empty scope, "1 = 0". The numbers are ids of ours, never a caller's text.
inline std::string scope_condition(const Scope& scope,
                                   std::string_view column = "organisation_id") {
    if (scope.is_all()) return "1 = 1";
    if (scope.organisations().empty()) return "1 = 0";
    std::string out(column);
    out += " IN (";
    for (const OrganisationId id : scope.organisations()) out += std::to_string(id.value) + ",";
    out.back() = ')';
    return out;
}

}  // namespace gantry::records
