// libsystemd's sd-bus (stable ABI since 221), found at run time. Only the functions below are used;
// their prototypes are those of sd-bus.h. Never its blocking calls: sd_bus_call() waits 90 s for a
// bus that accepts and then says nothing. The connection is driven from our own loop instead, as
// sd_bus_get_fd(3) describes.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>

#include "agent/probes/unit.hpp"

namespace gantry::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

struct Bus;      // sd_bus
struct Message;  // sd_bus_message
struct Slot;     // sd_bus_slot
using Handler = int (*)(Message*, void*, void*);

constexpr std::size_t k_max_units = 4096;

struct Library {
    int (*new_bus)(Bus**) = nullptr;
    int (*set_address)(Bus*, const char*) = nullptr;
    int (*set_bus_client)(Bus*, int) = nullptr;
    int (*start)(Bus*) = nullptr;
    void (*close)(Bus*) = nullptr;
    Bus* (*unref)(Bus*) = nullptr;
    int (*get_fd)(Bus*) = nullptr;
    int (*get_events)(Bus*) = nullptr;
    int (*process)(Bus*, Message**) = nullptr;
    int (*call_async)(Bus*, Slot**, Message*, Handler, void*, std::uint64_t) = nullptr;
    int (*new_call)(Bus*, Message**, const char*, const char*, const char*, const char*) = nullptr;
    int (*append_strv)(Message*, char**) = nullptr;
    int (*get_errno)(Message*) = nullptr;
    int (*enter)(Message*, char, const char*) = nullptr;
    int (*read)(Message*, const char*, ...) = nullptr;
    Message* (*ref_message)(Message*) = nullptr;
    Message* (*unref_message)(Message*) = nullptr;

    bool load() {
        handle_ = ::dlopen("libsystemd.so.0", RTLD_LAZY | RTLD_LOCAL);
        return handle_ != nullptr && find(new_bus, "sd_bus_new") &&
               find(set_address, "sd_bus_set_address") &&
               find(set_bus_client, "sd_bus_set_bus_client") && find(start, "sd_bus_start") &&
               find(close, "sd_bus_close") && find(unref, "sd_bus_unref") &&
               find(get_fd, "sd_bus_get_fd") && find(get_events, "sd_bus_get_events") &&
               find(process, "sd_bus_process") && find(call_async, "sd_bus_call_async") &&
               find(new_call, "sd_bus_message_new_method_call") &&
               find(append_strv, "sd_bus_message_append_strv") &&
               find(get_errno, "sd_bus_message_get_errno") &&
               find(enter, "sd_bus_message_enter_container") && find(read, "sd_bus_message_read") &&
               find(ref_message, "sd_bus_message_ref") &&
               find(unref_message, "sd_bus_message_unref");
    }

private:
    template <class Function>
    bool find(Function& function, const char* name) {
        void* const address = ::dlsym(handle_, name);
        static_assert(sizeof address == sizeof function);
        std::memcpy(&function, &address, sizeof function);
        return address != nullptr;
    }
    void* handle_ = nullptr;
};

// The answer to one call, left here by sd_bus_process().
struct Reply {
    const Library* library = nullptr;
    Message* message = nullptr;

    static int take(Message* message, void* reply, void*) {
        auto* const self = static_cast<Reply*>(reply);
        self->clear();
        self->message = self->library->ref_message(message);
        return 1;
    }
    void clear() {
        if (message != nullptr) library->unref_message(message);
        message = nullptr;
    }
};

// A bus, and how the loop is told that it can go on. Its descriptor is a copy of the bus's own.
struct Connection {
    Connection(const asio::any_io_executor& executor, const Library& loaded)
        : library(loaded), socket(executor), timer(std::make_shared<asio::steady_timer>(executor)) {
        reply.library = &library;
    }
    ~Connection() {
        reply.clear();
        if (bus == nullptr) return;
        library.close(bus);  // without a flush, which would block
        library.unref(bus);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    int open(const std::string& address) {
        int code = library.new_bus(&bus);
        if (code >= 0) code = library.set_address(bus, address.c_str());
        if (code >= 0) code = library.set_bus_client(bus, 1);
        if (code >= 0) code = library.start(bus);
        const int own = code < 0 ? code : library.get_fd(bus);
        if (own < 0) return own;
        const int copy = ::fcntl(own, F_DUPFD_CLOEXEC, 0);
        if (copy < 0) return -errno;
        socket.assign(copy);
        return 0;
    }

    const Library& library;
    Bus* bus = nullptr;
    asio::posix::stream_descriptor socket;
    std::shared_ptr<asio::steady_timer> timer;  // of the call under way; cancelled: look again
    Reply reply;
};

class SystemdLister final : public UnitLister {
public:
    SystemdLister(asio::any_io_executor executor, SystemdOptions options)
        : executor_(std::move(executor)), options_(std::move(options)) {}

