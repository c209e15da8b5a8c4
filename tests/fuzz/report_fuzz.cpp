// The agents' wire contract: every decoder on any bytes; what a decoder takes survives the round
// trip.
#include "core/model/report_json.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace gantry;

namespace {

template <class Decode>
void round_trip(std::string_view text, Decode decode) {
    const auto value = decode(text);
    if (!value) return;
    const std::string encoded = encode(*value);
    const auto again = decode(encoded);
    fuzz::expect(again.has_value(), "what was taken is taken again");
    fuzz::expect(encode(*again) == encoded, "a document survives the round trip");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    round_trip(text, decode_report);
    round_trip(text, decode_report_record);
    round_trip(text, decode_report_reply);
    round_trip(text, decode_enrol_request);
    round_trip(text, decode_enrol_reply);
    return 0;
}
