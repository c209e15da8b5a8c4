// Inside core/settings: the tree of a parsed file with line numbers, and what one reading collects.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/settings/reader.hpp"

namespace gantry::settings {

struct Member;

struct Node {
    enum class Kind { null, scalar, list, map };
    Kind kind = Kind::null;
    int line = 1;  // 1-based; a member of a map has its key's line
    std::string text;
    bool quoted = false;
    std::vector<Member> members;  // map, in order, names unique
    std::vector<Node> items;      // list
};

struct Member {
    std::string name;
    Node node;
};

struct Shared {
    std::string name;       // the file as given, for messages
    std::string directory;  // relative paths start here
    Environment environment;
    Node root;
    std::vector<std::pair<int, std::string>> errors;  // line, message
    std::set<std::string> known;

    void error(int line, const std::string& message);
};

}  // namespace gantry::settings
