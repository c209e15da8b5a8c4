// JSON Schema for tests, valijson hidden (it takes long to compile).
#pragma once

#include <string>
#include <vector>

namespace gantry::test {

// What `schema` (draft 07, JSON text) has against `document` (JSON text); empty: nothing.
std::vector<std::string> schema_errors(const std::string& schema, const std::string& document);

// The property paths of a schema, sorted: "server.listen", "connectors[].name".
std::vector<std::string> schema_keys(const std::string& schema);

}  // namespace gantry::test
