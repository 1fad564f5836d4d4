"""Never a wrong answer: what is done to the files of a store either changes no answer, or the answer says so. WEIR_FLIPS is the number of
flipped bits (default 60; 1000 take some minutes)."""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import tempfile
import unittest

from weir_process import wait_for

WEIR = os.environ.get("WEIR_BIN") or str(pathlib.Path(__file__).resolve().parents[2] / "build/release/bin/weir")
INCOMPLETE = 3
QUESTIONS = (
    ("top", "--by", "src_addr,dst_port", "-n", "0"),
    ("top", "--by", "proto", "src", "net", "10.0.0.0/8", "or", "bytes", ">", "1000"),
    ("flows", "-n", "0", "--order", "none"),
    ("flows", "-n", "0", "--order", "none", "--all-columns", "src", "port", ">", "1024"),
    ("sql", "SELECT count(*), count(COLUMNS(*)), max(COLUMNS(*)) FROM flows"),
    ("sql", "SELECT date_trunc('minute', time_received) AS minute, sum(bytes), sum(packets) FROM flows GROUP BY ALL ORDER BY ALL"),
)


class Integrity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        root = pathlib.Path(cls.folder.name)
        cls.whole = root / "whole"
        capture = cls.capture = str(root / "flows.pcap")
        subprocess.run([WEIR, "gen", "--write", capture, "--count", "4000", "--rate", "1", "--exporters", "3",
                        "--protocol", "v5,v9,ipfix", "--start", "2026-11-22T12:20:00Z"], check=True, capture_output=True)
        subprocess.run([WEIR, "replay", capture, "--store", str(cls.whole)], check=True, capture_output=True)
        cls.answers = {question: cls.ask(cls.whole, question) for question in QUESTIONS}

    @staticmethod
    def run_weir(*arguments):
        return subprocess.run([WEIR, *map(str, arguments)], capture_output=True, text=True, timeout=120)

    @classmethod
    def ask(cls, store, question):
        done = cls.run_weir(*question, "--store", store, "-o", "json")
        rows = json.loads(done.stdout) if done.stdout else None
        if question[0] == "top" and rows:  # of equal sums, any order is right
            rows.sort(key=json.dumps)
        return done.returncode, rows, done.stderr

    def setUp(self):
        self.store = pathlib.Path(self.folder.name) / "store"
        shutil.rmtree(self.store, ignore_errors=True)
        shutil.copytree(self.whole, self.store)
        self.segments = sorted(self.store.glob("flows/*/*/*.parquet"))

    def check(self, question, what):
        """True if the answer is another one, and says so."""
        status, rows, error = self.ask(self.store, question)
        if status == 0:
            self.assertEqual((rows, error), self.answers[question][1:], f"{question}: another answer, not a word: {what}")
            return False
        self.assertIn(status, (1, INCOMPLETE), f"{what}: {error}")
        self.assertIn(str(self.store), error, what)
        if status == INCOMPLETE:
            self.assertTrue(any("incomplete" in row for row in rows), what)
        return True

    def test_there_is_something_to_lose(self):
        self.assertGreaterEqual(len(self.segments), 2, self.segments)
        for question, (status, rows, error) in self.answers.items():
            self.assertEqual((status, error), (0, ""), question)
            self.assertTrue(rows, question)

    def test_flipped_bits(self):
        rng = random.Random(15)
        told = 0
        flips = int(os.environ.get("WEIR_FLIPS", "60"))
        for i in range(flips):
            path = rng.choice(self.segments)
            size = path.stat().st_size
            # A third of them in the footer: it is small, and every byte of it matters.
            at = rng.randrange(size - 6000, size) if i % 3 == 0 else rng.randrange(size)
            bit = 1 << rng.randrange(8)
            with path.open("r+b") as file:
                file.seek(at)
                byte = file.read(1)[0]
                file.seek(at)
                file.write(bytes([byte ^ bit]))
            told += self.check(QUESTIONS[i % len(QUESTIONS)], f"bit {bit} of byte {at} of {size} of {path.name}")
            with path.open("r+b") as file:
                file.seek(at)
                file.write(bytes([byte]))
        self.assertEqual(told, flips)
        for question in QUESTIONS:
            self.assertFalse(self.check(question, "all as before"))

    def test_flipped_bits_of_counters(self):
        store = pathlib.Path(self.folder.name) / "sflow"
        capture = f"{self.folder.name}/sflow.pcap"
        subprocess.run([WEIR, "gen", "--write", capture, "--count", "500", "--protocol", "sflow", "--sflow-counters", "1", "--start",
                        "2026-11-22T12:20:00Z"], check=True, capture_output=True)
        subprocess.run([WEIR, "replay", capture, "--store", str(store)], check=True, capture_output=True)
        question = ("sql", "SELECT name, count(*), sum(value), max(COLUMNS(*)) FROM counters GROUP BY ALL ORDER BY ALL")
        before = self.ask(store, question)
        self.assertEqual((before[0], before[2]), (0, ""))
        self.assertGreater(len(before[1]), 3)
        segment, = store.glob("counters/*/*/*.parquet")
        whole = segment.read_bytes()
        rng = random.Random(16)
        for _ in range(30):
            changed = bytearray(whole)
            changed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
            segment.write_bytes(changed)
            status, rows, error = self.ask(store, question)
            self.assertEqual((status, list(rows[-1])), (INCOMPLETE, ["incomplete"]), error)
        segment.write_bytes(whole)
        self.assertEqual(self.ask(store, question), before)

    def test_cut_off(self):
        path = self.segments[0]
        content = path.read_bytes()
        for keep in (0, 3, 4, 11, 12, 4000, len(content) // 2, len(content) - 9, len(content) - 8, len(content) - 1):
            path.write_bytes(content[:keep])
            for question in QUESTIONS[:: 2]:
                self.assertTrue(self.check(question, f"{keep} of {len(content)} bytes"))

    def test_ctrl_c_ends_a_look_at_the_store(self):
        # A hole before the footer: all of it has to be read before anything can be said of the file.
        content = self.segments[0].read_bytes()
        footer = 8 + int.from_bytes(content[-8:-4], "little")
        with self.segments[0].open("wb") as file:
            file.write(content[:-footer])
            file.seek(1 << 40, os.SEEK_CUR)
            file.write(content[-footer:])
        read = 50 << 20
        for command in (("top",), ("top", "--by", "src_addr,no_such_column"), ("flows", "-o", "json"), ("flows", "--columns", "src_addr"),
                        ("sql", "SELECT 1 FROM flows"), ("sql", "--unsafe", "SELECT 1 FROM flows"), ("check",)):
            for number in (signal.SIGINT, signal.SIGTERM):
                process = subprocess.Popen([WEIR, *command, "--store", self.store], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                wait_for(lambda: self.bytes_read(process) > read, "it reads the file")
                process.send_signal(number)
                output, error = process.communicate(timeout=60)
                self.assertEqual((process.returncode, output, error), (1, "", "weir: interrupted\n"), command)

    @staticmethod
    def bytes_read(process):
        with open(f"/proc/{process.pid}/io") as io:
            return int(io.readline().split()[1])

    def test_changed_places(self):
        first, second = self.segments[:2]
        aside = first.with_suffix(".aside")
        first.rename(aside)
        second.rename(first)
        aside.rename(second)
        for question in QUESTIONS:
            self.assertTrue(self.check(question, "swapped"))

    def test_copied_over_another(self):
        shutil.copyfile(self.segments[0], self.segments[1])
        for question in QUESTIONS:
            self.assertTrue(self.check(question, "copied over another"))

    def test_set_aside(self):
        self.segments[0].rename(f"{self.segments[0]}.corrupt")
        for question in QUESTIONS:
            self.assertTrue(self.check(question, "set aside"))

    def test_remembered_files_are_read_again_when_they_change(self):
        """Whole at first, and so remembered, once they are old enough; then with the old time of writing."""
        old = 1_700_000_000
        for path in self.segments:
            os.utime(path, (old, old))
        wait_for(lambda: self.check(QUESTIONS[0], "as it was") or (self.store / "verified").exists(), "files are remembered")
        self.assertFalse(self.check(QUESTIONS[0], "as it was"))
        path = self.segments[0]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        os.utime(path, (old, old))
        self.assertTrue(self.check(QUESTIONS[0], "changed behind its time"))

    def test_a_store_is_looked_through_and_repaired(self):
        check = ("check", "--store", self.store)
        done = self.run_weir(*check)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("No answer is wrong or incomplete.", done.stdout)
        with self.segments[0].open("r+b") as file:
            file.write(b"RAP1")
        done = self.run_weir(*check)
        self.assertEqual(done.returncode, INCOMPLETE, done.stdout)
        self.assertIn(f"damaged    {self.segments[0]}: it does not begin as a Parquet file\n", done.stdout)
        done = self.run_weir(*check, "--repair")
        self.assertEqual(done.returncode, INCOMPLETE, done.stdout)
        self.assertIn("(repaired)", done.stdout)
        self.assertTrue(pathlib.Path(f"{self.segments[0]}.corrupt").exists())
        self.assertEqual(self.run_weir("check", "--repair").returncode, 2)
        self.assertEqual(self.run_weir("check", "--store", self.store / "nowhere").returncode, 1)

    def test_what_replay_compact_leaves(self):
        """Merged at the end, but the originals stay for readers that may have them open: a plain glob counts them twice."""
        store = pathlib.Path(self.folder.name) / "compacted"
        subprocess.run([WEIR, "replay", str(self.capture), "--store", str(store), "--compact"], check=True, capture_output=True)
        subprocess.run([WEIR, "replay", str(self.capture), "--store", str(store), "--compact"], check=True, capture_output=True)
        left = self.run_weir("check", "--store", store).stdout.count("covered    ")
        self.assertGreater(left, 0)
        answers = [self.ask(store, question) for question in QUESTIONS[:1]]
        done = self.run_weir("check", "--store", store, "--repair")
        self.assertEqual((done.returncode, done.stdout.count("(repaired)")), (0, left), done.stdout)
        self.assertNotIn("covered", self.run_weir("check", "--store", store).stdout)
        self.assertEqual([self.ask(store, question) for question in QUESTIONS[:1]], answers)

    def test_a_folder_that_cannot_be_read(self):
        """Asked by a user who may not read an hour, nor write to the store."""
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        pathlib.Path(self.folder.name).chmod(0o755)
        subprocess.run(["chmod", "-R", "o+rX", self.store], check=True)
        hour = self.segments[0].parent
        hour.chmod(0o700 if nobody else 0)
        self.addCleanup(hour.chmod, 0o755)
        try:
            done = subprocess.run([WEIR, "top", "--store", str(self.store), "-o", "json"], capture_output=True, text=True, timeout=120,
                                  env={"HOME": "/nonexistent"}, **nobody)
        except PermissionError:
            self.skipTest("the program lies where others may not read")
        self.assertEqual(done.returncode, INCOMPLETE, done.stderr)
        self.assertEqual([part["path"] for part in json.loads(done.stdout)[-1]["incomplete"]], [str(hour)])
        self.assertIn(str(hour), done.stderr)

    def test_strict_fails(self):
        self.segments[0].write_bytes(b"")
        done = self.run_weir("top", "--store", self.store, "--strict")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(self.segments[0].name, done.stderr)

    def test_tables_and_lines_say_so(self):
        self.segments[0].write_bytes(b"")
        done = self.run_weir("top", "--store", self.store)
        self.assertEqual(done.returncode, INCOMPLETE)
        self.assertIn("INCOMPLETE: 1 part of the store is missing", done.stdout)
        last = self.run_weir("flows", "--store", self.store, "-o", "ndjson").stdout.splitlines()[-1]
        self.assertEqual(json.loads(last)["incomplete"][0]["path"], str(self.segments[0]))
        self.assertIn("3  the answer is incomplete", self.run_weir("top", "--help").stdout)


if __name__ == "__main__":
    unittest.main()
