#include "tests/bench/alert_load.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "core/http/client.hpp"
#include "core/time/clock.hpp"

namespace gantry::bench {
namespace {

constexpr std::int64_t k_batch = 64;

void append_alert(std::string& out, Dialect dialect, std::int64_t n, const std::string& severity) {
    const std::string id = std::to_string(n);
    const std::string labels =
        "\"alertname\":\"DiskWillFillIn4Hours\",\"cluster\":\"eu-west-1\",\"device\":\"/dev/"
        "nvme0n1p" +
        id + "\",\"fstype\":\"ext4\",\"grp\":\"group-" + std::to_string(n % 1000) +
        "\",\"instance\":\"node-" + std::to_string(n % 5000) +
        ".example.com:9100\",\"severity\":\"" + severity + "\"";
    const std::string summary = "Filesystem on device " + id + " will fill within four hours";
    const std::string description =
        "At the rate of the last six hours the filesystem will be full before the next shift.";
    if (dialect == Dialect::gantry) {
        out += "{\"status\":\"firing\",\"severity\":\"" + severity + "\",\"summary\":\"" + summary +
               "\",\"labels\":{" + labels + "},\"annotations\":{\"description\":\"" + description +
               "\"}}";
    } else {
        out += "{\"labels\":{" + labels + "},\"annotations\":{\"summary\":\"" + summary +
               "\",\"description\":\"" + description +
               "\"},\"generatorURL\":\"http://prometheus.example.com/graph\"}";
    }
}

}  // namespace

std::string batch_body(Dialect dialect, std::int64_t first, std::int64_t count,
                       std::int64_t distinct, const std::string& severity) {
    std::string out = "[";
    for (std::int64_t i = 0; i < count; ++i) {
        if (i > 0) out += ',';
        append_alert(out, dialect, (first + i) % distinct, severity);
    }
    return out + "]";
}

LoadResult send_load(const Target& target, std::int64_t first, std::int64_t total,
                     std::int64_t distinct, const std::string& severity, int connections) {
    // Bodies are made before the clock starts: the generator must not compete with the server.
    std::vector<std::string> bodies;
    for (std::int64_t sent = 0; sent < total; sent += k_batch) {
        const std::int64_t count = std::min(k_batch, total - sent);
        bodies.push_back(batch_body(target.dialect, first + sent, count, distinct, severity));
    }
    const SystemClock clock;
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    LoadResult result;
    std::string failure;
    const auto sender = [&] {
        http::ClientOptions options;
        options.ca_file = target.ca_file;
        const auto client = http::make_client(options);
        std::vector<double> times;
        while (true) {
            const std::size_t i = next.fetch_add(1);
            if (i >= bodies.size()) break;
            http::ClientRequest request;
            request.method = "POST";
            request.url = target.url;
            request.headers = {{"Content-Type", "application/json"}};
            if (!target.token.empty()) {
                request.headers.emplace_back("Authorization", "Bearer " + target.token);
            }
            request.body = std::move(bodies[i]);
            const auto begin = clock.steady_now();
            const auto answer = client->send(request);
            const std::chrono::duration<double, std::milli> spent = clock.steady_now() - begin;
            times.push_back(spent.count());
            if (!answer || answer->status / 100 != 2) {
                const std::lock_guard lock(mutex);
                failure = answer ? std::to_string(answer->status) + " " + answer->body
                                 : answer.error().message;
                return;
            }
        }
        const std::lock_guard lock(mutex);
        result.request_ms.insert(result.request_ms.end(), times.begin(), times.end());
    };
    const auto begin = clock.steady_now();
    std::vector<std::thread> threads;
    for (int i = 0; i < connections; ++i) threads.emplace_back(sender);
    for (std::thread& thread : threads) thread.join();
    if (!failure.empty()) throw std::runtime_error("the load was not taken: " + failure);
    const std::chrono::duration<double> wall = clock.steady_now() - begin;
    result.wall_s = wall.count();
    result.alerts = total;
    std::sort(result.request_ms.begin(), result.request_ms.end());
    return result;
}

double percentile(const std::vector<double>& sorted, double p) {
    if (sorted.empty()) return 0;
    const auto index =
        static_cast<std::size_t>(std::lround(p * static_cast<double>(sorted.size() - 1)));
    return sorted[index];
}

}  // namespace gantry::bench
