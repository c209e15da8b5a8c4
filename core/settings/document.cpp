#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/text.hpp"
#include "core/settings/node.hpp"

namespace gantry::settings {
namespace {

constexpr std::size_t k_max_file_bytes = 1 << 20;
constexpr std::size_t k_max_depth = 32;
constexpr std::size_t k_max_errors = 100;

// Thrown out of yaml-cpp's parser by the handler below and caught in parse_into.
struct Refused {
    int line;
    std::string what;
};

// Builds our tree from the parser's events. A YAML::Node would lose duplicate keys (the first one
// wins, silently) and expand aliases.
class TreeBuilder final : public YAML::EventHandler {
public:
    explicit TreeBuilder(Shared& shared) : shared_(shared) {}

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add(at(mark, Node::Kind::null));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Refused{line_of(mark), "aliases are not supported; write the value out"};
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        Node node = at(mark, Node::Kind::scalar);
        node.text = value;
        node.quoted = tag == "!";
        if (!is_utf8(value)) throw Refused{node.line, "the text is not valid UTF-8"};
        const bool none = value.empty() || value == "~" || value == "null";
        if (!node.quoted && none) node.kind = Node::Kind::null;
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, anchor, Node::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, anchor, Node::Kind::map);
    }
    void OnMapEnd() override { close(); }

private:
    struct Level {
        Node node;
        std::optional<std::pair<std::string, int>> key;  // of the member that comes next
    };

    static int line_of(const YAML::Mark& mark) { return mark.line + 1; }
    static Node at(const YAML::Mark& mark, Node::Kind kind) {
        Node node;
        node.kind = kind;
        node.line = line_of(mark);
        return node;
    }
    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor == YAML::NullAnchor) return;
        throw Refused{line_of(mark), "anchors are not supported; write the value out"};
    }
    void open(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
        refuse_anchor(mark, anchor);
        if (levels_.size() >= k_max_depth) throw Refused{line_of(mark), "nested too deeply"};
        levels_.push_back({at(mark, kind), std::nullopt});
    }
    void close() {
        Node done = std::move(levels_.back().node);
        levels_.pop_back();
        add(std::move(done));
    }
    void add(Node node) {
        if (levels_.empty()) {
            shared_.root = std::move(node);
            return;
        }
        Level& level = levels_.back();
        if (level.node.kind == Node::Kind::list) {
            level.node.items.push_back(std::move(node));
        } else if (!level.key) {
            take_key(level, node);
        } else {
            add_member(level, std::move(node));
        }
    }
    static void take_key(Level& level, const Node& node) {
        const bool text = node.kind == Node::Kind::scalar || node.kind == Node::Kind::null;
        if (!text) throw Refused{node.line, "a key must be a word"};
        level.key = {node.text, node.line};
    }
    void add_member(Level& level, Node node) {
        const auto [key, line] = *level.key;
        level.key.reset();
        node.line = line;
        auto& members = level.node.members;
        const auto same = std::find_if(members.begin(), members.end(),
                                       [&, &name = key](const auto& m) { return m.name == name; });
        if (same != members.end()) {
            shared_.error(line, "key \"" + sanitise(key) + "\" stands twice; first in line " +
                                    std::to_string(same->node.line));
            return;
        }
        members.push_back({key, std::move(node)});
    }

    Shared& shared_;
    std::vector<Level> levels_;
};

Result<void> parse_into(Shared& shared, std::string_view text) {
    const auto failed = [&](int line, const std::string& what) {
        return fail(ErrorCode::invalid_input,
                    shared.name + ":" + std::to_string(line) + ": " + what);
    };
    if (text.size() > k_max_file_bytes) return failed(1, "the file is larger than 1 MiB");
    std::istringstream stream{std::string(text)};
    TreeBuilder builder(shared);
    try {
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        const int next = [&] {
            Shared ignored;
            TreeBuilder rest(ignored);
            return parser.HandleNextDocument(rest) ? ignored.root.line : 0;
        }();
        if (next != 0) return failed(next, "a second document begins; there must be one");
    } catch (const Refused& refused) {
        return failed(refused.line, refused.what);
    } catch (const YAML::Exception& error) {
        return failed(error.mark.is_null() ? 1 : error.mark.line + 1, "not YAML: " + error.msg);
    }
    return {};
}

nlohmann::ordered_json scalar_to_json(const Node& node) {
    if (node.quoted) return node.text;
    if (node.text == "true") return true;
    if (node.text == "false") return false;
    const char* const begin = node.text.data();
    const char* const end = begin + node.text.size();
    std::int64_t integer = 0;
    if (const auto r = std::from_chars(begin, end, integer); r.ec == std::errc{} && r.ptr == end) {
        return integer;
    }
    double real = 0;
    const auto r = std::from_chars(begin, end, real);
    if (r.ec == std::errc{} && r.ptr == end && std::isfinite(real)) return real;
    return node.text;
}

nlohmann::ordered_json node_to_json(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null: return nullptr;
        case Node::Kind::scalar: return scalar_to_json(node);
        case Node::Kind::list: {
            auto list = nlohmann::ordered_json::array();
            for (const Node& item : node.items) list.push_back(node_to_json(item));
            return list;
        }
        case Node::Kind::map: {
            auto object = nlohmann::ordered_json::object();
            for (const auto& [key, member] : node.members) object[key] = node_to_json(member);
            return object;
        }
    }
    return nullptr;
}

}  // namespace

void Shared::error(int line, const std::string& message) {
    if (errors.size() < k_max_errors) errors.emplace_back(line, message);
}

Document::Document(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::load(const std::string& path, Environment environment) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorCode::not_found, path + ": cannot be opened");
    std::string text(k_max_file_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return fail(ErrorCode::unavailable, path + ": cannot be read");
    text.resize(static_cast<std::size_t>(file.gcount()));
    return parse(text, path, std::move(environment));
}

Result<Document> Document::parse(std::string_view text, std::string name, Environment environment) {
    auto shared = std::make_unique<Shared>();
    shared->directory = std::filesystem::path(name).parent_path().string();
    shared->name = std::move(name);
    shared->environment = std::move(environment);
    if (const auto parsed = parse_into(*shared, text); !parsed) return parsed.error();
    if (shared->root.kind != Node::Kind::map && shared->root.kind != Node::Kind::null) {
        return fail(ErrorCode::invalid_input, shared->name + ":" +
                                                  std::to_string(shared->root.line) +
                                                  ": the file must consist of keys and values");
    }
    return Document(std::move(shared));
}

Document Document::empty() {
    auto shared = std::make_unique<Shared>();
    shared->name = "defaults";
    return Document(std::move(shared));
}

Result<void> Document::read(const Section::Reader& reader) {
    Section root(*shared_, &shared_->root, "");
    reader(root);
    root.finish();
    auto& errors = shared_->errors;
    if (errors.empty()) return {};
    std::stable_sort(errors.begin(), errors.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string all;
    for (const auto& [line, message] : errors) {
        if (!all.empty()) all += '\n';
        all += shared_->name + ":" + std::to_string(line) + ": " + message;
    }
    return fail(ErrorCode::invalid_input, std::move(all));
}

std::vector<std::string> Document::known_keys() const {
    return {shared_->known.begin(), shared_->known.end()};
}

std::string Document::to_json() const {
    return node_to_json(shared_->root)
        .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace gantry::settings
