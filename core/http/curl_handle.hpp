// Owners of libcurl's handles, and its one global initialisation. Private to core/http.
#pragma once

#include <curl/curl.h>

#include <array>
#include <memory>
#include <string>

#include "core/time/clock.hpp"

namespace gantry::http {

struct EasyFree {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using ErrorText = std::array<char, CURL_ERROR_SIZE>;

class CurlList {
public:
    void add(const std::string& line) {
        curl_slist* longer = curl_slist_append(list_.get(), line.c_str());
        if (longer == nullptr) return;  // out of memory; curl fails on its own soon
        static_cast<void>(list_.release());
        list_.reset(longer);
    }
    [[nodiscard]] curl_slist* get() const { return list_.get(); }

private:
    std::unique_ptr<curl_slist, ListFree> list_;
};

class EasyHandle {
public:
    EasyHandle();  // aborts when there is no memory for a handle
    [[nodiscard]] CURL* get() const { return easy_.get(); }
    template <class Value>
    void set(CURLoption option, Value value) {
        curl_easy_setopt(easy_.get(), option, value);
    }
    // What every use here shares: no signals, TLS 1.2 or newer, verification, the CA file in place
    // of the system's store, small buffers, errors as text. Keeps live connections.
    void prepare(const std::string& ca_file, Millis connect_timeout, Millis timeout,
                 ErrorText& error);

private:
    std::unique_ptr<CURL, EasyFree> easy_;
};

// No byte of a request can have left: what curl failed at comes before it.
[[nodiscard]] bool surely_not_sent(CURL* easy, CURLcode code);

}  // namespace gantry::http
