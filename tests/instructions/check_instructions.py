#!/usr/bin/env python3
"""Instructions a flow of the hot path, counted by callgrind, beside those in instructions.json: fails when one has grown by more than
5 %. Seconds differ from machine to machine and moment to moment; instructions of the same code on the same input do not.

Usage: check_instructions.py [--record] PROGRAM    PROGRAM: instruction_count of the release build
       check_instructions.py --self-test
--record: write what was counted into instructions.json, if it is meant to be so.

Only our own code counts, with what it has inlined: libc chooses its memcpy by the machine, zstd its decoder and encoder.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

RECORD = pathlib.Path(__file__).resolve().parent / "instructions.json"
PARTS = {"decode_v5": "measured_decode", "decode_v9": "measured_decode", "decode_ipfix": "measured_decode"}
TOLERANCE = 0.05
# C libraries that are linked into the program.
FOREIGN = re.compile(r"^(ZSTD|HUF|FSE|HIST|XXH|ZBUFF|POOL|COVER|divsufsort|LZ4|deflate_|libdeflate)")
SKIPPED = 77  # for ctest


def own_instructions(profile, program):
    """Sums the instructions of the program's own functions. In a callgrind profile (manual, "Callgrind format specification") a line
    of numbers is "position cost" of the function of the last fn= line; the one after a calls= line is what was called, which has its
    own lines. Names come as "(number) name" first, as "(number)" later."""
    names = {"ob": {}, "fn": {}}
    current = {"ob": "", "fn": ""}
    total, skip = 0, False
    for line in profile.splitlines():
        if found := re.match(r"(ob|fn)=\((\d+)\)(?: (.*))?$", line):
            kind, number, name = found.groups()
            if name is not None:
                names[kind][number] = name
            current[kind] = names[kind][number]
        elif found := re.match(r"(cob|cfn)=\((\d+)\) (.*)$", line):
            names[found[1][1:]][found[2]] = found[3]
        elif line.startswith("calls="):
            skip = True
        elif re.match(r"[+\-*\d]\S* \d+", line):
            if not skip and current["ob"] == program and not FOREIGN.match(current["fn"]):
                total += int(line.split()[1])
            skip = False
    return total


def count(program, part):
    """(instructions a flow, the compiler that made the program)"""
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", "--collect-atstart=no",
                               f"--toggle-collect=weir::{PARTS[part]}(*", program, part], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"instructions: {part}: status {done.returncode}\n{done.stderr}")
        said = json.loads(done.stdout)
        counted = own_instructions(profile.read_text(), program)
    if counted == 0:
        sys.exit(f"instructions: {part}: callgrind has counted nothing: is weir::{PARTS[part]} still a function of {program}?")
    return round(counted / said["flows"], 1), said["compiler"]


def judge(name, recorded, counted):
    """(whether that is well, what to say)"""
    if recorded is None:
        return False, f"{name}: {counted} instructions a flow, none recorded; record them: --record"
    growth = counted / recorded - 1
    text = f"{name}: {counted} instructions a flow, {recorded} recorded, {growth:+.1%}"
    if growth > TOLERANCE:
        return False, text + f": grew by more than {TOLERANCE:.0%}. Find out why; if it is meant, record it: --record"
    if growth < -TOLERANCE:
        text += ": shrank, well done; record it, so that it stays so: --record"
    return True, text


def main(arguments):
    record = "--record" in arguments
    program, = (str(pathlib.Path(a).resolve()) for a in arguments if a != "--record")
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    counted, compiler = {}, None
    for part in PARTS:
        counted[part], compiler = count(program, part)
    if record:
        RECORD.write_text(json.dumps({"compiler": compiler, "instructions_per_flow": counted}, indent=1) + "\n")
        print(f"recorded in {RECORD}: {counted}")
        return 0
    if recorded.get("compiler") != compiler:
        print(f"skipped: made by compiler {compiler}, the recorded counts are of {recorded.get('compiler')}: {counted}")
        return SKIPPED
    verdicts = [judge(part, recorded["instructions_per_flow"].get(part), counted[part]) for part in PARTS]
    print("\n".join(text for _, text in verdicts))
    if not all(well for well, _ in verdicts):
        print(f"To record: python3 {pathlib.Path(__file__).resolve()} --record {program}")
        return 1
    return 0


class Checks(unittest.TestCase):
    PROFILE = """events: Ir
ob=(1) /bin/ours
fl=(1) a.cc
fn=(1) weir::decode()
10 100
+2 5
cob=(2) /lib/libc.so.6
cfn=(2) memcpy
calls=3 0
10 3000
* 7
fn=(3) HUF_compress4X
1 500

ob=(2)
fn=(2)
0 3000

ob=(1)
fn=(1)
12 1
"""

    def test_only_own_code_counts_and_calls_are_not_counted_twice(self):
        self.assertEqual(own_instructions(self.PROFILE, "/bin/ours"), 113)
        self.assertEqual(own_instructions(self.PROFILE, "/lib/libc.so.6"), 3000)

    def test_growth_beyond_the_tolerance_fails(self):
        self.assertFalse(judge("x", 100, 105.1)[0])
        self.assertTrue(judge("x", 100, 104.9)[0])
        self.assertFalse(judge("x", None, 100)[0])

    def test_shrinking_is_only_said(self):
        well, text = judge("x", 100, 90)
        self.assertTrue(well)
        self.assertIn("--record", text)
        self.assertNotIn("--record", judge("x", 100, 96)[1])


if __name__ == "__main__":
    if sys.argv[1:] == ["--self-test"]:
        unittest.main(argv=sys.argv[:1])
    if not [a for a in sys.argv[1:] if a != "--record"]:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
