#include "app/cli/table.hpp"

#include <catch2/catch.hpp>

using namespace gantry::cli;

TEST_CASE("display width: what a terminal shows, not bytes") {
    CHECK(display_width("abc") == 3);
    CHECK(display_width("") == 0);
    CHECK(display_width("Zürich") == 6);
    CHECK(display_width("日本") == 4);
    CHECK(display_width("e\u0301") == 1);
    CHECK(display_width("\U0001F525") == 2);
}

TEST_CASE("fit: cuts between characters and shows that it did") {
    CHECK(fit("abcdef", 6) == "abcdef");
    CHECK(fit("abcdef", 4) == "abc…");
    CHECK(fit("日本語", 4) == "日…");
    CHECK(fit("abc", 1) == "…");
    CHECK(fit("abc", 0).empty());
}

TEST_CASE("one line: what a server sent cannot move the cursor") {
    CHECK(one_line("a\nb\tc") == "a b c");
    CHECK(one_line("\033[2J").find('\033') == std::string::npos);
    CHECK(one_line("bad \xff byte").find('\xff') == std::string::npos);
}

TEST_CASE("table: columns are aligned, lines have no blanks at their end") {
    Table table({"ID", "NAME", "NOTE"}, 1);
    table.add({"1", "Zürich", "x"});
    table.add({"23", "日本", ""});
    CHECK(table.render({}) ==
          "ID  NAME    NOTE\n"
          "1   Zürich  x\n"
          "23  日本\n");
    CHECK(table.render({false, false, 0}) ==
          "1   Zürich  x\n"
          "23  日本\n");
}

TEST_CASE("table: the flexible column is cut to the terminal, the others never") {
    Table table({"ID", "TITLE"}, 1);
    table.add({"1", std::string(100, 'x')});
    const std::string text = table.render({false, false, 40});
    CHECK(display_width(text.substr(0, text.find('\n'))) == 40);
    CHECK(text.find("…") != std::string::npos);
    CHECK(table.render({false, false, 0}).find("…") == std::string::npos);
    CHECK(display_width(table.render({false, false, 3})) >= 12);
}

TEST_CASE("table: colours surround the text and do not shift the next column") {
    Table table({"A", "B"}, 1);
    table.add({{"x", Tone::bad}, "y"});
    CHECK(table.render({false, true, 0}) == "\033[1;31mx\033[0m  y\n");
}

TEST_CASE("fields: aligned names, empty values left out") {
    CHECK(render_fields({{"a", "1"}, {"long name", ""}, {"name", "2\n3"}}) ==
          "a     1\n"
          "name  2 3\n");
    CHECK(render_fields({}).empty());
}
