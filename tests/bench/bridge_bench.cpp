// The bridge under load, as its users would meet it: a real gantryd over TLS on loopback, and
// Alertmanager as the peer in the same run where Debian's package is installed. Prints a table and
// writes JSON. Usage: bench_bridge OUT.json [WHAT ...], where WHAT is latency_idle, alertmanager or
// the name of a load.
//
// CPU is the server process's own, from schedstat; the load generator's is not counted.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/http/client.hpp"
#include "core/time/clock.hpp"
#include "tests/bench/alert_load.hpp"
#include "tests/bench/child_process.hpp"
#include "tests/bench/process_cost.hpp"

namespace {

using namespace gantry;
using namespace gantry::bench;
using Json = nlohmann::ordered_json;

constexpr std::int64_t k_new = 100'032;  // whole batches of 64
constexpr std::int64_t k_resends = 1'000'000;
constexpr std::int64_t k_resent = 10'048;
constexpr int k_latency_samples = 500;
constexpr std::int64_t k_all_distinct = std::int64_t{1} << 40;
constexpr int k_few = 2;  // connections
constexpr int k_many = 16;

std::string read_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// One credential sends it all, far beyond what one is allowed by default.
std::string unlimited_config(const std::string& directory) {
    const std::string path = directory + "/gantry.yaml";
    std::ofstream(path) << "server:\n  rate_per_credential: 1000000\n"
                           "  burst_per_credential: 1000000\n";
    return path;
}

class Server {
public:
    Server(const std::string& bin, const std::string& directory, int port)
        : data_(directory + "/data"),
          url_("https://127.0.0.1:" + std::to_string(port)),
          process_({bin + "/gantryd", "--config", unlimited_config(directory), "--data", data_,
                    "--listen", "127.0.0.1:" + std::to_string(port)},
                   directory + "/gantryd.log") {
        http::ClientOptions options;
        for (int i = 0; i < 300; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
            if (!std::filesystem::exists(ca())) continue;
            options.ca_file = ca();
            client_ = http::make_client(options);
            get("/readyz");
            if (last_status_ == 200) return;
        }
        throw std::runtime_error("gantryd did not get ready; see " + directory + "/gantryd.log");
    }