    asio::awaitable<Result<std::vector<UnitRow>>> list(std::vector<std::string> states,
                                                       std::vector<std::string> patterns) override {
        if (auto ready = connect(); !ready) co_return ready.error();
        auto answered = send(states, patterns);
        if (answered) answered = co_await receive();
        std::vector<UnitRow> out;
        if (answered) answered = read_rows(out);
        if (answered) co_return out;
        connection_.reset();  // the next look begins anew
        co_return answered.error();
    }

private:
    Result<void> connect() {
        if (connection_) return {};
        if (::access((options_.run + "/systemd/system").c_str(), F_OK) != 0) {
            return fail(ErrorCode::not_found, "systemd does not run on this machine");
        }
        if (!loaded_ && !library_.load()) {
            return fail(ErrorCode::not_found, "libsystemd.so.0 is not installed");
        }
        loaded_ = true;
        connection_.emplace(executor_, library_);
        const int code = connection_->open("unix:path=" + options_.run + "/dbus/system_bus_socket");
        if (code >= 0) return {};
        connection_.reset();
        return fail(ErrorCode::unavailable,
                    std::string("the system bus cannot be reached: ") + std::strerror(-code));
    }

    Result<void> send(const std::vector<std::string>& states,
                      const std::vector<std::string>& patterns) {
        Connection& bus = *connection_;
        bus.reply.clear();
        bus.timer->expires_after(options_.deadline);
        Message* request = nullptr;
        int code = library_.new_call(bus.bus, &request, "org.freedesktop.systemd1",
                                     "/org/freedesktop/systemd1",
                                     "org.freedesktop.systemd1.Manager", "ListUnitsByPatterns");
        if (code >= 0) code = append(request, states);
        if (code >= 0) code = append(request, patterns);
        const auto timeout_us = static_cast<std::uint64_t>(options_.deadline.count()) * 1000;
        if (code >= 0) {
            code = library_.call_async(bus.bus, nullptr, request, &Reply::take, &bus.reply,
                                       timeout_us);
        }
        library_.unref_message(request);
        if (code < 0) return no_answer(-code);
        return {};
    }

    int append(Message* request, const std::vector<std::string>& words) {
        std::vector<std::string> copy = words;
        std::vector<char*> pointers;
        pointers.reserve(copy.size() + 1);
        for (std::string& word : copy) pointers.push_back(word.data());
        pointers.push_back(nullptr);
        return library_.append_strv(request, pointers.data());
    }

    // Lets the bus work whenever its socket is ready, until the reply is there or time is up.
    asio::awaitable<Result<void>> receive() {
        Connection& bus = *connection_;
        for (;;) {
            const int code = library_.process(bus.bus, nullptr);
            if (code < 0) co_return no_answer(-code);
            if (bus.reply.message != nullptr) break;
            if (code > 0) continue;
            const int events = library_.get_events(bus.bus);
            if (events < 0) co_return no_answer(-events);
            using Wait = asio::posix::descriptor_base;
            if ((events & POLLIN) != 0) wake_on(Wait::wait_read);
            if ((events & POLLOUT) != 0) wake_on(Wait::wait_write);
            error_code ended;
            co_await bus.timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
            error_code ignored;
            bus.socket.cancel(ignored);
            if (ended != asio::error::operation_aborted) {
                co_return fail(ErrorCode::timeout, "systemd gave no answer within " +
                                                       std::to_string(options_.deadline.count()) +
                                                       " ms");
            }
        }
        const int refused = library_.get_errno(bus.reply.message);
        if (refused != 0) co_return no_answer(refused);
        co_return Result<void>{};
    }

    void wake_on(asio::posix::descriptor_base::wait_type what) {
        connection_->socket.async_wait(what, [timer = connection_->timer](error_code code) {
            if (code != asio::error::operation_aborted) timer->cancel();
        });
    }

    static Error no_answer(int code) {
        return fail(ErrorCode::unavailable,
                    std::string("systemd does not answer: ") + std::strerror(code));
    }

    // a(ssssssouso): name, description, load, active, sub, followed, path, job id, type, job path.
    Result<void> read_rows(std::vector<UnitRow>& out) {
        Message* const reply = connection_->reply.message;
        int code = library_.enter(reply, 'a', "(ssssssouso)");
        while (code >= 0 && out.size() < k_max_units) {
            const char* text[9]{};
            std::uint32_t job = 0;
            code = library_.read(reply, "(ssssssouso)", &text[0], &text[1], &text[2], &text[3],
                                 &text[4], &text[5], &text[6], &job, &text[7], &text[8]);
            if (code <= 0) break;
            out.push_back({text[0], text[2], text[3], text[4]});
        }
        connection_->reply.clear();
        if (code < 0) return fail(ErrorCode::corrupt, "systemd's answer cannot be read");
        return {};
    }

    asio::any_io_executor executor_;
    SystemdOptions options_;
    Library library_;
    bool loaded_ = false;
    std::optional<Connection> connection_;
};

}  // namespace

std::unique_ptr<UnitLister> make_systemd_lister(asio::any_io_executor executor,
                                                SystemdOptions options) {
    return std::make_unique<SystemdLister>(std::move(executor), std::move(options));
}

}  // namespace gantry::agent
