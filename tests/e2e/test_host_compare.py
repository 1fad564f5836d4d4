#!/usr/bin/env python3
"""weir-host beside Debian's node_exporter 1.5.0 on the same machine at the same moment: names, types, HELP, labels and values, for
every collector that both have. Every difference that is meant is in this file, with its reason."""

import math
import os
import re
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from host_process import NODE_EXPORTER, NodeExporter, WeirHost

# The same choice for both: 1.5.0 has other defaults than what came after it, and Debian has its own.
SAME = (
    "--collector.diskstats.device-exclude=^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\\d+n\\d+p)\\d+$",
    "--collector.filesystem.mount-points-exclude=^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
    "--collector.filesystem.fs-types-exclude=^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660"
    "|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$",
    "--collector.netdev.device-exclude=^$",
    "--collector.textfile.directory=/nonexistent",
)
# Only the largest caches are ours by default.
OURS = ("--collector.slabinfo.top=0",)
OFF_BY_DEFAULT = ("buddyinfo", "cgroups", "ethtool", "interrupts", "ksmd", "lnstat", "meminfo_numa", "mountstats", "network_route", "perf",
                  "processes", "qdisc", "slabinfo", "tcpstat", "wifi", "zoneinfo")

# Families of ours that 1.5.0 has not.
NEWER = "node_exporter has it since a later version"
OWN = "ours"
OURS_ONLY = {
    r"node_arp_states": NEWER,
    r"node_cpu_(online|isolated)": NEWER,
    r"node_filesystem_(mount_info|purgeable_bytes)": NEWER,
    r"node_netstat_TcpExt_(TCPOFOQueue|TCPRcvQDrop)": "the default expression has them since a later version",
    r"node_softnet_(backlog_len|cpu_collision_total|flow_limit_count_total|received_rps_total)": NEWER,
    r"node_pressure_irq_stalled_seconds_total": NEWER,
    r"node_zoneinfo_.*": "files of newer kernels have more fields, which 1.5.0 does not read",
    r"node_timex_offset_overflow_total": OWN,
    r"weir_.*": OWN,
}
# Families of node_exporter that we have not.
THEIRS_ONLY = {
    r"go_.*": "the run time of another language",
    r"promhttp_.*": "its HTTP library; ours are weir_host_http_*",
}
# Families whose labels or values cannot be equal.
OWN_VALUES = {
    r"node_exporter_build_info": "another program",
    r"node_scrape_collector_duration_seconds": "how long it took",
    r"process_.*": "another process",
}
# Labels that newer versions have added.
NEW_LABELS = {
    "node_network_info": {"adminstate"},
    "node_disk_info": {"rotational"},
    "node_filesystem_": {"device_error"},
}
# Samples that have such a label are those of newer versions only: node_filesystem_readonly of what cannot be asked for its sizes.
NEW_SAMPLES = {"node_filesystem_readonly": "device_error"}
# HELP texts that are not the same.
OTHER_HELP = {}
# Success of a collector: what 1.5.0 says and we do not, or the other way.
OTHER_SUCCESS = {}
# Families that have a sample only while something is in that state: none is as good as zero. Who reads /proc is running, whoever waits
# for the answer sleeps, and each scrape opens and closes a connection.
MOMENTARY = re.compile(r"node_(processes_(threads_)?state|tcp_connection_states)")
# Gauges that change from one moment to the next, so that three scrapes in a row may all differ; the others must be equal to the
# scrape before or behind, or between them.
VOLATILE = re.compile(
    r"node_(memory|sockstat|load|procs|processes|timex|entropy|filefd|time_seconds|cpu_(scaling|core)|tcp_connection|schedstat|udp_queues"
    r"|hwmon|thermal|buddyinfo|zoneinfo|slabinfo|filesystem_(avail|free|files_free)|nf_conntrack|arp|netstat|network_route"
    r"|disk_io_now|softnet_backlog|lnstat|vmstat|cgroups|ksmd)")


def matches(patterns, name):
    return any(re.fullmatch(pattern, name) for pattern in patterns)


def new_labels(name):
    return set().union(*(labels for prefix, labels in NEW_LABELS.items() if name.startswith(prefix)))


def without(labels, names):
    return frozenset((name, value) for name, value in labels if name not in names)


def between(value, first, second):
    slack = 1e-9 * max(abs(first), abs(second), abs(value)) + 0.011  # a tick of the clock
    return min(first, second) - slack <= value <= max(first, second) + slack


