#include "core/records/decision_block.hpp"

#include "core/base/packed.hpp"

namespace gantry::records {
namespace {

constexpr std::uint64_t k_format = 1;

// Every number as its difference from the last decision's.
class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    void put(const Decision& next) {
        step(next.id.value, last_.id.value);
        step(next.organisation.value, last_.organisation.value);
        step(next.event_index, last_.event_index);
        step(to_ms(next.at), to_ms(last_.at));
        step(next.alert.value, last_.alert.value);
        step(next.episode.value, last_.episode.value);
        step(next.incident.value, last_.incident.value);
        step(next.asset.value, last_.asset.value);
        word(next.outcome);
        word(next.dedup);
        word(next.identify);
        word(next.promote);
        word(next.action);
        word(next.severity);
        step(next.rules_version, last_.rules_version);
        step(next.rule_index, last_.rule_index);
        last_ = next;
    }

private:
    // Wraps around, and so does the reader.
    void step(std::int64_t value, std::int64_t before) {
        out_.signed_number(static_cast<std::int64_t>(static_cast<std::uint64_t>(value) -
                                                     static_cast<std::uint64_t>(before)));
    }
    template <class Enum>
    void word(Enum value) {
        out_.number(static_cast<std::uint64_t>(value));
    }

    PackedWriter out_;
    Decision last_;
};

class Reader {
public:
    explicit Reader(PackedReader in) : in_(in) {}

    // REQUIRES: journal_seq is the reader's to set.
    Decision get() {
        Decision next = last_;
        step(next.id.value);
        step(next.organisation.value);
        step(next.event_index);
        std::int64_t at = to_ms(last_.at);
        step(at);
        next.at = from_ms(at);
        step(next.alert.value);
        step(next.episode.value);
        step(next.incident.value);
        step(next.asset.value);
        word(next.outcome, Outcome::ignored);
        word(next.dedup, DedupReason::not_in_full_state);
        word(next.identify, IdentifyReason::service_name);
        word(next.promote, PromoteReason::unchanged);
        word(next.action, EventAction::resolved);
        word(next.severity, Severity::critical);
        step(next.rules_version);
        step(next.rule_index);
        last_ = next;
        return next;
    }
    [[nodiscard]] bool ok() const { return in_.ok() && known_; }
    [[nodiscard]] bool at_end() const { return in_.at_end(); }

private:
    void step(std::int64_t& value) {
        value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) +
                                          static_cast<std::uint64_t>(in_.signed_number()));
    }
    template <class Enum>
    void word(Enum& value, Enum last) {
        const std::uint64_t number = in_.number();
        known_ = known_ && number <= static_cast<std::uint64_t>(last);
        value = known_ ? static_cast<Enum>(number) : Enum{};
    }

    PackedReader in_;
    bool known_ = true;  // no word was out of its range
    Decision last_;
};

}  // namespace

std::string pack_decisions(std::span<const Decision> decisions) {
    std::string out;
    out.reserve(16 + decisions.size() * 20);
    PackedWriter(out).number(k_format);
    Writer writer(out);
    for (const Decision& decision : decisions) writer.put(decision);
    return out;
}

Result<std::vector<Decision>> unpack_decisions(std::string_view packed, JournalSeq journal_seq) {
    const auto unreadable = [&] {
        return fail(ErrorCode::corrupt, "the decisions about journal record " +
                                            std::to_string(journal_seq.value) + " are unreadable");
    };
    PackedReader in(packed);
    if (in.number() != k_format) return unreadable();
    Reader reader(in);
    std::vector<Decision> out;
    while (!reader.at_end()) {
        out.push_back(reader.get());
        if (!reader.ok()) return unreadable();
        out.back().journal_seq = journal_seq;
    }
    return out;
}

}  // namespace gantry::records
