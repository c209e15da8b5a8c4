// Table: rows for people, aligned by what a terminal shows (wide and combining characters counted
// as such), never by bytes. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::cli {

// Columns that `text` takes on a terminal: combining marks 0, East Asian wide and emoji 2.
// REQUIRES: valid UTF-8.
[[nodiscard]] std::size_t display_width(std::string_view text);
// Cut to `columns`, the last one an ellipsis when something was cut.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns);
// One line, no control characters: what a server sent must not move the cursor.
[[nodiscard]] std::string one_line(std::string_view text);

enum class Tone { plain, dim, good, warn, bad };

struct Cell {
    std::string text;
    Tone tone = Tone::plain;

    Cell(std::string t, Tone n = Tone::plain) : text(std::move(t)), tone(n) {}
    Cell(const char* t, Tone n = Tone::plain) : text(t), tone(n) {}
};

struct TableStyle {
    bool headers = true;
    bool colours = false;
    std::size_t width = 0;  // of the terminal; 0 = as wide as it gets
};

class Table {
public:
    // `flexible`: the column that is cut when a row is wider than the terminal.
    Table(std::vector<std::string> headers, std::size_t flexible);
    void add(std::vector<Cell> row);  // REQUIRES: as many cells as headers
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    [[nodiscard]] std::string render(const TableStyle& style) const;

private:
    [[nodiscard]] std::vector<std::size_t> widths(const TableStyle& style) const;

    std::vector<std::string> headers_;
    std::size_t flexible_;
    std::vector<std::vector<Cell>> rows_;
};

// "name   value" lines under each other; the empty values are left out.
[[nodiscard]] std::string render_fields(
    const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace gantry::cli
