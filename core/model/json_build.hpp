// Private to core/model: the shapes that several codecs share.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/model/asset.hpp"
#include "core/model/event.hpp"
#include "core/time/clock.hpp"

namespace gantry::json {

using Json = nlohmann::ordered_json;

inline std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Id>
Json id(const Id& value) {
    return value.is_set() ? Json(value.value) : Json(nullptr);
}

inline Json time(Instant at) { return at == Instant{} ? Json(nullptr) : Json(to_rfc3339(at)); }

// Their names differ (core/model/label_set.hpp), so none is looked for among those before it.
inline Json labels(const LabelSet& values) {
    Json::object_t out;
    Json::object_t::Container& members = out;
    members.reserve(values.size());
    for (const auto [name, value] : values) members.emplace_back(name, value);
    return Json(std::move(out));
}

Json facts(const Facts& facts);

}  // namespace gantry::json
