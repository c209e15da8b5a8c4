#include "agent/probes/filesystem.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

#include "agent/probes/kernel_file.hpp"

namespace gantry::agent {
namespace {

namespace asio = boost::asio;

struct Answer {
    bool asked = false;
    int error = 0;
    struct statvfs value {};
};

// One list of paths, asked by a thread of its own that may be left behind: shared with it, so that
// it may outlive the probe.
struct Job {
    std::mutex mutex;
    StatFunction stat;
    std::function<void()> notify;
    std::vector<std::string> paths;
    std::vector<Answer> answers;
    std::size_t current = 0;  // being asked now; paths.size() when all are done
    bool abandoned = false;   // what is asked now is the last one
    bool finished = false;
};

// How far a job came.
struct Progress {
    std::vector<Answer> answers;
    std::size_t current = 0;
    bool finished = false;
};

// Nobody waits for the job any more: its thread asks for no other path and tells nobody. Whatever
// ends the wait, the end of the program among it, what notify() refers to may be gone after it.
class Wait {
public:
    explicit Wait(std::shared_ptr<Job> job) : job_(std::move(job)) {}
    ~Wait() {
        const std::lock_guard lock(job_->mutex);
        job_->notify = nullptr;
        job_->abandoned = true;
    }
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;

private:
    std::shared_ptr<Job> job_;
};

Progress progress_of(Job& job) {
    const std::lock_guard lock(job.mutex);
    return {job.answers, job.current, job.finished};
}

void ask_all(Job& job) {
    pthread_setname_np(pthread_self(), "statfs");
    std::unique_lock lock(job.mutex);
    while (job.current < job.paths.size() && !job.abandoned) {
        const std::string path = job.paths[job.current];
        Answer answer;
        answer.asked = true;
        lock.unlock();
        if (job.stat(path.c_str(), &answer.value) != 0) answer.error = errno;
        lock.lock();
        job.answers[job.current] = answer;
        ++job.current;
    }
    job.finished = true;
    if (job.notify) job.notify();
}

// Detached from its birth: a thread inside a hung call can never be joined.
int start_detached(std::function<void()> body) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, 128 * 1024);
    auto handed = std::make_unique<std::function<void()>>(std::move(body));
    const auto entry = [](void* argument) -> void* {
        const std::unique_ptr<std::function<void()>> held(
            static_cast<std::function<void()>*>(argument));
        (*held)();
        return nullptr;
    };
    pthread_t id{};
    const int code = pthread_create(&id, &attributes, entry, handed.get());
    if (code == 0) (void)handed.release();
    pthread_attr_destroy(&attributes);
    return code;
}

class FilesystemProbe final : public Probe {
public:
    FilesystemProbe(asio::any_io_executor executor, FilesystemOptions options, StatFunction stat,
                    std::shared_ptr<HungMounts> hung)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          stat_(std::move(stat)),
          hung_(std::move(hung)),
          mountinfo_(options_.mountinfo, KernelFile::Records::many) {}

    [[nodiscard]] const std::string& name() const override { return name_; }

    asio::awaitable<Result<Measurement>> read() override {
        const auto text = mountinfo_.read();
        if (!text) co_return text.error();
        mounts_ = select_mounts(parse_mountinfo(*text), options_.named);
        std::erase_if(*hung_, [](const auto& entry) { return entry.second(); });
        Measurement out;
        std::vector<Mount> waiting;
        for (const Mount& mount : mounts_) {
            if (hung_->contains(mount.point)) {
                out.gaps.push_back({mount.point, "statfs does not return"});
            } else {
                waiting.push_back(mount);
            }
        }
        answers_.clear();
        while (!waiting.empty()) {
            if (hung_->size() >= options_.max_hung) {
                for (const Mount& mount : waiting) {
                    out.gaps.push_back({mount.point, "too many other mounts hang"});
                }
                break;
            }
            const std::size_t done = co_await ask(waiting, &out);
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(done));
        }
        co_return out;
    }

    asio::awaitable<Labels> evidence(std::string, std::string instance) override {
        Labels out;
        for (const Mount& mount : mounts_) {
            if (mount.point != instance) continue;
            out = {{"device", mount.source}, {"filesystem", mount.type}};
            out.emplace_back("read_only", mount.read_only ? "yes" : "no");
        }
        if (const auto found = answers_.find(instance); found != answers_.end()) {
            append_sizes(found->second, out);
        }
        co_return out;
    }

