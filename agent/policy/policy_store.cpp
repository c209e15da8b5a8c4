#include "agent/policy/policy_store.hpp"

#include "agent/state/state_file.hpp"
#include "core/model/json.hpp"

namespace gantry::agent {

PolicyStore::PolicyStore(std::string path) : path_(std::move(path)), policy_(builtin_policy()) {}

Result<void> PolicyStore::load() {
    const auto text = read_state_file(path_);
    if (!text) return text.error();
    auto policy = decode_policy(*text, path_, PolicyRules::runner);
    if (!policy) return policy.error();
    policy_ = std::move(*policy);
    return {};
}

Result<void> PolicyStore::adopt(std::string_view json, const std::string& etag) {
    auto policy = decode_policy(json, "policy from the server", PolicyRules::runner);
    if (!policy) return policy.error();
    policy->etag = etag;
    auto written = write_state_file(path_, to_json(*policy) + "\n", Flush::durable);
    if (!written) return written;
    policy_ = std::move(*policy);
    return {};
}

}  // namespace gantry::agent
