#include "core/http/client.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/text.hpp"
#include "core/http/curl_handle.hpp"
#include "core/http/gzip.hpp"

namespace gantry::http {
namespace {

constexpr std::size_t k_max_header_bytes = 64 * 1024;

// What curl's callbacks fill. `too_large` tells our own stop from curl's errors.
struct Answer {
    Response response;
    std::size_t header_bytes = 0;
    std::size_t max_body_bytes = 0;
    bool too_large = false;
};

// Of "HTTP/1.1 200 OK"; 0 when there is none.
int status_of(std::string_view line) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return 0;
    int status = 0;
    const char* const begin = line.data() + blank + 1;
    std::from_chars(begin, line.data() + line.size(), status);
    return status;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* to) {
    auto& answer = *static_cast<Answer*>(to);
    const std::size_t bytes = size * count;
    if (bytes > answer.max_body_bytes - answer.response.body.size()) {
        answer.too_large = true;
        return 0;
    }
    answer.response.body.append(data, bytes);
    return bytes;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* to) {
    auto& answer = *static_cast<Answer*>(to);
    const std::string_view line(data, size * count);
    answer.header_bytes += line.size();
    if (answer.header_bytes > k_max_header_bytes) {
        answer.too_large = true;
        return 0;
    }
    if (line.starts_with("HTTP/")) {  // a final answer after "100 Continue" begins anew
        answer.response.headers.clear();
        answer.response.content_type.clear();
        answer.response.status = status_of(line);
        return line.size();
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    std::string name(trim(line.substr(0, colon)));
    std::string value(trim(line.substr(colon + 1)));
    if (to_lower_ascii(name) == "content-type") {
        answer.response.content_type = std::move(value);
    } else {
        answer.response.headers.emplace_back(std::move(name), std::move(value));
    }
    return line.size();
}

bool is_clean(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7F;
    });
}

// Scheme, host and port: a path or query may be the secret of a webhook, userinfo always is one.
std::string origin_of(const std::string& url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string::npos) return "the URL";
    const std::size_t end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
    std::string authority = url.substr(scheme + 3, end - scheme - 3);
    if (const auto at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
    return sanitise(url.substr(0, scheme + 3) + authority);
}

std::optional<Error> check(const ClientRequest& request) {
    const bool web = request.url.starts_with("https://") || request.url.starts_with("http://");
    if (!web || !is_clean(request.url)) {
        return fail(ErrorCode::invalid_input, origin_of(request.url) + ": is no http or https URL");
    }
    if (request.method.empty() || !is_clean(request.method) ||
        request.method.find(' ') != std::string::npos) {
        return fail(ErrorCode::invalid_input, "the method is no HTTP method");
    }
    for (const auto& [name, value] : request.headers) {
        const bool named = !name.empty() && name.find_first_of(": ") == std::string::npos;
        if (!named || !is_clean(name) || !is_clean(value)) {
            return fail(ErrorCode::invalid_input,
                        "header " + sanitise(name) + " has a character that HTTP does not allow");
        }
    }
    return std::nullopt;
}

class CurlClient final : public Client {
public:
    explicit CurlClient(ClientOptions options) : options_(std::move(options)) {}

    Result<Response> send(const ClientRequest& request) override {
        if (auto error = check(request)) return *std::move(error);
        Answer answer;
        answer.response.status = 0;  // until there is one
        answer.max_body_bytes = options_.max_response_bytes;
        const std::string packed = request.gzip_body ? gzip(request.body) : std::string();
        const std::string& body = request.gzip_body ? packed : request.body;
        const CurlList headers = headers_of(request);
        easy_.prepare(options_.ca_file, options_.connect_timeout, request.timeout, error_);
        prepare(request, body, headers, answer);
        const CURLcode code = curl_easy_perform(easy_.get());
        const bool decided = request.status_decides && answer.response.status >= 200;
        if (code != CURLE_OK && !decided) return error_of(code, answer, request);
        return std::move(answer.response);
    }

private:
    static CurlList headers_of(const ClientRequest& request) {
        CurlList list;
        for (const auto& [name, value] : request.headers) {
            list.add(value.empty() ? name + ";" : name + ": " + value);  // curl drops "Name:"
        }
        list.add("Expect:");  // a round trip that a bounded body does not need
        if (request.gzip_body) list.add("Content-Encoding: gzip");
        if (!find_header(request.headers, "Content-Type")) list.add("Content-Type:");
        return list;
    }

    void prepare(const ClientRequest& request, const std::string& body, const CurlList& headers,
                 Answer& answer) {
        easy_.set(CURLOPT_URL, request.url.c_str());
        easy_.set(CURLOPT_PROTOCOLS_STR, "http,https");
        easy_.set(CURLOPT_FOLLOWLOCATION, 0L);
        easy_.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        easy_.set(CURLOPT_ACCEPT_ENCODING, "gzip");
        easy_.set(CURLOPT_USERAGENT, options_.user_agent.c_str());
        easy_.set(CURLOPT_HTTPHEADER, headers.get());
        easy_.set(CURLOPT_WRITEFUNCTION, on_body);
        easy_.set(CURLOPT_WRITEDATA, static_cast<void*>(&answer));
        easy_.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's 200 is not the receiver's
        easy_.set(CURLOPT_HEADERFUNCTION, on_header);
        easy_.set(CURLOPT_HEADERDATA, static_cast<void*>(&answer));
        const std::string& method = request.method;
        if (method == "HEAD") {
            easy_.set(CURLOPT_NOBODY, 1L);
        } else if (method != "GET" || !body.empty()) {
            const bool carries = method == "POST" || method == "PUT" || method == "PATCH";
            if (carries || !body.empty()) {
                easy_.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
                easy_.set(CURLOPT_POSTFIELDS, body.data());
            }
            easy_.set(CURLOPT_CUSTOMREQUEST, method.c_str());
        }
    }

    [[nodiscard]] Error error_of(CURLcode code, const Answer& answer,
                                 const ClientRequest& request) const {
        const std::string where = origin_of(request.url) + ": ";
        if (answer.too_large) {
            return fail(ErrorCode::limit, where + "the answer is larger than " +
                                              std::to_string(options_.max_response_bytes) +
                                              " bytes, or its header than 65536");
        }
        const std::string why = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
        if (code == CURLE_URL_MALFORMAT) return fail(ErrorCode::invalid_input, where + why);
        if (surely_not_sent(easy_.get(), code)) return fail(ErrorCode::unavailable, where + why);
        if (code == CURLE_OPERATION_TIMEDOUT) return fail(ErrorCode::timeout, where + why);
        return fail(ErrorCode::internal, where + why);
    }

    ClientOptions options_;
    EasyHandle easy_;
    ErrorText error_{};
};

}  // namespace

std::unique_ptr<Client> make_client(ClientOptions options) {
    return std::make_unique<CurlClient>(std::move(options));
}

}  // namespace gantry::http
