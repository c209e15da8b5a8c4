// libsystemd's sd-bus (stable ABI since 221), found at run time. Only the functions below are used;
// their prototypes are those of sd-bus.h.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>

#include "agent/probes/unit.hpp"

namespace gantry::agent {
namespace {

struct Bus;      // sd_bus
struct Message;  // sd_bus_message

constexpr std::uint64_t k_timeout_us = 2'000'000;
constexpr std::size_t k_max_units = 4096;

struct Library {
    int (*open_system)(Bus**) = nullptr;
    Bus* (*close)(Bus*) = nullptr;
    int (*set_timeout)(Bus*, std::uint64_t) = nullptr;
    int (*new_call)(Bus*, Message**, const char*, const char*, const char*, const char*) = nullptr;
    int (*append_strv)(Message*, char**) = nullptr;
    int (*call)(Bus*, Message*, std::uint64_t, void*, Message**) = nullptr;
    int (*enter)(Message*, char, const char*) = nullptr;
    int (*leave)(Message*) = nullptr;
    int (*read)(Message*, const char*, ...) = nullptr;
    Message* (*unref)(Message*) = nullptr;

    bool load() {
        handle_ = ::dlopen("libsystemd.so.0", RTLD_LAZY | RTLD_LOCAL);
        return handle_ != nullptr && find(open_system, "sd_bus_open_system") &&
               find(close, "sd_bus_flush_close_unref") &&
               find(set_timeout, "sd_bus_set_method_call_timeout") &&
               find(new_call, "sd_bus_message_new_method_call") &&
               find(append_strv, "sd_bus_message_append_strv") && find(call, "sd_bus_call") &&
               find(enter, "sd_bus_message_enter_container") &&
               find(leave, "sd_bus_message_exit_container") && find(read, "sd_bus_message_read") &&
               find(unref, "sd_bus_message_unref");
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

class SystemdLister final : public UnitLister {
public:
    explicit SystemdLister(std::string run) : run_(std::move(run)) {}
    ~SystemdLister() override { disconnect(); }
    SystemdLister(const SystemdLister&) = delete;
    SystemdLister& operator=(const SystemdLister&) = delete;

    Result<std::vector<UnitRow>> list(const std::vector<std::string>& states,
                                      const std::vector<std::string>& patterns) override {
        if (auto ready = connect(); !ready) return ready.error();
        Message* request = nullptr;
        int code = library_.new_call(bus_, &request, "org.freedesktop.systemd1",
                                     "/org/freedesktop/systemd1",
                                     "org.freedesktop.systemd1.Manager", "ListUnitsByPatterns");
        if (code >= 0) code = append(request, states);
        if (code >= 0) code = append(request, patterns);
        Message* reply = nullptr;
        if (code >= 0) code = library_.call(bus_, request, k_timeout_us, nullptr, &reply);
        library_.unref(request);
        if (code < 0) {
            disconnect();  // the next look begins anew
            return fail(ErrorCode::unavailable,
                        std::string("systemd does not answer: ") + std::strerror(-code));
        }
        std::vector<UnitRow> out;
        code = read_rows(reply, out);
        library_.unref(reply);
        if (code < 0) return fail(ErrorCode::corrupt, "systemd's answer cannot be read");
        return out;
    }

private:
    Result<void> connect() {
        if (bus_ != nullptr) return {};
        if (::access((run_ + "/systemd/system").c_str(), F_OK) != 0) {
            return fail(ErrorCode::not_found, "systemd does not run on this machine");
        }
        if (!loaded_ && !library_.load()) {
            return fail(ErrorCode::not_found, "libsystemd.so.0 is not installed");
        }
        loaded_ = true;
        const int code = library_.open_system(&bus_);
        if (code < 0) {
            bus_ = nullptr;
            return fail(ErrorCode::unavailable,
                        std::string("the system bus cannot be reached: ") + std::strerror(-code));
        }
        library_.set_timeout(bus_, k_timeout_us);
        return {};
    }

    void disconnect() {
        if (bus_ != nullptr) library_.close(bus_);
        bus_ = nullptr;
    }

    int append(Message* request, const std::vector<std::string>& words) {
        std::vector<std::string> copy = words;
        std::vector<char*> pointers;
        for (std::string& word : copy) pointers.push_back(word.data());
        pointers.push_back(nullptr);
        return library_.append_strv(request, pointers.data());
    }

    // a(ssssssouso): name, description, load, active, sub, followed, path, job id, type, job path.
    int read_rows(Message* reply, std::vector<UnitRow>& out) {
        int code = library_.enter(reply, 'a', "(ssssssouso)");
        while (code >= 0 && out.size() < k_max_units) {
            const char* text[9]{};
            std::uint32_t job = 0;
            code = library_.read(reply, "(ssssssouso)", &text[0], &text[1], &text[2], &text[3],
                                 &text[4], &text[5], &text[6], &job, &text[7], &text[8]);
            if (code <= 0) break;
            out.push_back({text[0], text[2], text[3], text[4]});
        }
        return code;
    }

    std::string run_;
    Library library_;
    bool loaded_ = false;
    Bus* bus_ = nullptr;
};

}  // namespace

std::unique_ptr<UnitLister> make_systemd_lister(std::string run) {
    return std::make_unique<SystemdLister>(std::move(run));
}

}  // namespace gantry::agent
