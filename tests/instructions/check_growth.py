#!/usr/bin/env python3
"""How the work of a step grows with what senders choose: instructions, counted by callgrind, with n things known and with ten times as
many. Whatever is linear in them fails here, and what is quadratic all the more. No clock is involved.

Usage: check_growth.py PROGRAM [CASE...]   PROGRAM: hostile_work of the release build
       check_growth.py --self-test

Everything counts, with libc: moving memory and searching it are what grows.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

TIMES = 10


def total(profile):
    """Instructions of a callgrind profile."""
    found = re.search(r"^(?:totals|summary): (\d+)", profile, re.M)
    return int(found[1]) if found else 0


def work(program, case, n):
    """Instructions of a step."""
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", "--collect-atstart=no",
                               "--toggle-collect=weir::measured_steps(*", program, case, str(n)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"hostile_work: {case} {n}: status {done.returncode}\n{done.stderr}")
        counted = total(profile.read_text())
        if counted == 0:
            sys.exit(f"hostile_work: {case}: callgrind has counted nothing: is weir::measured_steps still a function of {program}?")
        return counted / json.loads(done.stdout)["steps"]


def judge(name, few, many, allowed):
    """(whether that is well, what to say)"""
    growth = many / few
    text = f"{name}: {few:,.0f} instructions a step, {many:,.0f} with {TIMES} times as much known: {growth:.2f}, at most {allowed}"
    return growth <= allowed, text if growth <= allowed else text + ": it grows with what senders choose"


def main(program, names):
    program = str(pathlib.Path(program).resolve())
    listed = subprocess.run([program, "list"], check=True, stdout=subprocess.PIPE, text=True).stdout
    well = True
    for case in map(json.loads, listed.splitlines()):
        if names and case["name"] not in names:
            continue
        fine, text = judge(case["name"], work(program, case["name"], case["few"]), work(program, case["name"], TIMES * case["few"]), case["growth"])
        well &= fine
        print(text, flush=True)
    return 0 if well else 1


class Checks(unittest.TestCase):
    def test_constant_work_is_well_and_linear_work_is_not(self):
        self.assertTrue(judge("x", 1000, 1050, 1.3)[0])
        self.assertFalse(judge("x", 1000, 10_000, 1.3)[0])

    def test_a_small_part_that_is_linear_is_found(self):
        self.assertFalse(judge("x", 1000 + 0.1 * 1000, 1000 + 0.1 * 10_000, 1.3)[0])

    def test_totals_of_a_profile(self):
        self.assertEqual(total("events: Ir\nfn=(1) a\n1 5\n\ntotals: 1234\n"), 1234)


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        unittest.main(argv=sys.argv[:1])
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
