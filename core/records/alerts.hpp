// Alert rows: written by the engine in the fold's transaction, read by API and at start. Blocking.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/model/changes.hpp"
#include "core/model/scope.hpp"
#include "core/ports/paging.hpp"
#include "core/storage/database.hpp"

namespace gantry::records {

// Upserts changes.alerts, deletes changes.forgotten, appends changes.decisions, sets the cursor.
Result<void> save_changes(storage::Connection&, const Changes& changes);
// Only last_seen_at, for coalesced resends.
Result<void> save_last_seen(storage::Connection&,
                            const std::vector<std::pair<AlertId, Instant>>& seen);

Result<JournalSeq> cursor(storage::Connection&);
// Named positions besides the cursor (table progress); 0 when never set.
Result<std::int64_t> progress(storage::Connection&, const std::string& name);
Result<void> set_progress(storage::Connection&, const std::string& name, std::int64_t value);
// The next free ids, kept in the fold's transaction: rows are forgotten and trimmed, and no id may
// be given twice.
Result<Sequences> load_sequences(storage::Connection&);
Result<void> save_sequences(storage::Connection&, const Sequences&);
// All alert rows in ascending id, for the correlator's state at start.
Result<void> each_alert(storage::Connection&, const std::function<void(Alert&&)>& visit);

// By state, asset, key and source alone rows are looked through one by one; `among` narrows it.
struct AlertFilter {
    std::optional<AlertState> state;
    AssetId asset;
    IncidentId incident;
    std::string key{};                            // exact
    std::string source{};                         // exact
    std::optional<std::vector<AlertId>> among{};  // these only; the newest first
};
Result<PageOf<Alert>> alerts(storage::Connection&, const Scope&, const AlertFilter&,
                             const PageRequest&);  // newest first
Result<Alert> alert(storage::Connection&, const Scope&, AlertId);

}  // namespace gantry::records
