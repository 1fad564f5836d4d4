"""./dev bench peers: weir beside nfdump and pmacct, under the same seeded load, in turns, in one run.

  cost    CPU of flows at a moderate rate that all sustain: every flow new, sent live; bytes on disk; memory
  rates   the highest rate without loss, by bisection: a capture again and again
  hold    the median of those rates, held for long

Every round measures every cell, in an order that rotates; ratios are those of one round. A cell whose receiver kept less than was
sent is reported, and not used.
"""

import argparse
import dataclasses
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

from . import receivers as r
from .loads import FOLDER, ROOT, SENDER_CPU, Load
from .measure import Run, measure, socket_buffer
from .process import adopt_orphans
from .report import markdown, update_documents
from .search import Found, Held, hold, search

MAIN = Load("v9", 6, 24)
SINGLE = Load("v9", 6, 1)
NFCAPDS = [r.NFCAPD, r.NFCAPD_LZO, r.NFCAPD_LZ4]
NFACCTDS = [r.NFACCTD_MEMORY, r.NFACCTD_PRINT]


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int
    cost: list  # (load, receivers)
    rates: list  # (load, receivers)
    holds: list  # (load, receivers)
    flows: int  # of a cost cell, with many flows a datagram: so many that starting does not matter
    probe_seconds: float
    hold_seconds: float


def full_plan(rounds, hold_seconds):
    return Plan(
        rounds,
        cost=[(MAIN, [r.WEIR_COLLECT, *NFCAPDS, r.NFCAPD_BZ2, *NFACCTDS]),
              (Load("v5", 6, 30), [r.WEIR_COLLECT, r.NFCAPD, r.NFCAPD_LZ4, r.NFACCTD_MEMORY]),
              (Load("ipfix", 6, 24), [r.WEIR_COLLECT, r.NFCAPD, r.NFCAPD_LZ4, r.NFACCTD_MEMORY]),
              (Load("v9", 1, 24), [r.WEIR_COLLECT, r.NFCAPD]),
              (Load("v9", 100, 24), [r.WEIR_COLLECT, r.NFCAPD]),
              (SINGLE, [r.WEIR_COLLECT, r.NFCAPD, r.NFCAPD_LZ4, r.NFACCTD_MEMORY]),
              (Load("v5", 6, 1), [r.WEIR_COLLECT, r.NFCAPD]),
              (Load("ipfix", 6, 1), [r.WEIR_COLLECT, r.NFCAPD])],
        rates=[(MAIN, [r.WEIR_COLLECT, *NFCAPDS, *NFACCTDS, r.NO_STORE, r.BARE]),
               (SINGLE, [r.WEIR_COLLECT, r.NFCAPD, r.NFCAPD_LZ4, r.NO_STORE, r.BARE])],
        holds=[(MAIN, [r.WEIR_COLLECT, r.NFCAPD, r.NFCAPD_LZ4]), (SINGLE, [r.WEIR_COLLECT, r.NFCAPD, r.NFCAPD_LZ4])],
        flows=1_000_000, probe_seconds=3, hold_seconds=hold_seconds)


def quick_plan(rounds, hold_seconds):
    return Plan(
        rounds,
        cost=[(MAIN, [r.WEIR_COLLECT, *NFCAPDS, r.NFCAPD_BZ2, *NFACCTDS]), (SINGLE, [r.WEIR_COLLECT, r.NFCAPD]),
              (Load("v5", 1, 30), [r.WEIR_COLLECT, r.NFCAPD]), (Load("ipfix", 100, 24), [r.WEIR_COLLECT, r.NFCAPD])],
        rates=[(MAIN, [r.WEIR_COLLECT, r.NFCAPD, r.NFCAPD_LZ4, r.NO_STORE, r.BARE])],
        holds=[(MAIN, [r.WEIR_COLLECT, r.NFCAPD])],
        flows=450_000, probe_seconds=2, hold_seconds=hold_seconds)


# Flows a second of a cost cell; less for those that take some 60 and 200 thousand at best (a little to their
# disadvantage: who has more to do at a time needs less for it). A datagram with one flow costs nearly what one with 24 does.
RATE = 150_000
SLOW = {r.NFCAPD_BZ2.name: 1 / 4, r.NFACCTD_MEMORY.name: 1 / 2, r.NFACCTD_PRINT.name: 1 / 2}
SINGLE_SHARE = 1 / 4
# Where a search begins: datagrams a second. Later rounds begin where the earlier ones have ended.
GUESSES = {r.BARE.name: 250_000, r.NO_STORE.name: 150_000, r.WEIR_COLLECT.name: 60_000, r.NFACCTD_MEMORY.name: 10_000, r.NFACCTD_PRINT.name: 6_000}
OTHER_GUESS = 60_000
BUSY = 0.5  # load average, over a minute


def share(load, receiver):
    return (SINGLE_SHARE if load.flows_per_datagram == 1 else 1) * SLOW.get(receiver.name, 1)


def cost_cell(plan, load, receiver):
    rate, flows = (int(n * share(load, receiver)) for n in (RATE, plan.flows))
    return measure(receiver, load, rate, lambda port: load.send_live(port, rate, flows))


def rotated(cells, number):
    cells = [(load, receiver) for load, receivers in cells for receiver in receivers]
    at = number * 5 % max(len(cells), 1)  # 5: so that few rounds begin in quite different places
    return cells[at:] + cells[:at]


