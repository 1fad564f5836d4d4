#!/usr/bin/env python3
"""./dev bench: runs the benchmarks of build/release and prints one table each, medians over repeated rounds.

Usage: bench.py [NAME...]   NAME: decode, write, receive, collect, replay (default: all)
The same figures as JSON go to build/bench/results.json. Timings of one machine are comparable within one run only.
"""

import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

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


BENCHES = {
    "decode": lambda: google_benchmark("decode_bench", "decode from memory, one core", "flows"),
    "write": lambda: google_benchmark("store_bench", "write Parquet segments", "rows"),
    "receive": lambda: google_benchmark("net_bench", "receive on loopback", "datagrams"),
    "collect": lambda: google_benchmark("pipeline_bench", "collect on loopback", "datagrams"),
    "replay": bench_replay,
}


def main():
    names = sys.argv[1:] or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        sys.exit(f"bench: no benchmark named {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"# Weir benchmarks\n\n{machine()}")
    results = {"machine": machine(), **{name: BENCHES[name]() for name in names}}
    (OUT / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
