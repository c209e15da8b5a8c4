#!/usr/bin/env python3
"""The rules of the tree as a test: `tests/tidy/tidy.py` prints one line per finding and ends with 1
when there is any. `--rule NAME` looks at one rule only. Each rule's docstring says what it wants;
a line may be waived with a reason: `// tidy: clock -- why it must be so here`."""

import argparse
import os
import sys

import rules_code
import rules_tree
from tree import Tree

RULES = rules_code.RULES + rules_tree.RULES


def findings(tree, rules=None):
    out = []
    for rule in rules or RULES:
        for finding in rule(tree):
            file = tree.get(finding.path)
            if file is None or not file.waives(finding.rule, finding.line):
                out.append(finding)
    return sorted(out, key=lambda f: (f.path, f.line, f.rule))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rule", choices=[rule.__name__ for rule in RULES])
    parser.add_argument("--list", action="store_true", help="say what every rule wants")
    options = parser.parse_args()
    if options.list:
        for rule in RULES:
            print(f"{rule.__name__}: {' '.join(rule.__doc__.split())}")
        return 0
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    chosen = [rule for rule in RULES if options.rule in (None, rule.__name__)]
    found = findings(Tree.read(root), chosen)
    for finding in found:
        print(finding)
    print(f"tidy: {len(found)} findings by {len(chosen)} rules", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
