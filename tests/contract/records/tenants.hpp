// Two organisations' data, generated and interleaved, and every read of the records as a list of
// whose rows it gave. A new read function belongs into reads().
#pragma once

#include <functional>

#include "tests/contract/records/records_world.hpp"

namespace gantry::test {

inline constexpr std::int64_t k_rows = 12;  // ids 1 to k_rows in each table

// The owner of row `id`, by a seeded draw; both have some.
OrganisationId owner_of(std::int64_t id);

// Rows of every table; some shared values on purpose: keys, host names, connectors, site names.
struct Tenants : Records {
    explicit Tenants(Kind kind);
};

struct Seen {
    OrganisationId organisation;
    std::string row;
    bool for_all = false;  // of a person or program that works for all organisations
    friend bool operator==(const Seen&, const Seen&) = default;
};

struct Read {
    const char* name;
    std::function<std::vector<Seen>(Tenants&, const Scope&)> run;
    bool shared_rows = false;  // rows of no organisation are everybody's
};

const std::vector<Read>& reads();

}  // namespace gantry::test
