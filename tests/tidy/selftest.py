#!/usr/bin/env python3
"""Every rule finds its bad sample and leaves its good one alone; a rule without samples fails."""

import sys
import unittest

import rules_code
import tidy
from tree import File, Tree, blank

# Samples that would be findings in this very file are put together from parts.
UNDONE = "// TO" + "DO: later\n"
HEAD = "// What it is.\n#pragma once\n"


def lines(count, text="    f();"):
    return "\n".join([text] * count)


SCHEMA = '{"properties": {"server": {"properties": {"listen": {"type": "string"}}}}}'
PAGE = "# Settings\n\n## gantryd: gantry.yaml\n\n| `%s` | text |\n"
DEV = '    up|test) "verb_$verb" "$@" ;;\n'
README = "Run ./dev up and ./dev test.\n"

# rule -> (finding's rule word, bad trees, good trees); a tree is {path: text}.
SAMPLES = {
    "layers": ("layers", [
        {"core/base/a.cpp": '#include "agent/probes/cpu.hpp"\n'},
        {"agent/probes/a.cpp": '#include "collector/ingest/desk.hpp"\n'},
        {"itsm/tickets/a.hpp": '#include "app/engine/engine.hpp"\n'},
        {"app/gantryd/a.cpp": '#include "tests/support/sim_clock.hpp"\n'},
    ], [
        {"agent/probes/a.cpp": '#include "core/base/result.hpp"\n#include "agent/checks/a.hpp"\n'
                               '// #include "collector/ingest/desk.hpp"\n#include <vector>\n'},
        {"app/engine/a.cpp": '#include "agent/a.hpp"\n#include "itsm/a.hpp"\n'},
        {"tests/unit/x/a.cpp": '#include "app/engine/engine.hpp"\n'},
    ]),
    "vendors": ("vendors", [
        {"agent/uplink/a.cpp": "#include <curl/curl.h>\n"},
        {"core/settings/a.hpp": HEAD + "#include <yaml-cpp/yaml.h>\n",
         "app/gantryd/b.cpp": '#include "core/settings/a.hpp"\n'},
        {"collector/intake/a.hpp": HEAD + "#include <nlohmann/json.hpp>\n",
         "app/gantryd/b.cpp": '#include "collector/intake/a.hpp"\n'},
        {"itsm/tickets/a.cpp": "#include <boost/asio/awaitable.hpp>\n"},
        {"core/base/a.cpp": "#include <valijson/validator.hpp>\n"},
    ], [
        {"core/http/a.cpp": "#include <curl/curl.h>\n"},
        {"core/http/session.hpp": HEAD + "#include <boost/beast/http.hpp>\n",
         "core/http/server.cpp": '#include "core/http/session.hpp"\n'},
        {"collector/intake/a.cpp": "#include <simdjson.h>\n"},
        {"core/ports/a.hpp": HEAD + "#include <boost/asio/awaitable.hpp>\n",
         "app/engine/b.cpp": '#include "core/ports/a.hpp"\n'},
        {"tests/unit/x/a.cpp": "#include <curl/curl.h>\n"},
    ]),
    "purity": ("purity", [
        {"correlator/stages/a.cpp": "#include <thread>\n"},
        {"correlator/pipeline/a.hpp": HEAD + '#include "core/storage/database.hpp"\n'},
    ], [{"correlator/stages/a.cpp": '#include <map>\n#include "core/model/alert.hpp"\n'}]),
    "co_await_shapes": ("co-await", [
        {"app/a.cpp": 'x = co_await f({.name = "a", .n = 1});\n'},
        {"app/a.cpp": "co_await g(Options{name});\n"},
        {"app/a.cpp": 'co_await g({"a", "b"});\n'},
        {"app/a.cpp": "co_await worker.run([s = std::move(s)] { return s; });\n"},
        {"app/a.cpp": "if (!co_await worker.run([&]() -> int {\n  return 1;\n})) return;\n"},
    ], [
        {"app/a.cpp": "auto job = [s] { return s; };\nco_await worker.run(std::move(job));\n"},
        {"app/a.cpp": "co_await sleep(Millis{5}); std::vector<int> v{1, 2};\n"},
        {"app/a.cpp": "if (co_await f(x)) { g({1, 2}); }\n"},
        {"app/a.cpp": "co_await run([] { return Options{}; });\n"},
        {"app/a.cpp": "// co_await f({1, 2});\nco_await f(a[1], b);\n"},
    ]),
    "headers": ("headers", [
        {"core/a.hpp": "// What.\nint f();\n"},
        {"core/a.hpp": "#pragma once\nint f();\n"},
        {"core/a.hpp": HEAD + "using namespace std;\n"},
    ], [{"core/a.hpp": HEAD + "int f();\n"}]),
    "marks": ("marks", [{"core/a.cpp": UNDONE}, {"docs/a.md": "FIX" + "ME\n"}],
              [{"core/a.cpp": "// done\n"}]),
    "built": ("built", [
        {"core/x/a.cpp": "", "core/x/CMakeLists.txt": "SOURCES b.cpp aa.cpp a.cpp.in"},
        {"core/x/a.cpp": ""},
    ], [
        {"core/x/a.cpp": "", "core/x/CMakeLists.txt": "gantry_library(x SOURCES a.cpp)"},
        {"tests/support/a.cpp": "", "tests/CMakeLists.txt": "add_library(s support/a.cpp)"},
    ]),
    "issues": ("issues", [
        {"tests/issues/007_a_test.cpp": '// It did.\nTEST_CASE("issue 7: it does not") {}\n'},
        {"tests/issues/007_a_test.cpp": '// It did.\nTEST_CASE(\n    "a: it does not") {}\n'},
        {"tests/issues/007_a_test.cpp": 'TEST_CASE("issue 007: it does not") {}\n'},
        {"tests/issues/7_a_test.cpp": '// It did.\n'},
        {"tests/issues/007_a_test.cpp": "// It did.\n", "tests/issues/007_b_test.cpp": "// It.\n"},
    ], [{"tests/issues/007_a_test.cpp": '// It did.\nTEST_CASE("issue 007: it does not") {}\n',
         "tests/issues/008_b_test.cpp": '// It did.\nTEST_CASE(\n    "issue 008: no") {}\n',
         "tests/issues/CMakeLists.txt": "gantry_test(a)\n"}]),
    "boost_links": ("boost-links", [
        {"agent/x/CMakeLists.txt": "target_link_libraries(x PUBLIC Boost::headers)"},
    ], [{"core/async/CMakeLists.txt": "target_link_libraries(gantry_asio PUBLIC Boost::headers)"}]),
    "settings_documented": ("settings", [
        {"config/schemas/gantry.schema.json": SCHEMA},
        {"config/schemas/gantry.schema.json": SCHEMA, "docs/settings.md": PAGE % "server.lissen"},
    ], [{"config/schemas/gantry.schema.json": SCHEMA, "docs/settings.md": PAGE % "server.listen"}]),
    "adr_index": ("adr", [
        {"docs/adr/boost.md": "", "docs/adr/README.md": "nothing"},
        {"docs/adr/Boost.md": "", "docs/adr/README.md": "[b](Boost.md)"},
        {"docs/adr/a.md": "", "docs/adr/README.md": "[a](a.md) [again](a.md)"},
    ], [{"docs/adr/one-thread.md": "", "docs/adr/README.md": "[b](one-thread.md)"}]),
    "dependencies_recorded": ("dependencies", [
        {"tools/packages.txt": "build libfoo-dev\n"},
    ], [{"tools/packages.txt": "# x y\nbuild libfoo-dev\n",
         "docs/adr/0001-foo.md": "`libfoo-dev`"}]),
    "links": ("links", [{"docs/a.md": "see [b](b.md)"}],
              [{"docs/a.md": "[b](adr/b.md) [w](https://w) [d](adr/)", "docs/adr/b.md": ""}]),
    "verbs": ("verbs", [
        {"dev": DEV, "README.md": README + "./dev dance"},
        {"dev": DEV, "README.md": "./dev up"},
    ], [{"dev": DEV, "README.md": README}]),
}
BANNED = {
    "clock": ["auto t = std::chrono::system_clock::now();", "time(nullptr);", "::time(0);",
              "gettimeofday(&tv, nullptr);"],
    "sleeps": ["std::this_thread::sleep_for(d);", "usleep(5);", "::sleep(1);"],
    "randomness": ["std::random_device d;", "int r = rand();", "std::srand(1);"],
    "environment": ['std::getenv("HOME");'],
    "output": ['printf("x");', "std::cout << 1;", 'std::fprintf(stderr, "x");'],
    "processes": ['system("ls");', "auto pid = ::fork();"],
    "threads": ["worker.detach();"],
    "spawns": ["asio::co_spawn(executor, work(), asio::detached);"],
    "unsafe-text": ["std::atoi(s);", "strcpy(a, b);", "sprintf(a, b);"],
    "one-buffer": ["std::localtime(&t);", "::getpwnam(user);"],
}
ALLOWED = ["clock.now();", "timer_.time(0);", "std::snprintf(a, n, f);", "grand(5);", "x.rand(5);",
           "boost::system::error_code e;", "run_time(0);", "// printf(1)", 'log("time(0) rand()");',
           "localtime_r(&t, &tm);"]


