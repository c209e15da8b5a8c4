#include "tests/simulation/agent/offline_week.hpp"

#include <cstdlib>
#include <filesystem>

#include "core/model/report_json.hpp"

namespace gantry::test {
namespace {

std::int64_t file_bytes(const std::string& path) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    return missing ? 0 : static_cast<std::int64_t>(size);
}

}  // namespace

std::int64_t transition_id(const CheckState& state) {
    return std::strtoll(state.summary.c_str(), nullptr, 10);
}

OfflineWeek::OfflineWeek(std::uint64_t seed)
    : random_(seed),
      server_(clock_),
      max_bytes_((1 << 20) + random_.below(1 << 20)),
      evidence_bytes_(random_.below(4) == 0 ? 2000 : 200),
      // One in sixteen is dense: thousands of flips.
      max_step_ms_(random_.below(16) == 0 ? 240'000 : 2'400'000) {}

void OfflineWeek::open() {
    session_.reset();
    spool_.reset();
    death_ = Death{};
    agent::SpoolOptions options;
    options.directory = directory_.path();
    options.boot_id = "boot-" + std::to_string(boots_);
    options.max_bytes = max_bytes_;
    options.max_held = 8;
    const auto opener = [this](const std::string& location) {
        return open_dying(location, death_);
    };
    auto opened = agent::Spool::open(std::move(options), opener, clock_, random_);
    if (!opened) {
        broken_ = "the spool does not open: " + opened.error().message;
        return;
    }
    spool_ = std::move(*opened);
    session_ = std::make_unique<agent::Session>(*spool_, clock_, random_, "agent-1");
}

void OfflineWeek::arm_kill() {
    death_.operations_left = static_cast<std::int64_t>(random_.below(25));
    death_.commit_happens = random_.below(2) == 0;
}

std::int64_t OfflineWeek::dropped(RecordKind kind) const {
    std::int64_t out = 0;
    for (const agent::DropTotal& drop : spool_->status().dropped) {
        if (drop.kind == kind) out += drop.count;
    }
    return out;
}

// The transitions that wait in the spool now: all of them, a report has a thousand records at most.
// Read from a copy, because the spool keeps its file to itself.
std::set<std::int64_t> OfflineWeek::spooled_transitions() const {
    const TemporaryDirectory copy;
    for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
        std::filesystem::copy_file(file.path(), copy.file(file.path().filename()));
    }
    const auto database = storage::open_database(copy.file("spool.db"));
    const auto connection = (*database)->connect(storage::Durability::normal);
    storage::Statement& row = **(*connection)->prepare("SELECT payload FROM keep");
    std::set<std::int64_t> out;
    for (auto more = row.step(); *more; more = row.step()) {
        const auto record = decode_report_record(row.text(0));
        if (record->kind == RecordKind::state) out.insert(transition_id(record->states[0]));
    }
    return out;
}

// The process is gone: a new one opens what is left. Samples that were held are lost, no others;
// up to `acknowledged` more may have left because the server has them.
void OfflineWeek::recover(std::int64_t acknowledged) {
    const std::int64_t held = std::max(held_before_, spool_->status().held);
    ++truth_.kills;
    if (random_.below(4) == 0) ++boots_;
    open();
    if (broken_) return;
    const std::int64_t left = truth_.samples - truth_.samples_acknowledged -
                              dropped(RecordKind::sample) - spool_->status().samples;
    const std::int64_t lost = left - truth_.samples_lost;
    if (lost < 0 || lost > held + acknowledged) {
        broken_ =
            "a kill lost " + std::to_string(lost) + " samples, held were " + std::to_string(held);
    }
    truth_.samples_lost = left;
}

void OfflineWeek::flip() {
    std::vector<CheckState> batch;
    std::vector<std::int64_t> ids;
    for (std::uint64_t i = 0; i <= random_.below(3); ++i) {
        const std::int64_t id = ++truth_.transitions;
        CheckState state = transition("check-" + std::to_string(id % 40), Condition::ok,
                                      id % 3 == 0   ? Condition::critical
                                      : id % 3 == 1 ? Condition::warning
                                                    : Condition::ok);
        state.summary = std::to_string(id);
        state.evidence = {{"proof", std::string(random_.below(evidence_bytes_) + 1, 'x')}};
        ReportRecord record;
        record.kind = RecordKind::state;
        record.states = {state};
        truth_.size[id] = encode(record).size();
        ids.push_back(id);
        batch.push_back(std::move(state));
    }
    const auto saved = spool_->append_states(batch);
    if (saved && !death_.is_dead) {
        truth_.committed.insert(truth_.committed.end(), ids.begin(), ids.end());
        return;
    }
    recover();
    if (broken_) return;
    // All of the transaction or nothing.
    const std::set<std::int64_t> spooled = spooled_transitions();
    const bool first = spooled.contains(ids.front());
    for (const std::int64_t id : ids) {
        if (spooled.contains(id) != first) broken_ = "half a transaction survived a kill";
    }
    if (first) truth_.committed.insert(truth_.committed.end(), ids.begin(), ids.end());
}

