"""weir top, weir flows and weir sql on stores that weir replay and weir collect filled: every figure is known from somewhere else, from the
totals of weir gen or from the reference totals of the corpus.

The corpus is not part of the repository: it is looked for in ../shared/corpus beside it, or where WEIR_CORPUS says, and its
tests are skipped where it is not.
"""

import csv
import io
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from weir_process import Collector, corpus as find_corpus

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/bin/weir"))


def weir(*arguments, status=0, stdin=None):
    done = subprocess.run([WEIR, *arguments], capture_output=True, text=True, input=stdin, timeout=120)
    if done.returncode != status:
        raise AssertionError(f"weir {' '.join(arguments)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def rows(*arguments):
    return json.loads(weir(*arguments, "-o", "json").stdout)


def totals_row(row):
    return {"flows": row["flows"], "packets": row["packets"], "bytes": row["bytes"]}


class DemoCaptures(unittest.TestCase):
    """The answers are exactly those of the reference, which nfdump, nfacctd and tshark agree with."""

    def check(self, name):
        corpus = find_corpus()
        if corpus is None:
            self.skipTest("the corpus is not here: ../shared/corpus or WEIR_CORPUS")
        golden = json.loads((corpus / f"generated/{name}.golden-totals.json").read_text())
        sums = golden["sums"]
        want = {"flows": golden["records"], "packets": sums.get("packets", sums.get("0:2")),
                "bytes": sums.get("octets", sums.get("0:1"))}
        capture = str(corpus / f"generated/{name}.pcap")
        with self.subTest("replayed"), tempfile.TemporaryDirectory() as store:
            weir("replay", capture, "--store", store)
            self.check_store(store, golden, want)
        with self.subTest("sent and collected"), tempfile.TemporaryDirectory() as store:
            with Collector(pathlib.Path(store)) as collector:
                weir("send", capture, "--to", f"127.0.0.1:{collector.port}", "--rate", "10000")
                self.assertEqual(collector.stop(), 0, collector.log)
            self.check_store(store, golden, want)

    def check_store(self, store, golden, want):
        self.assertEqual([totals_row(row) for row in rows("top", "--total", "--store", store)], [want])

        by_proto = {str(row["proto"]): {"records": row["flows"], "packets": row["packets"], "octets": row["bytes"]}
                    for row in rows("top", "--by", "proto", "-n", "0", "--store", store)}
        self.assertEqual(by_proto, golden["by_protocol"])

        # Equal amounts of bytes may come in any order: the amounts in order, and each address with its amount.
        sources = rows("top", "-n", "0", "--store", store)
        sums = {row["src_addr"]: row["bytes"] for row in sources}
        reference = golden["top10_source_addresses_by_octets"]
        self.assertEqual([row["bytes"] for row in sources[:10]], [amount for _, amount in reference])
        for address, amount in reference:
            self.assertEqual(sums[address], amount, address)

        ports = rows("top", "-s", "dstport:p/flows", "-n", "0", "--store", store)
        records = {(row["proto"], row["dst_port"]): row["flows"] for row in ports}
        for proto, port, amount in golden["top10_protocol_dstport_by_records"]:
            self.assertEqual(records[(proto, port)], amount, (proto, port))
        # ICMP has no ports; the reference leaves it out.
        with_ports = [row["flows"] for row in ports if row["proto"] in (6, 17, 132)]
        self.assertEqual(with_ports[:10], [amount for _, _, amount in golden["top10_protocol_dstport_by_records"]])

        for version, amount in golden["ip_version_records"].items():
            self.assertEqual(rows("top", f"ipv{version}", "--total", "--store", store)[0]["flows"], amount)

    def test_v5(self):
        self.check("demo-softflowd-v5")

    def test_v9(self):
        self.check("demo-softflowd-v9")

    def test_ipfix(self):
        self.check("demo-softflowd-ipfix")


class GeneratedFlows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        cls.store = str(folder / "store")
        capture = str(folder / "generated.pcap")
        made = weir("gen", "--write", capture, "--count", "20000", "--exporters", "3", "--protocol", "v5,v9,ipfix",
                    "--sampling", "100", "--start", "2026-11-22T14:00:00Z", "-o", "json")
        cls.made = json.loads(made.stdout)
        weir("replay", capture, "--store", cls.store)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_totals_are_those_of_the_generator(self):
        unscaled = rows("top", "--total", "--unscaled", "--store", self.store)[0]
        self.assertEqual(totals_row(unscaled), {name: self.made[name] for name in ("flows", "packets", "bytes")})
        # Each exporter states 1 in 100.
        scaled = rows("top", "--by", "", "--store", self.store)[0]
        self.assertEqual(scaled["bytes"], 100 * self.made["bytes"])
        self.assertIn("multiplied by the rate", weir("top", "--store", self.store).stdout)

    def test_filters_split_the_flows(self):
        for condition in ("proto tcp", "ipv6", "port in [80, 443]", "src net 10/8", "bytes > 10k and not flags S", "exporter ip 127.0.0.2"):
            both = [rows("top", *text.split(), "--total", "--store", self.store)[0]["flows"]
                    for text in (condition, f"not ( {condition} )")]
            self.assertEqual(sum(both), self.made["flows"], condition)

    def test_every_format_says_the_same(self):
        arguments = ("flows", "-n", "50", "--order", "bytes:d", "--columns", "time_received,src_addr,dst_port,bytes,next_hop", "--store", self.store)
        as_json = rows(*arguments)
        self.assertEqual(len(as_json), 50)
        self.assertRegex(as_json[0]["time_received"], r"^2026-11-22T14:\d\d:\d\d\.\d{6}Z$")
        as_lines = [json.loads(line) for line in weir(*arguments, "-o", "ndjson").stdout.splitlines()]
        self.assertEqual(as_lines, as_json)
        as_csv = list(csv.DictReader(io.StringIO(weir(*arguments, "--csv").stdout)))
        self.assertEqual(as_csv, [{key: "" if value is None else str(value) for key, value in row.items()} for row in as_json])

    def test_all_flows_as_lines(self):
        lines = weir("flows", "-n", "0", "-o", "ndjson", "--store", self.store).stdout.splitlines()
        self.assertEqual(len(lines), self.made["flows"])
        self.assertEqual(sum(json.loads(line)["bytes"] for line in lines), self.made["bytes"])

    def test_windows(self):
        self.assertEqual(rows("top", "--total", "--to", "2026-11-22T14:00", "--store", self.store)[0]["flows"], 0)
        self.assertEqual(rows("top", "--total", "--from", "2026-11-22T14:00", "--store", self.store)[0]["flows"], self.made["flows"])
        halves = [rows("top", "--total", *window, "--store", self.store)[0]["flows"]
                  for window in (("--to", "2026-11-22T14:00:05Z"), ("--from", "2026-11-22T14:00:05Z"))]
        self.assertTrue(all(halves), halves)
        self.assertEqual(sum(halves), self.made["flows"])

    def test_newest_are_the_last(self):
        everything = rows("flows", "-n", "100000", "--columns", "time_received", "--store", self.store)
        newest = rows("flows", "--newest", "-n", "5", "--columns", "time_received", "--store", self.store)
        self.assertEqual(newest, everything[-5:])

    def test_sql(self):
        row = rows("sql", "SELECT sum(bytes) AS b, count(*) AS n FROM flows", "--store", self.store)[0]
        self.assertEqual(row, {"b": self.made["bytes"], "n": self.made["flows"]})
        from_stdin = weir("sql", "--store", self.store, "--csv", stdin="SELECT 1 AS a; SELECT 'x,\"' AS b;").stdout
        self.assertEqual(from_stdin, 'a\n1\nb\n"x,"""\n')
        macros = weir("sql", "--macros", "--store", self.store).stdout
        for name in ("ip(", "ip_text(", "in_net(", "VIEW flows"):
            self.assertIn(name, macros)

    def test_reading_takes_no_lock_and_changes_nothing(self):
        def files():  # but for the note of what was found whole
            return sorted(str(path) for path in pathlib.Path(self.store).rglob("*") if not path.name.startswith("verified"))

        before = files()
        weir("top", "--store", self.store)
        weir("sql", "--unsafe", "CREATE TABLE mine AS SELECT * FROM flows; SELECT count(*) FROM mine", "--store", self.store)
        self.assertEqual(files(), before)


class Interruption(unittest.TestCase):
    def test_a_signal_ends_the_query_and_its_temporary_files(self):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "store/flows").mkdir(parents=True)
            temporary = pathlib.Path(folder) / "tmp"
            temporary.mkdir()
            endless = "SELECT count(*) FROM range(10000000) a(i), range(10000000) b(j) WHERE i * j = 7"
            query = subprocess.Popen([WEIR, "sql", endless, "--store", f"{folder}/store"], env={**os.environ, "TMPDIR": str(temporary)},
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                deadline = time.monotonic() + 30
                while not list(temporary.iterdir()) and time.monotonic() < deadline:
                    time.sleep(0.05)
                self.assertTrue(list(temporary.iterdir()), "the query did not start")
                query.terminate()
                _, error = query.communicate(timeout=30)
            finally:
                query.kill()
                query.wait()
            self.assertEqual(query.returncode, 1, error)
            self.assertIn("nterrupt", error)
            self.assertEqual(list(temporary.iterdir()), [])


class Mistakes(unittest.TestCase):
    def test_exit_statuses(self):
        with tempfile.TemporaryDirectory() as folder:
            missing = str(pathlib.Path(folder) / "missing")
            self.assertIn("no store", weir("top", "--store", missing, status=1).stderr)
            wrong = weir("top", "src", "porta", "80", "--store", missing, status=2).stderr
            self.assertIn("  src porta 80\n      ^", wrong)
            for arguments in (("top", "--by", "colour"), ("top", "-o", "xml"), ("top", "--last", "soon"), ("top", "--nosuch"),
                              ("top", "-s", "srcip/colour"), ("flows", "--columns", "colour"), ("flows", "--order", "colour"),
                              ("sql", "--from", "2026-02-30", "SELECT 1"), ("top", "--from", "2026-11-22", "--to", "2026-11-21")):
                self.assertTrue(weir(*arguments, "--store", missing, status=2).stderr, arguments)

    def test_damaged_file_is_named_and_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            hour = pathlib.Path(folder) / "flows/date=2026-11-22/hour=14"
            hour.mkdir(parents=True)
            damaged = hour / "20261122T140000.000000Z-20261122T140001.000000Z-g0-00000001-00000001.parquet"
            damaged.write_bytes(b"not a parquet file, but long enough to be one")
            done = weir("top", "--store", folder, status=3)
            self.assertIn(str(damaged), done.stderr)
            self.assertIn("INCOMPLETE: 1 part of the store is missing", done.stdout)
            weir("top", "--strict", "--store", folder, status=1)


if __name__ == "__main__":
    unittest.main()