def seconds_of(plan):
    cost = sum(len(rotated([cell], 0)) for cell in plan.cost) * (plan.flows / RATE + 2.5)
    rates = sum(len(rotated([cell], 0)) for cell in plan.rates) * 6 * (plan.probe_seconds + 1)
    holds = sum(len(receivers) for _, receivers in plan.holds) * 1.5 * (plan.hold_seconds + 5)
    return plan.rounds * (cost + rates) + holds


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def print_plan(plan):
    say(f"plan, {plan.rounds} rounds, some {seconds_of(plan) / 60:.0f} minutes:")
    for title, cells in (("cost", plan.cost), ("rates", plan.rates), (f"hold {plan.hold_seconds:.0f} s", plan.holds)):
        for load, receivers in cells:
            say(f"  {title}: {load.name}: {', '.join(receiver.name for receiver in receivers)}")


def run_cost(plan, number):
    done = []
    for load, receiver in rotated(plan.cost, number):
        run = cost_cell(plan, load, receiver)
        done.append(run)
        per_million = 1e6 / max(run.sent_flows, 1)
        say(f"cost {load.key} {receiver.name}: {(run.cpu_user + run.cpu_system) * per_million:.2f} CPU s/M flows, "
            f"{run.disk_bytes / max(run.sent_flows, 1):.1f} B/flow" + (f"; NOT USED: {'; '.join(run.problems)}" if run.problems else ""))
    return done


def run_rates(plan, number, captures, earlier):
    done = []
    for load, receiver in rotated(plan.rates, number):
        known = [f.rate for f in earlier if (f.receiver, f.load) == (receiver.name, load.key) and f.rate]
        guess = statistics.median(known) if known else GUESSES.get(receiver.name, OTHER_GUESS)
        found = search(receiver, load, captures, guess, plan.probe_seconds)
        done.append(found)
        say(f"rate {load.key} {receiver.name}: {found.rate:,.0f} datagrams/s{' (all that the sender sends)' if found.sender_limit else ''}, "
            f"{len(found.probes)} probes")
    return done


def run_holds(plan, captures, found):
    done = []
    for load, receivers in plan.holds:
        for receiver in receivers:
            rates = [f.rate for f in found if (f.receiver, f.load) == (receiver.name, load.key) and f.rate]
            if not rates:
                continue
            held = hold(receiver, load, captures, statistics.median(rates), plan.hold_seconds, FOLDER)
            done.append(held)
            say(f"hold {load.key} {receiver.name}: {held.rate:,.0f} datagrams/s for {held.seconds:.0f} s, at try {len(held.tries)}"
                + "".join(f"\n    {rate:,.0f}: {why}" for rate, why in held.tries if why))
    return done


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) / 2**20
    return {"cpu": model, "cpus": os.cpu_count(), "memory_gib": round(memory), "kernel": platform.release(), "load_before": os.getloadavg()[0],
            "socket_buffer": socket_buffer(), "sender_cpu": SENDER_CPU, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def run_all(plan):
    adopt_orphans()
    print_plan(plan)
    if os.getloadavg()[0] > BUSY:
        say(f"the load is {os.getloadavg()[0]:.1f}: other programs take CPU from what is measured; the rates will say more about them than about receivers")
    # The lists fill while the run goes on, and the file with them: an interrupted run has its rounds.
    results = {"machine": machine(), "versions": r.versions(), "rounds": plan.rounds, "rate": RATE, "cost": [], "rates": [], "held": []}
    started = time.monotonic()
    captures = {load: load.capture() for load, _ in plan.rates}
    for number in range(plan.rounds):
        say(f"round {number + 1} of {plan.rounds}")
        results["cost"].append(run_cost(plan, number))
        results["rates"].append(run_rates(plan, number, captures, [f for done in results["rates"] for f in done]))
        save(results)
    results["held"] = run_holds(plan, captures, [f for done in results["rates"] for f in done])
    results["machine"]["minutes"] = round((time.monotonic() - started) / 60, 1)
    save(results)
    for file in FOLDER.glob("*.pcap"):
        file.unlink()
    return results


RESULTS = FOLDER.parent / "peers.json"
TABLES = FOLDER.parent / "peers.md"


def save(results):
    RESULTS.write_text(json.dumps(results, indent=1, default=dataclasses.asdict) + "\n")


def load_results():
    results = json.loads(RESULTS.read_text())
    for key, kind in (("cost", Run), ("rates", Found)):
        results[key] = [[kind(**item) for item in done] for done in results[key]]
    results["held"] = [Held(**item) for item in results["held"]]
    return results


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench peers", description="weir beside nfdump and pmacct")
    parser.add_argument("--rounds", type=int, help="default: 5, with --quick 2")
    parser.add_argument("--hold", type=float, metavar="SECONDS", help="how long the rates found are held; default: 60, with --quick 10")
    parser.add_argument("--quick", action="store_true", help="few cells, for trying: some 7 minutes")
    parser.add_argument("--cost", action="store_true", help="only the cost of flows, not the rates")
    parser.add_argument("--plan", action="store_true", help="only print what would be measured")
    parser.add_argument("--report", action="store_true", help="measure nothing: tables of the last run")
    parser.add_argument("--update-docs", action="store_true", help="write the tables into README.md and docs/performance.md, too")
    options = parser.parse_args(arguments)
    plan = (quick_plan if options.quick else full_plan)(options.rounds or (2 if options.quick else 5), options.hold or (10 if options.quick else 60))
    if options.cost:
        plan = dataclasses.replace(plan, rates=[], holds=[])
    if options.plan:
        return print_plan(plan)
    missing = [name for name in r.PROGRAMS if not shutil.which(name)]
    if missing and not options.report:
        sys.exit(f"bench peers: not installed: {', '.join(missing)} (./dev bench peers installs Debian's nfdump and pmacct)")
    if not options.report:
        try:
            run_all(plan)
        except subprocess.CalledProcessError as failure:
            sys.exit(f"bench peers: {failure}")
    results = load_results()
    TABLES.write_text(markdown(results))
    print(TABLES.read_text())
    if options.update_docs:
        update_documents(ROOT, results)