def compare(before, ours, after):
    """The differences that this file does not explain: what differs (the same in every comparison) and how (with values, which may not
    be)."""
    differences = {}
    for name in ours.keys() - after.keys() - before.keys():
        if not matches(OURS_ONLY, name):
            differences[name, "only ours"] = ""
    for name in (after.keys() & before.keys()) - ours.keys():
        if not matches(THEIRS_ONLY, name):
            differences[name, "missing"] = ""
    for name in ours.keys() & before.keys() & after.keys():
        if matches(OWN_VALUES, name):
            continue
        mine, first, second = ours[name], before[name], after[name]
        if mine.type != first.type:
            differences[name, "type"] = f"{mine.type} instead of {first.type}"
        if mine.help != first.help and name not in OTHER_HELP:
            differences[name, "HELP"] = f"'{mine.help}' instead of '{first.help}'"
        added = new_labels(name)
        samples = {(sample, without(labels, added)): value for (sample, labels), value in mine.samples.items()
                   if NEW_SAMPLES.get(name) not in dict(labels)}
        differences.update(compare_samples(name, first.samples, samples, second.samples))
    return differences


def compare_samples(name, first, samples, second):
    if MOMENTARY.fullmatch(name):
        keys = first.keys() | samples.keys() | second.keys()
        first, samples, second = ({key: some.get(key, 0) for key in keys} for some in (first, samples, second))
    for key in samples.keys() - first.keys() - second.keys():
        yield (name, "only ours", key), ""
    for key in (first.keys() & second.keys()) - samples.keys():
        yield (name, "missing", key), ""
    for key in samples.keys() & first.keys() & second.keys():
        value, lower, upper = samples[key], first[key], second[key]
        if math.isnan(value) and math.isnan(lower) or between(value, lower, upper):
            continue
        if name == "node_scrape_collector_success" and dict(key[1])["collector"] in OTHER_SUCCESS:
            continue
        # Gauges that move: of the same size, at least.
        if VOLATILE.match(name) and abs(value - lower) <= 0.2 * max(abs(value), abs(lower), 50):
            continue
        yield (name, "value", key), f"{value} is not between {lower} and {upper}"


def told(differences):
    return "\n" + "\n".join(sorted(f"{what}: {how}" for what, how in differences.items()))


