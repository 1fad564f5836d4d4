#!/usr/bin/env python3
"""./dev bench: runs the benchmarks of build/release and prints one table each, medians over repeated rounds.

Usage: bench.py [NAME...]   NAME: decode, write, receive, collect, replay (default: all of these), latency (5 minutes), soak (about 7
minutes), host (a minute, needs Debian's node_exporter and strace); or bench.py peers [OPTIONS] alone (under an hour, needs nfdump and pmacct; peers --help), or
hostile [OPTIONS] alone (attacks; some 15 minutes, needs CAP_NET_RAW; hostile --help)
The same figures as JSON go to build/bench/results.json. Timings of one machine are comparable within one run only.
"""

import datetime
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

import bench_hostile
import bench_peers
from bench_host import bench_host

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"
OUT = ROOT / "build/bench"
REPLAY_FLOWS = 3_000_000
ROUNDS = 5


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
                 platform.machine())
    return f"{platform.node()}: {model}, {os.cpu_count()} cores, Linux {platform.release()}"


def table(title, header, rows):
    print(f"\n## {title}\n")
    cells = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    for number, row in enumerate(cells):
        print("| " + " | ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                                for i, (cell, width) in enumerate(zip(row, widths))) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def google_benchmark(program, title, unit):
    """Medians of a Google Benchmark program; every counter it reports becomes a column."""
    output = subprocess.run([BIN / program, f"--benchmark_repetitions={ROUNDS}", "--benchmark_report_aggregates_only=true",
                             "--benchmark_format=json"], check=True, stdout=subprocess.PIPE).stdout
    known = {"name", "family_index", "per_family_instance_index", "run_name", "run_type", "repetitions", "threads", "iterations",
             "aggregate_name", "aggregate_unit", "real_time", "cpu_time", "time_unit", "repetition_index", "label"}
    medians = [b for b in json.loads(output)["benchmarks"] if b.get("aggregate_name") == "median"]
    counters = sorted({key for b in medians for key in b if key not in known})
    rows = [[b["run_name"]] + [format_count(b[c]) if c in b else "" for c in counters] for b in medians]
    table(title, ["benchmark"] + [f"{unit}/s" if c == "items_per_second" else c for c in counters], rows)
    return [{"name": b["run_name"], **{c: b[c] for c in counters if c in b}} for b in medians]


def format_count(value):
    for factor, suffix in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= factor:
            return f"{value / factor:.2f}{suffix}"
    return f"{value:.3g}"


def timed(command):
    """Wall seconds and CPU seconds (user, system) of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime


def bench_replay():
    """A capture on disk to Parquet on disk, everything included."""
    rows, results = [], []
    for protocol in ("v5", "v9", "ipfix"):
        capture = OUT / f"{protocol}.pcap"
        if not capture.exists():
            subprocess.run([BIN / "weir", "gen", "--write", capture, "--protocol", protocol, "--exporters", "6", "--seed", "7",
                            "--rate", "200000", "--count", str(REPLAY_FLOWS)], check=True, stdout=subprocess.DEVNULL)
        rounds = []
        for _ in range(ROUNDS):
            store = OUT / "store"
            subprocess.run(["rm", "-rf", store], check=True)
            rounds.append(timed([BIN / "weir", "replay", capture, "--store", store]))
        size = sum(path.stat().st_size for path in store.rglob("*.parquet"))
        wall = statistics.median(r[0] for r in rounds)
        user = statistics.median(r[1] for r in rounds) * 1e6 / REPLAY_FLOWS
        system = statistics.median(r[2] for r in rounds) * 1e6 / REPLAY_FLOWS
        result = {"name": protocol, "flows": REPLAY_FLOWS, "flows_per_second": REPLAY_FLOWS / wall, "user_s_per_m": user,
                  "system_s_per_m": system, "bytes_per_flow": size / REPLAY_FLOWS}
        results.append(result)
        rows.append([protocol, format_count(result["flows_per_second"]), f"{user:.2f}", f"{system:.2f}",
                     f"{result['bytes_per_flow']:.1f}"])
    table(f"weir replay, {REPLAY_FLOWS:,} synthetic flows, capture to Parquet",
          ["protocol", "flows/s", "user s/M flows", "system s/M flows", "bytes/flow"], rows)
    return results


SOAK_FLOWS = 50_000_000  # what a router with 580 flows/s sends in a day
SOAK_RATE = 150_000


def resident_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def start_collector(*arguments):
    """One that listens on a free UDP port: (its process, the port)."""
    collector = subprocess.Popen([BIN / "weir", "collect", *arguments, "--listen", "127.0.0.1:0"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
    port = None
    for line in collector.stderr:
        if "listening on" in line:
            port = line.strip().rsplit(":", 1)[1]
        if "storing to" in line:
            break
    return collector, port


def bench_soak():
    """A day's flows from exporters that restart, change their templates and have their clocks set: what memory does, and whether
    all of it is accounted for."""
    store = OUT / "soak"
    subprocess.run(["rm", "-rf", store], check=True)
    collector, port = start_collector("--store", store)
    generator = subprocess.Popen([BIN / "weir", "gen", "--to", f"127.0.0.1:{port}", "--protocol", "v5,v9,ipfix,sflow", "--exporters", "40",
                                  "--count", str(SOAK_FLOWS), "--rate", str(SOAK_RATE), "--events", "10s", "--template-interval", "20s",
                                  "--seed", "11", "-o", "json"], stdout=subprocess.PIPE, text=True)
    started, memory = time.monotonic(), []
    while generator.poll() is None:
        time.sleep(1)
        memory.append(resident_mib(collector.pid))
    sent = json.loads(generator.stdout.read())
    seconds = time.monotonic() - started
    time.sleep(2)
    collector.terminate()
    collector.communicate()
    total = json.loads((store / "ledger.json").read_text())
    ledger, socket_drops = total["total"], total["socket_drops"]
    tenth = max(len(memory) // 10, 1)
    parts = [statistics.median(memory[i:i + tenth]) for i in range(0, tenth * 10, tenth)]
    anomalies = ", ".join(f"{name} {count}" for name, count in ledger["anomalies"].items())
    rows = [["flows sent", f"{SOAK_FLOWS:,}"], ["flows stored", f"{ledger['rows_stored']:,}"],
            ["flows dropped", f"{sum(ledger['rows_dropped'].values()):,}"], ["datagrams lost in the kernel", f"{socket_drops:,}"],
            ["sets without a template", f"{ledger['undecodable_sets']:,}"], ["seconds", f"{seconds:.0f}"], ["anomalies", anomalies],
            ["RSS in MiB, median of each tenth", " ".join(f"{part:.0f}" for part in parts)]]
    table("a day of flows, with restarts, other templates and clocks that jump", ["what", "value"], rows)
    return {"flows": SOAK_FLOWS, "stored": ledger["rows_stored"], "socket_drops": socket_drops, "rss_mib": parts, "seconds": seconds,
            "anomalies": ledger["anomalies"], "sent": sent.get("total", {})}


LATENCY_SECONDS = 40
LATENCY_LOADS = ((10, "5s"), (10_000, "5s"), (150_000, "5s"), (10_000, "1s"), (10_000, "100ms"))  # flows/s, flush_interval


def seconds_of(stamp):
    day = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return day.timestamp()


def bench_latency():
    """How long the first row of each segment has waited when it became readable: the segment's time of renaming (its ctime) less the
    first time_received, which is in its name."""
    rows, results = [], []
    for rate, interval in LATENCY_LOADS:
        store, config = OUT / "latency", OUT / "latency.toml"
        subprocess.run(["rm", "-rf", store], check=True)
        config.write_text(f'[store]\ncompact = false\nflush_interval = "{interval}"\n')
        collector, port = start_collector("--config", config, "--store", store)
        subprocess.run([BIN / "weir", "gen", "--to", f"127.0.0.1:{port}", "--protocol", "v5,v9,ipfix", "--exporters", "6", "--seed", "7",
                        "--rate", str(rate), "--duration", f"{LATENCY_SECONDS}s"], check=True, stdout=subprocess.DEVNULL)
        time.sleep(6)  # the last segment, too, is one of flush_interval
        segments = [(path.stat().st_ctime, path.name) for path in store.rglob("*.parquet")]
        collector.terminate()
        collector.communicate()
        promised = {"5s": 5000, "1s": 1000, "100ms": 100}[interval]
        late = sorted(1000 * (ctime - seconds_of(name.split("-")[0])) - promised for ctime, name in segments)
        result = {"flows_per_second": rate, "flush_interval": interval, "segments": len(late), "median_ms_late": statistics.median(late),
                  "worst_ms_late": late[-1]}
        results.append(result)
        rows.append([f"{rate:,}", interval, len(late), f"{result['median_ms_late']:.0f}", f"{late[-1]:.0f}"])
    table("from receipt to readable, beyond flush_interval", ["flows/s", "flush_interval", "segments", "median ms", "worst ms"], rows)
    return results


BENCHES = {
    "decode": lambda: google_benchmark("decode_bench", "decode from memory, one core", "flows"),
    "write": lambda: google_benchmark("store_bench", "write Parquet segments", "rows"),
    "receive": lambda: google_benchmark("net_bench", "receive on loopback", "datagrams"),
    "collect": lambda: google_benchmark("pipeline_bench", "collect on loopback", "datagrams"),
    "replay": bench_replay,
    "latency": bench_latency,
    "soak": bench_soak,
    "host": lambda: bench_host(table),
}
ONLY_BY_NAME = {"latency", "soak", "host"}


def main():
    if sys.argv[1:2] == ["peers"]:
        return bench_peers.main(sys.argv[2:])
    if sys.argv[1:2] == ["hostile"]:
        return bench_hostile.main(sys.argv[2:])
    names = sys.argv[1:] or [name for name in BENCHES if name not in ONLY_BY_NAME]
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"bench: no benchmark named {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"# Weir benchmarks\n\n{machine()}")
    results = {"machine": machine(), **{name: BENCHES[name]() for name in names}}
    (OUT / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
