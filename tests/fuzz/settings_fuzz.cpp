// Configuration files: whatever stands in one is either read or refused with file and line, and the
// JSON of it is JSON.
#include <nlohmann/json.hpp>

#include "app/gantryd/settings.hpp"
#include "core/base/text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace gantry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto document = settings::Document::parse(fuzz::text_of(data, size), "f.yaml");
    if (!document) {
        fuzz::expect(document.error().message.starts_with("f.yaml:"), "errors name file and line");
        return 0;
    }
    fuzz::expect(nlohmann::json::accept(document->to_json()), "to_json gives JSON");
    const auto read = app::read_settings(*document);
    if (!read) {
        const std::string& message = read.error().message;
        fuzz::expect(message.starts_with("f.yaml:"), "errors name file and line");
        fuzz::expect(is_utf8(message), "errors are valid UTF-8");
    }
    return 0;
}
