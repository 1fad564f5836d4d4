#!/usr/bin/env python3
"""What sources name, rather than what they include: includes come along with others, names do not.

  pure      flow, decode and enrich use no lock, thread, clock, socket or log: time comes in with the datagram. What
            threads share there has its own lock, in the files listed below, each with its reason.
  named     a header includes what it names of the standard library, so that it does not depend on who includes it.
  size      a file has at most 600 lines.
  NOLINT    names its check and says why.

Prints what is wrong and ends with 1."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST_LINES = 600

PURE = ("flow", "decode", "enrich")
IMPURE = {
    "a lock": r"std::(?:(?:recursive_|shared_|timed_)?mutex|lock_guard|unique_lock|shared_lock|scoped_lock|once_flag|call_once)\b",
    "a thread": r"std::(?:thread|jthread|this_thread|condition_variable\w*|async|future|promise)\b",
    "a clock": r"\b(?:steady_clock|system_clock|high_resolution_clock|wall_clock_now|clock_gettime|gettimeofday)\b",
    "a socket": r"(?<![\w.>])(?:::)?(?:socket|recvmmsg|recvfrom|sendto|sendmsg|setsockopt|epoll_wait|connect|accept4?)\s*\(",
    "the log": r"\blog::(?:error|warn|info|debug|trace)\b",
}
SHARED = {  # what several decoding threads have in common, each behind its own lock
    "src/flow/ledger.h": "the accounts of outlets and what threads publish",
    "src/flow/ledger.cc": "the same",
    "src/flow/batch_builder.cc": "batches come back to their builder from any thread",
    "src/decode/session/shared_exporter.h": "an exporter that several threads decode",
    "src/decode/session/shared_exporter.cc": "the same",
    "src/decode/session/sharing.h": "holds that lock while a datagram changes the exporter",
    "src/decode/session/sharing.cc": "the same",
}

NAMES = {
    "algorithm": r"std::(?:ranges::)?(?:sort|find_if|find|any_of|all_of|none_of|copy|fill|fill_n|transform|min_element|max_element|clamp|lower_bound|upper_bound)\b",
    "array": r"std::(?:array|to_array)\b",
    "atomic": r"std::atomic\w*\b",
    "chrono": r"std::chrono::",
    "condition_variable": r"std::condition_variable",
    "cstdint": r"\bu?int(?:8|16|32|64)_t\b",
    "deque": r"std::deque\b",
    "expected": r"std::(?:expected|unexpected)\b",
    "filesystem": r"std::filesystem::",
    "functional": r"std::function\b",
    "list": r"std::list\b",
    "map": r"std::(?:multi)?map\b",
    "memory": r"std::(?:unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared)\b",
    "mutex": r"std::(?:mutex|lock_guard|unique_lock|scoped_lock|once_flag)\b",
    "optional": r"std::(?:optional|nullopt)\b",
    "set": r"std::(?:multi)?set\b",
    "span": r"std::span\b",
    "string": r"std::(?:string|to_string)\b",
    "string_view": r"std::string_view\b",
    "thread": r"std::(?:jthread|thread|this_thread)\b",
    "tuple": r"std::(?:tuple|tie)\b",
    "variant": r"std::(?:variant|visit|get_if|holds_alternative)\b",
    "vector": r"std::vector\b",
}
# A header that stands for these: whoever includes it has them, too.
GIVES = {"base/result.h": {"expected", "string"}, "base/time.h": {"chrono"}, "string": {"string_view"}}


def code_lines(text):
    """(number, line) without comments and texts."""
    for number, line in enumerate(text.splitlines(), 1):
        yield number, re.sub(r'"(?:[^"\\]|\\.)*"', '""', line) .split("//")[0] if not line.startswith("#include") else line


def impure(name, text):
    if name in SHARED:
        return
    for number, line in code_lines(text):
        for what, names in IMPURE.items():
            if match := re.search(names, line):
                yield f"{name}:{number}: {match[0].strip('( ')}: {name.split('/')[1]} is pure and has no business with {what}"


def unnamed(name, text):
    included = set(re.findall(r'^#include [<"]([^>"]+)[>"]', text, re.M))
    for header, more in GIVES.items():
        if header in included:
            included |= more
    for header, names in NAMES.items():
        if header in included:
            continue
        for number, line in code_lines(text):
            if match := re.search(names, line):
                yield f"{name}:{number}: names {match[0].rstrip(':')} and does not include <{header}>"
                break


def problems():
    for path in sorted((ROOT / "src").rglob("*")):
        if path.suffix not in (".h", ".cc"):
            continue
        name, text = path.relative_to(ROOT).as_posix(), path.read_text()
        is_test = re.search(r"_(test|fuzz|bench)\.cc$", name) or path.name.startswith("test_")
        if name.split("/")[1] in PURE and not is_test:
            yield from impure(name, text)
        if path.suffix == ".h":
            yield from unnamed(name, text)
        if (lines := text.count("\n")) > MOST_LINES:
            yield f"{name}: {lines} lines, more than {MOST_LINES}: split it by concept"
        for number, line in enumerate(text.splitlines(), 1):
            if "NOLINT" in line and not re.search(r"NOLINT(?:NEXTLINE)?\([\w.,-]+\): \S", line):
                yield f"{name}:{number}: NOLINT without its check and reason: NOLINT(check): reason"
    for name in (name for name in SHARED if not (ROOT / name).exists()):
        yield f"tools/check_symbols.py: there is no {name}"
    for path in [*(ROOT / "tools").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        if (lines := path.read_text().count("\n")) > MOST_LINES:
            yield f"{path.relative_to(ROOT)}: {lines} lines, more than {MOST_LINES}: split it by concept"


def main():
    found = list(problems())
    print("\n".join(found) if found else "symbols: fine")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
