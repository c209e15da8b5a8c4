#include "core/model/alert_text.hpp"

#include "core/base/packed.hpp"

namespace gantry {
namespace {

// Behind source, key and summary.
std::string_view at_labels(std::string_view bytes) {
    PackedReader reader(bytes);
    reader.text();
    reader.text();
    reader.text();
    return reader.rest();
}

}  // namespace

AlertText::AlertText(std::string_view source, std::string_view key, std::string_view summary,
                     const LabelSet& labels) {
    thread_local std::string packed;  // kept for its memory
    packed.clear();
    PackedWriter(packed).text(source).text(key).text(summary);
    packed += labels.packed();
    bytes_ = SharedBytes(packed);
}

bool AlertText::same_key(std::string_view source, std::string_view key) const {
    PackedReader reader(bytes_.view());
    return reader.text() == source && reader.text() == key;
}

bool AlertText::same_content(std::string_view summary, const LabelSet& labels) const {
    PackedReader reader(bytes_.view());
    reader.text();
    reader.text();
    return reader.text() == summary && reader.rest() == labels.packed();
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
    const auto labels = at_labels(bytes_.view());
    return labels.empty() ? LabelSet().packed() : labels;  // one that nothing was told of
}

LabelSet AlertText::labels() const {
    return LabelSet::from_packed(packed_labels()).value_or(LabelSet());
}

}  // namespace gantry
