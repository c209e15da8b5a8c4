// The agent's cost at its default policy, with collectd as the peer in the same run where Debian's
// collectd-core is installed. Prints a table and writes JSON. Usage: bench_agent OUT.json [SECONDS]
//
// Memory is read when gantryd has been stopped: until then the two share the pages of libcurl,
// OpenSSL and SQLite, and the agent would look smaller than it is on an endpoint of its own. For
// the same reason this program links none of them. How much of a shared library a process maps
// depends on the machine and its page cache; so curl(1), which needs libcurl and nothing else, is
// measured alone after the agent, with one request made: less than that nobody has who uses
// libcurl.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "tests/bench/child_process.hpp"
#include "tests/bench/process_cost.hpp"

namespace {

using namespace gantry::bench;
using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* k_collectd = "/usr/sbin/collectd";
constexpr seconds k_warm_up{40};  // start, first report, policy, first looks

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

class Server {
public:
    Server(std::string bin, const std::string& directory)
        : bin_(std::move(bin)),
          data_(directory + "/data"),
          process_(std::in_place,
                   std::vector<std::string>{bin_ + "/gantryd", "--data", data_, "--listen",
                                            "127.0.0.1:" + std::to_string(port_)},
                   directory + "/gantryd.log") {
        for (int i = 0; i < 100; ++i) {
            std::this_thread::sleep_for(milliseconds{100});
            try {
                gantry("status");
                return;
            } catch (const std::runtime_error&) {
                continue;  // not ready yet
            }
        }
        throw std::runtime_error("gantryd did not get ready; see " + directory + "/gantryd.log");
    }
    std::string gantry(const std::string& words) const {
        return run_to_end("GANTRY_URL=" + url() + " GANTRY_CA=" + ca() +
                          " GANTRY_TOKEN=" + first_line(data_ + "/admin.token") + " " + bin_ +
                          "/gantry " + words + " 2>/dev/null");
    }
    void enrol(const std::string& state) const {
        const Json token = Json::parse(
            gantry("tokens create --organisation default --site default --role server --json"));
        run_to_end(bin_ + "/gantry-agent --state " + state + " enrol --server " + url() + " --ca " +
                   ca() + " --token " + token.at("token").get<std::string>());
    }
    [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::string ca() const { return data_ + "/tls/ca.pem"; }

private:
    int port_ = free_port();
    std::string bin_;
    std::string data_;
    std::optional<ChildProcess> process_;
};

// The same kind of work as the default policy's, sent to where nobody listens.
std::string collectd_config(const std::string& directory) {
    const std::string path = directory + "/collectd.conf";
    std::ofstream out(path);
    out << "BaseDir \"" << directory << "\"\nPIDFile \"" << directory
        << "/collectd.pid\"\nInterval 15\n";
    for (const char* plugin : {"cpu", "memory", "swap", "df", "disk", "interface", "load", "uptime",
                               "processes", "network"}) {
        out << "LoadPlugin " << plugin << "\n";
    }
    out << "<Plugin network>\n  Server \"127.0.0.1\" \"25899\"\n</Plugin>\n";
    return path;
}

Json memory_row(const char* name, const Memory& memory) {
    const auto mib = [](std::int64_t kib) { return static_cast<double>(kib) / 1024; };
    std::printf("  %-24s PSS %5.1f MB   private dirty %4.1f MB   RSS %5.1f MB\n", name,
                mib(memory.pss_kib), mib(memory.private_dirty_kib), mib(memory.rss_kib));
    std::fflush(stdout);
    return {{"pss_kib", memory.pss_kib},
            {"private_dirty_kib", memory.private_dirty_kib},
            {"rss_kib", memory.rss_kib}};
}

struct Subject {
    std::string name;
    pid_t pid = 0;
    double cpu_before = 0;
    double per_hour = 0;
};

Json row(const Subject& subject, int window_s) {
    Json out{{"window_s", window_s}, {"cpu_s_per_hour", subject.per_hour}};
    std::printf("  %-24s %5.2f CPU s/hour\n", subject.name.c_str(), subject.per_hour);
    out.update(memory_row("", memory_of(subject.pid)));
    return out;
}

// curl(1) after one request over TLS, alone: it waits to try another, at a port nobody listens on.
Memory curl_alone(const std::string& bin, const std::string& directory) {
    std::optional<Server> server(std::in_place, bin, directory);
    const ChildProcess curl(
        {"/usr/bin/curl", "--silent", "--retry", "9", "--retry-delay", "60", "--retry-connrefused",
         "--cacert", server->ca(), server->url() + "/healthz",
         "http://127.0.0.1:" + std::to_string(free_port()) + "/"},
        directory + "/curl.log");
    std::this_thread::sleep_for(seconds{3});
    server.reset();
    std::this_thread::sleep_for(seconds{2});
    return memory_of(curl.pid());
}

Json run(const std::string& bin, const std::string& directory, int window_s) {
    Json out{{"machine", machine()}};
    std::optional<Server> server(std::in_place, bin, directory);
    const std::string state = directory + "/agent";
    server->enrol(state);
    std::optional<ChildProcess> agent(
        std::in_place, std::vector<std::string>{bin + "/gantry-agent", "--state", state, "run"},
        directory + "/agent.log");
    std::vector<Subject> subjects{{"gantry-agent", agent->pid()}};
    std::optional<ChildProcess> peer;
    if (std::filesystem::exists(k_collectd)) {
        peer.emplace(std::vector<std::string>{k_collectd, "-f", "-C", collectd_config(directory)},
                     directory + "/collectd.log");
        subjects.push_back({"collectd", peer->pid()});
    } else {
        std::printf("  collectd: skipped, %s is not installed\n", k_collectd);
    }
    std::this_thread::sleep_for(k_warm_up);
    for (Subject& subject : subjects) subject.cpu_before = cpu_seconds(subject.pid);
    std::this_thread::sleep_for(seconds{window_s});
    for (Subject& subject : subjects) {
        subject.per_hour = (cpu_seconds(subject.pid) - subject.cpu_before) * 3600.0 / window_s;
    }
    server.reset();
    std::this_thread::sleep_for(seconds{2});
    std::printf("agent at its default policy, %d s\n", window_s);
    for (const Subject& subject : subjects) out[subject.name] = row(subject, window_s);
    if (peer) {
        const double ratio = subjects[0].per_hour / subjects[1].per_hour;
        std::printf("  CPU of the agent : collectd = %.2f\n", ratio);
        out["cpu_ratio_to_collectd"] = ratio;
    }
    agent.reset();
    out["curl"] = memory_row("curl, one request made", curl_alone(bin, directory));
    return out;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: bench_agent OUT.json [SECONDS]\n";
        return 2;
    }
    const int window_s = argc >= 3 ? std::stoi(argv[2]) : 180;
    const std::string bin = std::filesystem::canonical("/proc/self/exe").parent_path().string();
    char pattern[] = "/var/tmp/gantry-bench-XXXXXX";
    const std::string directory = ::mkdtemp(pattern);
    try {
        const Json out = run(bin, directory, window_s);
        std::ofstream(argv[1]) << out.dump(2) << "\n";
        std::filesystem::remove_all(directory);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "bench_agent: " << error.what() << " (logs in " << directory << ")\n";
        return 1;
    }
}
