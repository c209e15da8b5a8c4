#include "agent/probes/filesystem.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <condition_variable>
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

// One list of paths, shared by the thread that asks and the probe that waits.
struct Job {
    std::vector<std::string> paths;
    std::vector<Answer> answers;
    std::size_t current = 0;  // being asked now; paths.size() when done
    bool finished = false;
    std::function<void()> notify;
};

// A thread that may be left behind. State is shared with it, so that it may outlive its probe.
class StatThread {
public:
    explicit StatThread(StatFunction stat) : shared_(std::make_shared<Shared>()) {
        shared_->stat = std::move(stat);
        start_thread(shared_);
    }
    ~StatThread() {
        const std::lock_guard lock(shared_->mutex);
        shared_->stop = true;
        shared_->job.notify = nullptr;
        shared_->wake.notify_one();
    }
    StatThread(const StatThread&) = delete;
    StatThread& operator=(const StatThread&) = delete;

    void start(Job job) {
        const std::lock_guard lock(shared_->mutex);
        shared_->job = std::move(job);
        shared_->wake.notify_one();
    }
    // A copy of the job as far as it came.
    Job look() const {
        const std::lock_guard lock(shared_->mutex);
        return shared_->job;
    }
    // Whether the thread is free again; it stays "hung" while it is inside a call.
    bool is_free() const {
        const std::lock_guard lock(shared_->mutex);
        return shared_->job.finished;
    }
    // Forget the rest of the job and do not notify: the thread ends when the call comes back.
    void abandon() {
        const std::lock_guard lock(shared_->mutex);
        shared_->job.notify = nullptr;
        shared_->job.paths.resize(std::min(shared_->job.paths.size(), shared_->job.current + 1));
    }

private:
    struct Shared {
        std::mutex mutex;
        std::condition_variable wake;
        StatFunction stat;
        Job job{{}, {}, 0, true, nullptr};
        bool stop = false;
    };

    // Detached from its birth: a thread inside a hung call can never be joined.
    static void start_thread(const std::shared_ptr<Shared>& shared) {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, 128 * 1024);
        auto handed = std::make_unique<std::shared_ptr<Shared>>(shared);
        pthread_t id{};
        const auto entry = [](void* argument) -> void* {
            const std::unique_ptr<std::shared_ptr<Shared>> held(
                static_cast<std::shared_ptr<Shared>*>(argument));
            run(**held);
            return nullptr;
        };
        // No thread left: the job is never finished, so every mount shows as a gap.
        if (pthread_create(&id, &attributes, entry, handed.get()) == 0) (void)handed.release();
        pthread_attr_destroy(&attributes);
    }

    static void run(Shared& shared) {
        pthread_setname_np(pthread_self(), "statfs");
        std::unique_lock lock(shared.mutex);
        for (;;) {
            shared.wake.wait(lock, [&] { return shared.stop || !shared.job.finished; });
            if (shared.stop) return;
            while (shared.job.current < shared.job.paths.size()) {
                const std::string path = shared.job.paths[shared.job.current];
                Answer answer;
                answer.asked = true;
                lock.unlock();
                if (shared.stat(path.c_str(), &answer.value) != 0) answer.error = errno;
                lock.lock();
                shared.job.answers[shared.job.current] = answer;
                ++shared.job.current;
            }
            shared.job.finished = true;
            if (shared.job.notify) shared.job.notify();
        }
    }

    std::shared_ptr<Shared> shared_;
};

class FilesystemProbe final : public Probe {
public:
    FilesystemProbe(asio::any_io_executor executor, FilesystemOptions options, StatFunction stat)
        : executor_(std::move(executor)),
          options_(std::move(options)),
          stat_(std::move(stat)),
          mountinfo_(options_.mountinfo, KernelFile::Records::many) {}

    [[nodiscard]] const std::string& name() const override { return name_; }

    asio::awaitable<Result<Measurement>> read() override {
        const auto text = mountinfo_.read();
        if (!text) co_return text.error();
        mounts_ = select_mounts(parse_mountinfo(*text), options_.named);
        std::erase_if(hung_, [](const auto& entry) { return entry.second->is_free(); });
        Measurement out;
        std::vector<Mount> waiting;
        for (const Mount& mount : mounts_) {
            if (hung_.contains(mount.point)) {
                out.gaps.push_back({mount.point, "statfs does not return"});
            } else {
                waiting.push_back(mount);
            }
        }
        answers_.clear();
        while (!waiting.empty()) {
            if (hung_.size() >= options_.max_hung) {
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
        if (!thread_) thread_ = std::make_unique<StatThread>(stat_);
        auto timer = std::make_shared<asio::steady_timer>(executor_);
        Job job;
        for (const Mount& mount : mounts) job.paths.push_back(mount.point);
        job.answers.resize(job.paths.size());
        job.notify = [executor = executor_, weak = std::weak_ptr(timer)] {
            asio::post(executor, [weak] {
                if (const auto held = weak.lock()) held->cancel();
            });
        };
        thread_->start(std::move(job));
        std::size_t seen = 0;
        for (;;) {
            timer->expires_after(options_.per_mount);
            boost::system::error_code ignored;
            co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
            const Job now = thread_->look();
            if (now.finished) {
                settle(mounts, now, mounts.size(), *out);
                co_return mounts.size();
            }
            if (now.current != seen) {  // slow, but it moves: wait for the next one
                seen = now.current;
                continue;
            }
            settle(mounts, now, now.current, *out);
            leave_behind(mounts[now.current].point);
            out->gaps.push_back({mounts[now.current].point,
                                 "statfs gave no answer within " +
                                     std::to_string(options_.per_mount.count()) + " ms"});
            co_return now.current + 1;
        }
    }

    void settle(const std::vector<Mount>& mounts, const Job& job, std::size_t count,
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

    void leave_behind(const std::string& point) {
        thread_->abandon();
        hung_[point] = std::move(thread_);
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
    KernelFile mountinfo_;
    std::vector<Mount> mounts_;
    std::map<std::string, struct statvfs> answers_;
    std::unique_ptr<StatThread> thread_;
    std::map<std::string, std::unique_ptr<StatThread>> hung_;  // by mount point
};

}  // namespace

std::unique_ptr<Probe> make_filesystem_probe(asio::any_io_executor executor,
                                             FilesystemOptions options, StatFunction stat) {
    return std::make_unique<FilesystemProbe>(std::move(executor), std::move(options),
                                             std::move(stat));
}

}  // namespace gantry::agent
