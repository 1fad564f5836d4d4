"""Elements of vendors and options records of real captures, in the columns that they become: the values of `weir replay`, counted,
are those of the bytes in the reference decodings."""

import collections
import gzip
import ipaddress
import json
import struct
import socket
import tempfile
import unittest

import ipfix
import packets
from weir_process import Case, corpus, rows, weir

CORPUS = corpus()


def text(raw):
    return raw.rstrip(b"\0").decode() or None


def number(raw):
    return int.from_bytes(raw, "big")


def address(raw):
    return str(ipaddress.ip_address(raw))


def mac(raw):
    return raw.hex(":")


def acl(raw):
    return "-".join(raw[i:i + 4].hex() for i in (0, 4, 8))


def dscp(raw):
    return raw[0] << 2


def application(raw):
    return f"{raw[0]}:{number(raw[1:])}"


def probe(name):
    return lambda raw: f"{name}:{number(raw)}" if number(raw) else None


# Capture, column, the elements that fill it (a second occurrence as "0:4#2"), the value of their bytes.
CASES = [
    ("logstash-codec-netflow/netflow-9-cisco-asa", "ingress_acl", ["0:33000"], acl),
    ("logstash-codec-netflow/netflow-9-cisco-asa", "egress_acl", ["0:33001"], acl),
    ("logstash-codec-netflow/netflow-9-cisco-asa", "firewall_ext_event", ["0:33002"], number),
    ("logstash-codec-netflow/netflow-9-cisco-asa", "post_nat_src_port", ["0:227", "0:40003"], number),
    ("logstash-codec-netflow/netflow-9-cisco-nbar-flowset-262", "application_id", ["0:95"], application),
    ("logstash-codec-netflow/netflow-9-cisco-nbar-flowset-262", "ip_tos", ["0:195"], dscp),
    ("logstash-codec-netflow/netflow-9-nprobe-dpi-l7", "application_id", ["0:95"], application),
    ("logstash-codec-netflow/netflow-9-palo-alto-1-flowset-in-large-zero-filled-packet", "application_name", ["0:56701"], text),
    ("logstash-codec-netflow/netflow-9-palo-alto-1-flowset-in-large-zero-filled-packet", "user_name", ["0:56702"], text),
    ("logstash-codec-netflow/ipfix-netscaler-with-variable-length-fields", "url", ["5951:130"], text),
    ("logstash-codec-netflow/ipfix-netscaler-with-variable-length-fields", "http_host", ["5951:142"], text),
    ("logstash-codec-netflow/ipfix-netscaler-with-variable-length-fields", "http_method", ["5951:141"], text),
    ("logstash-codec-netflow/ipfix-netscaler-with-variable-length-fields", "http_user_agent", ["5951:143"], text),
    ("logstash-codec-netflow/ipfix-yaf-basic-with-applabel", "application_id", ["6871:33"], probe("yaf")),
    ("logstash-codec-netflow/ipfix-viptela-with-vpn-id", "ip_tos", ["0:5", "0:195"], None),
    ("logstash-codec-netflow/unused-ixia-tpldata271", "application_name", ["3054:111"], text),
    ("logstash-codec-netflow/unused-ixia-tpldata271", "reverse_bytes", ["3054:176"], number),
    ("logstash-codec-netflow/netflow-9-macaddress", "src_mac", ["0:56"], mac),
    ("telegraf/ipfix_pen_35632", "application_id", ["35632:118"], probe("ndpi")),
    ("ipfixcol/01-odid0", "url", ["16982:502"], text),
    ("ipfixcol/01-odid0", "http_host", ["16982:501"], text),
    ("ipfixcol/01-odid0", "http_status", ["16982:506"], number),
    ("netgauze/srv6", "inner_src_addr", ["0:27#2", "0:8"], address),
    ("netgauze/srv6", "inner_proto", ["0:4#2"], number),
    ("netgauze/srv6", "src_addr", ["0:27"], address),
    ("pmacct-tests-swisscom/500-IPFIXv10-BGP-CISCO-SRv6__traffic-00", "inner_dst_port", ["0:11#2"], number),
    ("pmacct-tests-swisscom/500-IPFIXv10-BGP-CISCO-SRv6__traffic-00", "inner_tos", ["0:5#2"], number),
    ("pmacct-tests-swisscom/502-IPFIXv10-BGP-IPv6-CISCO-SRv6-lcomms__traffic-00", "inner_src_port", ["0:7#2"], number),
    ("traffic-reproducer/pcaps__ipfix-bmp-scenario-PART5-ipfix-traffic", "inner_proto", ["0:4#2"], number),
]
# Columns that are text in SQL only by a macro.
SHOWN = {address: "ip_text({})", mac: "mac_text({})"}


