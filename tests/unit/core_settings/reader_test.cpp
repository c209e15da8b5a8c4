#include "core/settings/reader.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temporary_directory.hpp"

using namespace gantry;
using namespace gantry::settings;

namespace {

enum class Colour { red, green };

struct Sample {
    std::string listen = "127.0.0.1:8443";
    std::uint16_t port = 8443;
    bool tls = true;
    double ratio = 0.5;
    Millis timeout{15'000};
    std::size_t spool = 64 << 20;
    Colour colour = Colour::red;
    std::vector<std::string> names;
    std::vector<std::pair<std::string, std::string>> labels;
    Redacted<std::string> secret;
    std::string ca_file;
    std::vector<std::string> urls;
};

void read_server(Section& s, Sample& out) {
    s.text("listen", out.listen, 20);
    s.number<std::uint16_t>("port", out.port, {1, 65535});
    s.flag("tls", out.tls);
    s.real("ratio", out.ratio, {0, 1});
    s.duration("timeout", out.timeout, {Millis{1'000}, Millis{60'000}});
    s.size("spool", out.spool, {1 << 20, 1 << 30});
    s.word<Colour>("colour", out.colour, {{"red", Colour::red}, {"green", Colour::green}});
    s.texts("names", out.names, 3);
    s.map("labels", out.labels, 3);
    s.secret("secret", out.secret);
    s.path("ca_file", out.ca_file);
}

std::optional<std::string> environment(const std::string& name) {
    if (name == "GANTRY_SECRET") return "from-environment";
    return std::nullopt;
}

Result<void> read(std::string_view text, Sample& out, std::vector<std::string>* keys = nullptr) {
    auto document = Document::parse(text, "gantry.yaml", environment);
    if (!document) return document.error();
    auto done = document->read([&](Section& root) {
        root.section("server", [&](Section& s) { read_server(s, out); });
        root.each("connectors", [&](Section& s) {
            s.require("url");
            std::string url;
            s.text("url", url);
            if (!url.empty() && !url.starts_with("https://")) {
                s.problem("url", "must begin with https://");
            }
            out.urls.push_back(url);
        });
    });
    if (keys != nullptr) *keys = document->known_keys();
    return done;
}

std::string errors_of(std::string_view text) {
    Sample out;
    const auto done = read(text, out);
    return done ? "" : done.error().message;
}

}  // namespace

TEST_CASE("reader: without a file or a key the struct keeps its defaults") {
    Sample out;
    REQUIRE(read("", out));
    REQUIRE(read("server:\n", out));
    REQUIRE(read("# nothing\nserver:\n  port:\n", out));
    CHECK(out.port == 8443);
    CHECK(out.listen == "127.0.0.1:8443");
    auto none = Document::empty();
    REQUIRE(none.read([&](Section& root) {
        root.section("server", [&](Section& s) {
            s.require("port");  // only when the section is there
            read_server(s, out);
        });
    }));
    CHECK(out.timeout == Millis{15'000});
}

TEST_CASE("reader: every kind of value is read into its type") {
    Sample out;
    const auto done = read(R"(
server:
  listen: 0.0.0.0:443
  port: 443
  tls: false
  ratio: 0.25
  timeout: 30s
  spool: 8MiB
  colour: green
  names: [a, "b"]
  labels: {zone: eu, app: shop}
  secret: env:GANTRY_SECRET
  ca_file: tls/ca.pem
connectors:
  - url: https://one
  - url: https://two
)",
                           out);
    REQUIRE(done);
    CHECK(out.listen == "0.0.0.0:443");
    CHECK(out.port == 443);
    CHECK_FALSE(out.tls);
    CHECK(out.ratio == 0.25);
    CHECK(out.timeout == Millis{30'000});
    CHECK(out.spool == 8u << 20);
    CHECK(out.colour == Colour::green);
    CHECK(out.names == std::vector<std::string>{"a", "b"});
    CHECK(out.labels ==
          std::vector<std::pair<std::string, std::string>>{{"app", "shop"}, {"zone", "eu"}});
    CHECK(out.secret.reveal() == "from-environment");
    CHECK(out.ca_file == "tls/ca.pem");
    CHECK(out.urls == std::vector<std::string>{"https://one", "https://two"});
}

TEST_CASE("reader: an unknown key names its line, its section and the nearest valid key") {
    CHECK(errors_of("server:\n  lissen: a\n") ==
          "gantry.yaml:2: unknown key \"lissen\" under \"server\"; did you mean \"listen\"?");
    CHECK(errors_of("\n\nsever: {}\n") ==
          "gantry.yaml:3: unknown key \"sever\"; did you mean \"server\"?");
    CHECK(errors_of("zzzzzz: 1\n") ==
          "gantry.yaml:1: unknown key \"zzzzzz\"; known here: server or connectors");
}

TEST_CASE("reader: a wrong type or range names the key, the wish and what stands there") {
    struct Row {
        const char* yaml;
        const char* error;
    };
    const std::vector<Row> rows{
        {"port: abc", "\"server.port\" must be a number, not \"abc\""},
        {"port: \"443\"", "\"server.port\" must be a number, not \"443\""},
        {"port: 010", "\"server.port\" must be a number, not \"010\""},
        {"port: 4.5", "\"server.port\" must be a whole number, not \"4.5\""},
        {"port: 0", "\"server.port\" must be from 1 to 65535, not \"0\""},
        {"port: 70000", "\"server.port\" must be from 1 to 65535, not \"70000\""},
        {"port: 99999999999999999999",
         "\"server.port\" must be a whole number, not "
         "\"99999999999999999999\""},
        {"port: [1]", "\"server.port\" must be a number, not a list"},
        {"tls: yes", "\"server.tls\" must be true or false, not \"yes\""},
        {"tls: {}", "\"server.tls\" must be true or false, not a section"},
        {"ratio: 2", "\"server.ratio\" must be from 0 to 1, not \"2\""},
        {"ratio: .nan", "\"server.ratio\" must be a number, not \".nan\""},
        {"timeout: 15",
         "\"server.timeout\" must be a duration such as 500ms, 15s, 5m, 2h or 7d, "
         "not \"15\""},
        {"timeout: 2h", "\"server.timeout\" must be from 1s to 1m, not \"2h\""},
        {"spool: 64MB",
         "\"server.spool\" must be a size such as 512KiB, 64MiB or 20GiB, not "
         "\"64MB\""},
        {"spool: 1KiB", "\"server.spool\" must be from 1MiB to 1GiB, not \"1KiB\""},
        {"colour: blue", "\"server.colour\" must be red or green, not \"blue\""},
        {"names: a", "\"server.names\" must be a list, not \"a\""},
        {"names: [a, [b]]", "\"server.names[1]\" must be text, not a list"},
        {"names: [a, b, c, d]", "\"server.names\" must be a list of at most 3 items, not a list"},
        {"labels: [a]", "\"server.labels\" must be keys with values, not a list"},
        {"labels: {a: {b: c}}", "\"server.labels.a\" must be text, not a section"},
        {"listen: 123456789012345678901",
         "\"server.listen\" must be at most 20 bytes long, not "
         "\"123456789012345678901\""},
    };
    for (const Row& row : rows) {
        CAPTURE(row.yaml);
        CHECK(errors_of(std::string("server:\n  ") + row.yaml + "\n") ==
              std::string("gantry.yaml:2: ") + row.error);
    }
    CHECK(errors_of("server: 5\n") == "gantry.yaml:1: \"server\" must be a section, not \"5\"");
    CHECK(errors_of("connectors: {}\n") ==
          "gantry.yaml:1: \"connectors\" must be a list of sections, not a section");
}

TEST_CASE("reader: all errors of a file come together, in the order of their lines") {
    CHECK(errors_of("connectors:\n"
                    "  - url: ftp://x\n"
                    "  - uri: https://y\n"
                    "server:\n"
                    "  port: abc\n"
                    "  tls: on\n") ==
          "gantry.yaml:2: \"connectors[0].url\" must begin with https://\n"
          "gantry.yaml:3: key \"url\" is missing under \"connectors[1]\"\n"
          "gantry.yaml:3: unknown key \"uri\" under \"connectors[1]\"; did you mean \"url\"?\n"
          "gantry.yaml:5: \"server.port\" must be a number, not \"abc\"\n"
          "gantry.yaml:6: \"server.tls\" must be true or false, not \"on\"");
}

TEST_CASE("reader: a key that stands twice is an error, not a silent choice") {
    CHECK(errors_of("server:\n  port: 1\n  tls: true\n  port: 2\n") ==
          "gantry.yaml:4: key \"port\" stands twice; first in line 2");
}

TEST_CASE("reader: what is no YAML, or too much of it, is refused with its line") {
    CHECK(errors_of("server:\n\tport: 1\n").starts_with("gantry.yaml:2: not YAML: "));
    CHECK(errors_of("a: [1, 2\n").starts_with("gantry.yaml:"));
    CHECK(errors_of("- a\n") == "gantry.yaml:1: the file must consist of keys and values");
    CHECK(errors_of("a: &x 1\nb: *x\n") ==
          "gantry.yaml:1: anchors are not supported; write the value out");
    CHECK(errors_of("server: {}\n---\nserver: {}\n") ==
          "gantry.yaml:3: a second document begins; there must be one");
    CHECK(errors_of("a: " + std::string(40, '[') + std::string(40, ']')) ==
          "gantry.yaml:1: nested too deeply");
    CHECK_FALSE(errors_of("a: " + std::string(20'000, '[')).empty());
    CHECK(errors_of(std::string((1 << 20) + 1, '#')) ==
          "gantry.yaml:1: the file is larger than 1 MiB");
    CHECK(errors_of("server: {listen: \"\xFF\"}\n") ==
          "gantry.yaml:1: the text is not valid UTF-8");
    CHECK(errors_of("[a]: 1\n") == "gantry.yaml:1: a key must be a word");
}

TEST_CASE("reader: at most 100 errors are kept") {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "key" + std::to_string(i) + ": 1\n";
    const std::string errors = errors_of(text);
    CHECK(std::count(errors.begin(), errors.end(), '\n') == 99);
}

TEST_CASE("reader: secrets come from the environment, a file or the text, and are never shown") {
    const gantry::test::TemporaryDirectory directory;
    std::ofstream(directory.file("secret")) << "from-file\n";
    std::ofstream(directory.file("empty")) << "\n";
    const auto with = [&](const std::string& value, Sample& out) {
        return read("server: {secret: \"" + value + "\"}\n", out);
    };
    Sample out;
    REQUIRE(with("file:" + directory.file("secret"), out));
    CHECK(out.secret.reveal() == "from-file");
    REQUIRE(with("plain text: yes", out));
    CHECK(out.secret.reveal() == "plain text: yes");
    CHECK(with("env:MISSING", out).error().message ==
          "gantry.yaml:1: \"server.secret\": environment variable MISSING is not set");
    CHECK(with("file:/nonexistent", out).error().message ==
          "gantry.yaml:1: \"server.secret\": cannot open \"/nonexistent\"");
    CHECK(with("file:" + directory.file("empty"), out).error().message.ends_with("is empty"));
    CHECK(with("", out).error().message == "gantry.yaml:1: \"server.secret\": must not be empty");
    CHECK(with("evn:hunter2", out).error().message ==
          "gantry.yaml:1: \"server.secret\": a secret comes from env:NAME or file:PATH, not from "
          "\"evn\"");
    CHECK(errors_of("server: {secret: [hunter2]}\n").find("hunter2") == std::string::npos);
}

TEST_CASE("reader: relative paths are meant from the directory of the file") {
    auto document = Document::parse("a: tls/ca.pem\nb: /etc/ca.pem\n", "/etc/gantry/gantry.yaml");
    REQUIRE(document);
    std::string a;
    std::string b;
    REQUIRE(document->read([&](Section& root) {
        root.path("a", a);
        root.path("b", b);
    }));
    CHECK(a == "/etc/gantry/tls/ca.pem");
    CHECK(b == "/etc/ca.pem");
}

TEST_CASE("reader: a missing file is not_found with its path") {
    const auto document = Document::load("/nonexistent/gantry.yaml");
    REQUIRE_FALSE(document);
    CHECK(document.error().code == ErrorCode::not_found);
    CHECK(document.error().message == "/nonexistent/gantry.yaml: cannot be opened");
}

TEST_CASE("reader: the keys it asked for are listed for documentation and schema") {
    Sample out;
    std::vector<std::string> keys;
    REQUIRE(read("connectors:\n  - url: https://a\n", out, &keys));
    CHECK(std::find(keys.begin(), keys.end(), "connectors[].url") != keys.end());
    CHECK(std::find(keys.begin(), keys.end(), "server.port") != keys.end());
    CHECK(keys.size() == 14);
}

TEST_CASE("reader: the document is given as JSON with YAML's core types") {
    const auto document =
        Document::parse("a: 1\nb: \"1\"\nc: true\nd: yes\ne: [1.5, x]\nf:\ng: {h: 010}\n", "x");
    REQUIRE(document);
    CHECK(document->to_json() ==
          R"({"a":1,"b":"1","c":true,"d":"yes","e":[1.5,"x"],"f":null,"g":{"h":10}})");
}
