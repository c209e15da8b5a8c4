// PolicySource: the effective policy of one endpoint, inherited default < organisation < site <
// role < endpoint; implemented by app over records::policies. Answers from memory; one thread.
#pragma once

#include <string>

#include "core/base/strong_id.hpp"

namespace gantry {

struct EndpointPlace {
    OrganisationId organisation;
    SiteId site;
    std::string role;
    std::string agent_id;
};

struct PolicyDocument {
    std::string etag;
    std::string json;
    std::int64_t interval_s = 15;
};

class PolicySource {
public:
    virtual ~PolicySource() = default;
    virtual PolicyDocument effective(const EndpointPlace& place) = 0;
};

}  // namespace gantry
