// AlertText: an alert's strings in one allocation (source, key, summary, labels; packed), because
// 500,000 alerts of 20 strings each would otherwise cost more in string headers than in text.
// Immutable; copies share the bytes, so a row on its way to the store costs no copy of its texts.
// Copies may be used by different threads.
#pragma once

#include <string_view>

#include "core/base/shared_bytes.hpp"
#include "core/model/label_set.hpp"

namespace gantry {

class AlertText {
public:
    AlertText() = default;
    AlertText(std::string_view source, std::string_view key, std::string_view summary,
              const LabelSet& labels);
    [[nodiscard]] bool same_key(std::string_view source, std::string_view key) const;
    [[nodiscard]] bool same_content(std::string_view summary, const LabelSet& labels) const;

    // Views into this text; valid while a copy of it lives.
    [[nodiscard]] std::string_view source() const;
    [[nodiscard]] std::string_view key() const;
    [[nodiscard]] std::string_view summary() const;
    [[nodiscard]] std::string_view packed_labels() const;
    [[nodiscard]] LabelSet labels() const;
    [[nodiscard]] const char* data() const { return bytes_.view().data(); }

private:
    SharedBytes bytes_;
};

}  // namespace gantry