def records_of(capture):
    """The data records of the reference: {element: bytes}, the second occurrence as "0:4#2"."""
    plain, packed = CORPUS / f"{capture}.golden.jsonl", CORPUS / f"{capture}.golden.jsonl.gz"
    with (open(plain) if plain.exists() else gzip.open(packed, "rt")) as file:
        for line in file:
            record = json.loads(line)
            if "fields" not in record or record["kind"].endswith("options"):
                continue
            fields, seen = {}, collections.Counter()
            for element, length, raw, *_ in record["fields"]:
                seen[element] += 1
                name = element if seen[element] == 1 else f"{element}#{seen[element]}"
                if length:
                    fields[name] = bytes.fromhex(raw)
            yield fields


def is_two_packets(fields):
    return "0:4#2" in fields


@unittest.skipUnless(CORPUS, "the corpus is not there")
class Columns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="weir-e2e-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.stores = {}

    def store(self, capture):
        if capture not in self.stores:
            store = f"{self.folder.name}/{len(self.stores)}"
            weir("replay", CORPUS / f"{capture}.pcap", "--store", store)
            self.stores[capture] = store
        return self.stores[capture]

    def test_values_are_those_of_the_bytes(self):
        for capture, column, elements, value in CASES:
            with self.subTest(capture=capture, column=column):
                wanted = collections.Counter()
                for fields in records_of(capture):
                    # 0:8 is the inner source only of a record that describes two packets.
                    if elements == ["0:27#2", "0:8"] and not is_two_packets(fields):
                        continue
                    raw = next((fields[e] for e in elements if e in fields and any(fields[e])),
                               next((fields[e] for e in elements if e in fields), None))
                    if raw is None:
                        continue
                    if value is None:
                        result = dscp(raw) if "0:5" not in fields or not any(fields["0:5"]) else number(raw)
                    else:
                        result = value(raw)
                    if result is not None:
                        wanted[result] += 1
                self.assertTrue(wanted, "the capture has none of these elements")
                shown = SHOWN.get(value, "{}").format(column)
                ours = collections.Counter({row["value"]: row["n"] for row in rows(
                    "sql", "--store", self.store(capture), f"select {shown} as value, count(*)::int as n from flows where {column} is not null group by 1")})
                self.assertEqual(wanted - ours, collections.Counter(), "values that are missing")
                extra = ours - wanted
                if capture != "logstash-codec-netflow/ipfix-netscaler-with-variable-length-fields":
                    # There, data come 15 days before their template: the reference leaves them out.
                    self.assertEqual(extra, collections.Counter(), "values that nobody sent")

    def test_names_from_options_records(self):
        names = {row["in_if_name"] for row in rows("sql", "--store", self.store("netgauze/srv6"), "select distinct in_if_name from flows")}
        self.assertIn("TenGigE0_0_0_0", names)
        vrfs = rows("sql", "--store", self.store("netgauze/srv6"), "select count(*)::int as n from flows where ingress_vrf_id is not null and ingress_vrf_name is null "
                    "and ingress_vrf_id in (select ingress_vrf_id from flows where ingress_vrf_name is not null)")
        self.assertLess(vrfs[0]["n"], 20, "only those before the first options record are without a name")

    def test_sampling_of_an_interface_that_is_none(self):
        """softflowd announces its rate for the interface 0, and means all."""
        rates = rows("sql", "--store", self.store("graylog-plugin-netflow/netflow9"), "select distinct sampling_rate from flows")
        self.assertEqual(rates, [{"sampling_rate": 100}])

    def test_details_of_exporters(self):
        applications = rows("exporters", "--store", self.store("telegraf/ipfix_options"), "--details")
        self.assertEqual(len(applications), 126)
        self.assertEqual({row["kind"] for row in applications}, {"application"})
        self.assertIn(("1:34", "3pc", "Third Party Connect Proto"), [(r["id"], r["name"], (r["description"] or "")[:25]) for r in applications])
        interfaces = rows("exporters", "--store", self.store("logstash-codec-netflow/netflow-9-cisco-asr-9000-series-options-template-256"), "--details")
        self.assertEqual(len(interfaces), 19)
        self.assertIn(("interface", "74", "TenGigE0_0_1_0"), [(r["kind"], r["id"], r["description"]) for r in interfaces])


