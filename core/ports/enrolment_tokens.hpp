// EnrolmentTokens: looks a token's hash up; implemented by app over records::token_by_hash on a
// Worker. Using it up is part of the EnrolAgent command, so that a crash cannot count it twice.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "core/base/result.hpp"
#include "core/records/access.hpp"

namespace gantry {

class EnrolmentTokens {
public:
    virtual ~EnrolmentTokens() = default;
    // not_found for an unknown hash and for tokens of another kind.
    virtual boost::asio::awaitable<Result<records::Token>> find(std::string hash) = 0;
};

}  // namespace gantry
