#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "core/base/text.hpp"
#include "core/settings/node.hpp"
#include "core/settings/values.hpp"

namespace gantry::settings {
namespace {

constexpr std::size_t k_max_secret_bytes = 64 * 1024;
constexpr std::size_t k_max_shown_bytes = 60;

std::string quote(std::string_view text) { return "\"" + std::string(text) + "\""; }

// What stands in the file, for "..., not <this>".
std::string shown(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null: return "empty";
        case Node::Kind::list: return "a list";
        case Node::Kind::map: return "a section";
        case Node::Kind::scalar: break;
    }
    const std::string clean = sanitise(node.text);
    if (clean.size() <= k_max_shown_bytes) return quote(clean);
    return quote(truncate_utf8(clean, k_max_shown_bytes) + "...");
}

template <class T>
std::optional<T> parse_number(const Node& node) {
    const std::string& text = node.text;
    // 010 is eight to some readers of YAML and ten to others.
    const std::size_t digits = text.starts_with('-') ? 1 : 0;
    const bool leading_zero = text.size() > digits + 1 && text[digits] == '0' &&
                              text[digits + 1] >= '0' && text[digits + 1] <= '9';
    if (node.quoted || leading_zero) return std::nullopt;
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string plain(double value) {
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

std::string join(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += words[i];
    }
    return out;
}

// "connectors[3].url" -> "connectors[].url".
std::string without_indices(const std::string& path) {
    std::string out;
    bool inside = false;
    for (const char c : path) {
        if (c == ']') inside = false;
        if (!inside) out += c;
        if (c == '[') inside = true;
    }
    return out;
}

Result<std::string> read_secret_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(ErrorCode::not_found, "cannot open " + quote(path.string()));
    std::string text(k_max_secret_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > k_max_secret_bytes) {
        return fail(ErrorCode::limit, quote(path.string()) + " is larger than 64 KiB");
    }
    text.erase(text.find_last_not_of("\r\n") + 1);
    if (text.empty()) return fail(ErrorCode::invalid_input, quote(path.string()) + " is empty");
    return text;
}

// "whsec" of "whsec:abc"; empty when the text has no such prefix.
std::string_view scheme_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return {};
    const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const std::string_view scheme = text.substr(0, colon);
    return std::all_of(scheme.begin(), scheme.end(), lower) ? scheme : std::string_view{};
}

}  // namespace

Section::Section(Shared& shared, const Node* node, std::string path)
    : shared_(shared), node_(node), path_(std::move(path)) {}

