"""One receiver under one load: started, loaded, ended, and what that cost and whether all arrived."""

import dataclasses
import os
import shutil
import socket
import time

from .loads import FOLDER, Stopped
from .process import Failed, Process, dropped, udp_socket

# A receiver that keeps up is done soon after the last datagram: with its queue, its files, its processes. One that does not has work
# left, the more the longer the load was.
LATE_SECONDS, LATE_SHARE = 1.0, 0.05
SENDER_SHARE = 0.97  # of the wanted rate; below, it is the sender that did not keep up
SENDER_LIMIT = "the sender sends no more"


def socket_buffer():
    """The same for all: what the kernel lets everybody have, at most 4 MiB."""
    with open("/proc/sys/net/core/rmem_max", encoding="ascii") as file:
        return min(int(file.read()), 4 << 20)


@dataclasses.dataclass
class Run:
    receiver: str
    load: str
    rate: float = 0  # asked for: flows a second live, datagrams a second from a capture
    sent_datagrams: int = 0
    sent_flows: int = 0
    seconds: float = 0
    datagrams_per_second: float = 0  # sent
    cpu_user: float = 0
    cpu_system: float = 0
    peak_rss_kib: int = 0
    disk_bytes: int = 0
    ready_ms: float = 0
    late_seconds: float = 0  # from the last datagram to the end of the work
    waiting_seconds: float = 0  # of the load, that the receiver may hold back to write them together
    problems: list = dataclasses.field(default_factory=list)  # why this was not free of loss


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def measure(receiver, load, rate, send):
    """send(port) sends the load and says what it was."""
    folder = FOLDER / "receiver"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.sync()  # what the one before has written does not cost this one
    run = Run(receiver.name, load.key, rate)
    asked = free_port()
    process = Process(receiver.command(folder, asked, socket_buffer()), folder / "log")
    try:
        process.wait_until(lambda: (port := receiver.port(process.logged(), asked)) and udp_socket(port), f"{receiver.name} did not start", 20)
        run.ready_ms = (time.monotonic() - process.started) * 1000
        _load(run, receiver, process, folder, receiver.port(process.logged(), asked), send)
    except (Failed, Stopped) as failure:
        run.problems.append(str(failure))
    finally:
        process.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return run


def _load(run, receiver, process, folder, port, send):
    if receiver.plugins:
        process.wait_idle()
    before = process.cpu()
    sent = send(port)
    end_of_load = time.monotonic()
    run.sent_datagrams, run.sent_flows, run.seconds = sent.datagrams, sent.flows, sent.seconds
    run.datagrams_per_second = sent.datagrams / max(sent.seconds, 1e-9)
    process.wait_until(lambda: udp_socket(port)[0] == 0, "the socket was not emptied", 60)
    drops = dropped(port)
    idle_since = process.wait_idle() if receiver.plugins else time.monotonic()
    waited = time.monotonic() - idle_since
    cpu = process.cpu()
    receiver.before_end(folder)
    run.late_seconds = idle_since - end_of_load
    ended = process.end(receiver.end_signal)
    # What is only asked of it for the count is no part of the work; what it writes in the end is.
    if not receiver.asked_before_end:
        cpu = ended
        run.late_seconds = time.monotonic() - waited - end_of_load
    run.cpu_user, run.cpu_system = cpu[0] - before[0], cpu[1] - before[1]
    run.peak_rss_kib = process.peak_rss_kib
    run.disk_bytes = receiver.disk_bytes(folder)
    run.waiting_seconds = min(receiver.waiting_flows / max(sent.flows, 1), 1) * sent.seconds
    _judge(run, receiver.counted(folder, process.logged()), receiver.uncounted, sent, drops)


def _judge(run, counted, uncounted, sent, drops):
    if drops:
        run.problems.append(drops)
    for what, got, want in (("datagrams", counted.datagrams, sent.datagrams), ("flows", counted.flows, sent.flows),
                            ("packets in flows", counted.packets, sent.packets)):
        if got is not None and not want * (1 - uncounted) <= got <= want:
            run.problems.append(f"{what}: {want} sent, {got} kept")
    if counted.lost:
        run.problems.append(counted.lost)


def hold_back(run, rate):
    """Why this run does not show that the receiver takes `rate` datagrams a second for good; nothing if it does."""
    if run.problems:
        return "; ".join(run.problems)
    # What waits for its file was not late, if it is written at the pace of the load.
    if run.late_seconds > LATE_SECONDS + LATE_SHARE * run.seconds + run.waiting_seconds:
        return f"worked on for {run.late_seconds:.1f} s after {run.seconds:.1f} s of load"
    if run.datagrams_per_second < SENDER_SHARE * rate:
        return SENDER_LIMIT
    return None
