#include "core/http/curl_handle.hpp"

#include <cstdlib>

namespace gantry::http {
namespace {

constexpr long k_buffer_bytes = 16 * 1024;  // curl's least for uploads
constexpr long k_reuse_s = 60;              // below a server's idle timeout, ours has 75 s

CURL* make_easy() {
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    CURL* easy = ready == CURLE_OK ? curl_easy_init() : nullptr;
    if (easy == nullptr) std::abort();
    return easy;
}

}  // namespace

EasyHandle::EasyHandle() : easy_(make_easy()) {}

void EasyHandle::prepare(const std::string& ca_file, Millis connect_timeout, Millis timeout,
                         ErrorText& error) {
    curl_easy_reset(get());
    error[0] = '\0';
    set(CURLOPT_ERRORBUFFER, error.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_BUFFERSIZE, k_buffer_bytes);
    set(CURLOPT_UPLOAD_BUFFERSIZE, k_buffer_bytes);
    set(CURLOPT_MAXAGE_CONN, k_reuse_s);
    set(CURLOPT_MAXCONNECTS, 4L);
    if (!ca_file.empty()) {
        // The system's store costs a megabyte of private memory once loaded.
        set(CURLOPT_CAINFO, ca_file.c_str());
        set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
}

bool surely_not_sent(CURL* easy, CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_CONNECT:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_PROXY:
        case CURLE_INTERFACE_FAILED: return true;
        default: break;
    }
    // Until the moment before the request goes out, this time is 0.
    curl_off_t before_request = 0;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &before_request);
    return code == CURLE_OPERATION_TIMEDOUT && before_request == 0;
}

}  // namespace gantry::http
