"""Every capture of the corpus but those of sFlow (test_corpus_sflow.py) against its reference decoding: weir decode must find
the same records, byte by byte.

The corpus is not part of the repository: it is looked for in ../shared/corpus beside it, or where WEIR_CORPUS says, and the
tests are skipped where it is not. Its README describes the reference decodings ("goldens").
"""

import collections
import csv
import datetime
import gzip
import ipaddress
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from weir_process import corpus

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/bin/weir"))
# What differs when more is decoded than the plain totals say: both are what Weir does.
VARIANTS = ("if_early_data_is_held_until_its_template_arrives", "if_templates_are_not_bound_to_the_source_port")
# NetFlow v5 and v1: the reference's names of the fields, and the information elements that they are.
FIXED_FIELDS = {"srcaddr": "sourceIPv4Address", "dstaddr": "destinationIPv4Address", "nexthop": "ipNextHopIPv4Address",
                "inputint": "ingressInterface", "outputint": "egressInterface", "packets": "packetDeltaCount",
                "octets": "octetDeltaCount", "srcport": "sourceTransportPort", "dstport": "destinationTransportPort",
                "protocol": "protocolIdentifier", "tos": "ipClassOfService", "tcpflags": "tcpControlBits",
                "srcas": "bgpSourceAsNumber", "dstas": "bgpDestinationAsNumber", "srcmask": "sourceIPv4PrefixLength",
                "dstmask": "destinationIPv4PrefixLength"}
# Fields that the reference does not show as the element's value: differences and ends of times, parts, text.
SHOWN_OTHERWISE = {"timedelta", "timeend", "tcp_option_map", "icmp_ipv6_type", "appl_id.classification_engine_id", ""}


CORPUS = corpus()


