#!/usr/bin/env python3
"""Every test that was skipped, with its reason, from what ctest logs: one ctest entry may hold many tests, of which some were skipped.

    skipped_tests.py build/release/Testing/Temporary/LastTest.log

Prints one line for each: "skipped: NAME: reason". Programs of GoogleTest say it in its way, all others in a line like these."""

import re
import sys
import unittest

# ctest writes one section for each run of an entry: "12/80 Test: e2e_test_cli", its command, its output, its result.
SECTION = re.compile(r"^\d+/\d+ Test: (.*)$", re.M)
# [ RUN      ] Suite.Name ... FILE:LINE: Skipped\nreason\n\n[  SKIPPED ] Suite.Name (0 ms)
GTEST = re.compile(r"^\[ RUN      \] (\S+)\n((?:(?!\[ RUN ).*\n)*?)\[  SKIPPED \] \1 ", re.M)


def skips(log):
    """Each once, in the order of their names."""
    found = set()
    starts = list(SECTION.finditer(log))
    for start, following in zip(starts, [*starts[1:], None]):
        text = log[start.end():following.start() if following else len(log)]
        said = re.findall(r"^skipped: (.*)$", text, re.M)
        for test in GTEST.finditer(text):
            reasons = [line for line in test[2].splitlines() if line.strip() and not line.endswith(": Skipped")]
            said.append(f"{test[1]}: {reasons[-1].strip() if reasons else 'no reason given'}")
        if not said and re.search(r"^Test Skipped\.$", text, re.M):
            said = ["no reason given"]
        found |= {f"{start[1]}: {one}" for one in said}
    return sorted(found)


def main(path):
    try:
        log = open(path, errors="replace").read()
    except FileNotFoundError:
        return
    for one in skips(log):
        print(f"skipped: {one}")


class Checks(unittest.TestCase):
    LOG = """Start testing: Nov 30 12:00 UTC
----------------------------------------------------------
1/3 Testing: store
1/3 Test: store
Command: "/x/store_test"
Output:
----------------------------------------------------------
[==========] Running 3 tests from 1 test suite.
[ RUN      ] FullDisk.One
/x/full_disk_test.cc:86: Skipped
mounting a small file system needs root

[  SKIPPED ] FullDisk.One (0 ms)
[ RUN      ] FullDisk.Two
[       OK ] FullDisk.Two (1 ms)
[ RUN      ] FullDisk.Three
/x/full_disk_test.cc:99: Skipped


[  SKIPPED ] FullDisk.Three (0 ms)
[  SKIPPED ] 2 tests, listed below:
[  SKIPPED ] FullDisk.One
[  SKIPPED ] FullDisk.Three
<end of output>
Test Passed.
2/3 Test: e2e_test_query
Output:
test_b (test_query.Query.test_b)
What it is about. ... skipped 'the corpus is not here'
skipped: Query.test_b: the corpus is not here
<end of output>
Test Passed.
3/3 Test: mute
Output:
<end of output>
Test Skipped.
"""

    def test_each_is_found_with_its_reason(self):
        self.assertEqual(skips(self.LOG), [
            "e2e_test_query: Query.test_b: the corpus is not here",
            "mute: no reason given",
            "store: FullDisk.One: mounting a small file system needs root",
            "store: FullDisk.Three: no reason given",
        ])

    def test_none_is_none(self):
        self.assertEqual(skips("1/1 Test: base\nOutput:\n[ RUN      ] A.B\n[       OK ] A.B (0 ms)\n<end of output>\nTest Passed.\n"), [])


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        unittest.main(argv=[sys.argv[0]])
    main(sys.argv[1])