void OfflineWeek::sample() {
    const auto before = spool_->status();
    const auto saved = spool_->append_sample(readings(1, 1 + random_.below(20)));
    const auto after = spool_->status();
    // Counted as taken once it is held, whatever becomes of the flush that it set off.
    if (after.last_seq > before.last_seq) ++truth_.samples;
    if (!saved || death_.is_dead) recover();
}

void OfflineWeek::exchange(Net net) {
    auto body = session_->next_body();
    if (!body || death_.is_dead) {
        recover();
        return;
    }
    const Error gone = fail(ErrorCode::unavailable, "no route");
    Result<http::Response> answer = gone;
    const bool arrives = net == Net::up || (net == Net::flaky && random_.below(2) == 0);
    if (arrives) {
        if (random_.below(8) == 0) (void)server_.take(*body);  // delivered twice
        answer = server_.take(*body);
        if (net == Net::flaky && random_.below(2) == 0) answer = gone;  // the reply is lost
    }
    const std::int64_t before = spool_->status().samples;
    const auto next = session_->take(answer);
    if (!next || death_.is_dead) {
        recover(before);  // the acknowledgement may have reached the disk before the end
        return;
    }
    truth_.samples_acknowledged += before - spool_->status().samples;
}

void OfflineWeek::check_always() {
    if (broken_) return;
    const std::int64_t bytes = file_bytes(directory_.path() + "/spool.db") +
                               file_bytes(directory_.path() + "/spool.db-wal");
    const auto cap = static_cast<std::int64_t>(max_bytes_);
    truth_.peak_percent = std::max(truth_.peak_percent, (bytes * 100 + cap - 1) / cap);
    if (bytes > cap) {
        broken_ =
            "the spool takes " + std::to_string(bytes) + " bytes of " + std::to_string(max_bytes_);
    }
    const std::int64_t known = truth_.samples_acknowledged + dropped(RecordKind::sample) +
                               spool_->status().samples + truth_.samples_lost;
    if (known != truth_.samples) {
        broken_ = "samples: " + std::to_string(truth_.samples) + " taken, " +
                  std::to_string(known) + " accounted for";
    }
    if (spool_->status().epoch != 1) broken_ = "a kill alone began a new epoch";
    if (!server_.complaints().empty()) broken_ = server_.complaints().front();
}

void OfflineWeek::step(Net net) {
    clock_.advance(Millis{1000 + static_cast<std::int64_t>(random_.below(max_step_ms_))});
    if (random_.below(40) == 0) arm_kill();
    held_before_ = spool_->status().held;
    switch (random_.below(8)) {
        case 0:
        case 1:
        case 2: flip(); break;
        case 3:
            if (net != Net::down || random_.below(20) == 0) exchange(net);
            break;
        case 4:
            if (random_.below(30) == 0) recover();  // between two operations
            break;
        default: sample(); break;
    }
    ++steps_;
    check_always();
    if (broken_) broken_ = "step " + std::to_string(steps_) + ": " + *broken_;
}

std::optional<std::string> OfflineWeek::run() {
    open();
    const Instant start = clock_.now();
    const auto passed = [&] { return clock_.now() - start; };
    constexpr Millis k_hour{3'600'000};
    while (!broken_ && passed() < 4 * k_hour) step(random_.below(2) == 0 ? Net::up : Net::flaky);
    while (!broken_ && passed() < (4 + 7 * 24) * k_hour) step(Net::down);
    while (!broken_ && passed() < (8 + 7 * 24) * k_hour) step(Net::flaky);
    death_.operations_left = -1;
    for (int i = 0; !broken_ && i < 10'000; ++i) {
        if (spool_->status().states + spool_->status().samples == 0 && i > 0) {
            // Once more: counts that waited behind a dropped record go out now.
            exchange(Net::up);
            if (spool_->status().states == 0) break;
        }
        exchange(Net::up);
        check_always();
    }
    if (broken_) return broken_;
    final_status_ = spool_->status();
    return check_at_the_end(truth_, server_, final_status_, max_bytes_);
}

}  // namespace gantry::test
