#!/usr/bin/env python3
"""weir-host in a network namespace of its own, with links, addresses, a firewall and files that this test makes. What the machine
does not permit is skipped, with the reason."""

import ctypes
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from host_process import WeirHost
from weir_process import wait_for

CLONE_NEWNET = 0x40000000


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


def setUpModule():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise unittest.SkipTest(f"no network namespace for this test: {os.strerror(ctypes.get_errno())}")
    ip("link", "set", "lo", "up")


def only(*collectors):
    return ["--collector.disable-defaults", *(f"--collector.{name}" for name in collectors)]


def proc_net_dev():
    """The counters of each interface as /proc/net/dev has them."""
    rows = {}
    for line in Path("/proc/self/net/dev").read_text().splitlines()[2:]:
        name, numbers = line.split(":")
        rows[name.strip()] = [int(word) for word in numbers.split()]
    return rows


class Links(unittest.TestCase):
    def setUp(self):
        try:
            ip("link", "add", "weir0", "type", "veth", "peer", "name", "weir1")
        except subprocess.CalledProcessError as error:
            self.skipTest(f"no veth links here: {error.stderr.strip()}")

    def tearDown(self):
        for name in ("weir0", "renamed"):
            subprocess.run(["ip", "link", "del", name], capture_output=True)

    def test_properties_and_counters(self):
        ip("link", "set", "weir0", "alias", 'to the "roof" \\ x')
        ip("link", "set", "weir0", "mtu", "1400")
        ip("link", "set", "weir0", "address", "02:00:00:00:00:07")
        ip("address", "add", "192.0.2.1/24", "dev", "weir0")
        for name in ("weir0", "weir1"):
            ip("link", "set", name, "up")
        with WeirHost(*only("netdev", "netclass"), "--collector.netdev.address-info") as host:
            families = host.scrape()
            lo = proc_net_dev()["lo"]
        self.assertEqual(families["node_network_up"].value(device="weir0"), 1)
        self.assertEqual(families["node_network_carrier"].value(device="weir0"), 1)
        self.assertEqual(families["node_network_mtu_bytes"].value(device="weir0"), 1400)
        info = next(labels for labels in map(dict, families["node_network_info"].label_sets()) if labels["device"] == "weir0")
        self.assertEqual(info["ifalias"], 'to the "roof" \\ x')
        self.assertEqual(info["address"], "02:00:00:00:00:07")
        self.assertEqual(info["operstate"], "up")
        index = families["node_network_iface_id"]
        peer = families["node_network_iface_link"]
        self.assertEqual(peer.value(device="weir0"), index.value(device="weir1"))
        addresses = [dict(labels) for labels in families["node_network_address_info"].label_sets()]
        self.assertIn({"device": "weir0", "address": "192.0.2.1", "netmask": "24", "scope": "global"}, addresses)
        self.assertIn({"device": "lo", "address": "127.0.0.1", "netmask": "8", "scope": "link-local"}, addresses)
        # The scrape itself goes over lo: its counters only grow until /proc is read.
        received = families["node_network_receive_bytes_total"].value(device="lo")
        self.assertGreater(received, 0)
        self.assertLessEqual(received, lo[0])

    def test_links_that_change(self):
        with WeirHost(*only("netdev", "netclass")) as host:
            def up_of(name):
                return dict(host.scrape()["node_network_up"].samples).get(("node_network_up", frozenset({("device", name)})))
            self.assertEqual(up_of("weir0"), 0)
            ip("link", "set", "weir0", "name", "renamed")
            wait_for(lambda: up_of("renamed") == 0 and up_of("weir0") is None, "the new name")
            ip("link", "set", "renamed", "up")
            ip("link", "set", "weir1", "up")
            wait_for(lambda: up_of("renamed") == 1, "the link is up")
            ip("link", "del", "renamed")
            wait_for(lambda: up_of("renamed") is None and up_of("weir1") is None, "the links have gone")

    def test_many_links(self):
        names = [f"w{i}" for i in range(120)]
        for name in names:
            ip("link", "add", name, "type", "veth", "peer", "name", name + "p")
        try:
            with WeirHost(*only("netdev", "netclass")) as host:
                devices = {dict(labels)["device"] for labels in host.scrape()["node_network_receive_bytes_total"].label_sets()}
            self.assertEqual(devices, {"lo", "weir0", "weir1"} | {n + p for n in names for p in ("", "p")} | (devices & {"tunl0", "sit0"}))
        finally:
            for name in names:
                ip("link", "del", name)


