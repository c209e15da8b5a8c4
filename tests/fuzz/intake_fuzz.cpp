// The generic webhook: any body is refused, or gives events inside the model's bounds.
#include "collector/intake/generic.hpp"
#include "core/base/text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace gantry;

namespace {

void check(const Event& event) {
    fuzz::expect(!event.key.empty() && event.key.size() <= k_max_key_bytes, "keys are bounded");
    fuzz::expect(event.summary.size() <= k_max_summary_bytes, "summaries are bounded");
    fuzz::expect(event.description.size() <= k_max_description_bytes, "descriptions are bounded");
    fuzz::expect(event.labels.size() <= k_max_labels, "labels are few");
    fuzz::expect(is_utf8(event.key) && is_utf8(event.summary) && is_utf8(event.description),
                 "texts are valid UTF-8");
    std::optional<std::string_view> before;
    for (const auto [name, value] : event.labels) {
        fuzz::expect(name.size() <= k_max_label_bytes && value.size() <= k_max_label_bytes,
                     "labels are bounded");
        fuzz::expect(!before || *before < name, "labels are sorted and unique");
        before = name;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static collector::GenericIntake intake;
    std::string body(fuzz::text_of(data, size));
    const auto batch = intake.parse(body, OrganisationId{1}, from_ms(1'764'000'000'000));
    if (!batch) {
        fuzz::expect(is_utf8(batch.error().message), "errors are valid UTF-8");
        return 0;
    }
    fuzz::expect(batch->events.size() <= k_max_events_per_request, "batches are bounded");
    for (const Event& event : batch->events) check(event);
    return 0;
}
