// Policies: the effective policy of each endpoint. Layers, later ones over earlier ones:
//
//     built in < "default" < "organisation:<id>" < "site:<id>" < "role:<name>" < "endpoint:<id>"
//
// A layer is a partial document: its keys replace those below, its checks are merged by id, key by
// key. A layer that belongs to one organisation is seen by that organisation's endpoints only.
//
// Threading: the server's executor. Answers from memory; load() replaces the layers.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/ports/policy_source.hpp"
#include "core/records/policies.hpp"
#include "core/telemetry/log.hpp"

namespace gantry::app {

class Policies final : public PolicySource {
public:
    // `built_in` is a complete policy as JSON.
    Policies(std::string built_in, telemetry::Log log);

    // Would agents take this layer over the built-in one? invalid_input names what is wrong.
    [[nodiscard]] Result<void> check(const records::PolicyRow& row) const;
    void load(std::vector<records::PolicyRow> rows);
    PolicyDocument effective(const EndpointPlace& place) override;

private:
    PolicyDocument build(const EndpointPlace& place) const;

    std::string built_in_;
    telemetry::Log log_;
    // By name; one organisation's after that of all.
    std::unordered_map<std::string, std::vector<records::PolicyRow>> layers_;
    std::map<std::string, PolicyDocument> built_;  // by place; cleared by load(), bounded
};

}  // namespace gantry::app
