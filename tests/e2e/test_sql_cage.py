"""weir sql is a cage: statements that reach out of the store are refused with one sentence, and the kernel's record of a run (strace) shows
that nothing outside was opened. What people want instead of it works: files of results, limits, --unsafe."""

import csv
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from weir_process import wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/bin/weir"))
SECRET = "hunter2"


def refused_statements(folder):
    """The list of the unit tests, with {} for a folder outside of the store."""
    text = (ROOT / "src/query/test_refused.h").read_text()
    found = re.findall(r'^ {4}"((?:[^"\\]|\\.)*)",$', text, re.MULTILINE)
    return [one.replace('\\"', '"').replace("{}", folder) for one in found]


class Cage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        cls.store = str(folder / "store")
        cls.outside = folder / "outside"
        cls.temporary = folder / "tmp"
        cls.outside.mkdir()
        cls.temporary.mkdir()
        (cls.outside / "secret.csv").write_text(f"a\n{SECRET}\n")
        (cls.outside / "schema.sql").write_text("CREATE TABLE stolen AS SELECT 1;\n")
        (cls.outside / "load.sql").write_text("")
        capture = str(folder / "generated.pcap")
        subprocess.run([WEIR, "gen", "--write", capture, "--count", "3000", "--start", "2026-11-22T14:00:00Z"], check=True, capture_output=True)
        subprocess.run([WEIR, "replay", capture, "--store", cls.store], check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def command(self, *arguments):
        return [WEIR, "sql", "--store", self.store, *arguments]

    def sql(self, *arguments, status=0, before=(), stdin=None):
        done = subprocess.run([*before, *self.command(*arguments)], capture_output=True, text=True, timeout=120, input=stdin, cwd=self.outside,
                              env={**os.environ, "TMPDIR": str(self.temporary), "WEIR_TEST_SECRET": SECRET})
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}{done.stderr}")
        self.assertEqual(list(self.temporary.iterdir()), [], arguments)
        return done

    def rows(self, statement, *arguments):
        return json.loads(self.sql(statement, "-o", "json", *arguments).stdout)

    def test_what_reaches_out_is_refused_in_one_sentence(self):
        before = sorted(self.outside.rglob("*"))
        statements = refused_statements(str(self.outside))
        self.assertGreater(len(statements), 30)
        for statement in statements:
            done = self.sql(statement, status=1)
            self.assertEqual(done.stdout, "", statement)
            self.assertRegex(done.stderr, r"\Aweir: [^\n]*: weir sql [^\n]*; --unsafe gives DuckDB as it is\n\Z", statement)
        self.assertEqual(sorted(self.outside.rglob("*")), before)

    def test_all_are_looked_at_before_one_runs(self):
        done = self.sql("SELECT 1; SELECT 2; DROP VIEW flows", "-o", "csv", status=1)
        self.assertEqual(done.stdout, "")
        self.sql(status=1, stdin="SELECT 1;\nSET threads = 1;\n")
        self.assertIn("0", self.sql(status=1, stdin="SELECT 1\0; COPY flows TO 'x'").stderr)

    def opened(self, trace):
        """The files that were opened behind restrict_self, or all if there is no Landlock."""
        lines = trace.read_text().splitlines()[1:]  # execve of weir itself
        caged = [number for number, line in enumerate(lines) if "landlock_restrict_self" in line and line.endswith("= 0")]
        lines = lines[caged[-1]:] if caged else [line for line in lines if ".so" not in line]
        for line in lines:
            self.assertNotRegex(line, r"\b(connect|execve|execveat|link|linkat|symlink|symlinkat)\(", line)
        found = [re.search(r'\b(?:openat2?|open|creat)\((?:AT_FDCWD|\d+)?,? ?"([^"]*)".* = (-?\d+)', line) for line in lines]
        return [(self.outside / match[1]) for match in found if match and int(match[2]) >= 0]

    def test_the_kernel_sees_nothing_else_opened(self):
        if shutil.which("strace") is None:
            self.skipTest("strace is not here")
        trace = pathlib.Path(self.folder.name) / "trace"
        strace = ("strace", "-f", "-s", "4096", "-o", str(trace),
                  "-e", "trace=open,openat,openat2,creat,connect,execve,execveat,link,linkat,symlink,symlinkat,landlock_restrict_self")
        if subprocess.run([*strace, "true"], capture_output=True).returncode != 0:
            self.skipTest("strace may not trace here")
        allowed = re.compile("|".join(re.escape(str(path)) for path in (self.store, self.temporary)) +
                             r"|/proc/(self/cgroup|meminfo|cpuinfo|sys/vm/overcommit_memory)|/sys/fs/cgroup|/sys/devices/system/cpu")
        asked = ["SELECT src_addr, count(*) FROM flows WHERE in_net(src_addr, '10/8') GROUP BY ALL", "SUMMARIZE flows", "DESCRIBE flows"]
        refused = [one for one in refused_statements(str(self.outside)) if str(self.outside) in one][::4]
        seen = 0
        # The leak sanitizer cannot look at a process that is traced; the thread sanitizer would start another one.
        environment = {**os.environ, "TMPDIR": str(self.temporary), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0",
                       "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", "") + ":symbolize=0"}
        for statement in asked + refused:
            done = subprocess.run([*strace, *self.command(statement)], capture_output=True, text=True, timeout=120, cwd=self.outside,
                                  env=environment)
            self.assertEqual(done.returncode, 0 if statement in asked else 1, done.stderr)
            for path in self.opened(trace):
                seen += 1
                before = str(path).startswith(("/etc/", "/usr/", "/proc/", "/sys/")) or path.suffix == ".supp"  # a sanitizer's
                if "landlock_restrict_self" not in trace.read_text() and before:
                    continue  # of the program itself, before it is caged
                self.assertRegex(str(path), allowed, statement)
        self.assertGreater(seen, 0)
        # The eyes are open: without a cage the file is seen.
        subprocess.run([*strace, *self.command("--unsafe", "FROM 'secret.csv'")], capture_output=True, cwd=self.outside, env=environment, timeout=120)
        self.assertIn(self.outside / "secret.csv", self.opened(trace))

    def test_addresses_are_compared_with_text(self):
        address = self.rows("SELECT src_addr FROM flows GROUP BY ALL ORDER BY count(*) DESC LIMIT 1")[0]["src_addr"]
        want = self.rows(f"SELECT count(*) AS n FROM flows WHERE src_addr = ip('{address}')")
        self.assertGreater(want[0]["n"], 0)
        for condition in (f"src_addr = '{address}'", f"'{address}' = src_addr", f"src_addr IN ('{address}', '192.0.2.255')",
                          f"src_addr BETWEEN '{address}' AND '{address}'", f"in_net(src_addr, '{address}')", f"in_net(ip_text(src_addr), '{address}')",
                          f"'{address}' IN (src_addr, src_addr)"):
            self.assertEqual(self.rows(f"SELECT count(*) AS n FROM flows WHERE {condition}"), want, condition)
        target = self.outside / "some.csv"
        self.sql(f"SELECT src_addr, bytes FROM flows WHERE src_addr = '{address}'", "-o", "csv", "--output", str(target))
        with target.open() as file:
            self.assertEqual([row["src_addr"] for row in csv.DictReader(file)], [address] * want[0]["n"])
        target.unlink()
        self.assertIn("not an address: '192.0.2.300'", self.sql("SELECT count(*) FROM flows WHERE src_addr = '192.0.2.300'", status=1).stderr)

    def test_results_go_to_files(self):
        select = "SELECT src_addr, dst_port, bytes, src_mac FROM flows"
        want = self.rows("SELECT count(*) AS n, sum(bytes) AS b FROM flows")
        for name, arguments, kind in (("text.parquet", ("-o", "parquet"), "VARCHAR"), ("uuid.parquet", ("-o", "parquet", "--addresses", "uuid"), "UUID"),
                                      ("text.csv", ("-o", "csv"), "VARCHAR"), ("uuid.csv", ("--csv", "--addresses", "uuid"), None)):
            target = self.outside / name
            target.write_text("what was there before")
            done = self.sql(select, *arguments, "--output", str(target))
            self.assertIn(f"{want[0]['n']} rows in {target}", done.stdout)
            self.assertEqual(self.rows(f"SELECT count(*) AS n, sum(bytes) AS b FROM '{target}'", "--unsafe"), want)
            first = self.rows(f"SELECT typeof(src_addr) AS t, src_addr::VARCHAR AS a FROM '{target}' LIMIT 1", "--unsafe")[0]
            if kind:
                self.assertEqual(first["t"], kind)
            if "uuid.csv" == name:
                self.assertRegex(target.read_text().splitlines()[1], r"^[0-9a-f]{8}-[0-9a-f]{4}-")
            target.unlink()
        self.assertEqual(sorted(path.name for path in self.outside.iterdir()), ["load.sql", "schema.sql", "secret.csv"])

    def test_no_half_files(self):
        target = self.outside / "half.csv"
        target.write_text("old")
        for arguments in (("-o", "csv"), ("-o", "parquet")):
            self.sql("SELECT error('x') FROM flows", *arguments, "--output", str(target), status=1)
            self.sql("COPY flows TO 'x'", *arguments, "--output", str(target), status=1)
        self.assertEqual(target.read_text(), "old")
        target.unlink()
        self.assertEqual(sorted(path.name for path in self.outside.iterdir()), ["load.sql", "schema.sql", "secret.csv"])
        for arguments in (("-o", "parquet"), ("--output", "json"), ("-o", "parquet", "--output", "csv"), ("--addresses", "hex"),
                          ("--memory", "much"), ("--timeout", "soon"), ("--timeout", "0")):
            self.assertTrue(self.sql("SELECT 1", *arguments, status=2).stderr, arguments)
        for path in ("/", str(self.outside), "/dev/null", str(self.outside / "missing/x.csv")):
            self.assertIn("--output", self.sql("SELECT 1", "-o", "csv", "--output", path, status=1).stderr)
        self.sql("SELECT 1; SELECT 2", "-o", "parquet", "--output", str(target), status=1)

    def test_limits(self):
        endless = "SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE i * j = 7"
        self.assertIn("--timeout", self.sql(endless, "--timeout", "1s", status=1).stderr)
        self.assertIn("emory", self.sql("SELECT len(list(i::VARCHAR || repeat('x', 1000))) FROM range(10000000) t(i)", "--memory", "50MB", status=1).stderr)
        # What does not fit is spilled, into the folder of the query and no other.
        many = self.rows("SELECT count(*) AS n FROM (SELECT i, repeat('x', 100) AS t FROM range(1000000) t(i) ORDER BY hash(i))", "--memory", "100MB")
        self.assertEqual(many, [{"n": 1000000}])

    def test_unsafe_is_duckdb_as_it_is(self):
        target = self.outside / "copied.csv"
        self.sql(f"CREATE TABLE mine AS FROM 'secret.csv'; SET threads = 1; COPY mine TO '{target}'", "--unsafe")
        self.assertIn(SECRET, target.read_text())
        target.unlink()

    def test_a_store_that_is_a_link(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(self.store, f"{folder}/link")
            os.mkdir(f"{folder}/moved")
            os.symlink(f"{self.store}/flows", f"{folder}/moved/flows")
            want = self.rows("SELECT count(*) AS n FROM flows")
            for store in (f"{folder}/link", f"{folder}/moved", f"{folder}/../{pathlib.Path(folder).name}/link/"):
                done = subprocess.run([WEIR, "sql", "SELECT count(*) AS n FROM flows", "-o", "json", "--store", store], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), store)
                self.assertEqual(json.loads(done.stdout), want)


