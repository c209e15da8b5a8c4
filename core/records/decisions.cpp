#include "core/records/decisions.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "core/records/decision_block.hpp"
#include "core/records/query.hpp"

namespace gantry::records {
namespace {

// What a decision is about, as table decision_subjects tells it.
enum class Subject : std::uint8_t { alert = 0, incident = 1 };

// Alerts or incidents that a record brought: their ids are new, so they are a range above all
// earlier ones.
class Brought {
public:
    void add(std::int64_t id) {
        if (first_ == 0) first_ = id;
        last_ = std::max(last_, id);
    }
    [[nodiscard]] bool has(std::int64_t id) const { return id >= first_ && id <= last_; }
    [[nodiscard]] std::int64_t first() const { return first_; }
    [[nodiscard]] std::int64_t last() const { return last_; }

private:
    std::int64_t first_ = 0;
    std::int64_t last_ = 0;
};

class Row {
public:
    explicit Row(std::span<const Decision> decisions) : decisions_(decisions) {
        organisation_ = decisions.front().organisation;
        for (const Decision& decision : decisions) {
            if (decision.organisation != organisation_) organisation_ = {};
            if (decision.alert.is_set() && decision.dedup == DedupReason::first_seen) {
                alerts_.add(decision.alert.value);
            }
            if (decision.incident.is_set() && decision.outcome == Outcome::incident_opened) {
                incidents_.add(decision.incident.value);
            }
        }
    }

    Result<void> save(storage::Connection& connection) const {
        if (auto done = insert(connection); !done) return done;
        for (const Decision& decision : decisions_) {
            if (decision.alert.is_set() && !alerts_.has(decision.alert.value)) {
                auto done = link(connection, Subject::alert, decision.alert.value);
                if (!done) return done;
            }
            if (decision.incident.is_set() && !incidents_.has(decision.incident.value)) {
                auto done = link(connection, Subject::incident, decision.incident.value);
                if (!done) return done;
            }
        }
        return {};
    }

private:
    Result<void> insert(storage::Connection& connection) const {
        const Decision& first = decisions_.front();
        const std::string packed = pack_decisions(decisions_);
        Query query(connection,
                    "INSERT INTO decisions (first_id, count, organisation_id, journal_seq, at, "
                    "first_alert, last_alert, first_incident, last_incident, packed) "
                    "VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10)");
        query.bind(first.id, decisions_.size(), organisation_, first.journal_seq, first.at,
                   alerts_.first(), alerts_.last(), incidents_.first(), incidents_.last(),
                   Bytes{packed});
        return query.run();
    }
    Result<void> link(storage::Connection& connection, Subject subject, std::int64_t id) const {
        Query query(connection,
                    "INSERT INTO decision_subjects (subject, subject_id, first_id) "
                    "VALUES ($1,$2,$3) ON CONFLICT DO NOTHING");
        return query.bind(subject, id, decisions_.front().id).run();
    }

    std::span<const Decision> decisions_;
    OrganisationId organisation_;  // unset: of several
    Brought alerts_;
    Brought incidents_;
};

enum class Order : std::uint8_t { oldest_first, newest_first };

// Finds rows by what is asked for, unpacks them, and keeps the decisions that were meant.
class Search {
public:
    Search(storage::Connection& connection, const Scope& scope, const DecisionFilter& filter,
           Order order, std::size_t wanted)
        : connection_(connection), scope_(scope), filter_(filter), order_(order), wanted_(wanted) {
        if (filter.alert.is_set()) {
            subject_ = Subject::alert;
            subject_id_ = filter.alert.value;
        } else if (filter.incident.is_set()) {
            subject_ = Subject::incident;
            subject_id_ = filter.incident.value;
        }
    }

    // Ids above `after` only.
    Result<std::vector<Decision>> run(std::int64_t after) {
        after_ = after;
        if (order_ == Order::oldest_first) {
            if (auto done = begin_at_row_of(after); !done) return done.error();
        }
        std::vector<Decision> out;
        for (bool more = true; more && out.size() < wanted_;) {
            const auto taken = take_rows(out);
            if (!taken) return taken.error();
            more = *taken == k_rows;
        }
        // The row that brought the subject is older than all that name it. It is read after them:
        // it was there when they were.
        std::vector<Decision> origin;
        if (subject_id_ != 0 && (order_ == Order::oldest_first || out.size() < wanted_)) {
            if (auto done = take_origin(origin); !done) return done.error();
        }
        out.insert(order_ == Order::oldest_first ? out.begin() : out.end(), origin.begin(),
                   origin.end());
        if (out.size() > wanted_) out.resize(wanted_);
        return out;
    }

private:
    static constexpr int k_rows = 32;  // read at once

    Result<void> begin_at_row_of(std::int64_t id) {
        Query query(connection_,
                    "SELECT COALESCE(MAX(first_id), 0) FROM decisions WHERE first_id <= $1");
        query.bind(id);
        if (query.next()) edge_ = query.integer() - 1;
        return query.done();
    }

    Result<void> take_origin(std::vector<Decision>& out) {
        Query query(connection_, subject_ == Subject::alert
                                     ? "SELECT first_id, journal_seq, packed, last_alert FROM "
                                       "decisions WHERE first_alert <> 0 AND first_alert <= $1 "
                                       "ORDER BY first_alert DESC LIMIT 1"
                                     : "SELECT first_id, journal_seq, packed, last_incident FROM "
                                       "decisions WHERE first_incident <> 0 AND "
                                       "first_incident <= $1 ORDER BY first_incident DESC LIMIT 1");
        query.bind(subject_id_);
        if (query.next()) {
            query.integer();
            const auto seq = query.id<JournalSeq>();
            const std::string packed = query.bytes();
            if (query.integer() >= subject_id_) {
                if (auto done = take(packed, seq, out); !done) return done;
            }
        }
        return query.done();
    }

