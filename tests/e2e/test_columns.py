"""Columns that the operator adds, and sparse ones: from a flow to every way of asking, also after a reload."""

import json
import signal
import socket
import struct
import time
import unittest

from weir_process import Case, Collector, rows, wait_for, weir


def ipfix(sequence, *sets):
    body = b"".join(sets)
    return struct.pack("!HHIII", 10, 16 + len(body), int(time.time()), sequence, 7) + body


def a_set(number, body):
    return struct.pack("!HH", number, 4 + len(body)) + body


# sourceIPv4Address, octetDeltaCount, 9:12172 (44940 with the enterprise bit) and 9:12235, vendor's elements.
TEMPLATE = a_set(2, struct.pack("!HH HH HH HHI HHI", 256, 4, 8, 4, 1, 4, 44940, 4, 9, 45003, 8, 9))


def record(number, flow_class, label):
    return bytes([192, 0, 2, number]) + struct.pack("!II8s", 1000 * number, flow_class, label)


CONFIG = """
[collect]
other = true
[[columns]]
name = "flow_class"
element = "9:44940"
type = "u32"
[[columns]]
name = "app_label"
element = "9:12235"
type = "text"
"""


class Columns(Case):
    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def send(self, port, datagram):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(datagram, ("127.0.0.1", port))

    def test_a_configured_column_is_like_any_other(self):
        store = self.folder / "store"
        config = self.write("weir.toml", CONFIG)
        with Collector(store, "--flush-interval", "100ms", config=config) as collector:
            self.send(collector.port, ipfix(0, TEMPLATE, a_set(256, record(1, 7, b"voice\0\0\0") + record(2, 9, b"video\0\0\0"))))
            wait_for(lambda: rows("sql", "select count(*)::INT as n from flows", "--store", store)[0]["n"] == 2, "two rows")
            top = rows("top", "--by", "flow_class", "--store", store)
            self.assertEqual([(row["flow_class"], row["bytes"]) for row in top], [(9, 2000), (7, 1000)])
            self.assertEqual(rows("top", "-s", "flow_class/flows:a", "--store", store)[0]["flows"], 1)
            for condition, found in (("flow_class > 7", [9]), ("flow_class in [7, 8]", [7]), ("app_label like 'video%'", [9]),
                                     ("flow_class = flow_class and not flow_class = 7", [9])):
                self.assertEqual(sorted(row["flow_class"] for row in rows("flows", condition, "--store", store)), found, condition)
            self.assertIn("did you mean 'flags'?", weir("flows", "flgs S", "--store", store, status=2))
            flows = rows("flows", "--order", "flow_class:d", "--store", store)
            self.assertEqual([row["flow_class"] for row in flows], [9, 7])
            self.assertTrue(flows[0]["app_label"].startswith("video"))
            self.assertIsNone(flows[0]["other"], "an element with a column is in no other")
            csv = weir("flows", "--columns", "flow_class,src_addr", "--order", "bytes", "--csv", "--store", store)
            self.assertEqual(csv.splitlines(), ["flow_class,src_addr", "7,192.0.2.1", "9,192.0.2.2"])
            self.assertEqual(rows("sql", "select sum(flow_class)::INT as s from flows", "--store", store), [{"s": 16}])
            self.assertIn("flow_class", weir("flows", "--all-columns", "--store", store))
            weir("top", "--by", "flow_colour", "--store", store, status=2)
            self.assertEqual(collector.stop(), 0)

    def test_columns_come_and_go_with_a_reload(self):
        store = self.folder / "store"
        config = self.write("weir.toml", "[collect]\nother = true\n")
        with Collector(store, "--flush-interval", "100ms", config=config) as collector:
            self.send(collector.port, ipfix(0, TEMPLATE, a_set(256, record(1, 7, b"voice\0\0\0"))))
            count = lambda: rows("sql", "select count(*)::INT as n from flows", "--store", store)[0]["n"]
            wait_for(lambda: count() == 1, "the first row")
            self.write("weir.toml", CONFIG)
            collector.kill(signal.SIGHUP)
            wait_for(lambda: collector.has_logged("configuration reloaded"), "the new columns are taken")
            # Within a second the receiving thread takes them over; the template is the one of before.
            sent = [1]

            def filled():
                self.send(collector.port, ipfix(sent[0], a_set(256, record(2, 8, b"video\0\0\0"))))
                sent[0] += 1
                described = rows("sql", "select count(*)::INT as n from (describe flows) where column_name = 'flow_class'", "--store", store)
                return described[0]["n"] == 1

            wait_for(filled, "a row with the new column")
            self.assertIn({"flow_class": 8}, rows("sql", "select distinct flow_class from flows", "--store", store))
            self.assertEqual(rows("sql", "select count(*)::INT as n from flows where flow_class is not null and other is not null",
                                  "--store", store), [{"n": 0}])
            # Another type for a name that the store has is refused.
            self.write("weir.toml", CONFIG.replace('type = "u32"', 'type = "text"'))
            collector.kill(signal.SIGHUP)
            wait_for(lambda: collector.has_logged("refused, the old one stays"), "the other type is refused")
            self.assertTrue(collector.has_logged("flow_class is UINTEGER in"), collector.log)
            self.assertEqual(collector.stop(), 0)
            ledger = collector.ledger()
        self.assertEqual(ledger["total"]["rows_stored"], ledger["total"]["records_decoded"])
        # And at a start.
        refused = weir("collect", "-c", config, "--store", store, "--listen", "127.0.0.1:0", "--duration", "1s", status=1)
        self.assertIn("choose another name", refused)

    def test_a_replay_fills_them_and_merging_keeps_them(self):
        store, capture = self.folder / "store", self.folder / "x.pcap"
        weir("gen", "--write", capture, "--protocol", "v5,v9,ipfix", "--rate", 1000, "--count", 3000, "--exporters", 3, "--seed", 3)
        config = self.write("weir.toml", '[[columns]]\nname = "wire_bytes"\nelement = "0:1"\ntype = "u64"\n')
        weir("replay", capture, "--store", store)
        weir("replay", capture, "--store", store, "-c", config)
        weir("replay", capture, "--store", store, "-c", config, "--compact")
        self.assertEqual(rows("sql", "select count(*)::INT as n, count(wire_bytes)::INT as filled, "
                              "count(*) filter (wire_bytes <> bytes)::INT as wrong from flows", "--store", store),
                         [{"n": 9000, "filled": 6000, "wrong": 0}])

    def test_problems_have_file_line_and_key(self):
        config = self.write("bad.toml", '[[columns]]\nname = "bytes"\nelement = "9:1"\ntype = "u64"\n')
        said = weir("check", config, status=1)
        self.assertIn(f"{config}:2:8: columns.name: there is a column bytes already", said)
        good = self.write("good.toml", CONFIG)
        self.assertIn("column     flow_class from element 9:44940, u32", weir("check", good))

    def test_json_has_the_columns_that_the_files_have(self):
        store, capture = self.folder / "store", self.folder / "x.pcap"
        weir("gen", "--write", capture, "--protocol", "v9", "--rate", 1000, "--count", 100, "--seed", 3)
        weir("replay", capture, "--store", store)
        flow = rows("flows", "-n", "1", "--store", store)[0]
        self.assertIn("src_mac", flow, "in every file")
        self.assertNotIn("inner_src_addr", flow, "no file has it")
        everything = json.loads(weir("flows", "-n", "1", "--all-columns", "-o", "json", "--store", store))[0]
        self.assertIsNone(everything["inner_src_addr"])
        self.assertEqual(rows("top", "--by", "inner_src_addr", "--store", store)[0]["inner_src_addr"], None)


