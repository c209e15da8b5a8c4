// The schema's history, embedded at build time from core/storage/migrations/NNNN_name.sql. Texts
// hold dialect placeholders; see migrate.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/storage/database.hpp"

namespace gantry::storage {

struct Migration {
    int version = 0;
    std::string_view name;
    std::string_view text;
};

// In ascending version, without gaps from 1.
std::span<const Migration> migrations();

// `text` in the words of `engine`: {{pk}}, {{blob}}, {{without_rowid}}.
std::string in_dialect(std::string_view text, Engine engine);

// Its name and a fingerprint of its statements, as the store remembers what made it. Comments and
// spaces do not count.
std::string identity_of(const Migration& migration);

}  // namespace gantry::storage
