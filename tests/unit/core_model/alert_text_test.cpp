#include "core/model/alert_text.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>

using namespace gantry;

TEST_CASE("alert text: what was put in comes out, whatever the lengths") {
    const Labels labels{{"", ""},
                        {"a", std::string(127, 'x')},
                        {"b", std::string(128, 'y')},
                        {"c", std::string(20'000, 'z')}};
    const AlertText text("generic", std::string(255, 'k'), "sum", labels);
    CHECK(text.source() == "generic");
    CHECK(text.key() == std::string(255, 'k'));
    CHECK(text.summary() == "sum");
    CHECK(text.labels() == LabelSet(labels));
    CHECK(text.same_key("generic", std::string(255, 'k')));
    CHECK_FALSE(text.same_key("generic", "k"));
    CHECK(text.same_content("sum", labels));
    CHECK_FALSE(text.same_content("sum", {}));
    CHECK_FALSE(text.same_content("sums", labels));
    auto other = labels;
    other[2].second.back() = 'Y';
    CHECK_FALSE(text.same_content("sum", other));
}

TEST_CASE("alert text: parts that only look alike when joined are different") {
    const AlertText text("ab", "c", "", {});
    CHECK_FALSE(text.same_key("a", "bc"));
    CHECK(AlertText("s", "k", "", {{"a", "b"}}).same_content("", {{"a", "b"}}));
    CHECK_FALSE(AlertText("s", "k", "", {{"a", "bc"}}).same_content("", {{"ab", "c"}}));
}

TEST_CASE("alert text: nothing told is no labels") {
    const AlertText nothing;
    CHECK(nothing.source().empty());
    CHECK(nothing.summary().empty());
    CHECK(nothing.labels().empty());
    CHECK(nothing.packed_labels() == LabelSet().packed());
}

TEST_CASE("alert text: copies outlive the original, on any thread") {
    auto text = std::make_unique<AlertText>("s", "k", "sum", LabelSet{{"a", "b"}});
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([copy = *text] {
            for (int round = 0; round < 1'000; ++round) {
                const AlertText another = copy;
                if (!another.same_content("sum", {{"a", "b"}})) std::abort();
            }
        });
    }
    text.reset();
    for (auto& thread : threads) thread.join();
}