class Samples(unittest.TestCase):
    def found(self, rule, texts):
        tree = Tree.of(texts)
        return [f.rule for f in tidy.findings(tree, [rule])]

    def test_every_rule_finds_its_bad_samples_and_no_good_one(self):
        for rule in tidy.RULES:
            if rule in (rules_code.banned, rules_code.sizes):
                continue  # below
            with self.subTest(rule=rule.__name__):
                word, bad, good = SAMPLES[rule.__name__]
                for texts in bad:
                    self.assertIn(word, self.found(rule, texts), texts)
                for texts in good:
                    self.assertEqual([], self.found(rule, texts), texts)

    def test_every_rule_says_what_it_wants(self):
        for rule in tidy.RULES:
            self.assertTrue(rule.__doc__, rule.__name__)

    def test_banned_calls_are_found_outside_their_folders(self):
        self.assertEqual({rule for rule, *_ in rules_code.BANNED}, set(BANNED))
        for word, samples in BANNED.items():
            for sample in samples:
                self.assertIn(word, self.found(rules_code.banned, {"itsm/a.cpp": sample}), sample)
        for sample in ALLOWED:
            self.assertEqual([], self.found(rules_code.banned, {"itsm/a.cpp": sample}), sample)
        self.assertEqual([], self.found(rules_code.banned, {"app/a.cpp": BANNED["output"][0],
                                                            "core/time/a.cpp": BANNED["clock"][0]}))


