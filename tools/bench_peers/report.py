"""Tables of a run, as Markdown, and the parts of the documents that are such tables."""

import re
import statistics

from . import receivers as r
from .loads import Load

WEIR = r.WEIR_COLLECT.name
# What weir is to reach, as a ratio to the other: CPU at most, datagrams without loss at least, bytes on disk at most.
CPU_TARGETS = {r.NFCAPD.name: 0.9, r.NFCAPD_LZ4.name: 0.5, r.NFACCTD_MEMORY.name: 0.1, r.NFACCTD_PRINT.name: 0.1}
CPU_TARGETS_SINGLE = {r.NFCAPD.name: 0.5}
RATE_TARGETS = {r.NFCAPD.name: 1.2, r.NFCAPD_LZ4.name: 1.6}
DISK_TARGETS = {r.NFCAPD_LZ4.name: 0.5}
DECODE_TARGET = 0.6  # of the bare loop


def load_name(key):
    protocol, exporters, flows = key.rsplit("x", 2)
    return Load(protocol, int(exporters), int(flows)).name


def by_cell(rounds, value):
    """{load: {receiver: [value of each round, None where it was not usable]}}"""
    cells = {}
    for number, done in enumerate(rounds):
        for item in done:
            row = cells.setdefault(item.load, {}).setdefault(item.receiver, [None] * len(rounds))
            row[number] = value(item)
    return cells


def known(values):
    return [v for v in values if v is not None]


def median(values, form="{:.2f}"):
    values = known(values)
    return form.format(statistics.median(values)) if values else "-"


def ratios(ours, theirs):
    """weir / the other in the rounds that have both."""
    return [a / b for a, b in zip(ours, theirs) if a and b]


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})" if values else "-"


def verdict(values, target, at_most=True):
    if target is None or not values:
        return ""
    value = statistics.median(values)
    return f"{'≤' if at_most else '≥'} {target:g}, " + ("met" if (value <= target if at_most else value >= target) else "missed")


def table(header, rows):
    # A column of which nothing was measured is left out.
    kept = [i for i in range(len(header)) if i == 0 or any(str(row[i]) != "-" for row in rows)]
    cells = [[row[i] for i in kept] for row in [header] + rows]
    widths = [max(len(str(row[i])) for row in cells) for i in range(len(kept))]
    lines = ["| " + " | ".join(str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (w + 1) + (":" if i else "-") for i, w in enumerate(widths)) + "|")
    return "\n".join(lines) + "\n"


def per_million(seconds):
    return lambda run: None if run.problems else seconds(run) * 1e6 / run.sent_flows


def cost_tables(results):
    user, system = (by_cell(results["cost"], per_million(part)) for part in (lambda run: run.cpu_user, lambda run: run.cpu_system))
    total = by_cell(results["cost"], per_million(lambda run: run.cpu_user + run.cpu_system))
    disk = by_cell(results["cost"], lambda run: None if run.problems or not run.disk_bytes else run.disk_bytes / run.sent_flows)
    memory = by_cell(results["cost"], lambda run: None if run.problems else run.peak_rss_kib / 1024)
    rates = by_cell(results["cost"], lambda run: run.rate)
    text = ""
    for load, cells in total.items():
        single = load.endswith("x1")
        rows = []
        for name, values in sorted(cells.items(), key=lambda item: item[0] != WEIR):
            cpu = [] if name == WEIR else ratios(cells.get(WEIR, []), values)
            size = [] if name == WEIR else ratios(disk[load].get(WEIR, []), disk[load][name])
            rows.append([name, f"{known(rates[load][name])[0]:,.0f}", median(user[load][name]), median(system[load][name]), median(values), spread(cpu),
                         verdict(cpu, (CPU_TARGETS_SINGLE if single else CPU_TARGETS).get(name)), median(disk[load][name], "{:.1f}"),
                         (f"{statistics.median(size):.2f}" + (", " + verdict(size, DISK_TARGETS.get(name)) if name in DISK_TARGETS else "")) if size else "-",
                         median(memory[load][name], "{:.0f}")])
        text += f"\n**{load_name(load)}**\n\n" + table(
            ["CPU s per million flows", "flows/s", "user", "system", "sum", "weir / it (min to max)", "target", "B/flow", "weir / it", "peak RSS MiB"], rows)
    return text


