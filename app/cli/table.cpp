#include "app/cli/table.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace gantry::cli {
namespace {

struct Span {
    char32_t first;
    char32_t last;
};
// Source: Unicode 15, EastAsianWidth W and F in blocks, and the emoji that terminals draw wide.
constexpr std::array<Span, 17> k_wide{{{0x1100, 0x115F},
                                       {0x2E80, 0x303E},
                                       {0x3041, 0x33FF},
                                       {0x3400, 0x4DBF},
                                       {0x4E00, 0x9FFF},
                                       {0xA000, 0xA4CF},
                                       {0xA960, 0xA97F},
                                       {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF},
                                       {0xFE30, 0xFE6F},
                                       {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6},
                                       {0x1F300, 0x1F64F},
                                       {0x1F680, 0x1F6FF},
                                       {0x1F900, 0x1F9FF},
                                       {0x20000, 0x2FFFD},
                                       {0x30000, 0x3FFFD}}};
constexpr std::array<Span, 7> k_combining{{{0x0300, 0x036F},
                                           {0x1AB0, 0x1AFF},
                                           {0x1DC0, 0x1DFF},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};

template <std::size_t N>
bool within(const std::array<Span, N>& spans, char32_t code) {
    return std::any_of(spans.begin(), spans.end(), [code](const Span& span) {
        return code >= span.first && code <= span.last;
    });
}

// The character at `pos` of valid UTF-8, and how many bytes it has.
char32_t character_at(std::string_view text, std::size_t pos, std::size_t& length) {
    const auto lead = static_cast<unsigned char>(text[pos]);
    length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    length = std::min(length, text.size() - pos);
    char32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        code = (code << 6) | (static_cast<unsigned char>(text[pos + i]) & 0x3FU);
    }
    return code;
}

std::size_t width_of(char32_t code) {
    if (within(k_combining, code)) return 0;
    return within(k_wide, code) ? 2 : 1;
}

const char* escape_of(Tone tone) {
    switch (tone) {
        case Tone::plain: return "";
        case Tone::dim: return "\033[2m";
        case Tone::good: return "\033[32m";
        case Tone::warn: return "\033[33m";
        case Tone::bad: return "\033[1;31m";
    }
    return "";
}

void append_cell(std::string& out, const Cell& cell, std::size_t width, bool last, bool colours) {
    const std::string text = fit(cell.text, width);
    const char* const escape = colours ? escape_of(cell.tone) : "";
    out += escape + text + (*escape != '\0' ? "\033[0m" : "");
    if (!last) out.append(width - display_width(text) + 2, ' ');
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t pos = 0, length = 0; pos < text.size(); pos += length) {
        width += width_of(character_at(text, pos, length));
    }
    return width;
}

std::string fit(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) return std::string(text);
    std::size_t used = 0;
    std::size_t pos = 0;
    for (std::size_t length = 0; pos < text.size(); pos += length) {
        const std::size_t wide = width_of(character_at(text, pos, length));
        if (used + wide + 1 > columns) break;
        used += wide;
    }
    return std::string(text.substr(0, pos)) + (columns > 0 ? "…" : "");
}

std::string one_line(std::string_view text) {
    std::string out = sanitise(text);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    return out;
}

Table::Table(std::vector<std::string> headers, std::size_t flexible)
    : headers_(std::move(headers)), flexible_(flexible) {}

void Table::add(std::vector<Cell> row) {
    for (Cell& cell : row) cell.text = one_line(cell.text);
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(const TableStyle& style) const {
    std::vector<std::size_t> out(headers_.size(), 0);
    for (std::size_t i = 0; i < headers_.size(); ++i) {
        if (style.headers) out[i] = display_width(headers_[i]);
        for (const auto& row : rows_) out[i] = std::max(out[i], display_width(row.at(i).text));
    }
    std::size_t total = 2 * (headers_.size() - 1);
    for (const std::size_t width : out) total += width;
    constexpr std::size_t least = 12;
    if (style.width > 0 && total > style.width) {
        const std::size_t over = total - style.width;
        std::size_t& flexible = out[flexible_];
        flexible = std::max(std::min(flexible, least), flexible > over ? flexible - over : 0);
    }
    return out;
}

std::string Table::render(const TableStyle& style) const {
    const std::vector<std::size_t> width = widths(style);
    std::string out;
    if (style.headers) {
        for (std::size_t i = 0; i < headers_.size(); ++i) {
            append_cell(out, Cell(headers_[i], Tone::dim), width[i], i + 1 == headers_.size(),
                        style.colours);
        }
        out += '\n';
    }
    for (const auto& row : rows_) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            append_cell(out, row[i], width[i], i + 1 == row.size(), style.colours);
        }
        while (out.ends_with(' ')) out.pop_back();
        out += '\n';
    }
    return out;
}

std::string render_fields(const std::vector<std::pair<std::string, std::string>>& fields) {
    std::size_t width = 0;
    for (const auto& [name, value] : fields) {
        if (!value.empty()) width = std::max(width, display_width(name));
    }
    std::string out;
    for (const auto& [name, value] : fields) {
        if (value.empty()) continue;
        out += name + std::string(width - display_width(name) + 2, ' ') + one_line(value) + "\n";
    }
    return out;
}

}  // namespace gantry::cli
