"""A second real exporter: pmacctd reads a capture; its plugin nfprobe exports NetFlow v5, v9 and IPFIX, its plugin sfprobe sFlow.
What the collector stored equals what is in the capture."""

import collections
import shutil
import socket
import struct
import subprocess
import unittest

from packets import conversations, write_pcap
from weir_process import Case, Collector, rows

PMACCTD = shutil.which("pmacctd", path="/usr/sbin:/usr/bin:/sbin:/bin")


def totals(packets):
    """protocol -> (bytes of IP, packets)"""
    sums = collections.Counter()
    counts = collections.Counter()
    for _, frame in packets:
        six = frame[12:14] == b"\x86\xdd"
        protocol = frame[20] if six else frame[23]
        sums[protocol] += len(frame) - 14
        counts[protocol] += 1
    return {protocol: (sums[protocol], counts[protocol]) for protocol in sums}


def ports(packets):
    """(source, source port, destination, destination port, protocol) -> packets"""
    found = collections.Counter()
    for _, frame in packets:
        if frame[12:14] == b"\x86\xdd":
            protocol, at, family, size, first = frame[20], 54, socket.AF_INET6, 16, 22
        else:
            protocol, at, family, size, first = frame[23], 34, socket.AF_INET, 4, 26
        source, destination = (socket.inet_ntop(family, frame[first + i * size:first + (i + 1) * size]) for i in (0, 1))
        pair = struct.unpack("!HH", frame[at:at + 4]) if protocol in (6, 17) else (None, None)
        found[source, pair[0], destination, pair[1], protocol] += 1
    return found


@unittest.skipUnless(PMACCTD, "pmacct is not installed")
class Pmacct(Case):
    def export(self, packets, plugin, *settings):
        """Runs pmacctd over the packets; returns the store and the collector's ledger."""
        capture = self.folder / "traffic.pcap"
        write_pcap(capture, packets)
        store = self.folder / "store"
        with Collector(store) as collector:
            config = self.folder / "pmacctd.conf"
            lines = ["daemonize: false", f"pcap_savefile: {capture}", f"plugins: {plugin}", f"{plugin}_receiver: 127.0.0.1:{collector.port}",
                     "aggregate: src_host,dst_host,src_port,dst_port,proto,tos",
                     # Large enough that its own queue between capture and plugin loses nothing.
                     "plugin_pipe_size: 64000000", "plugin_buffer_size: 64000", *settings]
            config.write_text("\n".join(lines) + "\n")
            done = subprocess.run([PMACCTD, "-f", str(config)], capture_output=True, text=True, timeout=120)
            # At the end of the file it stops its plugin, and reports 1 if the plugin was quicker.
            self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
            self.assertNotIn("ERROR", done.stdout + done.stderr)
            self.assertEqual(collector.stop(), 0, collector.log)
            ledger = collector.ledger()
        self.assertAddsUp(ledger)
        self.assertEqual(ledger["socket_drops"], 0)
        total = ledger["total"]
        self.assertEqual(total["datagrams_rejected"], 0, total)
        self.assertEqual(total["undecodable_sets"], 0, total)
        self.assertEqual(total["lost_units"], 0, total)
        # nfprobe aligns sets with whatever was in its buffer.
        self.assertLessEqual(total["anomalies"].keys(), {"bad_padding"} if plugin == "nfprobe" else set(), total)
        return store, total

    def check_totals(self, store, packets):
        stored = rows("sql", "--store", store,
                      "select proto, sum(bytes)::bigint as bytes, sum(packets)::bigint as packets from flows group by proto")
        self.assertEqual({r["proto"]: (r["bytes"], r["packets"]) for r in stored}, totals(packets))

    def test_netflow(self):
        for version, name, ipv6 in ((5, "NetFlow v5", False), (9, "NetFlow v9", True), (10, "IPFIX", True)):
            with self.subTest(name):
                shutil.rmtree(self.folder / "store", ignore_errors=True)
                packets = conversations(300, seed=version, ipv6=ipv6)
                store, total = self.export(packets, "nfprobe", f"nfprobe_version: {version}")
                self.assertEqual(total["protocols"], [name])
                self.check_totals(store, packets)

    def test_sflow(self):
        """One sample a packet: what was sampled is what was there, down to the ports."""
        packets = conversations(300, seed=11, ipv6=True)
        store, total = self.export(packets, "sfprobe", "sampling_rate: 1", "sfprobe_agentip: 192.0.2.77")
        self.assertEqual(total["protocols"], ["sFlow v5"])
        # sfprobe does not send what waits for a full datagram when it ends; what it sent are the packets up to there.
        sent = packets[:total["rows_stored"]]
        self.assertGreater(len(sent), len(packets) - 10)
        stored = rows("sql", "--store", store, "select src_addr, src_port, dst_addr, dst_port, proto, sum(packets)::bigint as packets, "
                      "any_value(agent_address) as agent from flows group by all")
        self.assertEqual({r["agent"] for r in stored}, {"192.0.2.77"})
        self.assertEqual({(r["src_addr"], r["src_port"], r["dst_addr"], r["dst_port"], r["proto"]): r["packets"] for r in stored},
                         dict(ports(sent)))


if __name__ == "__main__":
    unittest.main()
