"""The highest rate without loss: by bisection with short loads, then held for long."""

import dataclasses
import os

from .measure import SENDER_LIMIT, hold_back, measure
from .process import dropped

PRECISION = 1.05  # ratio of the rate that was too much to the one that was not
FIRST_STEP, LARGEST_STEP = 1.35, 4
MAX_PROBES = 14
LEAST = 500  # datagrams a second: below, a capture takes a minute
MAX_TRIES, FINE_TRIES, COARSE = 12, 6, 1.2


@dataclasses.dataclass
class Found:
    receiver: str
    load: str
    rate: float  # datagrams a second
    sender_limit: bool  # it would have taken more
    probes: list  # (rate, why not)


def search(receiver, load, captures, guess, seconds):
    """Goes up or down from the guess in growing steps until it has both a rate without loss and one with it; then halves."""
    low = high = None
    probes, rate, step = [], guess, FIRST_STEP
    while len(probes) < MAX_PROBES and rate >= LEAST and not (low and high and high / low <= PRECISION):
        run = measure(receiver, load, rate, lambda port, rate=rate: load.send_capture(port, rate, seconds, captures))
        why = hold_back(run, rate)
        probes.append((rate, why))
        if why == SENDER_LIMIT:
            return Found(receiver.name, load.key, max(run.datagrams_per_second, low or 0), True, probes)
        if why is None:
            low = min(rate, run.datagrams_per_second)
        else:
            high = rate
        if low and high:
            rate = (low * high) ** 0.5
        else:
            rate = low * step if low else high / step
            step = min(step * step, LARGEST_STEP)
    return Found(receiver.name, load.key, low or 0, False, probes)


@dataclasses.dataclass
class Held:
    receiver: str
    load: str
    rate: float
    seconds: float
    cpu: float  # seconds per million flows
    peak_rss_kib: int
    tries: list  # (rate, why not)


DISK_BYTES_PER_FLOW = 160  # more than any receiver needs


def hold(receiver, load, captures, rate, seconds, folder):
    """The rate, or the next lower one that it holds for so long: in steps of 5 %, and later, on a machine that is busy, of 20 %."""
    tries = []
    totals = captures[load][1]
    space = os.statvfs(folder)
    needed = rate * seconds * totals["flows"] / totals["datagrams"] * DISK_BYTES_PER_FLOW
    if receiver.stores and needed > 0.9 * space.f_bavail * space.f_frsize:
        return Held(receiver.name, load.key, 0, 0, 0, 0, [(rate, f"not tried: needs up to {needed / 1e9:.0f} GB of disk")])
    while len(tries) < MAX_TRIES:
        run = measure(receiver, load, rate, lambda port, rate=rate: load.send_capture(port, rate, seconds, captures, lambda: dropped(port)))
        why = hold_back(run, rate)
        tries.append((rate, why))
        if why is None:
            return Held(receiver.name, load.key, min(rate, run.datagrams_per_second), run.seconds, (run.cpu_user + run.cpu_system) * 1e6 / run.sent_flows, run.peak_rss_kib, tries)
        rate /= PRECISION if len(tries) < FINE_TRIES else COARSE
    return Held(receiver.name, load.key, 0, 0, 0, 0, tries)