RULES = """
table inet weirtest {
  counter dropped { packets 3 bytes 400 }
  quota monthly { over 100 mbytes used 7 bytes }
  set blocked { type ipv4_addr; size 100; flags dynamic,timeout; timeout 1h; elements = { 192.0.2.1, 192.0.2.2 } }
  set nets { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 192.168.0.0-192.168.3.7 } }
  chain in { type filter hook input priority 0; policy accept; counter name dropped; ip saddr { 192.0.2.9, 192.0.2.8 } accept; }
}
"""


class Firewall(unittest.TestCase):
    def nft(self, *arguments, text=None):
        return subprocess.run(["nft", *arguments], input=text, capture_output=True, text=True)

    def setUp(self):
        if not shutil.which("nft"):
            self.skipTest("no nft(8) here")
        loaded = self.nft("-f", "-", text=RULES)
        if loaded.returncode != 0:
            self.skipTest(f"no nf_tables here: {loaded.stderr.strip()}")
        self.addCleanup(self.nft, "delete", "table", "inet", "weirtest")

    def test_counters_quotas_and_sets(self):
        table = {"family": "inet", "table": "weirtest"}
        with WeirHost(*only("nftables")) as host:
            families = host.scrape()
            self.assertEqual(families["weir_firewall_running"].value(), 1)
            self.assertEqual(families["weir_nftables_tables"].value(), 1)
            self.assertEqual(families["weir_nftables_chains"].value(**table), 1)
            self.assertGreaterEqual(families["weir_nftables_counter_packets_total"].value(**table, counter="dropped"), 3)
            self.assertEqual(families["weir_nftables_counter_packets_total"].type, "counter")
            self.assertEqual(families["weir_nftables_quota_consumed_bytes_total"].value(**table, quota="monthly"), 7)
            self.assertEqual(families["weir_nftables_quota_limit_bytes"].value(**table, quota="monthly"), 100 << 20)
            self.assertEqual(families["weir_nftables_set_elements"].value(**table, set="nets"), 2)
            self.assertEqual(families["weir_nftables_set_capacity"].value(**table, set="blocked"), 100)
            self.assertEqual(len(families["weir_nftables_set_elements"].samples), 2, "the set within the rule is not shown")

            def elements():
                return host.scrape()["weir_nftables_set_elements"].value(**table, set="blocked")
            self.assertEqual(elements(), 2)
            self.nft("add", "element", "inet", "weirtest", "blocked", "{ 192.0.2.3 }")
            wait_for(lambda: elements() == 3, "the new element")
            self.nft("delete", "table", "inet", "weirtest")
            wait_for(lambda: host.scrape()["weir_nftables_tables"].value() == 0, "the table has gone")
            self.assertNotIn("weir_nftables_counter_packets_total", host.scrape())


class TextFiles(unittest.TestCase):
    def test_told_once(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "good.prom").write_text("# TYPE my_total counter\nmy_total 5\n")
            Path(folder, "bad.prom").write_text("other 1 1700000000000\n")
            with WeirHost(*only("textfile"), f"--collector.textfile.directory={folder}") as host:
                for value in range(3):
                    Path(folder, "good.prom").write_text(f"# TYPE my_total counter\nmy_total {value}\n")
                    wait_for(lambda: host.scrape()["my_total"].value() == value, "the files are looked at again")
                    families = host.scrape()
                    self.assertEqual(families["my_total"].type, "counter")
                    self.assertEqual(families["node_textfile_scrape_error"].value(), 1)
                    self.assertNotIn("other", families)
                Path(folder, "bad.prom").write_text("other 1\n")
                wait_for(lambda: "other" in host.scrape(), "the file is good again")
                self.assertEqual(len([line for line in host.log if re.search(r"bad\.prom is left out", line)]), 1, host.log)
                self.assertEqual(host.scrape()["node_textfile_scrape_error"].value(), 0)


if __name__ == "__main__":
    unittest.main()
