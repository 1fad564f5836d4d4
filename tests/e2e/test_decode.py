"""weir decode on captures written here, byte by byte: the formats, the filters, the summary, and what it says of bad input."""

import csv
import io
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/bin/weir"))
EXPORT_S = 1_700_000_000  # 2023-11-14T22:13:20Z


def weir(*arguments, stdin=None):
    return subprocess.run([WEIR, "decode", *map(str, arguments)], input=stdin, capture_output=True, timeout=30)


def pcap(*datagrams):
    """A capture of UDP datagrams: (source address, payload), in raw IPv4 frames (link type 101)."""
    out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
    for number, (source, payload) in enumerate(datagrams):
        udp = struct.pack("!HHHH", 50000, 2055, 8 + len(payload), 0) + payload
        address = bytes(int(part) for part in source.split("."))
        ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, address, bytes([192, 0, 2, 254])) + udp
        out += struct.pack("<IIII", EXPORT_S + number, 250_000, len(ip), len(ip)) + ip
    return out


def netflow_v5(*records):
    """records: (source, destination, packets, bytes, source port, destination port, protocol)."""
    out = struct.pack("!HHIIIIBBH", 5, len(records), 60_000, EXPORT_S, 0, 100, 1, 2, 0)
    for source, destination, packets, size, source_port, destination_port, protocol in records:
        out += struct.pack("!4s4s4sHHIIIIHHBBBBHHBBH", bytes(source), bytes(destination), bytes(4), 3, 4, packets, size,
                           10_000, 20_000, source_port, destination_port, 0, 0x12, protocol, 0, 64500, 64501, 24, 16, 0)
    return out


def ipfix(*sets, domain=7):
    body = b"".join(struct.pack("!HH", number, 4 + len(content)) + content for number, content in sets)
    return struct.pack("!HHIII", 10, 16 + len(body), EXPORT_S, 0, domain) + body


def netflow_v9(count, *sets, domain=9):
    body = b"".join(struct.pack("!HH", number, 4 + len(content)) + content for number, content in sets)
    return struct.pack("!HHIIII", 9, count, 60_000, EXPORT_S, 1, domain) + body


def template(number, *fields, scope=None):
    """fields: (element, length) or (element, length, enterprise)."""
    out = struct.pack("!HH", number, len(fields)) + (struct.pack("!H", scope) if scope else b"")
    for element, length, *enterprise in fields:
        out += struct.pack("!HH", element | (0x8000 if enterprise else 0), length)
        out += struct.pack("!I", *enterprise) if enterprise else b""
    return out


V5 = netflow_v5(([192, 0, 2, 10], [198, 51, 100, 20], 5, 700, 443, 50_123, 6), ([192, 0, 2, 11], [198, 51, 100, 21], 1, 60, 53, 5353, 17))

# One field of every kind of value: address, MAC, counter, string of variable length, boolean, float, times, vendors, a
# reverse counter, an element twice, one nobody knows.
RICH = template(300, (8, 4), (27, 16), (56, 6), (1, 4), (96, 65535), (276, 1), (311, 8), (152, 8), (154, 8), (1, 4, 29305),
                (33, 2, 6871), (10, 2), (10, 4), (999, 2, 12345))
RICH_RECORD = (bytes([192, 0, 2, 1]) + bytes.fromhex("20010db8000000000000000000000001") + bytes.fromhex("0200000000ff")
               + struct.pack("!I", 1234) + b"\x05" + "Zü\"!".encode() + b"\x02" + struct.pack("!d", 0.25)
               + struct.pack("!Q", EXPORT_S * 1000 - 1) + struct.pack("!II", EXPORT_S - 1 + 2_208_988_800, 1 << 31)
               + struct.pack("!I", 99) + struct.pack("!H", 80) + struct.pack("!H", 2) + struct.pack("!I", 3) + b"\xab\xcd")


