#include "tests/simulation/wire/agent_side.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

namespace gantry::simulation {
namespace {

namespace fs = std::filesystem;

Condition told(const agent::Conditions& conditions, const agent::ConditionKey& check) {
    const auto at = conditions.find(check);
    return at == conditions.end() ? Condition::ok : at->second.told;
}

CheckState state_of(const agent::ConditionKey& check, Condition from, Condition to) {
    return test::transition(check.first, from, to, check.second);
}

void copy_files(const std::string& from, const std::string& to) {
    for (const auto& entry : fs::directory_iterator(to)) fs::remove(entry.path());
    for (const auto& entry : fs::directory_iterator(from)) {
        fs::copy_file(entry.path(), fs::path(to) / entry.path().filename());
    }
}

}  // namespace

AgentSide::AgentSide(std::uint64_t seed, test::SimClock& clock, std::string agent_id)
    : random_(seed), clock_(clock), agent_id_(std::move(agent_id)) {
    for (const char* check : {"disk", "load", "service"}) {
        for (const char* instance : {"", "a"}) truth_[{check, instance}] = Condition::ok;
    }
    open();
}

AgentSide::AgentSide(std::uint64_t seed, test::SimClock& clock, const AgentSide& image,
                     std::string boot)
    : random_(seed),
      clock_(clock),
      agent_id_(image.agent_id_),
      truth_(image.truth_),
      boot_id_(std::move(boot)),
      lost_memory_(true) {
    copy_files(image.snapshot_.path(), directory_.path());
    open();
    tell();
}

void AgentSide::open() {
    session_.reset();
    spool_.reset();
    death_ = test::Death{};
    agent::SpoolOptions options;
    options.directory = directory_.path();
    options.boot_id = boot_id_;
    options.max_bytes = 1 << 20;
    options.max_held = 4;
    const auto opener = [this](const std::string& location) {
        return test::open_dying(location, death_);
    };
    auto opened = agent::Spool::open(std::move(options), opener, clock_, random_);
    if (!opened) FAIL("the spool does not open: " << opened.error().message);
    spool_ = std::move(*opened);
    session_ = std::make_unique<agent::Session>(*spool_, clock_, random_, agent_id_);
}

void AgentSide::recover() {
    ++kills_;
    open();
    tell();
}

void AgentSide::count(const agent::Conditions& before) {
    for (const auto& [check, condition] : truth_) {
        const bool bad = told(spool_->conditions(), check) != Condition::ok;
        if (bad && told(before, check) == Condition::ok) ++beginnings_[check];
    }
}

// As after every look: transitions for what differs from what was told.
void AgentSide::tell() {
    std::vector<CheckState> transitions;
    const agent::Conditions before = spool_->conditions();
    for (const auto& [check, condition] : truth_) {
        const Condition known = told(before, check);
        if (known != condition) transitions.push_back(state_of(check, known, condition));
    }
    if (!transitions.empty()) {
        const auto saved = spool_->append_states(transitions);
        if (!saved || death_.is_dead) {
            // The transaction may have reached the file or not: what is there now counts.
            ++kills_;
            open();
            count(before);
            return tell();
        }
        count(before);
    }
    if (spool_->wants_full_state() || session_->wants_full_state()) spool_full_state();
}

void AgentSide::spool_full_state() {
    std::vector<CheckState> states;
    for (const auto& [check, condition] : truth_) {
        states.push_back(state_of(check, condition, condition));
    }
    const auto saved = spool_->append_full_state(std::move(states));
    if (!saved || death_.is_dead) return recover();
    session_->full_state_is_spooled();
}

void AgentSide::set(const agent::ConditionKey& check, Condition condition) {
    truth_[check] = condition;
    tell();
}

std::optional<std::string> AgentSide::next_report() {
    auto body = session_->next_body();
    if (body && !death_.is_dead) return std::move(*body);
    recover();
    return std::nullopt;
}

void AgentSide::take(const Result<http::Response>& answer) {
    const auto next = session_->take(answer);
    if (!next || death_.is_dead) return recover();
    if (next->kind == agent::AnswerKind::clone) taken_for_clone_ = true;
    tell();
}

void AgentSide::tell_facts(const Facts& facts) {
    if (!spool_->append_facts(facts) || death_.is_dead) recover();
}

void AgentSide::become(const std::string& agent_id) {
    agent_id_ = agent_id;
    taken_for_clone_ = false;
    if (!spool_->begin_epoch() || death_.is_dead) return recover();
    session_->set_agent_id(agent_id_);
    tell();
}

void AgentSide::arm_death() {
    death_.operations_left = static_cast<std::int64_t>(random_.below(25));
    death_.commit_happens = random_.below(2) == 0;
}

void AgentSide::kill() { recover(); }

void AgentSide::reboot() {
    boot_id_ = "boot-" + std::to_string(++boots_);
    recover();
}

void AgentSide::lose_spool() {
    lost_memory_ = true;
    has_snapshot_ = false;
    session_.reset();
    spool_.reset();
    for (const char* file : {"spool.db", "spool.db-wal", "spool.db-shm"}) {
        fs::remove(fs::path(directory_.path()) / file);
    }
    recover();
}

void AgentSide::take_snapshot() {
    session_.reset();
    spool_.reset();
    copy_files(directory_.path(), snapshot_.path());
    has_snapshot_ = true;
    recover();
}

void AgentSide::roll_back() {
    if (!has_snapshot_) return;
    lost_memory_ = true;
    has_snapshot_ = false;
    session_.reset();
    spool_.reset();
    copy_files(snapshot_.path(), directory_.path());
    reboot();
}

bool AgentSide::has_all_told() const {
    const agent::SpoolStatus status = spool_->status();
    return status.states + status.samples == 0 && !spool_->wants_full_state() &&
           !session_->wants_full_state();
}

}  // namespace gantry::simulation