class Damaged(unittest.TestCase):
    """A segment that rotted: caged or not, it is told, and the answer is of the others."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "store"
        capture = str(self.folder / "generated.pcap")
        subprocess.run([WEIR, "gen", "--write", capture, "--count", "4000", "--rate", "1", "--start", "2026-11-22T14:20:00Z"],
                       check=True, capture_output=True)
        subprocess.run([WEIR, "replay", capture, "--store", str(self.store)], check=True, capture_output=True)
        self.whole = self.rows_of("flows", status=0)
        self.damaged, *others = sorted(self.store.glob("flows/*/*/*.parquet"))
        self.assertTrue(others)
        with self.damaged.open("r+b") as file:
            file.seek(self.damaged.stat().st_size // 2)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))

    def sql(self, *arguments, status):
        done = subprocess.run([WEIR, "sql", "--store", str(self.store), *arguments], capture_output=True, text=True, timeout=120,
                              cwd=self.folder)
        self.assertEqual(done.returncode, status, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def rows_of(self, table, status=3):
        return json.loads(self.sql(f"SELECT count(*) AS n FROM {table}", "-o", "json", "--unsafe", status=status).stdout)[0]["n"]

    def assert_told(self, done, files=()):
        """Once, and nothing else."""
        named, *rest = done.stderr.splitlines()
        self.assertTrue(named.startswith(f"weir: the answer is incomplete: {self.damaged}: "), done.stderr)
        self.assertEqual(rest, [f"weir: {file} is incomplete: parts of the store are missing from it" for file in files])

    def test_answers(self):
        for mode in ((), ("--unsafe",)):
            done = self.sql("SELECT count(*) AS n FROM flows", "-o", "json", *mode, status=3)
            self.assert_told(done)
            answer, last = json.loads(done.stdout)
            self.assertTrue(0 < answer["n"] < self.whole, answer)
            self.assertEqual([part["path"] for part in last["incomplete"]], [str(self.damaged)])
            done = self.sql("SELECT count(*) AS n FROM flows", "--addresses", "uuid", "-o", "ndjson", *mode, status=3)
            self.assertIn("incomplete", json.loads(done.stdout.splitlines()[-1]))
            done = self.sql("SELECT 1 AS one; SELECT 2 AS two", *mode, status=3)
            self.assert_told(done)
            self.assertIn("INCOMPLETE: 1 part of the store is missing", done.stdout)
            self.assert_told(self.sql("SELECT count(*) FROM flows", "--strict", *mode, status=1))
        self.sql("SELECT count(*) FROM read_parquet('" + str(self.damaged) + "')", status=1)
        # Another hour has all that it had.
        self.assertEqual(self.sql("SELECT 1", "--from", "2026-11-22T15:00:00Z", status=0).stderr, "")

    def test_files_of_results(self):
        rest = self.rows_of("flows")
        for name, arguments in (("a.parquet", ("-o", "parquet")), ("a.csv", ("-o", "csv")), ("a.txt", ())):
            target = self.folder / name
            done = self.sql("SELECT src_addr FROM flows", *arguments, "--output", str(target), status=3)
            self.assert_told(done, [target])
            self.assertIn(f"{rest} rows in {target}. Store: ", done.stdout)
            self.assertIn("INCOMPLETE: 1 part of the store is missing", done.stdout)
            if name != "a.txt":
                self.assertEqual(self.rows_of(f"'{target}'"), rest)
            target.write_text("what was there before")
            self.assert_told(self.sql("SELECT src_addr FROM flows", *arguments, "--output", str(target), "--strict", status=1))
            self.assertEqual(target.read_text(), "what was there before")

    def test_what_was_verified_is_noted_before_the_cage_closes(self):
        verified = self.store / "verified"
        for path in self.store.glob("flows/*/*/*.parquet"):
            os.utime(path, (1_700_000_000, 1_700_000_000))

        def noted():
            self.sql("SELECT 1", status=3)
            return verified.exists()
        wait_for(noted, "files are remembered")  # once their last change is old enough
        self.assertEqual(verified.stat().st_mode & 0o777, 0o640)


if __name__ == "__main__":
    unittest.main()