private:
    // Asks for `mounts` in order until all are done or one hangs; returns how many are settled,
    // the hung one (already a gap) included.
    asio::awaitable<std::size_t> ask(std::vector<Mount> mounts, Measurement* out) {
        auto timer = std::make_shared<asio::steady_timer>(executor_);
        const auto job = std::make_shared<Job>();
        job->stat = stat_;
        for (const Mount& mount : mounts) job->paths.push_back(mount.point);
        job->answers.resize(job->paths.size());
        job->notify = [executor = executor_, weak = std::weak_ptr(timer)] {
            asio::post(executor, [weak] {
                if (const auto held = weak.lock()) held->cancel();
            });
        };
        const Wait wait(job);
        const auto body = [job] { ask_all(*job); };
        const int code = options_.start_thread ? options_.start_thread(body) : start_detached(body);
        if (code != 0) {
            const std::string reason = std::string("no thread to ask with: ") + std::strerror(code);
            for (const Mount& mount : mounts) out->gaps.push_back({mount.point, reason});
            co_return mounts.size();
        }
        std::size_t seen = 0;
        for (;;) {
            timer->expires_after(options_.per_mount);
            boost::system::error_code ignored;
            co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            const Progress now = progress_of(*job);
            if (now.finished) {
                settle(mounts, now, mounts.size(), *out);
                co_return mounts.size();
            }
            if (now.current != seen) {  // slow, but it moves: wait for the next one
                seen = now.current;
                continue;
            }
            settle(mounts, now, now.current, *out);
            // Its thread ends when the call comes back.
            (*hung_)[mounts[now.current].point] = [job] { return progress_of(*job).finished; };
            out->gaps.push_back({mounts[now.current].point,
                                 "statfs gave no answer within " +
                                     std::to_string(options_.per_mount.count()) + " ms"});
            co_return now.current + 1;
        }
    }

    void settle(const std::vector<Mount>& mounts, const Progress& job, std::size_t count,
                Measurement& out) {
        for (std::size_t i = 0; i < count; ++i) {
            const Answer& answer = job.answers[i];
            if (answer.error != 0) {
                out.gaps.push_back({mounts[i].point, std::strerror(answer.error)});
                continue;
            }
            answers_[mounts[i].point] = answer.value;
            append_filesystem_readings(mounts[i], answer.value, out);
        }
    }

    static void append_sizes(const struct statvfs& answer, Labels& out) {
        const auto mebibytes = [&](std::uint64_t blocks) {
            return std::to_string(blocks * answer.f_frsize >> 20) + " MiB";
        };
        out.emplace_back("free", mebibytes(answer.f_bavail));
        out.emplace_back("used", mebibytes(answer.f_blocks - answer.f_bfree));
        out.emplace_back("size", mebibytes(answer.f_blocks));
        if (answer.f_files > 0) {
            out.emplace_back("inodes_free", std::to_string(answer.f_favail));
            out.emplace_back("inodes", std::to_string(answer.f_files));
        }
    }

    const std::string name_ = "filesystem";
    asio::any_io_executor executor_;
    FilesystemOptions options_;
    StatFunction stat_;
    std::shared_ptr<HungMounts> hung_;
    KernelFile mountinfo_;
    std::vector<Mount> mounts_;
    std::map<std::string, struct statvfs> answers_;
};

}  // namespace

std::unique_ptr<Probe> make_filesystem_probe(asio::any_io_executor executor,
                                             FilesystemOptions options, StatFunction stat,
                                             std::shared_ptr<HungMounts> hung) {
    return std::make_unique<FilesystemProbe>(std::move(executor), std::move(options),
                                             std::move(stat), std::move(hung));
}

}  // namespace gantry::agent