class Sizes(unittest.TestCase):
    def found(self, texts):
        return [f.rule for f in tidy.findings(Tree.of(texts), [rules_code.sizes])]

    def test_columns_and_file_length(self):
        self.assertEqual([], self.found({"core/a.cpp": "x" * 100 + "\n"}))
        self.assertEqual(["columns"], self.found({"core/a.cpp": "x" * 101 + "\n"}))
        self.assertEqual([], self.found({"core/a.cpp": lines(600, "int a;") + "\n"}))
        self.assertEqual(["file-length"], self.found({"core/a.cpp": lines(601, "int a;") + "\n"}))

    def test_function_length_counts_each_body_once(self):
        shapes = ["void f() {\n%s\n}\n", "int A::f(int x) const noexcept {\n%s\n}\n",
                  "namespace a { class B { void f() {\n%s\n} }; }\n",
                  "A::A(int x) : x_(x), y_{1} {\n%s\n}\n", 'TEST_CASE("a: b {") {\n%s\n}\n',
                  "auto f() -> std::vector<int> {\n%s\n}\n"]
        for shape in shapes:
            self.assertEqual([], self.found({"core/a.cpp": shape % lines(68)}), shape)
            self.assertEqual(["function-length"],
                             self.found({"core/a.cpp": shape % lines(69)}), shape)

    def test_tables_and_namespaces_are_no_functions(self):
        table = "namespace a {\nconstexpr int k[] = {\n%s\n};\n}\n" % lines(100, "1,")
        self.assertEqual([], self.found({"core/a.cpp": table}))
        struct = "struct A {\n%s\n};\n" % lines(100, "int a = f();")
        self.assertEqual([], self.found({"core/a.cpp": struct}))


class Reading(unittest.TestCase):
    def test_comments_and_literals_are_blanked_and_offsets_stay(self):
        text = 'a("x{}"); // {\n/* {\n } */ b(\'{\', 1\'000, R"(}{)");\n'
        code = blank(text)
        self.assertEqual(len(text), len(code))
        self.assertEqual(text.count("\n"), code.count("\n"))
        self.assertNotIn("{", code)
        self.assertIn("1'000", code)

    def test_a_waiver_needs_a_reason(self):
        waived = File("core/a.cpp", "// tidy: clock -- it is the clock\nf();\n")
        self.assertTrue(waived.waives("clock", 2))
        self.assertFalse(waived.waives("sleeps", 2))
        self.assertFalse(File("core/a.cpp", "f(); // tidy: clock\n").waives("clock", 1))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))
