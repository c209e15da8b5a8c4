// Alert load: the same alerts (about 428 bytes, 7 labels, 2 annotations) in batches of 64 for
// Gantry's generic webhook and for Alertmanager's API v2, sent over keep-alive connections.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace gantry::bench {

enum class Dialect { gantry, alertmanager };

struct Target {
    Dialect dialect = Dialect::gantry;
    std::string url;
    std::string ca_file;
    std::string token;
};

// Alert `n`: its labels depend on n alone, so the same n is the same alert.
std::string batch_body(Dialect dialect, std::int64_t first, std::int64_t count,
                       std::int64_t distinct, const std::string& severity);

struct LoadResult {
    std::int64_t alerts = 0;
    double wall_s = 0;
    std::vector<double> request_ms;  // sorted
};

// Sends `total` alerts, numbers first..first+total-1 modulo `distinct`, over `connections`
// connections at once. Throws when an answer is not 2xx.
LoadResult send_load(const Target& target, std::int64_t first, std::int64_t total,
                     std::int64_t distinct, const std::string& severity, int connections);

double percentile(const std::vector<double>& sorted, double p);

}  // namespace gantry::bench
