// OrganisationNames: which organisation is meant by a name that a caller gives; implemented by app
// over the records. An id that nobody has yet must not be taken: its later owner would see the
// rows.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/base/result.hpp"
#include "core/model/scope.hpp"

namespace gantry {

class OrganisationNames {
public:
    virtual ~OrganisationNames() = default;
    // `text` is a name, else an id. not_found: none of the scope is called so. unavailable: cannot
    // tell now.
    virtual boost::asio::awaitable<Result<OrganisationId>> find(Scope scope, std::string text) = 0;
};

}  // namespace gantry
