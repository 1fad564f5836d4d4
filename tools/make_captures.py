#!/usr/bin/env python3
"""Writes the cases of testdata/captures that are made by hand: captures, and the rows and accounts that a collector must make of
them. tools/captures/ has the tables: what each case is, and where in public its format or quirk is described.

    tools/make_captures.py [FOLDER]

The same bytes on every machine; folders of cases that real exporters made are left alone. In testdata/captures the table of its
README.md is written, too: one line for each folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from captures import damage, ipfix_cases, netflow, options_cases, sflow_cases, tunnels, vendors  # noqa: E402

TABLES = (netflow, ipfix_cases, options_cases, vendors, damage, sflow_cases, tunnels)
TABLE = "| case | what it is |\n|---|---|\n"
CAPTURES = Path(__file__).resolve().parents[1] / "testdata/captures"


def cases():
    for table in TABLES:
        yield from table.cases()


def write_table(readme):
    """The table at the end of README.md: each folder with the first line of its own README.md."""
    head, mark, _ = readme.read_text().partition(TABLE)
    assert mark, f"{readme}: no table"
    rows = [
        f"| [{path.parent.name}]({path.parent.name}) | {path.read_text().splitlines()[0]} |" for path in sorted(readme.parent.glob("*/README.md"))
    ]
    readme.write_text(head + mark + "".join(f"{row}\n" for row in rows))


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else CAPTURES
    made = list(cases())
    names = [case.name for case in made]
    assert len(set(names)) == len(names), "two cases have one name"
    for case in made:
        case.write(folder)
    if folder.resolve() == CAPTURES:
        write_table(folder / "README.md")
    print(f"{len(made)} cases in {folder}")


if __name__ == "__main__":
    main()
