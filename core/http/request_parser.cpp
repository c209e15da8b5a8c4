#include "core/http/request_parser.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>

#include "core/base/text.hpp"
#include "core/http/request_target.hpp"

namespace gantry::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using BeastText = boost::beast::string_view;

// What a client announces is not allocated before it arrives.
constexpr std::size_t k_first_reserve = 64 * 1024;

constexpr std::size_t k_last_chunk_bytes = 5;  // "0\r\n\r\n"

std::string_view view(BeastText text) { return {text.data(), text.size()}; }

Refusal refuse(Reason reason, int status, std::string code, std::string detail) {
    return Refusal{reason, status, std::move(code), std::move(detail)};
}

Refusal malformed(std::string detail) {
    return refuse(Reason::malformed, 400, "malformed_request", std::move(detail));
}

}  // namespace

// Beast calls back; `verdict` names what we refuse ourselves, before Beast's own error.
class RequestParser::Impl final : public beast_http::basic_parser<true> {
public:
    Impl(ParserLimits limits, BodyLease& lease) : limits_(limits), lease_(lease) {
        eager(true);
        header_limit(static_cast<std::uint32_t>(limits.header_bytes));
        body_limit(limits.body_bytes);
    }

    Status feed(std::string_view bytes, std::size_t& consumed) {
        // Beast 1.81 asserts five bytes when it looks at a last chunk again; every chunked body
        // has as many to come until it is complete.
        if (is_header_done() && chunked() && bytes.size() < k_last_chunk_bytes) {
            consumed = 0;
            return Status::need_more;
        }
        error_code error;
        consumed = put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
        if (!error && is_done()) return Status::complete;
        if (!error || error == beast_http::error::need_more) {
            // A chunk's extension or trailer, which Beast does not bound, collects here.
            if (bytes.size() - consumed <= limits_.header_bytes) return Status::need_more;
            error = beast_http::error::header_limit;
        }
        if (!failed_) translate(error);
        return Status::failed;
    }

    Request request;
    Refusal refusal;
    bool expects_continue = false;
    bool gzip = false;
    bool head = false;
    std::size_t inflated_limit = static_cast<std::size_t>(-1);

private:
    void on_request_impl(beast_http::verb, BeastText method, BeastText target, int version,
                         error_code& error) override {
        header_bytes_ = method.size() + target.size();
        request.method = view(method);
        head = request.method == "HEAD";
        if (head) request.method = "GET";
        http_10_ = version < 11;
        if (const auto parsed = http::parse_target(view(target), request); !parsed) {
            deny(malformed(parsed.error().message), error);
        }
    }

    void on_field_impl(beast_http::field field, BeastText name, BeastText value,
                       error_code& error) override {
        if (is_header_done()) return;  // a trailer; nothing of ours comes in one
        // Beast bounds the piece it waits for, not the sum of the fields.
        header_bytes_ += name.size() + value.size() + 4;
        if (header_bytes_ > limits_.header_bytes) {
            error = beast_http::error::header_limit;
            return;
        }
        switch (field) {
            case beast_http::field::host: ++hosts_; break;
            case beast_http::field::transfer_encoding:
                // Two opinions about where a body ends are how requests are smuggled.
                if (http_10_ || !boost::beast::iequals(value, "chunked")) {
                    deny(refuse(Reason::malformed, 501, "transfer_encoding",
                                "only Transfer-Encoding: chunked is understood"),
                         error);
                }
                break;
            case beast_http::field::content_encoding: on_encoding(value, error); break;
            case beast_http::field::expect: on_expect(value, error); break;
            default: break;
        }
        if (!error) request.headers.emplace_back(std::string(view(name)), std::string(view(value)));
    }

    void on_encoding(BeastText value, error_code& error) {
        if (value.empty() || boost::beast::iequals(value, "identity")) return;
        const bool known =
            boost::beast::iequals(value, "gzip") || boost::beast::iequals(value, "x-gzip");
        if (!known || gzip) {
            deny(refuse(Reason::encoding, 415, "content_encoding",
                        "Content-Encoding \"" + sanitise(view(value).substr(0, 64)) +
                            "\" is not understood; gzip is"),
                 error);
        }
        gzip = true;
    }