class Decode(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def capture(self, *datagrams, name="capture.pcap"):
        path = pathlib.Path(self.folder.name) / name
        path.write_bytes(pcap(*datagrams))
        return path

    def objects(self, *arguments, status=0, stdin=None):
        run = weir(*arguments, stdin=stdin)
        self.assertEqual(run.returncode, status, run.stderr.decode())
        return [json.loads(line) for line in run.stdout.decode().splitlines()]

    def test_netflow_v5(self):
        first, second, summary = self.objects(self.capture(("203.0.113.5", V5)))
        self.assertEqual({key: first[key] for key in list(first)[:8]},
                         {"datagram": 1, "export_time": "2023-11-14T22:13:20.000000Z", "exporter": "203.0.113.5", "protocol": "NetFlow v5",
                          "observation_domain_id": 0x0102, "template_id": 0, "record": 1, "kind": "data"})
        for name, value in {"sourceIPv4Address": "192.0.2.10", "destinationIPv4Address": "198.51.100.20", "packetDeltaCount": 5,
                            "octetDeltaCount": 700, "sourceTransportPort": 443, "destinationTransportPort": 50_123,
                            "protocolIdentifier": 6, "tcpControlBits": 0x12, "bgpSourceAsNumber": 64500,
                            "sourceIPv4PrefixLength": 24, "egressInterface": 4}.items():
            self.assertEqual(first[name], value, name)
        self.assertEqual((second["record"], second["protocolIdentifier"]), (2, 17))
        self.assertEqual((summary["summary"], summary["datagrams"], summary["records"], summary["anomalies"]), (True, 1, 2, {}))

    def test_values_of_every_kind(self):
        record, _ = self.objects(self.capture(("203.0.113.5", ipfix((2, RICH), (300, RICH_RECORD)))))
        self.assertEqual(list(record.items())[8:], [
            ("sourceIPv4Address", "192.0.2.1"), ("sourceIPv6Address", "2001:db8::1"), ("sourceMacAddress", "02:00:00:00:00:ff"),
            ("octetDeltaCount", 1234), ("applicationName", "Zü\"!"), ("dataRecordsReliability", False),
            ("samplingProbability", 0.25), ("flowStartMilliseconds", "2023-11-14T22:13:19.999000Z"),
            ("flowStartMicroseconds", "2023-11-14T22:13:19.500000Z"), ("reverseOctetDeltaCount", 99), ("silkAppLabel", 80),
            ("ingressInterface", [2, 3]), ("12345:999", "abcd")])
        self.assertEqual((record["protocol"], record["observation_domain_id"], record["template_id"]), ("IPFIX", 7, 300))

    def test_scope_of_options(self):
        v9_options = struct.pack("!HHHHHHHH", 400, 8, 4, 1, 4, 2, 4, 34) + struct.pack("!H", 4)
        v9 = netflow_v9(2, (1, v9_options), (400, struct.pack("!III", 1, 5, 1000)))
        options = template(401, (149, 4), (34, 4), scope=1)
        capture = self.capture(("203.0.113.5", v9), ("203.0.113.5", ipfix((3, options), (401, struct.pack("!II", 7, 64)))))
        first, second, summary = self.objects(capture)
        self.assertEqual((first["kind"], first["scope"], first["samplingInterval"]), ("options", {"system": 1, "interface": 5}, 1000))
        self.assertEqual((second["scope"], second["samplingInterval"]), ({"observationDomainId": 7}, 64))
        self.assertEqual((summary["records"], summary["option_records"]), (0, 2))
        raw = self.objects("--raw", capture)
        self.assertEqual(raw[0]["fields"], [["scope:1", 4, "00000001"], ["scope:2", 4, "00000005"], ["0:34", 4, "000003e8"]])
        self.assertEqual(raw[1]["fields"], [["scope 0:149", 4, "00000007"], ["0:34", 4, "00000040"]])

    def test_data_before_its_template(self):
        data = ipfix((300, RICH_RECORD))
        objects = self.objects(self.capture(("203.0.113.5", data), ("203.0.113.5", ipfix((2, RICH)))))
        self.assertEqual(objects[0]["datagram"], 1, "the datagram that held it, not the one that made it readable")
        self.assertEqual((objects[1]["records"], objects[1]["undecodable_sets"]), (1, 0))
        run = weir(self.capture(("203.0.113.5", data)))
        summary = json.loads(run.stdout)
        self.assertEqual((summary["records"], summary["undecodable_sets"]), (0, 1))
        self.assertIn("1 undecodable set", run.stderr.decode())

    def test_nothing_gets_too_old(self):
        path = self.capture(("203.0.113.5", ipfix((2, RICH))), ("203.0.113.5", ipfix((300, RICH_RECORD))))
        content = bytearray(path.read_bytes())
        second = 24 + 16 + struct.unpack("<I", content[32:36])[0]
        content[second:second + 4] = struct.pack("<I", EXPORT_S + 30 * 86400)
        path.write_bytes(content)
        self.assertEqual(self.objects(path)[-1]["records"], 1)

    def test_raw(self):
        capture = self.capture(("203.0.113.5", V5), ("203.0.113.6", ipfix((2, RICH), (300, RICH_RECORD))))
        first, second, third, totals = self.objects("--raw", capture)
        self.assertEqual((first["dgram"], first["exporter"], first["rec"], first["kind"]), (1, "203.0.113.5", 1, "v5"))
        self.assertEqual(bytes.fromhex(second["raw"]), V5[24 + 48:])
        self.assertEqual((third["dgram"], third["odid"], third["set"], third["rec"], third["kind"]), (2, 7, 300, 1, "ipfix"))
        self.assertEqual(third["fields"][0], ["0:8", 4, "c0000201"])
        self.assertEqual(third["fields"][4], ["0:96", 5, "5ac3bc2221"])
        self.assertEqual(third["fields"][-1], ["12345:999", 2, "abcd"])
        self.assertEqual(totals, {"totals": True, "datagrams": 2, "records": 3, "option_records": 0, "undecodable_sets": 0,
                                  "sums": {"octets": 760, "packets": 6, "0:1": 1234, "29305:1": 99}, "anomalies": {}})

    def test_several_messages_in_one_datagram(self):
        capture = self.capture(("203.0.113.5", V5 + V5))
        self.assertEqual(self.objects(capture)[-1]["records"], 4)
        self.assertEqual(self.objects("--raw", capture)[-1]["records"], 2)
        self.assertEqual(self.objects("--raw", "--several-messages", capture)[-1]["records"], 4)

    def test_formats(self):
        capture = self.capture(("203.0.113.5", V5), ("203.0.113.6", ipfix((2, RICH), (300, RICH_RECORD))))
        lines = self.objects(capture)
        self.assertEqual(json.loads(weir("-o", "json", capture).stdout), lines)
        rows = list(csv.DictReader(io.StringIO(weir("-o", "csv", capture).stdout.decode(), newline="")))
        self.assertEqual(len(rows), 3)
        self.assertEqual((rows[2]["exporter"], rows[2]["template_id"]), ("203.0.113.6", "300"))
        self.assertEqual(json.loads(rows[2]["fields"]), dict(list(lines[2].items())[8:]))
        table = weir("-o", "table", capture).stdout.decode().splitlines()
        self.assertEqual(len(table), 4)
        self.assertIn("sourceIPv4Address=\"192.0.2.10\"", table[1])

    def test_no_records_is_valid_json(self):
        run = weir("-o", "json", self.capture())
        self.assertEqual([line["records"] for line in json.loads(run.stdout)], [0])
        self.assertIn("the capture is empty", run.stderr.decode())

    def test_filters(self):
        capture = self.capture(("203.0.113.5", V5), ("203.0.113.6", ipfix((2, RICH), (300, RICH_RECORD))))
        self.assertEqual([line.get("exporter") for line in self.objects("--exporter", "203.0.113.6", capture)], ["203.0.113.6", None])
        self.assertEqual([line.get("template_id") for line in self.objects("--template", 300, capture)], [300, None])
        self.assertEqual([line.get("record") for line in self.objects("--limit", 1, capture)], [1, None])

    def test_several_files_are_one_stream(self):
        templates = self.capture(("203.0.113.5", ipfix((2, RICH))), name="a.pcap")
        data = self.capture(("203.0.113.5", ipfix((300, RICH_RECORD))), name="b.pcap")
        self.assertEqual(self.objects(templates, data)[-1]["records"], 1)

    def test_standard_input(self):
        self.assertEqual(self.objects("-", stdin=pcap(("203.0.113.5", V5)))[-1]["records"], 2)

    def test_what_is_not_an_export_is_counted(self):
        run = weir(self.capture(("203.0.113.5", b"\x00\x63 nothing that we know"), ("203.0.113.5", b"\x00")))
        summary = json.loads(run.stdout)
        self.assertEqual((run.returncode, summary["datagrams"], summary["datagrams_rejected"], summary["records"]), (0, 2, 2, 0))
        self.assertEqual(sum(summary["anomalies"].values()), 2)
        self.assertIn("anomalies: ", run.stderr.decode())

    def test_a_file_that_ends_in_a_frame_fails_after_what_was_whole(self):
        path = self.capture(("203.0.113.5", V5), ("203.0.113.5", V5))
        path.write_bytes(path.read_bytes()[:-10])
        run = weir(path)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(json.loads(run.stdout.decode().splitlines()[-1])["records"], 2)
        self.assertIn(str(path), run.stderr.decode())

    def test_what_cannot_be_read(self):
        text = pathlib.Path(self.folder.name) / "notes.txt"
        text.write_text("not a capture, but long enough to be one" * 10)
        for path in (text, pathlib.Path(self.folder.name) / "missing.pcap", pathlib.Path(self.folder.name)):
            run = weir(path)
            self.assertEqual((run.returncode, run.stdout), (1, b""), path)
            self.assertIn(str(path), run.stderr.decode())
        # The others are read nevertheless.
        self.assertEqual(self.objects(text, self.capture(("203.0.113.5", V5)), status=1)[-1]["records"], 2)

    def test_wrong_usage(self):
        capture = self.capture()
        for arguments in ([], ["-o", "xml", capture], ["--raw", "-o", "csv", capture], ["--exporter", "nobody", capture],
                          ["--limit", "0", capture], ["--several-messages", capture], ["--template", "70000", capture]):
            self.assertEqual(weir(*arguments).returncode, 2, arguments)

    def test_standard_output_that_takes_nothing(self):
        with open("/dev/full", "wb") as full:
            run = subprocess.run([WEIR, "decode", self.capture(("203.0.113.5", V5))], stdout=full, stderr=subprocess.PIPE, timeout=30)
        self.assertEqual(run.returncode, 1)
        self.assertIn("standard output", run.stderr.decode())


if __name__ == "__main__":
    unittest.main()
