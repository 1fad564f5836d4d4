"""Segments are open: another Parquet implementation than the one that wrote them (hyparquet, in JavaScript) finds the documented
columns with their types, and the sums that the exporters sent and that `weir sql` gives."""

import datetime
import ipaddress
import json
import os
import pathlib
import sys
import tempfile
import tomllib
import unittest

from parquet_npm import INSTALLED, install_readers, run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/bin/weir"))

# The column types of schema/flow_columns.toml in a file: physical type and annotation.
PARQUET_TYPES = {
    "u8": ("INT32", "UINT_8"),
    "u16": ("INT32", "UINT_16"),
    "u32": ("INT32", "UINT_32"),
    "u64": ("INT64", "UINT_64"),
    "mac": ("INT64", "UINT_64"),
    "address": ("FIXED_LEN_BYTE_ARRAY", "UUID"),
    "timestamp": ("INT64", "TIMESTAMP_MICROS"),
    "text": ("BYTE_ARRAY", "UTF8"),
    "f64": ("DOUBLE", None),
}


def segments(store):
    return sorted(store.glob("flows/date=*/hour=*/*.parquet"))


def micros(rfc3339):
    """2026-11-21T10:59:58.000001Z as microseconds since 1970, without the rounding of a float."""
    whole, _, fraction = rfc3339.rstrip("Z").partition(".")
    seconds = int(datetime.datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 1_000_000 + int(fraction.ljust(6, "0") or 0)


class ParquetReader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()
        cls.folder = tempfile.TemporaryDirectory(prefix="weir-parquet-")
        folder = pathlib.Path(cls.folder.name)
        cls.store = folder / "store"
        cls.sent = json.loads(run(WEIR, "gen", "--write", folder / "x.pcap", "--protocol", "v5,v9,ipfix", "--rate", 5000,
                                  "--count", 30000, "--exporters", 3, "--seed", 7, "--start", "2026-11-21T10:59:57Z", "-o", "json"))
        run(WEIR, "replay", folder / "x.pcap", "--store", cls.store)
        cls.read = json.loads(run("node", INSTALLED / "read.mjs", *segments(cls.store)))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_columns_are_the_documented_ones(self):
        with open(ROOT / "schema/flow_columns.toml", "rb") as file:
            documented = {column["name"]: column for column in tomllib.load(file)["columns"]}
        always = [name for name, column in documented.items() if not column.get("sparse")]
        self.assertEqual(len(self.read["columns"]), 2)
        for columns in self.read["columns"]:
            names = [column["name"] for column in columns]
            self.assertEqual([name for name in names if name in always], always)
            self.assertEqual(names, [name for name in documented if name in names], "in the documented order")
            for found in columns:
                column = documented[found["name"]]
                physical, annotation = PARQUET_TYPES[column["type"]]
                self.assertEqual(found["physical"], physical, column["name"])
                self.assertIn(annotation, (found.get("converted"), found.get("logical")), column["name"])
                if column["type"] == "address":
                    self.assertEqual(found["length"], 16)

    def test_sparse_columns_without_a_value_are_in_no_file(self):
        with open(ROOT / "schema/flow_columns.toml", "rb") as file:
            sparse = {column["name"] for column in tomllib.load(file)["columns"] if column.get("sparse")}
        self.assertIn("inner_src_addr", sparse)
        self.assertNotIn("inner_src_addr", self.read["values"])
        for name in sparse & set(self.read["values"]):
            self.assertGreater(self.read["values"][name]["count"], 0, name)

    def test_sums_are_those_that_were_sent(self):
        self.assertEqual(self.read["files"], 2, "the capture crosses an hour")
        self.assertEqual(self.read["rows"], self.sent["flows"])
        self.assertEqual(int(self.read["values"]["bytes"]["sum"]), self.sent["bytes"])
        self.assertEqual(int(self.read["values"]["packets"]["sum"]), self.sent["packets"])
        self.assertEqual(self.read["values"]["time_received"]["count"], self.sent["flows"])
        self.assertEqual(self.read["values"]["mpls_label_1"]["count"], 0)

    def test_addresses_are_bytes_in_network_order(self):
        seen = self.read["values"]["sampler_address"]
        exporters = sorted(ipaddress.ip_address("::ffff:" + e["address"]).packed.hex() for e in self.sent["exporters"])
        self.assertEqual([seen["min"], seen["max"]], [exporters[0], exporters[-1]])

    def test_weir_sql_agrees(self):
        query = ("SELECT count(*)::BIGINT AS flows, sum(bytes)::BIGINT AS bytes, sum(packets)::BIGINT AS packets, "
                 "sum(src_port)::BIGINT AS src_port, sum(dst_as)::BIGINT AS dst_as, count(src_addr)::BIGINT AS src_addr, "
                 "min(time_received) AS first, max(time_received) AS last FROM flows")
        (row,) = json.loads(run(WEIR, "sql", query, "--store", self.store, "-o", "json"))
        values = self.read["values"]
        self.assertEqual(int(row["flows"]), self.read["rows"])
        for column in ("bytes", "packets", "src_port", "dst_as"):
            self.assertEqual(int(row[column]), int(values[column]["sum"]), column)
        self.assertEqual(int(row["src_addr"]), values["src_addr"]["count"])
        self.assertEqual(micros(row["first"]), int(values["time_received"]["min"]))
        self.assertEqual(micros(row["last"]), int(values["time_received"]["max"]))

    def test_merged_segments_read_the_same(self):
        folder = pathlib.Path(self.folder.name)
        merged = folder / "merged"
        for _ in range(2):
            run(WEIR, "replay", folder / "x.pcap", "--store", merged)
        before = json.loads(run("node", INSTALLED / "read.mjs", *segments(merged)))
        run(WEIR, "replay", folder / "x.pcap", "--store", merged, "--compact")
        found = [path for path in segments(merged) if "-g2-" in path.name or "-g1-" in path.name]
        self.assertTrue(found, f"nothing was merged in {[path.name for path in segments(merged)]}")
        after = json.loads(run("node", INSTALLED / "read.mjs", *found))
        for columns in after["columns"]:
            self.assertEqual(columns, before["columns"][0])
        self.assertEqual(after["rows"], 3 * self.sent["flows"])
        self.assertEqual(int(after["values"]["bytes"]["sum"]), 3 * self.sent["bytes"])
        for name, values in before["values"].items():
            self.assertEqual(values.get("max"), after["values"][name].get("max"), name)


if __name__ == "__main__":
    if not pathlib.Path(WEIR).exists():
        sys.exit(f"{WEIR} is missing: build it, or set WEIR_BIN")
    unittest.main()
