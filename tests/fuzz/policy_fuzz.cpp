// Policies as JSON: what is taken survives a round trip.
#include "core/model/json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace gantry;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto policy = decode_policy(fuzz::text_of(data, size), "p");
    if (!policy) return 0;
    const std::string json = to_json(*policy);
    const auto again = decode_policy(json, "p");
    fuzz::expect(again.has_value(), "what was taken is taken again");
    fuzz::expect(to_json(*again) == json, "a policy survives the round trip");
    return 0;
}
