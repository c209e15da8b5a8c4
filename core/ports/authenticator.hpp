// Authenticator: whose token is this? Implemented by app over records and a cache.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/base/result.hpp"
#include "core/model/scope.hpp"

namespace gantry {

class Authenticator {
public:
    virtual ~Authenticator() = default;
    // unauthorised: unknown, expired or revoked. unavailable: cannot tell now.
    virtual boost::asio::awaitable<Result<Principal>> authenticate(std::string token) = 0;
};

}  // namespace gantry