std::string Section::full(std::string_view key) const {
    if (key.empty()) return path_;
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void Section::wrong(const Node& node, std::string_view key, const std::string& wanted) {
    shared_.error(node.line, quote(full(key)) + " must be " + wanted + ", not " + shown(node));
}

// The member, or nothing when it is absent or null. Remembers that the key is known.
const Node* Section::find(std::string_view key) {
    asked_.emplace_back(key);
    shared_.known.insert(without_indices(full(key)));
    if (node_ == nullptr) return nullptr;
    for (const auto& [name, member] : node_->members) {
        if (name == key) return member.kind == Node::Kind::null ? nullptr : &member;
    }
    return nullptr;
}

const Node* Section::scalar(std::string_view key, const char* wanted) {
    const Node* const node = find(key);
    if (node == nullptr) return nullptr;
    if (node->kind == Node::Kind::scalar) return node;
    wrong(*node, key, wanted);
    return nullptr;
}

bool Section::has(std::string_view key) const {
    if (node_ == nullptr) return false;
    return std::any_of(node_->members.begin(), node_->members.end(), [&](const auto& member) {
        return member.name == key && member.node.kind != Node::Kind::null;
    });
}

void Section::require(std::string_view key) {
    if (node_ == nullptr || has(key)) return;
    const std::string where = path_.empty() ? "" : " under " + quote(path_);
    shared_.error(node_->line, "key " + quote(key) + " is missing" + where);
}

void Section::text(std::string_view key, std::string& out, std::size_t max_bytes) {
    const Node* const node = scalar(key, "text");
    if (node == nullptr) return;
    if (node->text.size() > max_bytes) {
        return wrong(*node, key, "at most " + std::to_string(max_bytes) + " bytes long");
    }
    out = node->text;
}

void Section::flag(std::string_view key, bool& out) {
    const Node* const node = scalar(key, "true or false");
    if (node == nullptr) return;
    const bool known = !node->quoted && (node->text == "true" || node->text == "false");
    if (!known) return wrong(*node, key, "true or false");
    out = node->text == "true";
}

bool Section::integer(std::string_view key, std::int64_t& out, std::int64_t min, std::int64_t max) {
    const Node* const node = scalar(key, "a number");
    if (node == nullptr) return false;
    const auto value = parse_number<std::int64_t>(*node);
    if (!value) {
        const bool fraction = parse_number<double>(*node).has_value();
        wrong(*node, key, fraction ? "a whole number" : "a number");
        return false;
    }
    if (*value < min || *value > max) {
        wrong(*node, key, "from " + std::to_string(min) + " to " + std::to_string(max));
        return false;
    }
    out = *value;
    return true;
}

void Section::real(std::string_view key, double& out, Range<double> range) {
    std::optional<double> value;
    real(key, value, range);
    if (value) out = *value;
}

void Section::real(std::string_view key, std::optional<double>& out, Range<double> range) {
    const Node* const node = scalar(key, "a number");
    if (node == nullptr) return;
    const auto value = parse_number<double>(*node);
    if (!value || !std::isfinite(*value)) return wrong(*node, key, "a number");
    if (*value < range.min || *value > range.max) {
        return wrong(*node, key, "from " + plain(range.min) + " to " + plain(range.max));
    }
    out = *value;
}

void Section::duration(std::string_view key, Millis& out, Range<Millis> range) {
    static constexpr const char* k_wanted = "a duration such as 500ms, 15s, 5m, 2h or 7d";
    const Node* const node = scalar(key, k_wanted);
    if (node == nullptr) return;
    const auto value = parse_duration(node->text);
    if (!value) return wrong(*node, key, k_wanted);
    if (*value < range.min || *value > range.max) {
        return wrong(*node, key,
                     "from " + format_duration(range.min) + " to " + format_duration(range.max));
    }
    out = *value;
}

void Section::size(std::string_view key, std::size_t& out, Range<std::size_t> range) {
    static constexpr const char* k_wanted = "a size such as 512KiB, 64MiB or 20GiB";
    const Node* const node = scalar(key, k_wanted);
    if (node == nullptr) return;
    const auto value = parse_size(node->text);
    if (!value) return wrong(*node, key, k_wanted);
    if (*value < range.min || *value > range.max) {
        return wrong(*node, key,
                     "from " + format_size(range.min) + " to " + format_size(range.max));
    }
    out = *value;
}

std::optional<std::size_t> Section::choice(std::string_view key,
                                           const std::vector<std::string>& names) {
    const std::string wanted = join(names);
    const Node* const node = scalar(key, wanted.c_str());
    if (node == nullptr) return std::nullopt;
    const auto found = std::find(names.begin(), names.end(), node->text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    wrong(*node, key, wanted);
    return std::nullopt;
}

void Section::path(std::string_view key, std::string& out) {
    const Node* const node = scalar(key, "a path");
    if (node == nullptr) return;
    const std::filesystem::path path(node->text);
    out = (path.is_absolute() ? path : std::filesystem::path(shared_.directory) / path).string();
}

void Section::secret(std::string_view key, Redacted<std::string>& out) {
    const Node* const node = find(key);
    if (node == nullptr) return;
    const auto refuse = [&](const std::string& what) {
        shared_.error(node->line, quote(full(key)) + ": " + what);
    };
    if (node->kind != Node::Kind::scalar) return refuse("must be text, env:NAME or file:PATH");
    const std::string_view scheme = scheme_of(node->text);
    const std::string rest = scheme.empty() ? "" : node->text.substr(scheme.size() + 1);
    if (scheme == "env") {
        const auto value = shared_.environment ? shared_.environment(rest) : std::nullopt;
        if (!value || value->empty()) return refuse("environment variable " + rest + " is not set");
        out = Redacted<std::string>(*value);
    } else if (scheme == "file") {
        const std::filesystem::path path(rest);
        const auto value = read_secret_file(
            path.is_absolute() ? path : std::filesystem::path(shared_.directory) / path);
        if (!value) return refuse(value.error().message);
        out = Redacted<std::string>(*value);
    } else if (!scheme.empty()) {
        // Most likely "evn:NAME"; a real secret of this shape can be put into a file.
        refuse("a secret comes from env:NAME or file:PATH, not from " + quote(scheme));
    } else if (node->text.empty()) {
        refuse("must not be empty");
    } else {
        out = Redacted<std::string>(node->text);
    }
}

void Section::texts(std::string_view key, std::vector<std::string>& out, std::size_t max_items) {
    const Node* const node = find(key);
    if (node == nullptr) return;
    if (node->kind != Node::Kind::list) return wrong(*node, key, "a list");
    if (node->items.size() > max_items) {
        return wrong(*node, key, "a list of at most " + std::to_string(max_items) + " items");
    }
    std::vector<std::string> values;
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const Node& item = node->items[i];
        if (item.kind != Node::Kind::scalar) {
            return wrong(item, std::string(key) + "[" + std::to_string(i) + "]", "text");
        }
        values.push_back(item.text);
    }
    out = std::move(values);
}

void Section::map(std::string_view key, std::vector<std::pair<std::string, std::string>>& out,
                  std::size_t max_items) {
    const Node* const node = find(key);
    if (node == nullptr) return;
    if (node->kind != Node::Kind::map) return wrong(*node, key, "keys with values");
    if (node->members.size() > max_items) {
        return wrong(*node, key, "at most " + std::to_string(max_items) + " keys");
    }
    std::vector<std::pair<std::string, std::string>> values;
    for (const auto& [name, member] : node->members) {
        if (member.kind != Node::Kind::scalar) {
            return wrong(member, std::string(key) + "." + name, "text");
        }
        values.emplace_back(name, member.text);
    }
    std::sort(values.begin(), values.end());
    out = std::move(values);
}

void Section::section(std::string_view key, const Reader& reader) {
    const Node* node = find(key);
    if (node != nullptr && node->kind != Node::Kind::map) {
        wrong(*node, key, "a section");
        node = nullptr;
    }
    Section inner(shared_, node, full(key));
    reader(inner);
    inner.finish();
}

void Section::each(std::string_view key, const Reader& reader, std::size_t max_items) {
    const Node* const node = find(key);
    if (node == nullptr) return;
    if (node->kind != Node::Kind::list) return wrong(*node, key, "a list of sections");
    if (node->items.size() > max_items) {
        return wrong(*node, key, "a list of at most " + std::to_string(max_items) + " items");
    }
    for (std::size_t i = 0; i < node->items.size(); ++i) {
        const std::string item_key = std::string(key) + "[" + std::to_string(i) + "]";
        if (node->items[i].kind != Node::Kind::map) {
            wrong(node->items[i], item_key, "a section");
            continue;
        }
        Section item(shared_, &node->items[i], full(item_key));
        reader(item);
        item.finish();
    }
}

void Section::problem(std::string_view key, const std::string& what) {
    int line = node_ == nullptr ? 1 : node_->line;
    if (node_ != nullptr) {
        for (const auto& [name, member] : node_->members) {
            if (name == key) line = member.line;
        }
    }
    const std::string name = full(key);
    shared_.error(line, name.empty() ? what : quote(name) + " " + what);
}

void Section::finish() {
    if (node_ == nullptr) return;
    for (const auto& [name, member] : node_->members) {
        if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
        std::string message = "unknown key " + quote(sanitise(truncate_utf8(name, 60)));
        if (!path_.empty()) message += " under " + quote(path_);
        if (const auto close = nearest(name, asked_)) {
            message += "; did you mean " + quote(*close) + "?";
        } else if (!asked_.empty()) {
            message += "; known here: " + join(asked_);
        }
        shared_.error(member.line, message);
    }
}

}  // namespace gantry::settings
