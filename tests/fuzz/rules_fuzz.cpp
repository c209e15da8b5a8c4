// Rules: a file is read or refused with file and line; a matcher that is taken prints as one that
// is taken.
#include "core/settings/reader.hpp"
#include "correlator/rules/load_rules.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace gantry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    if (const auto matcher = correlator::parse_matcher(text)) {
        const auto again = correlator::parse_matcher(correlator::to_string(*matcher));
        fuzz::expect(again && *again == *matcher, "a matcher survives the round trip");
    }
    auto document = settings::Document::parse(text, "r.yaml");
    if (!document) return 0;
    const auto rules = correlator::read_rules(*document);
    if (!rules) {
        fuzz::expect(rules.error().message.starts_with("r.yaml:"), "errors name file and line");
    }
    return 0;
}