@unittest.skipUnless(os.path.exists(NODE_EXPORTER), "Debian's prometheus-node-exporter is not installed")
class Compare(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        helps = {program: subprocess.run([program, "--help"], capture_output=True, text=True) for program in (NODE_EXPORTER,)}
        known = helps[NODE_EXPORTER].stdout + helps[NODE_EXPORTER].stderr
        ours = WeirHost.collectors()
        extra = [f"--collector.{name}" for name in OFF_BY_DEFAULT if f"--collector.{name} " in known and name in ours]
        self.weir = self.enterContext(WeirHost(*SAME, *extra, *OURS))
        self.node = self.enterContext(NodeExporter("--log.level=error", *SAME, *extra))

    def common(self):
        def names(host):
            return {dict(labels)["collector"] for labels in host.scrape()["node_scrape_collector_success"].label_sets()}

        mine, theirs = names(self.weir), names(self.node)
        return mine & theirs, mine - theirs, theirs - mine

    def test_the_same_families_labels_and_values(self):
        both, only_ours, only_theirs = self.common()
        print(f"compared: {len(both)} collectors; only node_exporter 1.5.0 has: {sorted(only_theirs)}; only weir-host: {sorted(only_ours)}")
        self.assertFalse(only_theirs & {"cpu", "meminfo", "netdev", "filesystem", "diskstats", "stat"})
        query = "?" + "&".join(f"collect[]={name}" for name in sorted(both))
        differences = None
        for _ in range(10):  # interfaces, disks, processes and caches come and go; a difference that stays is one
            time.sleep(0.3)  # weir-host gives scrapes that follow closely the same answer
            before = self.node.scrape(query)
            ours = self.weir.scrape(query)
            after = self.node.scrape(query)
            found = compare(before, ours, after)
            differences = found if differences is None else {what: how for what, how in found.items() if what in differences}
            if not differences:
                break
        families = len(ours.keys() & after.keys())
        samples = sum(len(ours[name].samples) for name in ours.keys() & after.keys())
        print(f"equal: {families} families, {samples} samples")
        self.assertFalse(differences, told(differences))
        self.assertGreater(families, 150)

    def test_a_file_system_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as procfs:
            Path(procfs, "1").mkdir()
            Path(procfs, "1/mounts").write_text("/dev/a1 / ext4 rw 0 0\n/dev/a2 /not/there xfs ro 0 0\n")
            Path(procfs, "1/mountinfo").write_text("1 0 8:1 / / rw - ext4 /dev/a1 rw\n2 1 8:2 / /not/there ro - xfs /dev/a2 ro\n")
            only = ("--collector.disable-defaults", "--collector.filesystem", f"--path.procfs={procfs}", *SAME)
            with WeirHost(*only) as weir, NodeExporter("--log.level=error", *only) as node:
                before, ours, after = node.scrape(), weir.scrape(), node.scrape()
        differences = compare(before, ours, after)
        self.assertFalse(differences, told(differences))
        failed = {"device": "/dev/a2", "fstype": "xfs", "mountpoint": "/not/there"}
        self.assertEqual(after["node_filesystem_device_error"].value(**failed), 1)
        failed["device_error"] = "no such file or directory"
        self.assertEqual(ours["node_filesystem_device_error"].value(**failed), 1)
        self.assertEqual(ours["node_filesystem_readonly"].value(**failed), 1)
        self.assertNotIn("/not/there", str(ours["node_filesystem_size_bytes"].label_sets()))

    def test_the_comparison_finds_what_is_wrong(self):
        import copy
        query = "?collect[]=loadavg&collect[]=stat"
        before, ours, after = self.node.scrape(query), self.weir.scrape(query), self.node.scrape(query)

        def broken(change):
            damaged = copy.deepcopy(ours)
            change(damaged)
            return compare(before, damaged, after)

        forks, labelled = ("node_forks_total", frozenset()), ("node_load1", frozenset({("a", "b")}))
        self.assertIn(("node_load1", "missing"), broken(lambda f: f.pop("node_load1")))
        self.assertIn(("node_load1", "type"), broken(lambda f: setattr(f["node_load1"], "type", "counter")))
        self.assertIn(("node_load1", "HELP"), broken(lambda f: setattr(f["node_load1"], "help", "Load.")))
        self.assertIn(("node_load", "only ours"), broken(lambda f: f.update(node_load=f["node_load1"])))
        self.assertIn(("node_forks_total", "value", forks), broken(lambda f: f["node_forks_total"].samples.update({forks: 1e12})))
        self.assertIn(("node_forks_total", "missing", forks), broken(lambda f: f["node_forks_total"].samples.pop(forks)))
        self.assertIn(("node_load1", "only ours", labelled), broken(lambda f: f["node_load1"].samples.update({labelled: 1})))


# What the alerts and recording rules of node-mixin need, and the dashboard 1860 beyond that, by collector.
MIXIN = """node_cpu_seconds_total node_disk_io_time_seconds_total node_disk_io_time_weighted_seconds_total node_disk_read_bytes_total
node_disk_written_bytes_total node_exporter_build_info node_filefd_allocated node_filefd_maximum node_filesystem_avail_bytes
node_filesystem_files node_filesystem_files_free node_filesystem_readonly node_filesystem_size_bytes node_load1 node_load5 node_load15
node_memory_Buffers_bytes node_memory_Cached_bytes node_memory_MemAvailable_bytes node_memory_MemFree_bytes node_memory_MemTotal_bytes
node_memory_Slab_bytes node_network_receive_bytes_total node_network_receive_drop_total node_network_receive_errs_total
node_network_receive_packets_total node_network_transmit_bytes_total node_network_transmit_drop_total node_network_transmit_errs_total
node_network_transmit_packets_total node_textfile_scrape_error node_time_seconds node_timex_maxerror_seconds node_timex_offset_seconds
node_timex_sync_status node_uname_info node_vmstat_pgmajfault"""
DASHBOARD = """node_arp_entries node_boot_time_seconds node_context_switches_total node_forks_total node_intr_total node_procs_running
node_procs_blocked node_entropy_available_bits node_entropy_pool_size_bits node_disk_reads_completed_total node_disk_writes_completed_total
node_disk_reads_merged_total node_disk_writes_merged_total node_disk_read_time_seconds_total node_disk_write_time_seconds_total
node_disk_io_now node_disk_discards_completed_total node_disk_discards_merged_total node_disk_discard_time_seconds_total
node_filesystem_free_bytes node_filesystem_device_error node_memory_Active_bytes node_memory_Inactive_bytes node_memory_Active_anon_bytes
node_memory_Inactive_file_bytes node_memory_SwapTotal_bytes node_memory_SwapFree_bytes node_memory_Dirty_bytes node_memory_Writeback_bytes
node_memory_Mapped_bytes node_memory_Shmem_bytes node_memory_PageTables_bytes node_memory_KernelStack_bytes node_memory_CommitLimit_bytes
node_memory_Committed_AS_bytes node_memory_VmallocTotal_bytes node_memory_VmallocUsed_bytes node_memory_SReclaimable_bytes
node_memory_SUnreclaim_bytes node_memory_HugePages_Total node_memory_HugePages_Free node_memory_Hugepagesize_bytes
node_memory_AnonPages_bytes node_memory_Unevictable_bytes node_memory_Mlocked_bytes node_memory_NFS_Unstable_bytes node_memory_Bounce_bytes
node_memory_SwapCached_bytes node_memory_DirectMap4k_bytes node_memory_DirectMap2M_bytes node_netstat_Tcp_CurrEstab
node_netstat_Tcp_InSegs node_netstat_Tcp_OutSegs node_netstat_Tcp_RetransSegs node_netstat_Tcp_InErrs node_netstat_Tcp_OutRsts
node_netstat_Tcp_ActiveOpens node_netstat_Tcp_PassiveOpens node_netstat_TcpExt_ListenOverflows node_netstat_TcpExt_ListenDrops
node_netstat_TcpExt_SyncookiesFailed node_netstat_TcpExt_SyncookiesRecv node_netstat_TcpExt_SyncookiesSent
node_netstat_TcpExt_TCPSynRetrans node_netstat_TcpExt_TCPTimeouts node_netstat_TcpExt_TCPOFOQueue node_netstat_TcpExt_TCPRcvQDrop
node_netstat_Udp_InDatagrams node_netstat_Udp_OutDatagrams node_netstat_Udp_InErrors node_netstat_Udp_NoPorts
node_netstat_Udp_RcvbufErrors node_netstat_Udp_SndbufErrors node_netstat_Icmp_InMsgs node_netstat_Icmp_OutMsgs node_netstat_Icmp_InErrors
node_netstat_IpExt_InOctets node_netstat_IpExt_OutOctets node_netstat_Ip_Forwarding node_sockstat_TCP_alloc node_sockstat_TCP_inuse
node_sockstat_TCP_mem node_sockstat_TCP_mem_bytes node_sockstat_TCP_orphan node_sockstat_TCP_tw node_sockstat_UDP_inuse
node_sockstat_UDP_mem node_sockstat_UDP_mem_bytes node_sockstat_UDPLITE_inuse node_sockstat_RAW_inuse node_sockstat_FRAG_inuse
node_sockstat_FRAG_memory node_sockstat_sockets_used node_softnet_processed_total node_softnet_dropped_total
node_softnet_times_squeezed_total node_timex_estimated_error_seconds node_timex_frequency_adjustment_ratio node_timex_loop_time_constant
node_timex_tick_seconds node_timex_tai_offset_seconds node_timex_status node_timex_pps_calibration_total node_network_carrier
node_network_mtu_bytes node_network_speed_bytes node_network_up node_network_receive_fifo_total node_network_transmit_fifo_total
node_network_receive_frame_total node_network_transmit_carrier_total node_network_transmit_colls_total
node_network_receive_compressed_total node_network_transmit_compressed_total node_network_receive_multicast_total
node_network_transmit_queue_length node_pressure_cpu_waiting_seconds_total node_pressure_memory_waiting_seconds_total
node_pressure_memory_stalled_seconds_total node_pressure_io_waiting_seconds_total node_pressure_io_stalled_seconds_total
node_udp_queues node_vmstat_pgfault node_vmstat_pgpgin node_vmstat_pgpgout node_vmstat_pswpin node_vmstat_pswpout node_vmstat_oom_kill
node_schedstat_running_seconds_total node_schedstat_waiting_seconds_total node_schedstat_timeslices_total
node_scrape_collector_duration_seconds node_scrape_collector_success node_interrupts_total node_processes_pids node_processes_threads
node_processes_max_processes node_processes_max_threads node_processes_state node_tcp_connection_states process_cpu_seconds_total
process_max_fds process_open_fds process_resident_memory_bytes process_virtual_memory_bytes process_virtual_memory_max_bytes"""


@unittest.skipUnless(os.path.exists(NODE_EXPORTER), "Debian's prometheus-node-exporter is not installed")
class DropIn(Compare):
    test_the_same_families_labels_and_values = None
    test_the_comparison_finds_what_is_wrong = None
    test_a_file_system_that_is_not_there = None

    def test_what_rules_and_dashboards_ask_for(self):
        ours, theirs = self.weir.scrape(), self.node.scrape()
        missing = [name for name in (MIXIN + "\n" + DASHBOARD).split() if name not in ours]
        # A machine without the hardware, or a kernel without the option: node_exporter is the witness.
        self.assertEqual([name for name in missing if name in theirs], [])
        newer = ("node_netstat_TcpExt_TCPOFOQueue", "node_netstat_TcpExt_TCPRcvQDrop")
        self.assertEqual([name for name in missing if name in newer], [])
        print(f"{len((MIXIN + DASHBOARD).split()) - len(missing)} names are there; neither exporter has on this machine: {missing}")
        # Without these, a dashboard is empty anywhere.
        for name in ("node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes", "node_load1",
                     "node_network_receive_bytes_total", "node_uname_info", "node_exporter_build_info", "node_boot_time_seconds"):
            self.assertIn(name, ours)


if __name__ == "__main__":
    unittest.main()