def rate_tables(results):
    rates = by_cell(results["rates"], lambda found: found.rate or None)
    limited = by_cell(results["rates"], lambda found: found.sender_limit)
    held = {(h.load, h.receiver): h for h in results["held"]}
    text = ""
    for load, cells in rates.items():
        rows = []
        for name, values in sorted(cells.items(), key=lambda item: item[0] != WEIR):
            ratio = [] if name == WEIR else ratios(cells.get(WEIR, []), values)
            target = verdict(ratio, RATE_TARGETS.get(name), at_most=False)
            what = held.get((load, name))
            hold = "-" if not what else f"{what.rate:,.0f}, {what.seconds:.0f} s" if what.rate else "none"
            ours = held.get((load, WEIR))
            held_ratio = [ours.rate / what.rate] if ours and what and what.rate and name != WEIR else []
            found = known(values)
            rows.append([name, ("≥ " if any(limited[load][name]) else "") + median(values, "{:,.0f}"),
                         f"{min(found):,.0f} to {max(found):,.0f}" if found else "-", spread(ratio), target, hold,
                         f"{held_ratio[0]:.2f}, {verdict(held_ratio, RATE_TARGETS.get(name), at_most=False)}" if held_ratio else "-",
                         f"{what.cpu:.2f}" if what and what.rate else "-", f"{what.peak_rss_kib / 1024:.0f}" if what and what.rate else "-"])
        text += f"\n**{load_name(load)}**\n\n" + table(
            ["datagrams/s without loss", "median", "min to max", "weir / it (min to max)", "target", "held", "weir / it, held", "CPU s/M flows, held", "peak RSS MiB, held"], rows)
        store_off = ratios(cells.get(r.NO_STORE.name, []), cells.get(r.BARE.name, []))
        if store_off:
            text += f"\nReceive and decode alone (store off) to the bare recvmmsg loop: {spread(store_off)}; {verdict(store_off, DECODE_TARGET, at_most=False)}.\n"
    return text


def unused(results):
    found = [f"- round {number + 1}, {load_name(run.load)}, {run.receiver}: {'; '.join(run.problems)}"
             for number, done in enumerate(results["cost"]) for run in done if run.problems]
    return "\nNot used, because less was kept than was sent:\n\n" + "\n".join(found) + "\n" if found else ""


def setting(results):
    m, v = results["machine"], results["versions"]
    return (f"{m['cpu']}, {m['cpus']} CPUs, {m['memory_gib']} GiB, Linux {m['kernel']}; load before the run {m['load_before']:.2f}; "
            f"{m['time'][:10]}. {v['weir']}, {v['nfdump']}, {v['pmacct']}. {len(results['cost'])} rounds; socket buffers of {m['socket_buffer'] >> 10} KiB; "
            f"the sender on CPU {m['sender_cpu']}, receivers on all.")


def markdown(results):
    return (f"## beside nfdump and pmacct (`./dev bench peers`)\n\n{setting(results)}\n\nCost of flows at a moderate rate, every flow a new one, all kept. Medians; ratios are of one round.\n"
            f"{cost_tables(results)}{unused(results)}"
            + ("\nThe highest rate without loss and with the store keeping up, and the rate that was held.\n"
               f"{rate_tables(results)}" if any(results["rates"]) else ""))


def short_table(results):
    """One line a peer, for the README."""
    total = by_cell(results["cost"], per_million(lambda run: run.cpu_user + run.cpu_system))
    disk = by_cell(results["cost"], lambda run: None if run.problems or not run.disk_bytes else run.disk_bytes / run.sent_flows)
    rates = by_cell(results["rates"], lambda found: found.rate or None)
    held = {(h.load, h.receiver): h.rate for h in results["held"]}
    main, single = "v9x6x24", "v9x6x1"
    rows = []
    for name, values in sorted(total.get(main, {}).items(), key=lambda item: item[0] != WEIR):
        rows.append([name, median(values), "-" if name == WEIR else spread(ratios(total[main].get(WEIR, []), values)),
                     median(total.get(single, {}).get(name, [])), median(disk[main][name], "{:.1f}"), median(rates.get(main, {}).get(name, []), "{:,.0f}"),
                     f"{held[main, name]:,.0f}" if held.get((main, name)) else "-"])
    seconds = max((h.seconds for h in results["held"]), default=0)
    return (f"Beside nfdump and pmacct under the same load, in one run of `./dev bench peers`: {setting(results)}\n\n" + table(
        ["NetFlow v9, 6 exporters", "CPU s/M flows", "weir / it (min to max)", "CPU s/M flows, 1 a datagram", "bytes/flow on disk",
         "datagrams/s without loss", f"held {seconds:.0f} s"], rows))


def replace_between(text, name, new):
    pattern = re.compile(rf"(<!-- {name}: [^\n]*-->\n).*?(<!-- {name} end -->)", re.S)
    changed, count = pattern.subn(lambda m: f"{m[1]}\n{new.strip()}\n\n{m[2]}", text)
    if count != 1:
        raise ValueError(f"no such part: {name}")
    return changed


def update_documents(root, results):
    for path, new in (("README.md", short_table(results)), ("docs/performance.md", markdown(results))):
        file = root / path
        file.write_text(replace_between(file.read_text(), "bench peers", new))
        print(f"{path}: updated")
