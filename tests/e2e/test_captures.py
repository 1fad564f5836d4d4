"""The captures of testdata/captures: what `weir replay` stores of each, and counts, is what the folder says. A case is a folder; see
testdata/captures/README.md."""

import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from test_streams import StreamCollector
from weir_process import wait_for, weir

ROOT = Path(__file__).resolve().parents[2]
CAPTURES = ROOT / "testdata/captures"
FILES = {"expected.ndjson", "expected-account.json", "README.md"}
OPTIONAL = {"expected-counters.ndjson"}
LEAST = 60
# What `weir replay -o json` prints besides the account.
VOLATILE = {"files", "bytes_read", "elapsed_seconds", "flows_per_second"}


def folders():
    return sorted(path for path in CAPTURES.iterdir() if path.is_dir())


def capture_of(folder):
    [capture] = folder.glob("capture.*")
    return capture


def lines(text):
    """Rows without the columns that are null."""
    return [{name: value for name, value in json.loads(line).items() if value is not None} for line in text.splitlines()]


def in_order(rows):
    return sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)


def expected(path):
    return lines(path.read_text()) if path.exists() else []


def stored(store):
    """The rows of a store."""
    return lines(weir("flows", "--store", store, "-n", 0, "-o", "ndjson"))


def replay(folder):
    """(account, rows, rows of the table counters) of a case."""
    with tempfile.TemporaryDirectory(prefix="weir-e2e-") as scratch:
        store = Path(scratch) / "store"
        account = json.loads(weir("replay", capture_of(folder), "--store", store, "--other", "-o", "json"))
        rows = stored(store) if account["records"] else []
        counters = lines(weir("sql", "--store", store, "-o", "ndjson", "select * from counters")) if account["counter_rows"] else []
    return account, rows, counters


class Captures(unittest.TestCase):
    maxDiff = None

    def test_there_are_enough(self):
        self.assertGreaterEqual(len(folders()), LEAST)

    def test_folders_are_whole(self):
        index = (CAPTURES / "README.md").read_text()
        for folder in folders():
            with self.subTest(case=folder.name):
                names = {path.name for path in folder.iterdir()}
                captures = names & {"capture.pcap", "capture.ipfix"}
                self.assertEqual(len(captures), 1, "one capture")
                self.assertEqual(names - OPTIONAL, FILES | captures)
                self.assertTrue((folder / "README.md").read_text().strip())
                self.assertIn(f"| [{folder.name}]({folder.name}) |", index, "tools/make_captures.py writes the table of testdata/captures/README.md")
                account = json.loads((folder / "expected-account.json").read_text())
                self.assertEqual(account["records"], len(expected(folder / "expected.ndjson")))
                self.assertEqual(account["counter_rows"], len(expected(folder / "expected-counters.ndjson")))

    def test_rows_and_accounts(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = [(folder, pool.submit(replay, folder)) for folder in folders()]
            for folder, result in results:
                with self.subTest(case=folder.name):
                    account, rows, counters = result.result()
                    self.check_account(account, json.loads((folder / "expected-account.json").read_text()))
                    self.assertEqual(in_order(rows), in_order(expected(folder / "expected.ndjson")))
                    self.assertEqual(in_order(counters), in_order(expected(folder / "expected-counters.ndjson")))

    def check_account(self, account, want):
        stored = {"stored": want["records"], "counter_rows_stored": want["counter_rows"], "dropped": 0, "counter_rows_dropped": 0,
                  "other_ports": 0, "adds_up": True}
        self.assertEqual({name: value for name, value in account.items() if name not in VOLATILE}, {**want, **stored})

    def test_files_give_the_same_rows_over_tcp(self):
        """A connection carries what a file holds: IPFIX messages, one after the other."""
        files = [folder for folder in folders() if capture_of(folder).suffix == ".ipfix"]
        self.assertTrue(files)
        for folder in files:
            with self.subTest(case=folder.name), tempfile.TemporaryDirectory(prefix="weir-e2e-") as scratch:
                want = expected(folder / "expected.ndjson")
                with StreamCollector(scratch, "--other") as collector:
                    with socket.create_connection(("127.0.0.1", collector.tcp)) as connection:
                        connection.sendall(capture_of(folder).read_bytes())
                    wait_for(lambda: collector.ledger() and collector.ledger()["total"]["records_decoded"] >= len(want), "all records are decoded")
                    self.assertEqual(collector.stop(), 0, collector.log)
                self.assertEqual(in_order(map(self.of_any_door, stored(scratch))), in_order(map(self.of_any_door, want)))

    @staticmethod
    def of_any_door(row):
        return {name: value for name, value in row.items() if name not in ("time_received", "sampler_address")}

    def test_what_the_generator_writes_is_there(self):
        """Descriptions in tools/captures/ and folders agree, byte for byte."""
        with tempfile.TemporaryDirectory(prefix="weir-e2e-") as scratch:
            subprocess.run([sys.executable, ROOT / "tools/make_captures.py", scratch], check=True, capture_output=True)
            made = [path for path in Path(scratch).rglob("*") if path.is_file()]
            self.assertTrue(made)
            for path in made:
                name = path.relative_to(scratch)
                with self.subTest(file=str(name)):
                    self.assertEqual((CAPTURES / name).read_bytes(), path.read_bytes())


if __name__ == "__main__":
    unittest.main()
