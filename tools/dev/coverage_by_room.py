"""gcovr's summary by room (second-level folder): branches first, they say more than lines."""

import collections
import json
import sys


def percent(part, whole):
    return f"{100 * part / whole:5.1f} %" if whole else "      -"


def main(path):
    with open(path, encoding="utf-8") as f:
        summary = json.load(f)
    rooms = collections.defaultdict(lambda: [0, 0, 0, 0])
    for file in summary["files"]:
        parts = file["filename"].split("/")
        for name in ("/".join(parts[:2]), "all"):
            row = rooms[name]
            row[0] += file["branch_covered"]
            row[1] += file["branch_total"]
            row[2] += file["line_covered"]
            row[3] += file["line_total"]
    total = rooms.pop("all", [0, 0, 0, 0])
    print(f"{'room':28}{'branches':>9}{'':>12}{'lines':>9}")
    for name, (bc, bt, lc, lt) in sorted(rooms.items()) + [("all", tuple(total))]:
        print(f"{name:28}{percent(bc, bt):>9} of {bt:<8}{percent(lc, lt):>9} of {lt}")


if __name__ == "__main__":
    main(sys.argv[1])