    [[nodiscard]] std::string sql() const {
        const bool oldest = order_ == Order::oldest_first;
        const bool subject = subject_id_ != 0;
        std::string out = "SELECT d.first_id, d.journal_seq, d.packed FROM ";
        out += subject ? "decision_subjects s JOIN decisions d ON d.first_id = s.first_id WHERE "
                         "s.subject = $1 AND s.subject_id = $2 AND s.first_id "
                       : "decisions d WHERE d.first_id ";
        out += std::string(oldest ? ">" : "<") + (subject ? " $3" : " $1");
        out += " AND (d.organisation_id = 0 OR " + scope_condition(scope_, "d.organisation_id") +
               ") ORDER BY " + (subject ? "s" : "d") + ".first_id" + (oldest ? "" : " DESC") +
               " LIMIT " + std::to_string(k_rows);
        return out;
    }

    // Returns how many rows were there, at most k_rows.
    Result<int> take_rows(std::vector<Decision>& out) {
        Query query(connection_, sql());
        if (subject_id_ != 0) query.bind(subject_, subject_id_);
        query.bind(edge_);
        int rows = 0;
        while (out.size() < wanted_ && query.next()) {
            ++rows;
            edge_ = query.integer();
            const auto seq = query.id<JournalSeq>();
            if (auto done = take(query.bytes(), seq, out); !done) return done.error();
        }
        if (auto done = query.done(); !done) return done.error();
        return rows;
    }

    Result<void> take(std::string_view packed, JournalSeq seq, std::vector<Decision>& out) const {
        auto decisions = unpack_decisions(packed, seq);
        if (!decisions) return decisions.error();
        if (order_ == Order::newest_first) std::reverse(decisions->begin(), decisions->end());
        std::copy_if(decisions->begin(), decisions->end(), std::back_inserter(out),
                     [&](const Decision& decision) { return is_meant(decision); });
        return {};
    }

    [[nodiscard]] bool is_meant(const Decision& decision) const {
        return decision.id.value > after_ && scope_.allows(decision.organisation) &&
               (!filter_.alert.is_set() || decision.alert == filter_.alert) &&
               (!filter_.incident.is_set() || decision.incident == filter_.incident);
    }

    storage::Connection& connection_;
    const Scope& scope_;
    const DecisionFilter& filter_;
    Order order_;
    std::size_t wanted_;
    Subject subject_ = Subject::alert;
    std::int64_t subject_id_ = 0;  // 0: no subject is asked for
    std::int64_t after_ = 0;
    std::int64_t edge_ = std::numeric_limits<std::int64_t>::max();  // first_id of the last row read
};

}  // namespace

Result<void> save_decisions(storage::Connection& connection, std::span<const Decision> decisions) {
    for (auto begin = decisions.begin(); begin != decisions.end();) {
        const auto end = std::find_if(begin, decisions.end(), [&](const Decision& decision) {
            return decision.journal_seq != begin->journal_seq;
        });
        if (auto done = Row({begin, end}).save(connection); !done) return done;
        begin = end;
    }
    return {};
}

Result<PageOf<Decision>> decisions(storage::Connection& connection, const Scope& scope,
                                   const DecisionFilter& filter, const PageRequest& page) {
    Search search(connection, scope, filter, Order::oldest_first,
                  static_cast<std::size_t>(page.limit) + 1);
    auto found = search.run(page.after);
    if (!found) return found.error();
    PageOf<Decision> out;
    out.items = std::move(*found);
    cut_page(out, page.limit);
    return out;
}

Result<std::vector<Decision>> latest_decisions(storage::Connection& connection, const Scope& scope,
                                               const DecisionFilter& filter, int limit) {
    Search search(connection, scope, filter, Order::newest_first, static_cast<std::size_t>(limit));
    return search.run(0);
}

Result<std::int64_t> trim_decisions(storage::Connection& connection, Instant before,
                                    std::int64_t max) {
    std::int64_t upto = 0;
    std::int64_t count = 0;
    {
        // Ids rise with time, so the oldest are the first. The age of each: a clock may have
        // stepped back in between.
        Query query(connection,
                    "SELECT first_id, count, at FROM decisions ORDER BY first_id LIMIT $1");
        query.bind(max);
        while (query.next()) {
            const std::int64_t first_id = query.integer();
            const std::int64_t decisions = query.integer();
            if (query.time() >= before) continue;
            if (count > 0 && count + decisions > max) break;
            count += decisions;
            upto = first_id;
        }
        if (auto done = query.done(); !done) return done.error();
    }
    if (count == 0) return std::int64_t{0};
    auto transaction = storage::Transaction::begin(connection);
    if (!transaction) return transaction.error();
    for (const char* const sql :
         {"DELETE FROM decision_subjects WHERE first_id IN (SELECT first_id FROM decisions WHERE "
          "first_id <= $1 AND at < $2)",
          "DELETE FROM decisions WHERE first_id <= $1 AND at < $2"}) {
        Query query(connection, sql);
        if (auto done = query.bind(upto, before).run(); !done) return done.error();
    }
    if (auto done = transaction->commit(); !done) return done.error();
    return count;
}

}  // namespace gantry::records
