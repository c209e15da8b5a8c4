#include "agent/uplink/http_transport.hpp"

#include "core/async/worker.hpp"

namespace gantry::agent {
namespace {

class HttpTransport final : public Transport {
public:
    explicit HttpTransport(http::ClientOptions options)
        : client_(http::make_client(std::move(options))), worker_("uplink", 1, 4) {}

    boost::asio::awaitable<Result<http::Response>> send(http::ClientRequest request) override {
        auto job = [this, held = std::move(request)]() { return client_->send(held); };
        co_return co_await worker_.run(std::move(job));
    }

private:
    std::unique_ptr<http::Client> client_;
    Worker worker_;  // joins before the client goes
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(http::ClientOptions options) {
    return std::make_unique<HttpTransport>(std::move(options));
}

}  // namespace gantry::agent
