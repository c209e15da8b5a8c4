#include "core/model/label_set.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace gantry;

namespace {

std::string text_of(const LabelSet& labels) {
    std::string out;
    for (const auto [name, value] : labels) out.append(name).append("=").append(value).append(";");
    return out;
}

}  // namespace

TEST_CASE("labels: in order by name, however they were given; the last of equal names counts") {
    CHECK(text_of({}) == "");
    CHECK(text_of({{"b", "2"}, {"a", "1"}}) == "a=1;b=2;");
    CHECK(text_of({{"a", "1"}, {"b", "2"}, {"a", "3"}, {"a", "4"}}) == "a=4;b=2;");
    CHECK(text_of(Labels{{"z", ""}, {"", "empty"}}) == "=empty;z=;");
    CHECK(LabelSet{{"b", "2"}, {"a", "1"}} == LabelSet{{"a", "1"}, {"b", "2"}});
    CHECK_FALSE(LabelSet{{"a", "bc"}} == LabelSet{{"ab", "c"}});
    CHECK_FALSE(LabelSet{{"a", ""}} == LabelSet{});
}

TEST_CASE("labels: one is found by its name, none is nothing") {
    const LabelSet labels{{"check", "disk"}, {"host", "web01"}, {"z", ""}};
    CHECK(labels.size() == 3);
    CHECK(labels.find("host") == "web01");
    CHECK(labels.find("z") == "");
    CHECK_FALSE(labels.find("hos"));
    CHECK_FALSE(LabelSet{}.find(""));
    CHECK(LabelSet{}.empty());
    CHECK(LabelSet{}.size() == 0);
}

TEST_CASE("labels: packed they come back, and nothing else is taken for them") {
    const LabelSet labels{{"host", std::string(300, 'x')}, {"mount", "/srv"}};
    const std::string packed(labels.packed());
    CHECK(*LabelSet::from_packed(packed) == labels);
    CHECK(LabelSet::from_packed(LabelSet{}.packed())->empty());
    for (std::size_t size = 0; size < packed.size(); ++size) {
        INFO(size);
        const auto cut = LabelSet::from_packed(packed.substr(0, size));
        REQUIRE_FALSE(cut);
        CHECK(cut.error().code == ErrorCode::corrupt);
    }
    CHECK_FALSE(LabelSet::from_packed(packed + "x"));
    CHECK_FALSE(LabelSet::from_packed("\xff\xff\xff\xff\x0f"));
    using namespace std::string_literals;
    CHECK_FALSE(LabelSet::from_packed("\2\1b\0\1a\0"s));  // not in order
    CHECK_FALSE(LabelSet::from_packed("\2\1a\0\1a\0"s));  // twice
}

TEST_CASE("labels: a collector makes one set after another") {
    LabelCollector collector;
    collector.add("b", "2");
    collector.add("a", "1");
    CHECK(collector.size() == 2);
    CHECK(text_of(collector.take()) == "a=1;b=2;");
    CHECK(collector.take().empty());
    collector.add("c", "3");
    collector.clear();
    collector.add("d", "4");
    CHECK(text_of(collector.take()) == "d=4;");
}
