#!/usr/bin/env python3
"""Functions that nobody calls: names that ctags finds declared or defined in the product's sources and that stand nowhere
else in them. A name that only tests use counts as unused, unless it is listed below with its reason. Prints them and
ends with 1."""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CALLED_FROM_OUTSIDE = {
    r"main": "by the system",
    r"LLVMFuzzerTestOneInput": "by libFuzzer",
    r"on_\w+_impl": "by Boost.Beast's parser",
    r"allocate|deallocate|get_allocator": "by Boost.Asio",
    r"thousands_sep_impl|to_decimal": "by fmt",
    r"begin|end|size": "by range-based for",
}
FOR_TESTS = {
    "batches_of": "what a test's writer of segments was given",
    "find_other": "how a sink reads its section of the configuration; a test has such a sink",
    "ethtool_speeds": "a table that its test compares with the kernel's",
    "make_peer_bus": "a bus that a test plays",
    "neighbour_state_text": "a table that its test reads",
    "open_bytes": "a capture from memory",
    "reload_web_config": "what SIGHUP does, without a signal",
    "adopt_connection": "a connection that a test made",
}
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
TEST = re.compile(r"(_test|_fuzz|_bench)\.cc$|^test_")


def product_files():
    """All sources but tests and the headers that only tests include."""
    files = [path for path in (ROOT / "src").rglob("*") if path.suffix in (".h", ".cc")]
    texts = {path: path.read_text() for path in files}
    kept = {path for path in files if path.suffix == ".cc" and not TEST.search(path.name)}
    todo = list(kept)
    while todo:
        for name in INCLUDE.findall(texts[todo.pop()]):
            header = ROOT / "src" / name
            if header in texts and header not in kept:
                kept.add(header)
                todo.append(header)
    return {path: texts[path] for path in sorted(kept)}


def declared(files):
    """name -> the places where it is declared or defined."""
    run = subprocess.run(["ctags", "-x", "--_xformat=%N\t%F\t%n", "--kinds-C++=fp", "--language-force=C++", "-f", "-",
                          *map(str, files)], capture_output=True, text=True, check=True)
    places = collections.defaultdict(set)
    for line in run.stdout.splitlines():
        name, file, number = line.split("\t")
        if re.fullmatch(r"[A-Za-z]\w*", name) and not name.startswith(("__anon", "operator")):
            places[name].add((pathlib.Path(file).relative_to(ROOT).as_posix(), int(number)))
    return places


def main():
    files = product_files()
    words = collections.Counter()
    for text in files.values():
        words.update(re.findall(r"[A-Za-z_]\w*", re.sub(r"//.*", "", text)))
    outside = re.compile("|".join(CALLED_FROM_OUTSIDE))
    unused = []
    for name, places in sorted(declared(files).items()):
        if words[name] <= len(places) and not outside.fullmatch(name) and name not in FOR_TESTS:
            file, number = sorted(places)[-1]
            unused.append(f"{file}:{number}: nobody calls {name}")
    unused += [f"tools/check_unused.py: {name} is used, or gone" for name in FOR_TESTS if words[name] > 2 or words[name] == 0]
    print("\n".join(unused) if unused else "unused functions: none")
    return 1 if unused else 0


if __name__ == "__main__":
    sys.exit(main())
