"""The tree as the rules see it: every tracked text file, and its code without comments."""

import os
import re
import subprocess
from dataclasses import dataclass, field

CXX = (".cpp", ".hpp")
TEXT = CXX + (".py", ".sh", ".txt", ".cmake", ".md", ".yaml", ".json", ".in")
# A waiver stands on the line or the line above, with its reason: "// tidy: sleeps -- because ...".
WAIVER = re.compile(r"(?://|#)\s*tidy:\s*([a-z-]+)\s*--\s*\S")


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self):
        return f"{self.path}:{self.line}: [{self.rule}] {self.message}"


class File:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self._code = None

    @property
    def is_cxx(self):
        return self.path.endswith(CXX)

    @property
    def is_header(self):
        return self.path.endswith(".hpp")

    @property
    def code(self):
        """The text with comments and literals blanked out; every offset and line stays."""
        if self._code is None:
            self._code = blank(self.text)
        return self._code

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def waives(self, rule, line):
        """Is `rule` waived at this 1-based line?"""
        for text in self.lines[max(0, line - 2):line]:
            found = WAIVER.search(text)
            if found and found.group(1) == rule:
                return True
        return False


@dataclass
class Tree:
    files: list = field(default_factory=list)
    directory: str = "."

    @staticmethod
    def of(texts):
        """A tree of {path: text}, for self-tests."""
        return Tree([File(path, text) for path, text in texts.items()])

    @staticmethod
    def read(directory):
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=directory,
            check=True, capture_output=True, text=True).stdout.split("\n")
        tree = Tree(directory=directory)
        for path in sorted(set(filter(None, listed))):
            full = os.path.join(directory, path)
            wanted = path.endswith(TEXT) or path in ("dev", ".ci/run")
            if not wanted or not os.path.isfile(full):
                continue
            with open(full, encoding="utf-8", errors="replace") as f:
                tree.files.append(File(path, f.read()))
        return tree

    def cxx(self):
        return [f for f in self.files if f.is_cxx]

    def get(self, path):
        return next((f for f in self.files if f.path == path), None)

    def under(self, prefix):
        return [f for f in self.files if f.path.startswith(prefix)]


# In order: raw strings, line comments, block comments, strings, characters. A digit before ' is a
# separator (1'000), no character.
TOKENS = re.compile(
    r'R"(?P<raw>[^()\\\s]{0,16})\((?:.|\n)*?\)(?P=raw)"'
    r"|//[^\n]*"
    r"|/\*(?:.|\n)*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.[^']*|[^'\\\n])'")


INCLUDE_LINE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"][^>"\n]*[>"]', re.M)


def blank(text):
    def spaces(match):
        token = match.group(0)
        inside = re.sub(r"[^\n]", " ", token)
        # The quotes stay, so that an argument is still seen to be there.
        return inside if token.startswith("/") else '"' + inside[1:-1] + '"'

    # An include's path is no text literal for us.
    keep = {m.start(): m.group(0) for m in INCLUDE_LINE.finditer(text)}
    out = TOKENS.sub(spaces, text)
    for start, token in keep.items():
        out = out[:start] + token + out[start + len(token):]
    return out
