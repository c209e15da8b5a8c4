#include "core/http/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

namespace gantry::http {
namespace {

// Two records: a batch of 64 alerts (27 KB) arrives in one or two system calls.
constexpr std::size_t k_read_ahead_bytes = 36 * 1024;
constexpr std::string_view k_alpn = "\x08http/1.1";

int socket_of(BIO* bio) {
    return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// OpenSSL's own socket BIO calls write(), which raises SIGPIPE when the peer has gone.
int bio_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent = ::send(socket_of(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && would_block()) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    const auto got = ::recv(socket_of(bio), data, static_cast<std::size_t>(size), 0);
    if (got < 0 && would_block()) BIO_set_retry_read(bio);
    return static_cast<int>(got);
}

long bio_control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size,
                const unsigned char* offered, unsigned int offered_size, void*) {
    unsigned char* chosen = nullptr;
    const auto* ours = reinterpret_cast<const unsigned char*>(k_alpn.data());
    const int found = SSL_select_next_proto(
        &chosen, out_size, ours, static_cast<unsigned int>(k_alpn.size()), offered, offered_size);
    *out = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::string reason_of(unsigned long code) {
    std::array<char, 160> text{};
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class Session final : public TlsSession {
public:
    explicit Session(std::unique_ptr<SSL, SslFree> ssl) : ssl_(std::move(ssl)) {}

    // Reading ahead begins behind it: until then a buffer for one record is enough, and a slow
    // client holds no more.
    Io handshake() override {
        ERR_clear_error();
        const Io io = outcome(SSL_accept(ssl_.get()));
        if (io == Io::done) SSL_set_default_read_buffer_len(ssl_.get(), k_read_ahead_bytes);
        return io;
    }

    Io read(char* data, std::size_t size, std::size_t& count) override {
        ERR_clear_error();
        return outcome(SSL_read_ex(ssl_.get(), data, size, &count));
    }

    Io write(const char* data, std::size_t size, std::size_t& count) override {
        ERR_clear_error();
        return outcome(SSL_write_ex(ssl_.get(), data, size, &count));
    }

    void close_notify() override {
        if (SSL_is_init_finished(ssl_.get()) == 0 || broken_) return;
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }

    [[nodiscard]] bool saw_plain_http() const override {
        return ERR_GET_REASON(last_) == SSL_R_HTTP_REQUEST;
    }
    [[nodiscard]] std::string error() const override {
        return last_ == 0 ? "connection lost" : reason_of(last_);
    }

private:
    Io outcome(int status) {
        if (status > 0) return Io::done;
        switch (SSL_get_error(ssl_.get(), status)) {
            case SSL_ERROR_WANT_READ: return Io::want_read;
            case SSL_ERROR_WANT_WRITE: return Io::want_write;
            case SSL_ERROR_ZERO_RETURN: return Io::closed;
            default: break;
        }
        broken_ = true;  // SSL_shutdown must not be called after a fatal error
        last_ = ERR_peek_error();
        ERR_clear_error();
        return Io::failed;
    }

    std::unique_ptr<SSL, SslFree> ssl_;
    unsigned long last_ = 0;
    bool broken_ = false;
};

class Context final : public TlsContext {
public:
    Context() : ssl_(SSL_CTX_new(TLS_server_method())), bio_(BIO_meth_new(bio_type(), "gantry")) {}
    ~Context() override {
        SSL_CTX_free(ssl_);
        BIO_meth_free(bio_);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    Result<void> load(const std::string& certificate_file, const std::string& key_file) {
        if (ssl_ == nullptr || bio_ == nullptr) return fail(ErrorCode::unavailable, "no memory");
        BIO_meth_set_write(bio_, bio_write);
        BIO_meth_set_read(bio_, bio_read);
        BIO_meth_set_ctrl(bio_, bio_control);
        SSL_CTX_set_min_proto_version(ssl_, TLS1_2_VERSION);
        SSL_CTX_set_options(
            ssl_, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(ssl_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_session_cache_mode(ssl_, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_num_tickets(ssl_, 1);
        SSL_CTX_set_read_ahead(ssl_, 1);
        SSL_CTX_set_alpn_select_cb(ssl_, choose_alpn, nullptr);
        ERR_clear_error();
        if (SSL_CTX_use_certificate_chain_file(ssl_, certificate_file.c_str()) != 1) {
            return refuse(certificate_file);
        }
        // An encrypted key must fail, not ask for its password on the terminal.
        SSL_CTX_set_default_passwd_cb(ssl_, [](char*, int, int, void*) { return -1; });
        if (SSL_CTX_use_PrivateKey_file(ssl_, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
            SSL_CTX_check_private_key(ssl_) != 1) {
            return refuse(key_file);
        }
        return {};
    }

    std::unique_ptr<TlsSession> accept(int socket) override {
        std::unique_ptr<SSL, SslFree> ssl(SSL_new(ssl_));
        BIO* bio = ssl ? BIO_new(bio_) : nullptr;
        if (bio == nullptr) return nullptr;
        BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl.get(), bio, bio);
        SSL_set_accept_state(ssl.get());
        return std::make_unique<Session>(std::move(ssl));
    }

private:
    static int bio_type() { return BIO_get_new_index() | BIO_TYPE_SOURCE_SINK; }

    static Error refuse(const std::string& file) {
        const std::string reason = reason_of(ERR_peek_error());
        ERR_clear_error();
        return fail(ErrorCode::invalid_input, file + ": " + reason);
    }

    SSL_CTX* ssl_;
    BIO_METHOD* bio_;
};

}  // namespace

Result<std::shared_ptr<TlsContext>> make_tls_context(const std::string& certificate_file,
                                                     const std::string& key_file) {
    auto context = std::make_shared<Context>();
    if (const auto loaded = context->load(certificate_file, key_file); !loaded) {
        return loaded.error();
    }
    return std::shared_ptr<TlsContext>(std::move(context));
}

}  // namespace gantry::http