def decode(*arguments, only_last=False):
    """The objects that weir decode prints; it must succeed."""
    run = subprocess.run([WEIR, "decode", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    if run.returncode != 0:
        raise AssertionError(f"weir decode {arguments}: exit status {run.returncode}: {run.stderr}")
    return [json.loads(line) for line in run.stdout.splitlines()[-1 if only_last else 0:]]


def golden_of(capture):
    """(record lines, totals) of a reference decoding, or (None, totals) where only the totals are known."""
    totals = capture.with_suffix(".golden-totals.json")
    if totals.exists():
        return None, json.loads(totals.read_text())
    plain, packed = capture.with_suffix(".golden.jsonl"), capture.with_suffix(".golden.jsonl.gz")
    text = plain.read_text() if plain.exists() else gzip.decompress(packed.read_bytes()).decode()
    lines = [json.loads(line) for line in text.splitlines()]
    records = [line for line in lines[:-1] if line.get("kind") not in (None, "tshark-only")]
    assert lines[-1].get("totals"), capture
    return records, lines[-1]


def identity(line):
    """What must be equal in a golden line and in ours."""
    exporter = ipaddress.ip_address(line["exporter"])
    if line["kind"] in ("v1", "v5", "v7"):
        return line["dgram"], exporter, line["rec"], line["kind"], line["raw"]
    fields = tuple((field[0], field[1], field[2]) for field in line["fields"])
    return line["dgram"], exporter, line["odid"], line["set"], line["rec"], line["kind"], fields


@unittest.skipIf(CORPUS is None, "the corpus is not here: neither WEIR_CORPUS nor ../shared/corpus")
class Corpus(unittest.TestCase):
    def test_records_and_values_are_those_of_the_reference(self):
        captures = sorted(CORPUS.glob("*/*.pcap"))
        self.assertGreater(len(captures), 100, f"{CORPUS} is not complete")
        compared = collections.Counter()
        for capture in captures:
            golden, totals = golden_of(capture)
            raw = None
            with self.subTest(capture=str(capture.relative_to(CORPUS)), check="records"):
                if "sflow" in totals:
                    continue  # test_corpus_sflow.py
                raw = decode("--raw", capture, only_last=golden is None)
                if golden is None:
                    self.check_totals(raw[-1], totals, extra_sets=0)
                else:
                    self.check_records(raw, golden, totals)
            if golden and raw:
                with self.subTest(capture=str(capture.relative_to(CORPUS)), check="values"):
                    self.check_capture_values(capture, raw, golden, compared)
        for kind in ("unsigned", "ipv4Address", "ipv6Address", "macAddress", "string", "dateTime", "octetArray", "fixed"):
            self.assertGreater(compared[kind], 200, f"too few values were compared: {compared}")

    def check_records(self, ours, golden, totals):
        mine, theirs = [identity(line) for line in ours[:-1]], [identity(line) for line in golden]
        extra = collections.Counter(mine) - collections.Counter(theirs)
        missing = collections.Counter(theirs) - collections.Counter(mine)
        self.assertFalse(missing, f"{missing.total()} of {len(theirs)} records are missing, the first: {next(iter(missing), None)}")
        # The lines of a golden are those of a decoder that drops data before its template; the totals tell how many more
        # there are. Without such data the order must be the same, too.
        wanted = dict(totals)
        for variant in VARIANTS:
            wanted.update(totals.get(variant, {}))
        additional = wanted["records"] + wanted["option_records"] - totals["records"] - totals["option_records"]
        self.assertEqual(extra.total(), additional, f"records that the reference has not, the first: {next(iter(extra), None)}")
        if not extra:
            self.assertEqual(mine, theirs, "the same records in another order")
        # Each set that was decoded late begins with its record 1.
        extra_sets = sum(1 for key in extra.elements() if key[4] == 1)
        self.check_totals(ours[-1], wanted, extra_sets)

    def check_totals(self, ours, wanted, extra_sets):
        self.assertIs(ours["totals"], True)
        undecodable = wanted.get("undecodable_sets", 0) - extra_sets
        self.assertEqual([ours["datagrams"], ours["records"], ours["option_records"], ours["undecodable_sets"]],
                         [wanted["datagrams"], wanted["records"], wanted["option_records"], undecodable],
                         "datagrams, records, option records, undecodable sets")
        self.assertEqual(ours["sums"], wanted["sums"])

    def check_capture_values(self, capture, raw, golden, compared):
        values = decode(capture)[:-1]
        if len(raw) - 1 != len(values):
            raw = decode("--raw", "--several-messages", capture)
        self.assertEqual(len(raw) - 1, len(values))
        # The bytes that were printed say which values belong to a line of the reference.
        printed = {identity(line): mine for line, mine in zip(raw, values)}
        types = element_types()
        for line in golden:
            mine = printed[identity(line)]
            if "fields" in line:
                self.check_values(line, mine, types, compared)
            else:
                self.check_fixed_values(line, mine, compared)

    def check_values(self, golden, mine, types, compared):
        seen = collections.Counter()
        for element, length, raw, name, value in (field[:5] for field in golden["fields"]):
            kind, label = types.get(element, (None, None))
            if kind is None:
                continue
            position = seen[label]
            seen[label] += 1
            # The reference cuts text at its first zero byte.
            cut = kind == "string" and b"\0" in bytes.fromhex(raw).rstrip(b"\0")
            if value is None or length == 0 or name in SHOWN_OTHERWISE or cut:
                continue
            ours = mine.get(label)
            if isinstance(ours, list):
                ours = ours[position]
            self.assertTrue(equal(kind, ours, value), f"{element} {label}: {ours!r}, the reference has {value!r} ({name}) in {golden}")
            compared[family(kind)] += 1

    def check_fixed_values(self, golden, mine, compared):
        for name, value, _ in golden["tshark"]:
            label = FIXED_FIELDS.get(name)
            if label is None or label not in mine:
                continue
            kind = "ipv4Address" if label.endswith("Address") else "unsigned"
            self.assertTrue(equal(kind, mine[label], value), f"{label}: {mine[label]!r}, the reference has {value!r} in {golden}")
            compared["fixed"] += 1

    def test_replay_stores_every_record(self):
        """Data before its template included, however long that takes: in the netscaler capture it is 15 days."""
        for name in ("logstash-codec-netflow/ipfix-netscaler-with-variable-length-fields", "traffic-reproducer/pcap_processing__ipfix-bmp",
                     "traffic-reproducer/pcap_processing__ipfix-vmware", "logstash-codec-netflow/netflow-9-cisco-asa"):
            with self.subTest(capture=name), tempfile.TemporaryDirectory() as store:
                capture = CORPUS / f"{name}.pcap"
                totals = golden_of(capture)[1]
                wanted = {**totals, **totals.get(VARIANTS[0], {})}["records"]
                subprocess.run([WEIR, "replay", capture, "--store", store], check=True, capture_output=True, timeout=60)
                counted = subprocess.run([WEIR, "sql", "--store", store, "select count(*)::int as flows from flows", "-o", "json"],
                                         check=True, capture_output=True, timeout=60)
                self.assertEqual(json.loads(counted.stdout), [{"flows": wanted}])

    def test_several_messages_in_one_datagram(self):
        for whole, split in (("netflow-5-valid-01", "netflow5-dat-split"), ("ipfix", "ipfix-dat-split")):
            with self.subTest(capture=whole):
                folder = CORPUS / "logstash-codec-netflow"
                ours = decode("--raw", "--several-messages", folder / f"{whole}.pcap")[-1]
                wanted = golden_of(folder / f"{split}.pcap")[1]
                for total in ("records", "option_records", "undecodable_sets", "sums"):
                    self.assertEqual(ours[total], wanted[total], total)


def element_types():
    """{"0:8": ("ipv4Address", "sourceIPv4Address")} for the elements whose values can be compared."""
    comparable = ("unsigned", "ipv4Address", "ipv6Address", "macAddress", "string", "dateTime", "octetArray")
    with open(ROOT / "schema/iana_elements.csv", newline="") as file:
        return {f"0:{row['id']}": (row["type"], row["name"]) for row in csv.DictReader(file) if row["type"].startswith(comparable)}


def family(kind):
    return next((name for name in ("unsigned", "dateTime") if kind.startswith(name)), kind)


def equal(kind, ours, reference):
    """Whether our value says the same as the reference's text."""
    if kind.startswith("unsigned"):
        return re.fullmatch("[0-9]+|0x[0-9a-f]+", reference) is not None and int(reference, 0) == ours
    if kind in ("ipv4Address", "ipv6Address"):
        return ipaddress.ip_address(ours) == ipaddress.ip_address(reference)
    if kind.startswith("dateTime"):
        date, fraction, _ = re.split(r"\.| UTC", reference)  # Jul 21, 2014 09:35:53.973000000 UTC
        seconds = datetime.datetime.strptime(date, "%b %d, %Y %H:%M:%S")
        return ours == f"{seconds.isoformat()}.{fraction[:6]}Z"
    if kind == "octetArray":
        return ours == reference.replace(":", "")
    return ours == reference


if __name__ == "__main__":
    unittest.main()