    void on_expect(BeastText value, error_code& error) {
        if (!boost::beast::iequals(value, "100-continue")) {
            deny(refuse(Reason::malformed, 417, "expectation", "only 100-continue is understood"),
                 error);
        }
        expects_continue = !http_10_;
    }

    void on_header_impl(error_code& error) override {
        if (hosts_ > 1 || (hosts_ == 0 && !http_10_)) {
            return deny(malformed("a request has exactly one Host header"), error);
        }
        if (!limits_.body_limit || !*limits_.body_limit) return;
        inflated_limit = (*limits_.body_limit)(request);
        limits_.body_bytes = std::min(limits_.body_bytes, inflated_limit);
        const auto announced = content_length();
        if (announced && *announced > limits_.body_bytes) deny(body_too_large(), error);
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
        if (length) request.body.reserve(std::min<std::size_t>(*length, k_first_reserve));
    }

    std::size_t on_body_impl(BeastText body, error_code& error) override {
        expects_continue = false;
        if (body.size() > limits_.body_bytes - request.body.size()) {
            deny(body_too_large(), error);
            return 0;
        }
        if (!lease_.grow(body.size())) {
            deny(refuse(Reason::inflight, 503, "overloaded",
                        "too many requests are under way; try again"),
                 error);
            return 0;
        }
        request.body.append(body.data(), body.size());
        return body.size();
    }

    void on_chunk_header_impl(std::uint64_t, BeastText, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t, BeastText body, error_code& error) override {
        return on_body_impl(body, error);
    }

    void on_response_impl(int, BeastText, int, error_code&) override {}
    void on_finish_impl(error_code&) override {}

    void deny(Refusal why, error_code& error) {
        if (!failed_) refusal = std::move(why);
        failed_ = true;
        error = beast_http::error::bad_value;
    }

    [[nodiscard]] Refusal body_too_large() const {
        return refuse(Reason::body_limit, 413, "body_too_large",
                      "the body is larger than " + std::to_string(limits_.body_bytes) + " bytes");
    }

    void translate(const error_code& error) {
        if (error == beast_http::error::header_limit) {
            refusal = refuse(
                Reason::header_limit, 431, "header_too_large",
                "the header is larger than " + std::to_string(limits_.header_bytes) + " bytes");
        } else if (error == beast_http::error::body_limit) {
            refusal = body_too_large();
        } else {
            refusal = malformed(error.message());
        }
    }

    ParserLimits limits_;
    BodyLease& lease_;
    std::size_t header_bytes_ = 0;
    int hosts_ = 0;
    bool http_10_ = false;
    bool failed_ = false;

public:
    [[nodiscard]] bool http_10() const { return http_10_; }
};

RequestParser::RequestParser(ParserLimits limits, BodyLease& lease)
    : limits_(limits), lease_(lease) {}

RequestParser::~RequestParser() = default;

RequestParser::Status RequestParser::feed(std::string_view bytes, std::size_t& consumed) {
    if (!impl_) impl_ = std::make_unique<Impl>(limits_, lease_);
    return impl_->feed(bytes, consumed);
}

void RequestParser::reset() { impl_.reset(); }

bool RequestParser::started() const { return impl_ != nullptr; }

bool RequestParser::header_done() const { return impl_ && impl_->is_header_done(); }

bool RequestParser::take_expectation() {
    return impl_ && impl_->is_header_done() && std::exchange(impl_->expects_continue, false);
}

bool RequestParser::keep_alive() const { return impl_->keep_alive(); }
bool RequestParser::is_head() const { return impl_ && impl_->head; }
bool RequestParser::is_http_10() const { return impl_ && impl_->http_10(); }
bool RequestParser::is_gzip() const { return impl_->gzip; }
std::size_t RequestParser::inflated_limit() const { return impl_->inflated_limit; }
Request RequestParser::take() { return std::move(impl_->request); }
const Refusal& RequestParser::refusal() const { return impl_->refusal; }

}  // namespace gantry::http
