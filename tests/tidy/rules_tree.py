"""Rules about the tree as a whole: nothing forgotten in builds, documents and indexes."""

import json
import os
import re

from tree import Finding

# Written in parts, so that this file does not find itself.
MARKS = re.compile(r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) +
                   r")\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s#]+)(?:#[^)]*)?\)")
VERB = re.compile(r"\./dev ([a-z]+)\b")
KEY_ROW = re.compile(r"^\| `([^`]+)` \|", re.M)
TEST_NAME = re.compile(r'^TEST_CASE\(\s*"([^"]*)', re.M)
SCHEMAS = {"gantry": "gantryd: gantry.yaml", "agent": "gantry-agent: agent.yaml",
           "policy": "Policies", "rules": "Rules"}


def marks(tree):
    """What is not done is not in the tree; it is an issue."""
    for file in tree.files:
        for number, line in enumerate(file.lines, 1):
            found = MARKS.search(line)
            if found:
                yield Finding(file.path, number, "marks", f"{found.group(0)}: finish it or file it")


def built(tree):
    """Every source is compiled by some CMakeLists.txt of its folder or one above."""
    lists = {file.path.rpartition("/")[0]: file.text for file in tree.files
             if file.path.rpartition("/")[2] == "CMakeLists.txt"}
    for file in tree.files:
        if not file.path.endswith(".cpp"):
            continue
        parent, name = file.path.rpartition("/")[0], file.path.rpartition("/")[2]
        while True:
            listed = re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w.])", lists.get(parent, ""))
            if listed or not parent:
                break
            parent, _, last = parent.rpartition("/")
            name = f"{last}/{name}"
        if not listed:
            yield Finding(file.path, 1, "built", "no CMakeLists.txt lists this source")


def issues(tree):
    """Each file of tests/issues has a number of its own and begins with what the defect was; its
    tests are named by the number."""
    seen = {}
    for file in tree.under("tests/issues/"):
        name = file.path.rpartition("/")[2]
        if not name.endswith(".cpp"):
            continue
        number = name[:3]
        if not re.match(r"\d{3}_[a-z0-9_]+_test\.cpp$", name):
            yield Finding(file.path, 1, "issues", "is named NNN_what_was_wrong_test.cpp")
        elif number in seen:
            yield Finding(file.path, 1, "issues", f"{number} is the number of {seen[number]}")
        seen.setdefault(number, file.path)
        if not file.text.startswith("// "):
            yield Finding(file.path, 1, "issues", "does not begin with what the defect was")
        for test in TEST_NAME.finditer(file.text):
            if not test.group(1).startswith(f"issue {number}: "):
                line = file.text.count("\n", 0, test.start()) + 1
                yield Finding(file.path, line, "issues", f'a name begins with "issue {number}: "')


def boost_links(tree):
    """Asio's separate compilation needs the same defines everywhere: link gantry::core_async."""
    for file in tree.files:
        if not file.path.endswith("CMakeLists.txt") or file.path == "core/async/CMakeLists.txt":
            continue
        for number, line in enumerate(file.lines, 1):
            if "Boost::" in line:
                yield Finding(file.path, number, "boost-links",
                              "link gantry::core_async; a unit without its defines breaks the "
                              "one-definition rule")


def schema_keys(node, path=""):
    if "properties" not in node:
        return
    for key, member in node["properties"].items():
        inner = f"{path}.{key}" if path else key
        if "properties" in member:
            yield from schema_keys(member, inner)
        elif "properties" in member.get("items", {}):
            yield from schema_keys(member["items"], inner + "[]")
        else:
            yield inner


def settings_documented(tree):
    """Every key of a schema has a row in docs/settings.md, and no row is about nothing. (That the
    programs read the same keys is checked by unit_app_settings.)"""
    page = tree.get("docs/settings.md")
    for name, heading in SCHEMAS.items():
        path = f"config/schemas/{name}.schema.json"
        schema = tree.get(path)
        if schema is None:
            continue
        text = page.text if page else ""
        section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
        documented = set(KEY_ROW.findall(section))
        keys = set(schema_keys(json.loads(schema.text)))
        for key in sorted(keys - documented):
            yield Finding(path, 1, "settings", f"{key} is not described in docs/settings.md")
        for key in sorted(documented - keys):
            yield Finding("docs/settings.md", 1, "settings", f"{key} is in no {path}")


def adr_index(tree):
    """docs/adr/README.md lists every page once; pages are named by their subject."""
    index = tree.get("docs/adr/README.md")
    linked = LINK.findall(index.text) if index else []
    for file in tree.under("docs/adr/"):
        name = file.path.rpartition("/")[2]
        if name == "README.md":
            continue
        if linked.count(name) != 1:
            yield Finding(file.path, 1, "adr",
                          f"docs/adr/README.md links it {linked.count(name)} times")
        if not re.match(r"[a-z][a-z0-9-]*\.md$", name):
            yield Finding(file.path, 1, "adr", "a page is named by words-in-lower-case.md")


def dependencies_recorded(tree):
    """Every package that is installed to build has its page."""
    packages = tree.get("tools/packages.txt")
    if packages is None:
        return
    records = "\n".join(file.text for file in tree.under("docs/adr/"))
    for number, line in enumerate(packages.lines, 1):
        words = line.split()
        if len(words) == 2 and words[0] != "#" and f"`{words[1]}`" not in records:
            yield Finding(packages.path, number, "dependencies",
                          f"{words[1]} stands in no docs/adr page")


def links(tree):
    """A relative link in a document leads somewhere."""
    known = {file.path for file in tree.files}
    folders = {os.path.dirname(path) for path in known}
    for file in tree.files:
        if not file.path.endswith(".md"):
            continue
        for number, line in enumerate(file.lines, 1):
            for target in LINK.findall(line):
                if re.match(r"[a-z]+:", target):
                    continue
                path = os.path.normpath(os.path.join(os.path.dirname(file.path), target))
                exists = path in known or path in folders or any(
                    folder.startswith(path + "/") for folder in folders) or os.path.exists(
                    os.path.join(tree.directory, path))
                if not exists:
                    yield Finding(file.path, number, "links", f"{target} leads nowhere")


def verbs(tree):
    """Documents name only verbs that ./dev has, and the README tells the two that set up."""
    dev = tree.get("dev")
    if dev is None:
        return
    case = re.search(r"^ +([a-z|]+)\) \"verb_", dev.text, re.M)
    known = set(case.group(1).split("|")) if case else set()
    for file in tree.files:
        if not file.path.endswith(".md"):
            continue
        for number, line in enumerate(file.lines, 1):
            for verb in VERB.findall(line):
                if verb not in known:
                    yield Finding(file.path, number, "verbs", f"./dev has no verb {verb}")
    readme = tree.get("README.md")
    for verb in ("up", "test"):
        if readme is None or f"./dev {verb}" not in readme.text:
            yield Finding("README.md", 1, "verbs", f"./dev {verb} is not told")


RULES = [marks, built, issues, boost_links, settings_documented, adr_index, dependencies_recorded,
         links, verbs]
