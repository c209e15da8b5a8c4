// A system bus with a service manager behind it, as far as the agent speaks with them: the D-Bus
// specification's authentication, Hello, and ListUnitsByPatterns. Or one that accepts and is mute.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/probes/unit.hpp"
#include "tests/support/temporary_directory.hpp"

namespace gantry::test {

class FakeBus {
public:
    enum class Manner { answers, is_mute, refuses, hangs_up };

    explicit FakeBus(boost::asio::io_context& context, Manner manner = Manner::answers);
    ~FakeBus();

    // What stands for /run: systemd's marker and the bus's socket are below it.
    [[nodiscard]] const std::string& run() const { return run_.path(); }
    std::vector<agent::UnitRow> units;
    int connections = 0;
    void set_manner(Manner manner) { manner_ = manner; }
    void drop_connections();

private:
    struct Peer;
    void accept();

    TemporaryDirectory run_{Place::memory};  // a socket's path has to be short
    Manner manner_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::vector<std::shared_ptr<Peer>> peers_;
};

}  // namespace gantry::test
