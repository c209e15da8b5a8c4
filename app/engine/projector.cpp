#include "app/engine/projector.hpp"

#include <algorithm>

#include "core/model/json.hpp"
#include "core/records/access.hpp"
#include "core/records/alerts.hpp"

namespace gantry::app {
namespace {

constexpr int k_page = 500;
constexpr std::size_t k_max_expected = 64;
constexpr std::size_t k_max_events_per_batch = 4096;  // bounds a transaction's size

// Trying again may help. Anything else is about what is in the row or the command.
bool is_passing(ErrorCode code) {
    return code == ErrorCode::unavailable || code == ErrorCode::timeout ||
           code == ErrorCode::limit || code == ErrorCode::corrupt;
}

}  // namespace

Projector::Projector(correlator::Correlator& correlator, TicketStore& tickets,
                     telemetry::Registry& metrics, telemetry::Log log)
    : correlator_(correlator),
      tickets_(tickets),
      log_(std::move(log)),
      events_(metrics.counter("gantry_events_total", "Events folded by the correlator")),
      records_(metrics.counter("gantry_journal_folded_total", "Journal records folded")),
      broken_(metrics.counter("gantry_journal_broken_total",
                              "Journal records that could not be decoded and were passed over")),
      left_out_(metrics.counter("gantry_rows_left_out_total",
                                "Rows that the store refused for what is in them")),
      correlated_(metrics) {}

Result<void> Projector::restore(storage::Connection& connection, ServiceDesk& desk) {
    auto cursor = records::cursor(connection);
    if (!cursor) return cursor.error();
    cursor_ = *cursor;
    auto sequences = records::load_sequences(connection);
    if (!sequences) return sequences.error();
    sequences_ = *sequences;
    if (auto done = restore_rows(connection, desk); !done) return done;
    auto agents = records::agents(connection, Scope::all());
    if (!agents) return agents.error();
    for (const auto& agent : *agents) {
        agents_[agent.agent_id] = {agent.agent_id, agent.organisation, agent.asset, agent.name};
        correlator_.restore_agent(agent.agent_id, agent.asset);
    }
    return {};
}

Result<void> Projector::restore_rows(storage::Connection& connection, ServiceDesk& desk) {
    for (PageRequest page{0, k_page};;) {
        auto assets = desk.assets(connection, Scope::all(), {}, page);
        if (!assets) return assets.error();
        for (const Asset& asset : assets->items) correlator_.restore(asset);
        if (!assets->next) break;
        page.after = *assets->next;
    }
    // Open ones and all resolved ones: which of these may be reopened is the fold's decision, by
    // the journal's time, not by ours.
    IncidentFilter open;
    open.open = true;
    IncidentFilter resolved;
    resolved.state = IncidentState::resolved;
    for (const IncidentFilter& filter : {open, resolved}) {
        for (PageRequest page{0, k_page};;) {
            auto incidents = desk.incidents(connection, Scope::all(), filter, page);
            if (!incidents) return incidents.error();
            for (const Incident& incident : incidents->items) correlator_.restore(incident);
            if (!incidents->next) break;
            page.after = *incidents->next;
        }
    }
    return records::each_alert(connection,
                               [&](Alert&& alert) { correlator_.restore(std::move(alert)); });
}

std::optional<collector::AgentIdentity> Projector::find_agent(const std::string& agent_id) const {
    const auto at = agents_.find(agent_id);
    if (at == agents_.end()) return std::nullopt;
    return at->second;
}

Batch Projector::next(const std::vector<journal::Record>& records, std::size_t from) {
    Batch batch;
    batch.sequences = sequences_;
    batch.oldest = records[from].received_at;
    for (std::size_t i = from; i < records.size(); ++i) {
        const journal::Record& record = records[i];
        ++batch.records;
        batch.changes.cursor = record.seq;
        batch.context = {record.seq, record.received_at};
        if (record.kind == journal::Kind::command) {
            auto command = decode_command(record.body);
            if (command) {
                batch.command = std::move(*command);
                batch.from_journal_command = true;
                break;
            }
            broken_.add();
            log_.error("journal_record_broken",
                       {{"seq", record.seq.value}, {"error", command.error().message}});
            continue;
        }
        fold(record, batch);
        if (batch.command || batch.changes.decisions.size() >= k_max_events_per_batch) break;
    }
    records_.add(static_cast<std::int64_t>(batch.records));
    return batch;
}

void Projector::fold(const journal::Record& record, Batch& batch) {
    auto decoded = decode(record);
    if (!decoded) {
        broken_.add();
        log_.error("journal_record_broken",
                   {{"seq", record.seq.value}, {"error", decoded.error().message}});
        return;
    }
    fold_decoded(record, std::move(*decoded), batch);
}

void Projector::expect(JournalSeq seq, std::vector<Event> events) {
    if (events.empty() || expected_.size() >= k_max_expected) return;
    expected_.emplace_back(seq, std::move(events));
}

std::optional<std::vector<Event>> Projector::take_expected(JournalSeq seq) {
    while (!expected_.empty() && expected_.front().first < seq) expected_.pop_front();
    if (expected_.empty() || expected_.front().first != seq) return std::nullopt;
    auto events = std::move(expected_.front().second);
    expected_.pop_front();
    return events;
}

Result<collector::Decoded> Projector::decode(const journal::Record& record) {
    const auto lookup = [this](const std::string& agent_id) { return find_agent(agent_id); };
    switch (record.kind) {
        case journal::Kind::agent_report: return collector::decode_agent_report(record, lookup);
        case journal::Kind::endpoint_silent:
        case journal::Kind::endpoint_returned: return collector::decode_presence(record, lookup);
        case journal::Kind::expiry: return collector::decode_expiry(record);
        case journal::Kind::intake: {
            collector::Decoded decoded;
            if (auto events = take_expected(record.seq)) {
                decoded.events = std::move(*events);
                return decoded;
            }
            std::string body = record.body;
            auto parsed = intake_.parse(body, record.organisation, record.received_at);
            if (!parsed) return parsed.error();
            decoded.events = std::move(parsed->events);
            return decoded;
        }
        case journal::Kind::command: break;
    }
    return fail(ErrorCode::corrupt, "unknown kind of record");
}

void Projector::fold_decoded(const journal::Record& record, collector::Decoded decoded,
                             Batch& batch) {
    const correlator::FoldInput input{record.seq, record.received_at};
    if (!decoded.events.empty()) {
        correlator_.fold(input, decoded.events, batch.sequences, batch.changes);
        events_.add(static_cast<std::int64_t>(decoded.events.size()));
    }
    if (!decoded.expired.empty()) {
        correlator_.expire(input, decoded.expired, batch.sequences, batch.changes);
    }
    if (decoded.facts && decoded.progress) {
        batch.command = Command{
            record.organisation, "gantry", std::nullopt,
            ReportFacts{decoded.progress->agent_id, *decoded.facts, decoded.progress->boot_id}};
    }
    if (decoded.progress) records::add_progress(batch.progress, std::move(*decoded.progress));
}

Result<void> Projector::store(storage::Connection& connection, Batch& batch) {
    auto done = try_store(connection, batch, false);
    if (done || is_passing(done.error().code)) return done;
    log_.error("batch_refused", {{"last_seq", batch.changes.cursor.value},
                                 {"records", batch.records},
                                 {"error", done.error().message}});
    return try_store(connection, batch, true);
}

Result<void> Projector::try_store(storage::Connection& connection, Batch& batch, bool row_by_row) {
    Sequences sequences = batch.sequences;  // a failed try must leave no trace
    Result<CommandOutcome> outcome{CommandOutcome{}};
    auto transaction = storage::Transaction::begin(connection);
    if (!transaction) return transaction.error();
    if (auto done = write(connection, batch, row_by_row, sequences, outcome); !done) return done;
    if (auto done = records::save_sequences(connection, sequences); !done) return done;
    if (auto done = transaction->commit(); !done) return done;
    batch.sequences = sequences;
    batch.outcome = std::move(outcome);
    return {};
}

Result<void> Projector::write(storage::Connection& connection, Batch& batch, bool row_by_row,
                              Sequences& sequences, Result<CommandOutcome>& outcome) {
    if (row_by_row) {
        if (auto done = write_each(connection, batch.changes, sequences); !done) return done;
    } else {
        if (auto done = records::save_changes(connection, batch.changes); !done) return done;
        if (auto done = tickets_.apply(connection, batch.changes, sequences); !done) return done;
    }
    if (!batch.progress.empty()) {
        auto saved = records::save_agent_progress(connection, batch.progress);
        if (!saved) return saved;
    }
    return batch.command ? execute(connection, batch, sequences, outcome) : Result<void>{};
}

Result<void> Projector::write_each(storage::Connection& connection, const Changes& changes,
                                   Sequences& sequences) {
    std::vector<Changes> ones;
    const auto add = [&]() -> Changes& {
        ones.emplace_back().cursor = changes.cursor;
        return ones.back();
    };
    for (const Asset& asset : changes.new_assets) add().new_assets = {asset};
    for (const Alert& alert : changes.alerts) add().alerts = {alert};
    add().forgotten = changes.forgotten;
    for (auto from = changes.decisions.begin(); from != changes.decisions.end();) {
        const auto to = std::find_if(from, changes.decisions.end(), [&](const Decision& decision) {
            return decision.journal_seq != from->journal_seq;
        });
        add().decisions.assign(from, to);  // one row
        from = to;
    }
    for (const IncidentAction& action : changes.actions) add().actions = {action};
    for (const Changes& one : ones) {
        if (auto done = write_one(connection, one, sequences); !done) return done;
    }
    return {};
}

Result<void> Projector::write_one(storage::Connection& connection, const Changes& one,
                                  Sequences& sequences) {
    if (auto done = connection.execute("SAVEPOINT one"); !done) return done;
    const Sequences before = sequences;
    auto written = records::save_changes(connection, one);
    if (written) written = tickets_.apply(connection, one, sequences);
    if (written) return connection.execute("RELEASE SAVEPOINT one");
    if (is_passing(written.error().code)) return written;
    left_out_.add();
    log_.error("row_left_out",
               {{"last_seq", one.cursor.value}, {"error", written.error().message}});
    sequences = before;
    return connection.execute("ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one");
}

Result<void> Projector::execute(storage::Connection& connection, const Batch& batch,
                                Sequences& sequences, Result<CommandOutcome>& outcome) {
    if (auto done = connection.execute("SAVEPOINT command"); !done) return done;
    const Sequences before = sequences;
    outcome = tickets_.execute(connection, *batch.command, batch.context, sequences);
    if (outcome) return connection.execute("RELEASE SAVEPOINT command");
    // A limit is the command's; a full disk ends the transaction, as the next statement tells.
    const ErrorCode code = outcome.error().code;
    if (is_passing(code) && code != ErrorCode::limit) return outcome.error();
    sequences = before;
    return connection.execute("ROLLBACK TO SAVEPOINT command");
}

void Projector::finish(const Batch& batch) {
    cursor_ = batch.changes.cursor;
    sequences_ = batch.sequences;
    correlated_.show(correlator_.counters());
    if (!batch.command || !batch.outcome) return;
    const CommandOutcome& outcome = *batch.outcome;
    correlator_.observe(outcome);
    if (!outcome.agent_id.empty() && outcome.asset) {
        auto& agent = agents_[outcome.agent_id];
        agent.agent_id = outcome.agent_id;
        agent.organisation = batch.command->organisation;
        agent.asset = *outcome.asset;
        if (!outcome.agent_name.empty()) agent.name = outcome.agent_name;
    }
}

}  // namespace gantry::app
