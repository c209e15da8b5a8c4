#include "console/api/call.hpp"

namespace gantry::console {

Result<std::int64_t> id_in_path(const Call& call, const char* what) {
    const auto id = parse_row_id(call.path.at(0));
    if (id) return *id;
    return fail(ErrorCode::not_found, "there is no " + std::string(what) + " \"" +
                                          truncate_utf8(sanitise(call.path.at(0)), 64) + "\"");
}

}  // namespace gantry::console