class Counters(Case):
    """What devices count by themselves: a table of its own, beside flows."""

    def test_counter_samples_are_stored_accounted_for_and_asked(self):
        store, capture = self.folder / "store", self.folder / "x.pcap"
        weir("gen", "--write", capture, "--protocol", "sflow", "--sflow-counters", 3, "--rate", 2000, "--count", 6000, "--seed", 3)
        summary = json.loads(weir("replay", capture, "--store", store, "--compact", "-o", "json"))
        self.assertTrue(summary["adds_up"])
        self.assertGreater(summary["counter_rows"], 0)
        self.assertEqual(summary["counter_rows_stored"], summary["counter_rows"])
        self.assertEqual(summary["counter_rows_dropped"], 0)
        self.assertEqual(summary["stored"], 6000, "counters are no flows")
        (stored,) = rows("sql", "select count(*)::INT as n from counters", "--store", store)
        self.assertEqual(stored["n"], summary["counter_rows"])
        (exporter,) = rows("exporters", "--store", store)
        self.assertEqual(exporter["counters"], summary["counter_rows"])
        self.assertEqual((exporter["counters_stored"], exporter["counters_dropped"]), (summary["counter_rows"], 0))
        # How much an interface carried, from what it counted.
        grown = rows("sql", """select source_index, (max(value) - min(value))::BIGINT as bytes from counters
            where record = 'generic_interface' and name = 'if_in_octets' group by all""", "--store", store)
        self.assertTrue(grown)
        self.assertTrue(all(row["bytes"] > 0 for row in grown), grown)
        self.assertIn("CREATE OR REPLACE VIEW counters", weir("sql", "--macros", "--store", store))

    def test_without_any_the_table_is_empty(self):
        store, capture = self.folder / "store", self.folder / "x.pcap"
        weir("gen", "--write", capture, "--protocol", "v9", "--count", 10, "--seed", 3)
        weir("replay", capture, "--store", store)
        self.assertEqual(rows("sql", "select count(*)::INT as n from counters", "--store", store), [{"n": 0}])
        self.assertFalse((store / "counters").exists())
        self.assertNotIn("VIEW counters", weir("sql", "--macros", "--store", store))


if __name__ == "__main__":
    unittest.main()