    std::string get(const std::string& path) {
        http::ClientRequest request;
        request.url = url_ + path;
        request.headers = {{"Authorization", "Bearer " + token()}};
        const auto answer = client_->send(request);
        last_status_ = answer ? answer->status : 0;
        return answer ? answer->body : "";
    }
    int post(const std::string& path, const std::string& body) {
        http::ClientRequest request;
        request.method = "POST";
        request.url = url_ + path;
        request.headers = {{"Authorization", "Bearer " + token()},
                           {"Content-Type", "application/json"}};
        request.body = body;
        const auto answer = client_->send(request);
        return answer ? answer->status : 0;
    }
    // Waits until everything durable is folded and committed.
    void settle() {
        for (int i = 0; i < 6000; ++i) {
            if (get("/metrics").find("gantry_journal_lag_records 0\n") != std::string::npos) return;
            std::this_thread::sleep_for(std::chrono::milliseconds{10});
        }
        throw std::runtime_error("gantryd did not settle");
    }
    [[nodiscard]] Target target() const {
        return {Dialect::gantry, url_ + "/api/v1/intake/generic", ca(), token()};
    }
    [[nodiscard]] std::string ca() const { return data_ + "/tls/ca.pem"; }
    [[nodiscard]] std::string token() const { return read_line(data_ + "/admin.token"); }
    [[nodiscard]] std::string url() const { return url_; }
    [[nodiscard]] pid_t pid() const { return process_.pid(); }

private:
    std::string data_;
    std::string url_;
    ChildProcess process_;
    std::unique_ptr<http::Client> client_;
    int last_status_ = 0;
};

Json load_case(const char* name, std::int64_t alerts, double cpu, const LoadResult& load) {
    std::printf("  %-44s %9.0f alerts/CPU s  %8.0f alerts/s  p50 %.2f ms  p99 %.2f ms\n", name,
                static_cast<double>(alerts) / cpu, static_cast<double>(alerts) / load.wall_s,
                percentile(load.request_ms, 0.5), percentile(load.request_ms, 0.99));
    std::fflush(stdout);
    return {{"alerts", alerts},
            {"cpu_s", cpu},
            {"alerts_per_cpu_s", static_cast<double>(alerts) / cpu},
            {"wall_s", load.wall_s},
            {"request_p50_ms", percentile(load.request_ms, 0.5)},
            {"request_p99_ms", percentile(load.request_ms, 0.99)}};
}

// What is measured, in this order; each with alerts of its own.
struct Load {
    const char* name;
    const char* title;
    std::int64_t first;
    std::int64_t total;
    std::int64_t distinct;
    const char* severity;
    int connections;
};
constexpr Load k_loads[] = {
    {"repeated_first", "new alerts, recorded only (10,048)", 0, k_resent, k_resent, "info", k_few},
    {"repeated", "repeated alerts (1M of 10,048)", 0, k_resends, k_resent, "info", k_few},
    {"new_recorded", "new alerts, recorded only (100k)", 1'000'000, k_new, k_all_distinct, "info",
     k_few},
    {"new_incidents", "new alerts, each opens an incident (100k)", 2'000'000, k_new, k_all_distinct,
     "critical", k_few},
    // Requests that wait together share a flush of the disk.
    {"new_recorded_many", "the first over 16 connections", 3'000'000, k_new, k_all_distinct, "info",
     k_many},
    {"new_incidents_many", "the second over 16 connections", 4'000'000, k_new, k_all_distinct,
     "critical", k_many},
};

// Runs one load and gives the CPU that the server spent on it until all of it was committed.
Json measure(Server& server, const Load& load) {
    server.settle();
    const double before = cpu_seconds(server.pid());
    const LoadResult sent = send_load(server.target(), load.first, load.total, load.distinct,
                                      load.severity, load.connections);
    server.settle();
    return load_case(load.title, load.total, cpu_seconds(server.pid()) - before, sent);
}

// From the POST of a new critical alert until the API shows its committed incident.
Json latency(Server& server) {
    const SystemClock clock;
    std::vector<double> acknowledged;
    std::vector<double> committed;
    for (int i = 0; i < k_latency_samples; ++i) {
        const std::string key = "latency-" + std::to_string(i);
        const std::string body = "{\"key\":\"" + key +
                                 "\",\"severity\":\"critical\",\"summary\":\"latency\",\"host\":"
                                 "\"latency-host\"}";
        const auto begin = clock.steady_now();
        if (server.post("/api/v1/intake/generic", body) != 202) {
            throw std::runtime_error("the alert was not taken");
        }
        const auto spent = [&] {
            const std::chrono::duration<double, std::milli> time = clock.steady_now() - begin;
            return time.count();
        };
        acknowledged.push_back(spent());
        while (true) {
            const Json page = Json::parse(server.get("/api/v1/alerts?key=" + key));
            if (!page.at("items").empty() && !page["items"][0]["incident_id"].is_null()) break;
        }
        committed.push_back(spent());
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    std::sort(acknowledged.begin(), acknowledged.end());
    std::sort(committed.begin(), committed.end());
    const auto print = [](const char* name, const std::vector<double>& ms) {
        std::printf("  %-44s p50 %.2f ms  p99 %.2f ms\n", name, percentile(ms, 0.5),
                    percentile(ms, 0.99));
        return Json{{"p50_ms", percentile(ms, 0.5)}, {"p99_ms", percentile(ms, 0.99)}};
    };
    return {{"samples", k_latency_samples},
            {"post_to_ack", print("POST -> acknowledged (durable)", acknowledged)},
            {"post_to_incident_seen", print("POST -> committed incident seen by GET", committed)}};
}

// Debian's Alertmanager, in memory, on the same bytes; null when it is not installed.
Json alertmanager(const std::string& directory) {
    const std::string program = "/usr/bin/prometheus-alertmanager";
    if (!std::filesystem::exists(program)) {
        std::printf("  skipped: %s is not installed\n", program.c_str());
        return nullptr;
    }
    const std::string listen = "127.0.0.1:" + std::to_string(free_port());
    const std::string config = directory + "/alertmanager.yml";
    std::ofstream(config)
        << "route: {receiver: none, group_by: [grp]}\nreceivers: [{name: none}]\n";
    const ChildProcess peer(
        {program, "--config.file=" + config, "--storage.path=" + directory + "/am",
         "--web.listen-address=" + listen, "--cluster.listen-address=", "--log.level=warn"},
        directory + "/alertmanager.log");
    std::this_thread::sleep_for(std::chrono::seconds{3});
    const Target target{Dialect::alertmanager, "http://" + listen + "/api/v2/alerts", "", ""};
    Json out;
    double before = cpu_seconds(peer.pid());
    LoadResult load = send_load(target, 0, k_new, k_all_distinct, "warning", k_few);
    out["new"] =
        load_case("Alertmanager: new alerts", k_new, cpu_seconds(peer.pid()) - before, load);
    before = cpu_seconds(peer.pid());
    load = send_load(target, k_new, k_new, k_all_distinct, "warning", k_many);
    const std::string many = "Alertmanager: new alerts, " + std::to_string(k_many) + " connections";
    out["new_many"] = load_case(many.c_str(), k_new, cpu_seconds(peer.pid()) - before, load);
    before = cpu_seconds(peer.pid());
    load = send_load(target, 0, k_resends / 5, k_resent, "warning", k_few);
    out["repeated"] = load_case("Alertmanager: repeated alerts", k_resends / 5,
                                cpu_seconds(peer.pid()) - before, load);
    return out;
}

// `only`: the names of what to measure, for a profiler beside it; empty: everything.
Json run(const std::string& bin, const std::string& directory,
         const std::vector<std::string>& only) {
    const auto wanted = [&](const std::string& name) {
        return only.empty() || std::find(only.begin(), only.end(), name) != only.end();
    };
    Json out{{"machine", machine()}};
    std::printf("%s\n", out["machine"].get<std::string>().c_str());
    Server server(bin, directory, free_port());
    std::printf("gantryd, TLS, durable, batches of 64 over %d keep-alive connections, pid %d\n",
                k_few, static_cast<int>(server.pid()));
    out["idle_memory_kib"] = memory_of(server.pid()).rss_kib;
    if (wanted("latency_idle")) out["latency_idle"] = latency(server);
    std::int64_t live = 0;
    for (const Load& load : k_loads) {
        if (!wanted(load.name)) continue;
        out[load.name] = measure(server, load);
        if (load.distinct == k_all_distinct) live += load.total;
    }
    const std::int64_t rss = memory_of(server.pid()).rss_kib;
    out["loaded_memory"] = {{"live_alerts", live}, {"rss_kib", rss}};
    std::printf("  gantryd RSS with more than %lld live alerts: %.0f MB\n",
                static_cast<long long>(live), static_cast<double>(rss) / 1024);
    if (wanted("alertmanager")) {
        std::printf("peer\n");
        out["alertmanager"] = alertmanager(directory);
    }
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: bench_bridge OUT.json [WHAT ...]\n";
        return 2;
    }
    const std::string bin = std::filesystem::canonical("/proc/self/exe").parent_path().string();
    char pattern[] = "/var/tmp/gantry-bench-XXXXXX";  // a real disk: /tmp may be memory
    const std::string directory = ::mkdtemp(pattern);
    try {
        const Json out = run(bin, directory, {argv + 2, argv + argc});
        std::ofstream(argv[1]) << out.dump(2) << "\n";
        std::filesystem::remove_all(directory);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_bridge: " << error.what() << " (logs in " << directory << ")\n";
        return 1;
    }
}
