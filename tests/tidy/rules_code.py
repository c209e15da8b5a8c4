"""Rules about C++ code: who includes whom, what must not be called, what miscompiles, sizes."""

import re

from tree import Finding

ROOMS = ("agent", "collector", "correlator", "itsm", "connectors", "console")
OURS = ("core",) + ROOMS + ("app", "tests")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.M)

# Vendor header prefix -> folders that may include it (in sources, and in headers of that folder
# that nobody else includes). tests are free.
VENDORS = {
    "boost/beast": ("core/http/", "core/async/"),
    "boost/process": ("core/process/", "core/async/"),
    "boost/asio": ("core/", "agent/", "collector/", "connectors/", "console/", "app/"),
    "curl/": ("core/http/",),
    "sqlite3.h": ("core/storage/", "core/journal/"),
    "SQLiteCpp/": ("core/storage/", "core/journal/"),
    "pqxx/": (),
    "libpq-fe.h": ("core/storage/",),
    "nats/": ("core/journal/",),
    "yaml-cpp/": ("core/settings/",),
    "spdlog/": ("core/telemetry/",),
    "fmt/": ("core/telemetry/",),
    "openssl/": ("core/crypto/", "core/http/"),
    "sodium": ("core/crypto/",),
    "zlib.h": ("core/http/",),
    "CLI/": ("app/",),
    "valijson/": (),
    "catch2/": (),
    "re2/": ("core/pattern/",),
    "systemd/": ("agent/probes/", "app/"),
}
SOURCES_ONLY = ("nlohmann/", "simdjson")  # anywhere, but in .cpp files
# Anyone's header may name Asio's types: they are the house's word for "awaitable".
IN_HEADERS = ("boost/asio",)

