#include "tests/unit/agent/fake_bus.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <fstream>

namespace gantry::test {
namespace {

namespace asio = boost::asio;

// Marshals little-endian D-Bus values.
struct Writer {
    std::string bytes;
    void align(std::size_t to) { bytes.resize((bytes.size() + to - 1) / to * to, '\0'); }
    void number(std::uint32_t value) {
        align(4);
        for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i));
    }
    void text(const std::string& value) {
        number(static_cast<std::uint32_t>(value.size()));
        bytes += value + '\0';
    }
    void signature(const std::string& value) {
        bytes += static_cast<char>(value.size());
        bytes += value + '\0';
    }
    // A header field: code, variant.
    void field(char code, const char* type, const std::string& value) {
        align(8);
        bytes += code;
        signature(type);
        if (*type == 'g') {
            signature(value);
        } else {
            text(value);
        }
    }
};

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
    std::uint32_t out = 0;
    for (int i = 3; i >= 0; --i) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
    return out;
}

enum Kind : char { method_return = 2, error = 3 };

std::string message(Kind kind, std::uint32_t reply_to, const std::string& sender,
                    const std::string& signature, const std::string& body) {
    Writer fields;
    fields.align(8);
    fields.bytes += char{5};  // REPLY_SERIAL
    fields.signature("u");
    fields.number(reply_to);
    fields.field(7, "s", sender);
    if (kind == error) fields.field(4, "s", "org.freedesktop.DBus.Error.AccessDenied");
    if (!signature.empty()) fields.field(8, "g", signature);
    Writer out;
    out.bytes = {'l', kind, 1, 1};  // replies are not replied to
    out.number(static_cast<std::uint32_t>(body.size()));
    out.number(reply_to);
    out.number(static_cast<std::uint32_t>(fields.bytes.size()));
    out.bytes += fields.bytes;
    out.align(8);
    return out.bytes + body;
}

std::string unit_list(const std::vector<agent::UnitRow>& units) {
    Writer rows;
    for (const agent::UnitRow& unit : units) {
        rows.align(8);
        for (const std::string& text : {unit.name, std::string("a unit"), unit.load, unit.active,
                                        unit.sub, std::string(), std::string("/unit")}) {
            rows.text(text);
        }
        rows.number(0);
        rows.text("");
        rows.text("/");
    }
    Writer out;
    out.number(static_cast<std::uint32_t>(rows.bytes.size()));
    out.align(8);
    return out.bytes + rows.bytes;
}

}  // namespace

struct FakeBus::Peer : std::enable_shared_from_this<Peer> {
    Peer(FakeBus& owner, asio::local::stream_protocol::socket connected)
        : bus(owner), socket(std::move(connected)) {}

    void read() {
        socket.async_read_some(asio::buffer(chunk), [self = shared_from_this()](auto code, auto n) {
            if (code || self->bus.manner_ == Manner::is_mute) return;
            if (self->bus.manner_ == Manner::hangs_up) {
                self->socket.close();
                return;
            }
            self->input.append(self->chunk.data(), n);
            self->work();
            self->read();
        });
    }
    void work() {
        while (!authenticated && take_line()) {
        }
        while (authenticated && take_message()) {
        }
    }
    bool take_line() {
        const std::size_t end = input.find("\r\n");
        if (end == std::string::npos) return false;
        std::string line = input.substr(0, end);
        input.erase(0, end + 2);
        if (!line.empty() && line[0] == '\0') line.erase(0, 1);
        const std::string ok = "OK " + std::string(32, 'a') + "\r\n";
        if (line == "AUTH EXTERNAL") send("DATA\r\n");
        if (line.starts_with("AUTH EXTERNAL ") || line == "DATA") send(ok);
        if (line == "NEGOTIATE_UNIX_FD") send("AGREE_UNIX_FD\r\n");
        authenticated = line == "BEGIN";
        return true;
    }
    bool take_message() {
        if (input.size() < 16) return false;
        const std::size_t head = 16 + (number_at(input, 12) + 7) / 8 * 8;
        const std::size_t size = head + number_at(input, 4);
        if (input.size() < size) return false;
        const std::string whole = input.substr(0, size);
        input.erase(0, size);
        answer(number_at(whole, 8), whole.substr(0, head));
        return true;
    }
    void answer(std::uint32_t serial, const std::string& head) {
        Writer body;
        if (head.find("Hello") != std::string::npos) {
            body.text(":1.7");
            send(message(method_return, serial, "org.freedesktop.DBus", "s", body.bytes));
        } else if (bus.manner_ == Manner::refuses) {
            body.text("not for you");
            send(message(error, serial, ":1.0", "s", body.bytes));
        } else if (head.find("ListUnitsByPatterns") != std::string::npos) {
            send(message(method_return, serial, ":1.0", "a(ssssssouso)", unit_list(bus.units)));
        }
    }
    void send(const std::string& bytes) { asio::write(socket, asio::buffer(bytes)); }

    FakeBus& bus;
    asio::local::stream_protocol::socket socket;
    std::array<char, 4096> chunk{};
    std::string input;
    bool authenticated = false;
};

FakeBus::FakeBus(asio::io_context& context, Manner manner) : manner_(manner), acceptor_(context) {
    std::filesystem::create_directories(run() + "/systemd/system");
    std::filesystem::create_directories(run() + "/dbus");
    const asio::local::stream_protocol::endpoint place(run() + "/dbus/system_bus_socket");
    acceptor_.open(place.protocol());
    acceptor_.bind(place);
    acceptor_.listen();
    accept();
}

FakeBus::~FakeBus() { drop_connections(); }

void FakeBus::drop_connections() {
    for (const auto& peer : peers_) peer->socket.close();
    peers_.clear();
}

void FakeBus::accept() {
    acceptor_.async_accept(
        [this](boost::system::error_code code, asio::local::stream_protocol::socket socket) {
            if (code) return;
            ++connections;
            peers_.push_back(std::make_shared<Peer>(*this, std::move(socket)));
            peers_.back()->read();
            accept();
        });
}

}  // namespace gantry::test
