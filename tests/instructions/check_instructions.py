#!/usr/bin/env python3
"""Instructions a flow of the hot path, counted by callgrind, beside those in instructions.json: fails when one has grown by more than
5 %. Seconds differ from machine to machine and moment to moment; instructions of the same code on the same input do not.

Usage: check_instructions.py [--record] PROGRAM    PROGRAM: instruction_count of the release build
       check_instructions.py --self-test
--record: write what was counted into instructions.json, if it is meant to be so.

Our own code counts, with what it has inlined, and beside it the compressors that it calls. libc does not: which memcpy it takes
depends on the machine. zstd has two ways, too, but all machines that are not very old go the one (BMI2).
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

RECORD = pathlib.Path(__file__).resolve().parent / "instructions.json"
PROTOCOLS = ("v5", "v9", "ipfix")
PARTS = {f"decode_{protocol}{single}": "measured_decode" for single in ("", "_single") for protocol in PROTOCOLS} | {"write": "measured_write"}
TOLERANCE = 0.05
# zstd, LZ4, libdeflate, which are linked into the program.
COMPRESSORS = re.compile(r"^(ZSTD|HUF|FSE|HIST|XXH|ERR|LZ4|libdeflate|crc32|dispatch_crc32)")
SKIPPED = 77  # for ctest


def instructions(profile, program):
    """(of the program's own functions, of the compressors in it). In a callgrind profile (manual, "Callgrind format specification") a line
    of numbers is "position cost" of the function of the last fn= line; the one after a calls= line is what was called, which has its
    own lines. Names come as "(number) name" first, as "(number)" later."""
    names = {"ob": {}, "fn": {}}
    current = {"ob": "", "fn": ""}
    own, compressors, skip = 0, 0, False
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
            cost = int(line.split()[1]) if not skip and current["ob"] == program else 0
            if COMPRESSORS.match(current["fn"]):
                compressors += cost
            else:
                own += cost
            skip = False
    return own, compressors


def count(program, part):
    """({part or part of it: instructions a flow}, the compiler that made the program)"""
    with tempfile.TemporaryDirectory() as folder:
        profile = pathlib.Path(folder) / "profile"
        arguments = [part, f"{folder}/segment.parquet"] if part == "write" else [part]
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", "--collect-atstart=no",
                               f"--toggle-collect=weir::{PARTS[part]}(*", program, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"instructions: {part}: status {done.returncode}\n{done.stderr}")
        said = json.loads(done.stdout)
        own, compressors = instructions(profile.read_text(), program)
    if own == 0:
        sys.exit(f"instructions: {part}: callgrind has counted nothing: is weir::{PARTS[part]} still a function of {program}?")
    counted = {part: own} | ({f"{part}, compressors": compressors} if compressors else {})
    return {name: round(n / said["flows"], 1) for name, n in counted.items()}, said["compiler"]


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
        more, compiler = count(program, part)
        counted |= more
    if record:
        RECORD.write_text(json.dumps({"compiler": compiler, "instructions_per_flow": counted}, indent=1) + "\n")
        print(f"recorded in {RECORD}: {counted}")
        return 0
    if recorded.get("compiler") != compiler:
        print(f"skipped: made by compiler {compiler}, the recorded counts are of {recorded.get('compiler')}: {counted}")
        return SKIPPED
    verdicts = [judge(name, recorded["instructions_per_flow"].get(name), n) for name, n in counted.items()]
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

    def test_libc_does_not_count_and_calls_do_not_count_twice(self):
        self.assertEqual(instructions(self.PROFILE, "/bin/ours"), (113, 500))
        self.assertEqual(instructions(self.PROFILE, "/lib/libc.so.6"), (3000, 0))

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
