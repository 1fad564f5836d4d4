"""One attack: an idle collector with a victim exporter, the attack beside it, the end, and a start anew with what the state file kept."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import time

from bench_peers.process import udp_socket

from . import victim as v
from .collector import Collector
from .redis_that_drips import RedisThatDrips
from .wire import Payloads

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SENDER = ROOT / "build/release/bin/hostile_sender"
FOLDER = ROOT / "build/bench/hostile"
NOT_PERMITTED = 3  # hostile_sender: no raw socket
VICTIM_RATE = 200  # datagrams, and flows, a second
# Before the attack: the victim is known by then, as exporters of a network are.
BEFORE = 3.0
AFTER = 1.0
READ_WITHIN = 20.0
DATA_AFTER_RESTART = 50
MBIT = 100
# The sender has a core of its own where there are several, the collector may use all.
SENDER_CPU = max(os.sched_getaffinity(0))


class Failed(Exception):
    """It could not be measured."""


@dataclasses.dataclass
class Result:
    attack: str
    seconds: float = 0.0
    sent: int = 0  # datagrams of the attack
    mbit: float = 0.0  # as on an Ethernet
    victim_sent: int = 0
    victim_stored: int = 0
    victim_wrong: int = 0  # rows with some of its values, and others
    victim_behind: float = 0.0  # seconds that its own sending was late
    receive_percent: float = 0.0  # of a CPU, of the time of the attack, until all of it was read
    waited_percent: float = 0.0  # of the time, in which the receiving thread could run and had no CPU
    idle_mib: float = 0.0
    peak_mib: float = 0.0
    state_kib: float = 0.0
    kept: int = 0  # flows decoded by the template of the state file, after the start anew, of DATA_AFTER_RESTART
    restart_seconds: float = 0.0
    restart_mib: float = 0.0
    log_kib: float = 0.0
    status: int | None = None  # None: it had to be killed
    end_seconds: float = 0.0
    stopped_under_load: bool = False
    socket_drops: int = 0
    socket_left: int = 0
    lost_at_end: int = 0  # rows that were not written
    rows: int = 0  # decoded, without the victim's
    rows_dropped: dict = dataclasses.field(default_factory=dict)
    imbalance: str = ""


def imbalance(ledger, sent, exact):
    """Why the account does not add up; nothing if it does. sent: datagrams of all senders."""
    if ledger is None:
        return "no ledger"
    total, found = ledger["total"], []
    if not ledger["finished"]:
        found.append("not finished")
    if total["datagrams_received"] != total["datagrams_decoded"] + total["datagrams_rejected"]:
        found.append("received is not decoded and rejected")
    for rows, kind in (("records_decoded", "rows"), ("counter_rows", "counter_rows")):
        if total[rows] != total[f"{kind}_stored"] + sum(total[f"{kind}_dropped"].values()):
            found.append(f"{rows} is not stored and dropped")
    if total["early_sets_held"]:
        found.append("sets still wait for their template")
    known = total["datagrams_received"] + ledger["socket_drops"] + ledger["socket_left"]
    if known > sent or (exact and known != sent):
        found.append(f"{sent} datagrams sent, {known} known")
    return ", ".join(found)


def may_forge():
    """Whether the sender may open a raw socket."""
    file = FOLDER / "permitted"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(file, "wb") as out:
        Payloads(out).add(0x7F000001, 9, b"")
    done = subprocess.run([SENDER, file, "9", "1", "0.001"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    file.unlink()
    return done.returncode != NOT_PERMITTED


class Attackers:
    """What sends the attack, in a process of its own."""

    def __init__(self, attack, folder, port, seconds):
        self._process = None
        if attack.write is None:
            return
        self._process = subprocess.Popen([SENDER, folder / "payloads", str(port), str(MBIT), str(seconds)], stdout=subprocess.PIPE,
                                         preexec_fn=lambda: os.sched_setaffinity(0, {SENDER_CPU}))

    def wait(self, seconds):
        """Returns what was sent."""
        if self._process is None:
            time.sleep(seconds)
            return {"datagrams": 0, "wire_bytes": 0, "failed": 0, "seconds": seconds}
        output, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise Failed(f"hostile_sender: status {self._process.returncode}")
        return json.loads(output)

    def kill(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def run(attack, weir, seconds, keep=False):
    folder = FOLDER / attack.name.replace(" ", "-").replace("'", "")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result = Result(attack.name, stopped_under_load=attack.stop_under_load)
    if attack.write:
        with open(folder / "payloads", "wb") as file:
            attack.write(Payloads(file))
    redis = RedisThatDrips() if attack.redis_drips else None
    config = f'[templates]\nredis = "redis://127.0.0.1:{redis.port}"\n' if redis else ""
    try:
        victim = _attacked(attack, weir, folder, config, seconds, result)
        try:
            _start_anew(weir, folder, victim, result)
        finally:
            victim.close()
    finally:
        if redis:
            redis.close()
    if not keep:
        shutil.rmtree(folder)
    if attack.rows and result.rows <= 0:
        raise Failed("it has become no flows: it does not do what it is meant to")
    return result


def _attacked(attack, weir, folder, config, seconds, result):
    collector = Collector(weir, folder, attack.arguments, config)
    victim = v.Victim(collector.port, VICTIM_RATE)
    attackers = None
    try:
        victim.start()
        time.sleep(BEFORE)
        result.idle_mib = collector.resident_kib() / 1024
        before, started = collector.receive_seconds(), time.monotonic()
        # One that is to go on until after the end has time to.
        attackers = Attackers(attack, folder, collector.port, seconds + (4 if attack.stop_under_load else 0))
        if attack.stop_under_load:
            time.sleep(seconds)
            sent = None
        else:
            sent = attackers.wait(seconds)
            time.sleep(AFTER)
            _wait_until_read(collector)
        used, waited = (now - then for now, then in zip(collector.receive_seconds(), before))
        result.waited_percent = waited / (time.monotonic() - started) * 100
        result.victim_sent = victim.stop()
        result.victim_behind = victim.behind
        result.log_kib = collector.log_bytes / 1024
        result.status, result.end_seconds = collector.end()
        sent = sent or attackers.wait(seconds)
    except BaseException:
        victim.close()
        raise
    finally:
        if attackers:
            attackers.kill()
        collector.kill()
    result.seconds = sent["seconds"]
    result.receive_percent = used / (seconds if attack.stop_under_load else sent["seconds"]) * 100
    result.sent = sent["datagrams"]
    result.mbit = sent["wire_bytes"] * 8 / sent["seconds"] / 1e6
    result.peak_mib = collector.peak_kib / 1024
    _account(collector.ledger(), result)
    (folder / "ledger.json").write_text(json.dumps(collector.ledger(), indent=1) + "\n")  # the start anew has one of its own
    return victim


def _wait_until_read(collector):
    """Until the sockets are empty. On a busy machine that may take a while; whoever stops amid an attack is another attack."""
    end = time.monotonic() + READ_WITHIN
    while time.monotonic() < end and collector.runs() and (udp_socket(collector.port) or (0, 0))[0] > 0:
        time.sleep(0.05)


def _account(ledger, result):
    result.imbalance = imbalance(ledger, result.sent + result.victim_sent, exact=not result.stopped_under_load)
    if ledger is None:
        return
    total = ledger["total"]
    result.socket_drops, result.socket_left = ledger["socket_drops"], ledger["socket_left"]
    dropped = [total["rows_dropped"], total["counter_rows_dropped"]]
    result.rows_dropped = {reason: count for reason, count in dropped[0].items() if count}
    result.rows = total["records_decoded"] + total["counter_rows"] - result.victim_sent
    result.lost_at_end = sum(d["shutdown"] for d in dropped)


def _start_anew(weir, folder, victim, result):
    """Data without their template, to a collector that has the state file of the one before."""
    state = folder / "store/templates.state"
    result.state_kib = state.stat().st_size / 1024 if state.exists() else 0
    collector = Collector(weir, folder, log="log-anew")
    try:
        result.restart_seconds = collector.start_seconds
        victim.reconnect(collector.port)
        first = victim.sent
        for _ in range(DATA_AFTER_RESTART):
            victim.send()
        status, _ = collector.end()
        if status != 0:
            raise Failed(f"the collector that was started anew ended with status {status}:\n{collector.logged()[-2000:]}")
    finally:
        collector.kill()
    result.restart_mib = collector.peak_kib / 1024
    result.kept = v.stored(weir, folder / "store", first, victim.sent).flows
    stored = v.stored(weir, folder / "store", 0, result.victim_sent)
    result.victim_stored, result.victim_wrong = stored.flows, stored.wrong
