#include "core/storage/statement_cache.hpp"

#include <catch2/catch.hpp>
#include <string>

using gantry::storage::StatementCache;

namespace {

struct Fake {
    explicit Fake(std::string text) : text_(std::move(text)) {}
    [[nodiscard]] std::string_view sql() const { return text_; }
    [[nodiscard]] bool idle() const { return !busy; }
    bool busy = false;
    std::uint64_t last_used = 0;

private:
    std::string text_;
};

}  // namespace

TEST_CASE("statement cache: finds by content, wherever the text lies") {
    StatementCache<Fake> cache;
    Fake* added = cache.add(std::make_unique<Fake>("SELECT 1"));
    const std::string elsewhere = "SELECT 1";
    CHECK(cache.find("SELECT 1") == added);
    CHECK(cache.find(elsewhere) == added);
    CHECK(cache.find("SELECT 2") == nullptr);
}

TEST_CASE("statement cache: another text at a known address is not mistaken for the old one") {
    StatementCache<Fake> cache;
    Fake* one = cache.add(std::make_unique<Fake>("SELECT 1"));
    Fake* two = cache.add(std::make_unique<Fake>("SELECT 2"));
    std::string buffer = "SELECT 1";
    CHECK(cache.find(buffer) == one);
    buffer.back() = '2';
    CHECK(cache.find(buffer) == two);
    buffer.back() = '3';
    CHECK(cache.find(buffer) == nullptr);
}

TEST_CASE("statement cache: stays bounded, drops the longest unused and never one in use") {
    StatementCache<Fake> cache;
    Fake* busy = cache.add(std::make_unique<Fake>("busy"));
    busy->busy = true;
    cache.add(std::make_unique<Fake>("old"));
    for (int i = 0; i < 1000; ++i) cache.add(std::make_unique<Fake>("q" + std::to_string(i)));
    CHECK(cache.size() <= StatementCache<Fake>::k_max_statements);
    CHECK(cache.find("busy") == busy);
    CHECK(cache.find("old") == nullptr);
    CHECK(cache.find("q999") != nullptr);
}
