#!/usr/bin/env python3
"""Calls that the sources must not have, with the reason, and the tests that docs/robustness.md names, which must exist. Prints what
is wrong and ends with 1."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FORBIDDEN = {
    r"system|popen|execl|execle|execlp|execv|execve|execvp|posix_spawn|posix_spawnp|fork":
        "starts a program: what exporters send must never reach a shell",
    r"tmpnam|tempnam|mktemp": "a temporary name that others can guess",
    r"strcpy|strncpy|strcat|sprintf|vsprintf|gets|alloca|malloc|calloc|realloc|free": "memory without an owner or a bound",
}


def forbidden_calls():
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".h", ".cc") or path.name.endswith("_test.cc") or path.name.startswith("test_"):
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line.split("//")[0]
            for names, reason in FORBIDDEN.items():
                match = re.search(rf"(?<![\w.>:])(?:std::|::)?({names})\s*\(", code)
                if match:
                    yield f"{path.relative_to(ROOT)}:{number}: {match[1]}: {reason}"


def missing_tests():
    """docs/robustness.md names C++ tests as `Suite.Name` and end-to-end tests as `test_file.py test_name`."""
    document = ROOT / "docs/robustness.md"
    cpp = {f"{s}.{n}" for path in (ROOT / "src").rglob("*_test.cc") for s, n in re.findall(r"^TEST(?:_[FP])?\((\w+),\s*(\w+)\)", path.read_text(), re.M)}
    fuzz = {path.name for path in (ROOT / "src").rglob("*_fuzz.cc")}
    for name in re.findall(r"`([^`]+)`", document.read_text()):
        if re.fullmatch(r"[A-Z]\w+\.\w+", name) and name not in cpp:
            yield f"docs/robustness.md: there is no test {name}"
        elif re.fullmatch(r"\w+_fuzz\.cc", name) and name not in fuzz:
            yield f"docs/robustness.md: there is no {name}"
        elif match := re.fullmatch(r"(test_\w+\.py) (test_\w+)", name):
            path = ROOT / "tests/e2e" / match[1]
            if not path.exists() or f"def {match[2]}(" not in path.read_text():
                yield f"docs/robustness.md: there is no {match[2]} in tests/e2e/{match[1]}"


def main():
    problems = [*forbidden_calls(), *missing_tests()]
    print("\n".join(problems) if problems else "sources: fine")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
