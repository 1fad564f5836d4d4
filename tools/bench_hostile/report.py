"""What an attack may do, and the table that says what it did."""

from bench_peers.report import table

from .under_attack import DATA_AFTER_RESTART, MBIT

RECEIVE_PERCENT = 50  # of a CPU, at MBIT Mbit/s of the attack
GROWTH_MIB = 256 + 64  # what exporters may make the collector remember, and what else moves
END_SECONDS = 10
LOG_KIB = 64
MISSED = " !"  # behind a figure


def at_full_speed(result):
    """The receiving thread's share of a CPU, if the attack had MBIT Mbit/s and the socket had dropped nothing of it."""
    read = 1 - result.socket_drops / result.sent if result.sent > result.socket_drops else 1
    return result.receive_percent * (MBIT / result.mbit if result.mbit else 1) / read


def growth(result):
    return result.peak_mib - result.idle_mib


def expected_status(result):
    return 1 if result.socket_left or result.lost_at_end else 0


def missed(result):
    """Names of the targets that were missed."""
    complete = result.victim_stored == result.victim_sent or (result.stopped_under_load and result.socket_left > 0)
    targets = {
        "victim": complete and result.victim_wrong == 0,
        "receive": at_full_speed(result) < RECEIVE_PERCENT or result.stopped_under_load,
        "memory": growth(result) <= GROWTH_MIB,
        "state": result.kept == DATA_AFTER_RESTART,
        "adds up": not result.imbalance,
        "status": result.status == expected_status(result) and (result.stopped_under_load or result.status == 0),
        "end": result.end_seconds <= END_SECONDS,
        "log": result.log_kib <= LOG_KIB,
    }
    return [name for name, met in targets.items() if not met]


def size(kib):
    return f"{kib / 1024:,.1f} MiB" if kib >= 1024 else f"{kib:,.0f} KiB"


def row(result):
    wrong = missed(result)
    mark = {name: MISSED for name in wrong}
    extrapolated = "~" if result.sent and (result.mbit < 0.9 * MBIT or result.socket_drops) else ""
    return [
        result.attack,
        f"{result.sent / result.seconds:,.0f}" if result.sent else "-",
        f"{result.mbit:.0f}" if result.sent else "-",
        f"{result.victim_stored:,} / {result.victim_sent:,}" + (f", {result.victim_wrong:,} wrong" if result.victim_wrong else "") + mark.get("victim", ""),
        f"{extrapolated}{at_full_speed(result):.0f}" + mark.get("receive", ""),
        f"{result.peak_mib:,.0f} (+{growth(result):,.0f})" + mark.get("memory", ""),
        size(result.state_kib) + (", kept" if result.kept == DATA_AFTER_RESTART else f", {result.kept} of {DATA_AFTER_RESTART}") + mark.get("state", ""),
        ("no" if result.imbalance else "yes") + mark.get("adds up", ""),
        ("killed" if result.status is None else str(result.status)) + mark.get("status", ""),
        f"{result.end_seconds:.1f}" + mark.get("end", ""),
    ]


HEADER = ["attack", "datagrams/s", "Mbit/s", "victim's flows stored / sent", "receive thread %", "peak RSS MiB (growth)", "state file, victim's template",
          "adds up", "status", "end, s"]


def remarks(result):
    """What the table has no room for; nothing if there is nothing."""
    found = []
    if result.imbalance:
        found.append(result.imbalance)
    if result.socket_drops:
        found.append(f"the socket dropped {result.socket_drops:,}")
    if result.socket_left:
        found.append(f"{result.socket_left:,} were left in the socket")
    if result.rows_dropped:
        found.append("flows dropped: " + ", ".join(f"{name} {count:,}" for name, count in result.rows_dropped.items()))
    if result.log_kib > LOG_KIB:
        found.append(f"{result.log_kib:,.0f} KiB of log")
    if result.restart_seconds > 2:
        found.append(f"the next start took {result.restart_seconds:.1f} s")
    if result.waited_percent > 20:
        found.append(f"the machine is busy: the receiving thread waited for a CPU {result.waited_percent:.0f} % of the time")
    if result.victim_behind > 0.5:
        found.append(f"the machine is busy: the victim itself was {result.victim_behind:.1f} s late")
    return "; ".join(found)


def markdown(results):
    text = table(HEADER, [row(r) for r in results])
    noted = [f"- {r.attack}: {said}" for r in results if (said := remarks(r))]
    return text + ("\n" + "\n".join(noted) + "\n" if noted else "")


def verdict(results):
    lines = [f"- {r.attack}: {', '.join(names)}" for r in results if (names := missed(r))]
    targets = (f"Targets: the victim's flows complete and none wrong; the receiving thread below {RECEIVE_PERCENT} % of a CPU at {MBIT} Mbit/s; at most "
               f"{GROWTH_MIB} MiB more than idle; the victim's template in the state file; everything adds up; status 0 (1 if something was left, and only "
               f"in a stop under load); the end within {END_SECONDS} s; at most {LOG_KIB} KiB of log.\n")
    return targets + ("\nMissed ( ! in the table):\n\n" + "\n".join(lines) + "\n" if lines else "\nAll met.\n")
