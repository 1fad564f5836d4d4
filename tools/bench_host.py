"""./dev bench host: weir-host beside Debian's node_exporter, in one run, with the collectors that both have."""

import http.client
import os
import pathlib
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))
import exposition  # noqa: E402
from host_process import NODE_EXPORTER, WEIR_HOST, NodeExporter, WeirHost  # noqa: E402
from test_host_compare import SAME  # noqa: E402

# A scrape is a collection for both: longer apart than what weir-host's scrapes share.
APART = 0.25
SCRAPES = 100
WARM_UP = 15
# What Prometheus sends.
HEADERS = {"Accept": "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
           "Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "10", "User-Agent": "Prometheus/2.42.0"}
TARGETS = {"CPU per scrape": 1 / 10, "p99 latency": 1 / 5, "RSS": 1 / 4, "system calls per scrape": 1 / 10}


def cpu_seconds(pid):
    """To the nanosecond, of all threads (a tick of /proc/PID/stat is many scrapes)."""
    return sum(int(path.read_text().split()[0]) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def system_calls(exporter, path, scrapes=20):
    """Per scrape, and the most frequent."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "strace"
        tracer = subprocess.Popen(["strace", "-c", "-f", "-q", "-o", out, "-p", str(exporter.process.pid)], stderr=subprocess.DEVNULL)
        time.sleep(1)
        for _ in range(scrapes):
            exporter.get(path, HEADERS)
            time.sleep(APART)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        counts = {m[2]: int(m[1]) for line in out.read_text().splitlines() if (m := re.match(r"\s*\d+\.\d+\s+\S+\s+\S+\s+(\d+)(?:\s+\d+)?\s+(\w+)$", line))}
    counts.pop("total", None)
    return sum(counts.values()) / scrapes, {name: round(n / scrapes, 1) for name, n in sorted(counts.items(), key=lambda i: -i[1])[:8]}


def measure(exporters, path):
    """The scrapes of both alternate, on connections that stay, as Prometheus's do."""
    results = {}
    connections = {name: http.client.HTTPConnection("127.0.0.1", exporter.port) for name, exporter in exporters.items()}
    times = {name: [] for name in exporters}
    cpu = {name: 0.0 for name in exporters}
    sizes = {}
    for number in range(WARM_UP + SCRAPES):
        for name, exporter in exporters.items():
            before = cpu_seconds(exporter.process.pid)
            start = time.perf_counter()
            connections[name].request("GET", path, headers=HEADERS)
            sizes[name] = len(connections[name].getresponse().read())
            took = time.perf_counter() - start
            time.sleep(APART)
            if number >= WARM_UP:
                times[name].append(took)
                cpu[name] += cpu_seconds(exporter.process.pid) - before
    for name, exporter in exporters.items():
        ordered = sorted(times[name])
        results[name] = {"cpu_us": cpu[name] / SCRAPES * 1e6, "p50_ms": statistics.median(ordered) * 1e3,
                         "p99_ms": ordered[int(len(ordered) * 0.99) - 1] * 1e3, "rss_kib": exporter.resident_kib(), "bytes": sizes[name]}
        connections[name].close()
    return results


def stripped_bytes(program):
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["strip", "-o", out.name, program], check=True)
        return os.path.getsize(out.name)


def allocations():
    """Of the default collectors in a scrape after the tenth: what the unit test counts."""
    test = ROOT / "build/release/bin/host_test"
    if not test.exists():
        return "not built"
    done = subprocess.run([test, "--gtest_filter=ExporterOfThisMachine.NothingIsAllocatedAfterTenScrapes"], capture_output=True, text=True)
    return "0" if done.returncode == 0 else "some"


def bench_host(table):
    if not os.path.exists(NODE_EXPORTER):
        sys.exit("bench host: Debian's prometheus-node-exporter is not installed")
    with WeirHost(*SAME) as weir, NodeExporter("--log.level=error", *SAME) as node:
        names = [{dict(labels)["collector"] for labels in e.scrape()["node_scrape_collector_success"].label_sets()} for e in (weir, node)]
    both = sorted(names[0] & names[1])
    only = ["--collector.disable-defaults", *(f"--collector.{name}" for name in both)]
    with WeirHost(*SAME, *only) as weir, NodeExporter("--log.level=error", *SAME, *only) as node:
        exporters = {"weir-host": weir, "node_exporter 1.5.0": node}
        results = measure(exporters, "/metrics")
        for name, exporter in exporters.items():
            results[name]["calls"], results[name]["most_calls"] = system_calls(exporter, "/metrics")
    with WeirHost() as everything:
        for _ in range(WARM_UP):
            everything.get("/metrics", HEADERS)
            time.sleep(APART)
        default_rss = everything.resident_kib()
        default_own = sum(everything.own_memory_kib().values())
    ours, theirs = results["weir-host"], results["node_exporter 1.5.0"]
    sizes = {"weir-host": stripped_bytes(WEIR_HOST), "node_exporter 1.5.0": stripped_bytes(NODE_EXPORTER)}
    rows = []
    for title, key, unit in (("CPU per scrape", "cpu_us", "us"), ("p50 latency", "p50_ms", "ms"), ("p99 latency", "p99_ms", "ms"),
                             ("RSS", "rss_kib", "KiB"), ("system calls per scrape", "calls", ""), ("bytes per scrape, gzip", "bytes", "")):
        target = TARGETS.get(title)
        ratio = ours[key] / theirs[key]
        verdict = "" if target is None else f"{target:.2f}, " + ("met" if ratio <= target else "missed")
        rows.append([title, f"{ours[key]:,.2f} {unit}".rstrip(), f"{theirs[key]:,.2f} {unit}".rstrip(), f"{ratio:.3f}", verdict])
    # Of its own: without pages of shared libraries' files, which are the page cache's.
    rows.append(["own memory, all default collectors", f"{default_own:,} KiB", "", "", "4,096 KiB, " + ("met" if default_own <= 4096 else "missed")])
    rows.append(["binary, stripped", f"{sizes['weir-host'] / 1e6:.2f} MB", f"{sizes['node_exporter 1.5.0'] / 1e6:.2f} MB",
                 f"{sizes['weir-host'] / sizes['node_exporter 1.5.0']:.3f}", "3 MB, " + ("met" if sizes["weir-host"] < 3e6 else "missed")])
    rows.append(["allocations per scrape", allocations(), "", "", "0"])
    table(f"weir-host beside node_exporter 1.5.0, {len(both)} collectors, {SCRAPES} scrapes", ["", "weir-host", "node_exporter", "ratio", "target"], rows)
    print(f"\nweir-host's system calls: {ours['most_calls']}")
    return {"results": results, "collectors": both, "default_rss_kib": default_rss, "default_own_kib": default_own, "binary_bytes": sizes}
