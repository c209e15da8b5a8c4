#include "core/model/alert_text.hpp"

#include "core/base/packed.hpp"

namespace gantry {
namespace {

void pack_head(std::string& out, std::string_view source, std::string_view key,
               std::string_view summary) {
    PackedWriter(out).text(source).text(key).text(summary);
}

// Behind source, key and summary.
PackedReader at_labels(std::string_view bytes) {
    PackedReader reader(bytes);
    reader.text();
    reader.text();
    reader.text();
    return reader;
}

bool is_labels(std::string_view packed) {
    PackedReader reader(packed);
    for (std::uint64_t count = reader.number(); count > 0 && reader.ok(); --count) {
        reader.text();
        reader.text();
    }
    return reader.ok() && reader.at_end();
}

// The present thread's, for its memory.
std::string& scratch() {
    thread_local std::string out;
    out.clear();
    return out;
}

}  // namespace

AlertText::AlertText(std::string_view source, std::string_view key, std::string_view summary,
                     const Labels& labels) {
    std::string& out = scratch();
    pack_head(out, source, key, summary);
    PackedWriter writer(out);
    writer.number(labels.size());
    for (const auto& [name, value] : labels) writer.text(name).text(value);
    bytes_ = SharedBytes(out);
}

Result<AlertText> AlertText::with_packed(std::string_view source, std::string_view key,
                                         std::string_view summary, std::string_view labels) {
    if (!is_labels(labels)) return fail(ErrorCode::corrupt, "an alert's labels are unreadable");
    std::string& out = scratch();
    pack_head(out, source, key, summary);
    out += labels;
    return AlertText(std::string_view(out));
}

bool AlertText::same_key(std::string_view source, std::string_view key) const {
    PackedReader reader(bytes_.view());
    return reader.text() == source && reader.text() == key;
}

bool AlertText::same_content(std::string_view summary, const Labels& labels) const {
    PackedReader reader(bytes_.view());
    reader.text();
    reader.text();
    if (reader.text() != summary || reader.number() != labels.size()) return false;
    for (const auto& [name, value] : labels) {
        if (reader.text() != name || reader.text() != value) return false;
    }
    return true;
}

std::string_view AlertText::source() const { return PackedReader(bytes_.view()).text(); }

std::string_view AlertText::key() const {
    PackedReader reader(bytes_.view());
    reader.text();
    return reader.text();
}

std::string_view AlertText::summary() const {
    PackedReader reader(bytes_.view());
    reader.text();
    reader.text();
    return reader.text();
}

std::string_view AlertText::packed_labels() const {
    // An alert that nothing was told of has none, and says so.
    static constexpr std::string_view k_none("\0", 1);
    const auto labels = at_labels(bytes_.view()).rest();
    return labels.empty() ? k_none : labels;
}

Labels AlertText::labels() const {
    PackedReader reader = at_labels(bytes_.view());
    Labels out(reader.number());
    for (auto& [name, value] : out) {
        name = reader.text();
        value = reader.text();
    }
    return out;
}

}  // namespace gantry