CLOCK = "use the injected Clock (core/time/clock.hpp)"
SLEEP = "wait with a Deadline on a timer; in tests move the SimClock"
RANDOM = "use the injected RandomSource (core/base/random.hpp)"
PARSE = "use std::from_chars and look at its error"
# (rule, pattern, what to do instead, folders that may)
BANNED = [
    ("clock", r"\b(?:system|steady|high_resolution)_clock::now\b", CLOCK, ("core/time/",)),
    ("clock", r"\b(?:gettimeofday|clock_gettime|timespec_get)\s*\(", CLOCK, ("core/time/",)),
    ("clock", r"(?<![\w.>:])(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)", CLOCK,
     ("core/time/",)),
    ("sleeps", r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\(", SLEEP, ()),
    ("sleeps", r"(?<![\w.>])::sleep\s*\(", SLEEP, ()),
    ("randomness", r"\brandom_device\b", RANDOM, ("core/crypto/",)),
    ("randomness", r"(?<![\w.>:])(?:std::|::)?s?rand\s*\(", RANDOM, ()),
    ("environment", r"\b(?:std::)?(?:getenv|setenv|putenv)\s*\(",
     "take it as an argument; app reads the environment", ("app/", "tests/")),
    ("output", r"(?<![\w])(?:std::)?(?:printf|puts|putchar|fprintf|fputs)\s*\(",
     "return the text, or log it (core/telemetry/log.hpp)", ("app/", "tests/")),
    ("output", r"\bstd::(?:cout|cerr|clog)\b",
     "return the text, or log it (core/telemetry/log.hpp)", ("app/", "tests/")),
    ("processes", r"(?<![\w.>:])(?:std::|::)?(?:system|popen|v?fork|execv\w*)\s*\(",
     "use core/process: deadline, process group, capped output", ("core/process/", "tests/")),
    ("threads", r"\.detach\s*\(\s*\)", "own the thread and join it", ()),
    ("spawns", r"\bdetached\b(?=\s*[,)])",
     "spawn through a TaskGroup (core/async/task_group.hpp): no failure goes unseen",
     ("core/async/", "tests/")),
    ("unsafe-text", r"(?<![\w.>])(?:std::|::)?(?:atoi|atol|atoll|atof|strtok)\s*\(", PARSE, ()),
    ("unsafe-text", r"(?<![\w.>])(?:std::|::)?(?:strcpy|strcat|sprintf|vsprintf)\s*\(",
     "use std::string, or snprintf into an array", ()),
    ("one-buffer", r"(?<![\w.>])(?:std::|::)?(?:localtime|gmtime|asctime|ctime|getpw\w+|getgr\w+|"
     r"gethostbyname|inet_ntoa|ttyname|tmpnam)\s*\(",
     "all threads share its buffer: use the form with a buffer of yours", ("tests/",)),
]
# Programs that measure or drive real processes.
REAL_TIME = ("tests/bench/", "tests/e2e/")

# The correlator is a fold: what it may not even include.
IMPURE = re.compile(r"^(thread|mutex|atomic|future|fstream|filesystem|boost/asio.*|"
                    r"core/(async|http|storage|journal|process|records|telemetry|ports)/.*)$")


def top(path):
    return path.split("/", 1)[0]


def includes(file):
    for match in INCLUDE.finditer(file.code):
        yield match.group(1), file.line_at(match.start(1))


def layers(tree):
    """core includes nothing of ours, a room only core and itself, app all but tests."""
    for file in tree.cxx():
        here = top(file.path)
        if here not in OURS or here == "tests":
            continue
        for target, line in includes(file):
            there = top(target)
            if "/" not in target or there not in OURS or there == here:
                continue
            allowed = there == "core" if here in ROOMS else here == "app" and there != "tests"
            if not allowed:
                yield Finding(file.path, line, "layers",
                              f"{here} may not include {target}: rooms meet in core")


def vendors(tree):
    """A vendor's headers appear only in the folder that wraps it, and not in its public headers."""
    used_elsewhere = {target for file in tree.cxx() for target, _ in includes(file)
                      if folder(target) != folder(file.path) and top(file.path) != "tests"}
    for file in tree.cxx():
        if top(file.path) == "tests":
            continue
        for target, line in includes(file):
            problem = vendor_problem(file, target, used_elsewhere)
            if problem:
                yield Finding(file.path, line, "vendors", problem)


def folder(path):
    return path.rsplit("/", 1)[0]


def vendor_problem(file, target, used_elsewhere):
    if target.startswith(SOURCES_ONLY):
        public = file.is_header and file.path in used_elsewhere
        return f"{target} shows in a header that other folders include" if public else ""
    for prefix, folders in VENDORS.items():
        if not target.startswith(prefix):
            continue
        if not file.path.startswith(folders or ("-",)):
            return f"{target} is wrapped by {' and '.join(folders) or 'tests'}; include that"
        if file.is_header and prefix not in IN_HEADERS and file.path in used_elsewhere:
            return f"{target} shows in a header that other folders include; hide it in the .cpp"
        return ""
    return ""


def purity(tree):
    """The correlator computes: no sockets, SQL, threads, files."""
    for file in tree.under("correlator/"):
        if not file.is_cxx:
            continue
        for target, line in includes(file):
            if IMPURE.match(target):
                yield Finding(file.path, line, "purity",
                              f"the correlator is a pure fold and may not include {target}")


def banned(tree):
    """Calls that hide time, randomness, environment or output from the caller."""
    for file in tree.cxx():
        for rule, pattern, instead, allowed in BANNED:
            if file.path.startswith(allowed + ("-",)):
                continue
            if rule in ("clock", "sleeps", "randomness") and file.path.startswith(REAL_TIME):
                continue
            for match in re.finditer(pattern, file.code):
                line = file.line_at(match.start())
                name = match.group(0).rstrip("( \t\n")
                yield Finding(file.path, line, rule, f"{name}: {instead}")


# Braces around these hold nothing that GCC 12 would destroy twice.
TRIVIAL = re.compile(r"(?:\bMillis|\bInstant|std::chrono::\w+|std::size_t|std::u?int\d+_t|\w*Id|"
                     r"\bJournalSeq|\bErrorCode|\bint|\bdouble)\s*$")
LAMBDA = re.compile(r"\[([^\[\]]*)\]\s*(?:\([^()]*\)\s*)?"
                    r"(?:mutable\s*|noexcept\s*|->\s*[\w:<>]+\s*)*\{")


def co_await_shapes(tree):
    """GCC 12 destroys twice what is braced or captured inside a co_await expression."""
    for file in tree.cxx():
        for match in re.finditer(r"\bco_await\b", file.code):
            expression = expression_at(file.code, match.end())
            problem = co_await_problem(expression)
            if problem:
                yield Finding(file.path, file.line_at(match.start()), "co-await",
                              f"{problem} inside co_await: make a named local first, then "
                              "co_await f(std::move(x))")


def expression_at(code, start):
    depth = 0
    for i in range(start, len(code)):
        c = code[i]
        if c in "([{":
            depth += 1
        elif c in ")]}":
            if depth == 0:
                return code[start:i]
            depth -= 1
        elif c == ";" and depth == 0:
            return code[start:i]
    return code[start:]


def co_await_problem(expression):
    rest = expression
    while True:
        found = LAMBDA.search(rest)
        if not found:
            break
        if found.group(1).strip():
            return f"a lambda that captures [{found.group(1).strip()}]"
        # The body of a captureless lambda is a function of its own.
        body = found.end() - 1
        inside = expression_at(rest, body + 1)
        rest = rest[:found.start()] + rest[body + 1 + len(inside) + 1:]
    for brace in re.finditer(r"\{", rest):
        if not TRIVIAL.search(rest[:brace.start()]):
            return "braces"
    return ""


def sizes(tree):
    """100 columns, 600 lines a file, 70 lines a function."""
    for file in tree.files:
        if not file.path.endswith((".cpp", ".hpp", ".py", ".sh")):
            continue
        for number, line in enumerate(file.lines, 1):
            if len(line) > 100:
                yield Finding(file.path, number, "columns", f"{len(line)} columns, 100 are allowed")
        if len(file.lines) - 1 > 600:
            yield Finding(file.path, 600, "file-length",
                          f"{len(file.lines) - 1} lines, 600 are allowed; one idea per file")
    for file in tree.cxx():
        for name, begin, length in functions(file):
            if length > 70:
                yield Finding(file.path, begin, "function-length",
                              f"{name} has {length} lines, 70 are allowed; push ifs up, loops down")


CONTAINER = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b[^;{}()]*$")
PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M)
FUNCTION = re.compile(r"([~\w:]+(?:\s*<[^<>]*>)?|operator[^\s(]*)\s*\(")


def functions(file):
    """(name, first line, lines) of every outermost function body, by counting braces."""
    code = PREPROCESSOR.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), file.code)
    stack, last = [], 0
    for match in re.finditer(r"[{};]", code):
        head, c = code[last:match.start()], match.group(0)
        if c == "{":
            inside = any(kind == "function" for kind, _, _ in stack)
            kind = kind_of(head, inside)
            stack.append((kind, match.start(), head))
            if kind == "initializer":
                continue  # the statement goes on inside it, and behind it
        elif c == "}" and stack:
            kind, start, opened = stack.pop()
            if kind == "function":
                begin, end = file.line_at(start), file.line_at(match.start())
                name = FUNCTION.search(opened)
                yield (name.group(1) if name else "?"), begin, end - begin + 1
            if kind == "initializer":
                continue
        last = match.end()


BODY = re.compile(
    r"\)\s*(?:const|noexcept|override|final|mutable|&&?|->\s*[\w:<>,\s*&]+|\s)*$")

# Behind a list of member initializers that ends with a braced one.
CONSTRUCTOR = re.compile(r"\)\s*(?:noexcept\s*)?:[^:;][^;]*\}$")


def kind_of(head, inside_function):
    if inside_function:
        return "block"
    if CONTAINER.search(head):
        return "container"
    text = head.rstrip()
    return "function" if BODY.search(text) or CONSTRUCTOR.search(text) else "initializer"


def headers(tree):
    """A header is guarded, opens with its contract, and opens no namespace for others."""
    for file in tree.cxx():
        if not file.is_header:
            continue
        if "#pragma once" not in file.text:
            yield Finding(file.path, 1, "headers", "#pragma once is missing")
        if not file.text.startswith("//"):
            yield Finding(file.path, 1, "headers", "begin with what it is and how, 2 to 5 lines")
        for match in re.finditer(r"^\s*using namespace\b", file.code, re.M):
            yield Finding(file.path, file.line_at(match.start()), "headers",
                          "a header must not open a namespace for others")


RULES = [layers, vendors, purity, banned, co_await_shapes, sizes, headers]
