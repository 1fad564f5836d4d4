#!/usr/bin/env python3
"""Who may include whom (ARCHITECTURE.md). Prints every include that breaks the table and ends with 1."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# A folder may include itself, the folders below it, and those that stand here. One that has no line of its own belongs to the folder
# above it.
ALLOWED = {
    "base": set(),
    "telemetry": {"base"},
    "http": {"base", "telemetry"},
    "host": {"base", "telemetry"},
    "host/kernel": {"base"},
    "host/select": {"base"},
    "host/sandbox": {"base"},
    "host/collectors": {"base", "telemetry", "host/kernel", "host/select"},
    "config": {"base", "flow"},
    "flow": {"base"},
    "net": {"base"},
    "gen": {"base"},
    "decode": {"base", "flow"},
    "decode/common": {"base", "flow"},
    "decode/packet": {"base", "flow"},
    "decode/template": {"base", "flow", "decode/common", "decode/packet"},
    "decode/session": {"base", "flow", "decode/common", "decode/template"},
    "decode/sflow": {"base", "flow", "decode/common", "decode/packet", "decode/template", "decode/session"},
    "journal": {"base", "flow"},
    "sink": {"base", "flow"},
    "enrich": {"base", "flow"},
    "duck": {"base"},
    "store": {"base", "flow", "duck", "sink"},
    "filter": {"base", "flow"},
    "query": {"base", "flow", "filter", "duck", "store"},
    "pipeline": {"base", "telemetry", "flow", "decode", "journal", "net", "sink", "enrich", "store"},
    "app": {"base", "telemetry", "http", "host", "config", "flow", "net", "gen", "decode", "sink", "enrich", "store", "filter", "query", "pipeline", "app"},
}
# Tests, fuzz targets and benchmarks may use a peer to make or read input.
TEST_ALLOWED = {"net", "gen", "decode", "store", "flow", "query", "filter"}
# flow and decode are pure: no clock, socket, thread or log (what threads share has its own lock).
IMPURE = re.compile(r'#include [<"](sys/socket\.h|netinet/.*|thread|mutex|condition_variable|base/log\.h|unistd\.h)[>"]')
PURE_EXCEPT = {
    "src/decode/session/sharing.h",
    "src/decode/session/shared_exporter.h",
    "src/flow/ledger.h",
    "src/flow/batch_builder.cc",
    "src/flow/batch_builder.h",
}


def folder_of(path):
    """The folder of the table that a file, named from src/, belongs to."""
    parts = path.split("/")[:-1]
    while parts and "/".join(parts) not in ALLOWED:
        parts.pop()
    return "/".join(parts)


def main():
    problems = []
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        name = path.relative_to(ROOT).as_posix()
        folder = folder_of(name.removeprefix("src/"))
        module = folder.split("/")[0]
        is_test = re.search(r"(_(test|fuzz|bench)\.cc|/test_\w+\.h)$", name) is not None
        allowed = ALLOWED[folder] | {folder} | (TEST_ALLOWED | {module} if is_test else set())
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'#include "([a-z_]+/[^"]+)"', line)
            included = folder_of(match[1]) if match else ""
            if match and not any(f"{included}/".startswith(f"{one}/") for one in allowed):
                problems.append(f"{name}:{number}: {folder} must not include {included}")
            if module in ("flow", "decode") and not is_test and name not in PURE_EXCEPT and IMPURE.match(line):
                problems.append(f"{name}:{number}: {module} is pure and must not use {line.split()[1]}")
    print("\n".join(problems) if problems else "includes: fine")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