def a_set(number_, body):
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", number_, 4 + len(body)) + body


class Details(Case):
    def test_of_a_store(self):
        """Rates and names of hand-made options records, in the account and in the rows."""
        options = struct.pack("!HHHHHHHHH", 300, 3, 1, 10, 4, 82, 8, 34, 4)
        template = struct.pack("!HHHHHH", 256, 2, 8, 4, 10, 4)
        sets = (a_set(3, options) + a_set(300, struct.pack("!I", 7) + b"Gi0/7\0\0\0" + struct.pack("!I", 1000)) +
                a_set(2, template) + a_set(256, socket.inet_aton("10.0.0.1") + struct.pack("!I", 7)))
        message = struct.pack("!HHIII", 10, 16 + len(sets), 1_700_000_000, 0, 6) + sets
        packets.write_pcap(self.folder / "one.pcap", [(0, packets.export("192.0.2.1", message))])
        store = self.folder / "store"
        weir("replay", self.folder / "one.pcap", "--store", store)
        self.assertEqual(rows("exporters", "--store", store, "--details"), [{
            "exporter": "192.0.2.1", "protocol": "IPFIX", "observation_domain_id": 6, "kind": "interface", "id": "7", "name": "Gi0/7",
            "description": None, "sampling_rate": 1000}])
        self.assertEqual(rows("sql", "--store", store, "select in_if_name, sampling_rate from flows"), [{"in_if_name": "Gi0/7", "sampling_rate": 1000}])
        self.assertIn("Gi0/7", weir("exporters", "--store", store, "--details"))


class Relay(Case):
    """Records that name their exporter (element 130), sent by a relay."""

    CLAIMED = "select ip_text(sampler_address) as exporter, ip_text(exporter_address) as claimed, sampling_rate as rate, src_port as port from flows order by port"

    def setUp(self):
        super().setUp()
        record = lambda exporter, port: socket.inet_aton(exporter) + struct.pack("!H", port)
        sets = (ipfix.template_set(((130, 4), (7, 2))) + a_set(256, record("203.0.113.1", 1)) + a_set(256, record("0.0.0.0", 2)) +
                a_set(256, record("203.0.113.2", 3)))
        message = ipfix.message(sets)
        packets.write_pcap(self.folder / "relay.pcap", [(0, packets.export("192.0.2.1", message)), (1, packets.export("198.51.100.1", message))])

    def replay(self, text):
        config, store = self.folder / "weir.toml", self.folder / str(len(text))
        config.write_text(text)
        printed = weir("replay", self.folder / "relay.pcap", "--config", config, "--store", store)
        self.assertIn("it adds up: 2 received = 2 decoded + 0 rejected datagrams, 6 decoded = 6 stored", printed)
        return store

    def test_that_nobody_trusts(self):
        store = self.replay("")
        self.assertEqual([(r["exporter"], r["claimed"]) for r in rows("sql", "--store", store, self.CLAIMED + ", exporter")],
                         [(exporter, claimed) for claimed in ("203.0.113.1", None, "203.0.113.2") for exporter in ("192.0.2.1", "198.51.100.1")])

    def test_of_a_trusted_relay(self):
        store = self.replay('[exporters]\ntrusted_relays = ["192.0.2.0/24"]\n[[sampling]]\nexporter = "203.0.113.2"\nrate = 50\n')
        self.assertEqual([tuple(r.values()) for r in rows("sql", "--store", store, self.CLAIMED + ", exporter")], [
            ("198.51.100.1", "203.0.113.1", None, 1), ("203.0.113.1", "203.0.113.1", None, 1),
            ("192.0.2.1", None, None, 2), ("198.51.100.1", None, None, 2),
            ("198.51.100.1", "203.0.113.2", None, 3), ("203.0.113.2", "203.0.113.2", 50, 3)])
        # Filters and groups go by it; what is counted is the sender's.
        self.assertEqual(len(rows("flows", "--store", store, "exporter net 203.0.113.0/24")), 2)
        self.assertEqual({r["exporter"]: r["flows"] for r in rows("exporters", "--store", store)}, {"192.0.2.1": 3, "198.51.100.1": 3})


if __name__ == "__main__":
    unittest.main()
