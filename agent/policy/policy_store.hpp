// The policy that this agent runs: what the server sent last, cached in STATE/policy.json, or the
// built-in one when there is nothing (readable) cached. The server need not be there.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/model/policy.hpp"

namespace gantry::agent {

// The checks of config/policies/default.yaml that are enabled; kept equal by a test.
Policy builtin_policy();

class PolicyStore {
public:
    explicit PolicyStore(std::string path);
    // not_found: nothing cached, current() is the built-in policy; other errors: what is cached
    // cannot be read, the same.
    Result<void> load();
    // A document from the server: decoded, then cached on disk, then current. What a newer server
    // says and this agent does not know is passed over. An error leaves everything as it was:
    // invalid_input means that this document will never do, others that the disk failed.
    Result<void> adopt(std::string_view json, const std::string& etag);
    [[nodiscard]] const Policy& current() const { return policy_; }

private:
    std::string path_;
    Policy policy_;
};

}  // namespace gantry::agent
