// AlertText: an alert's strings in one allocation (source, key, summary, labels; each with its
// length as a varint before it), because 500,000 alerts of 20 strings each would otherwise cost
// more in string headers than in text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/model/event.hpp"

namespace gantry::correlator {

class AlertText {
public:
    AlertText() = default;
    AlertText(std::string_view source, std::string_view key, std::string_view summary,
              const Labels& labels);

    [[nodiscard]] bool same_key(std::string_view source, std::string_view key) const;
    [[nodiscard]] bool same_content(std::string_view summary, const Labels& labels) const;

    // Views into this text; valid until it changes.
    [[nodiscard]] std::string_view source() const;
    [[nodiscard]] std::string_view key() const;
    [[nodiscard]] std::string_view summary() const;
    [[nodiscard]] Labels labels() const;
    [[nodiscard]] const char* data() const { return bytes_.get(); }

private:
    std::unique_ptr<char[]> bytes_;
};

}  // namespace gantry::correlator
