"""./dev bench hostile: what anybody who can send UDP can do to a collector, beside an honest exporter of 200 datagrams a second.

Each attack has a collector of its own, and a line in the table (docs/performance.md says what its columns mean). Ends with status 1 if a
target was missed. Results also go to build/bench/hostile/results.json.
"""

import argparse
import dataclasses
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys

from bench_peers.report import replace_between

from . import report
from .attacks import ALL
from .collector import Failed as NotStarted
from .under_attack import FOLDER, ROOT, SENDER, Failed, Result, may_forge, run

SECONDS, QUICK_SECONDS = 20.0, 4.0
DOCUMENT = ROOT / "docs/performance.md"


def setting(weir, seconds):
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    version = subprocess.run([weir, "--version"], stdout=subprocess.PIPE, text=True).stdout.strip().splitlines()
    ours = pathlib.Path(weir).resolve().is_relative_to(ROOT)
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip() if ours else weir
    return (f"{cpu}, {os.cpu_count()} CPUs, {memory} GiB, Linux {platform.release()}; load before the run {os.getloadavg()[0]:.2f}; "
            f"{datetime.date.today()}. {version[0] if version else 'weir'} ({commit}). {seconds:g} s of each attack.")


def chosen(names):
    known = {attack.name: attack for attack in ALL}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"bench hostile: no attack named {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names] or list(ALL)


def measure(attacks, weir, seconds, keep):
    """Results, and whether all attacks could be measured."""
    results, complete = [], True
    for attack in attacks:
        print(f"{attack.name}: {attack.what} ...", file=sys.stderr, flush=True)
        try:
            result = run(attack, weir, seconds, keep)
        except (Failed, NotStarted, RuntimeError) as failure:
            print(f"  could not be measured: {failure}", file=sys.stderr)
            complete = False
            continue
        print("  " + ", ".join(f"{name}: {value}" for name, value in list(zip(report.HEADER, report.row(result)))[1:]), file=sys.stderr, flush=True)
        if said := report.remarks(result):
            print(f"  {said}", file=sys.stderr, flush=True)
        results.append(result)
    return results, complete


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench hostile", description="attacks on a collector, beside an honest exporter")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SECONDS:g} s of each attack instead of {SECONDS:g}: some 7 minutes")
    parser.add_argument("--seconds", type=float, help="how long each attack lasts")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="only this attack; may be given several times")
    parser.add_argument("--weir", type=pathlib.Path, default=os.environ.get("WEIR_BIN") or ROOT / "build/release/bin/weir", help="the program to attack")
    parser.add_argument("--keep", action="store_true", help="keep payloads, store, log and ledger.json of each attack in build/bench/hostile")
    parser.add_argument("--list", action="store_true", help="only print the attacks")
    parser.add_argument("--update-docs", action="store_true", help="write the table into docs/performance.md, too")
    options = parser.parse_args(arguments)
    attacks = chosen(options.only)
    if options.list:
        print("\n".join(f"{attack.name:<20} {attack.what}" for attack in attacks))
        return 0
    for program in (SENDER, options.weir):
        if not pathlib.Path(program).exists():
            sys.exit(f"bench hostile: there is no {program}; ./dev bench hostile builds it")
    if not may_forge():
        sys.exit("bench hostile: forging source addresses needs raw sockets: run it as root, or with CAP_NET_RAW")
    seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    about = setting(options.weir, seconds)
    results, complete = measure(attacks, options.weir, seconds, options.keep)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "results.json").write_text(json.dumps([dataclasses.asdict(r) for r in results], indent=1) + "\n")
    text = f"{about}\n\n{report.markdown(results)}\n{report.verdict(results)}"
    print(f"\n## under attack (`./dev bench hostile`)\n\n{text}")
    if options.update_docs:
        DOCUMENT.write_text(replace_between(DOCUMENT.read_text(), "bench hostile", text))
    return 0 if complete and not any(map(report.missed, results)) else 1
