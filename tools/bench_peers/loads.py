"""What is sent: the same seeded flows for every receiver, live from `weir gen`, or from a capture by `weir send`."""

import dataclasses
import json
import math
import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WEIR = os.environ.get("WEIR_BIN") or ROOT / "build/release/bin/weir"
FOLDER = ROOT / "build/bench/peers"
SEED = 7
LOOK_EVERY = 0.5  # seconds, whether it is of use to go on
# Datagrams of a capture: enough that no flow comes twice in a segment of weir's (524,288 rows) with many flows a datagram.
CAPTURE_DATAGRAMS = {False: 24_000, True: 200_000}
# Senders have a core of their own, receivers may use all of them, this one too.
SENDER_CPU = max(os.sched_getaffinity(0))


@dataclasses.dataclass(frozen=True)
class Load:
    protocol: str
    exporters: int
    flows_per_datagram: int  # at most: IPFIX has room for fewer than 24

    @property
    def name(self):
        return f"{self.protocol}, {self.exporters} exporter{'s' * (self.exporters > 1)}, " + (
            "1 flow a datagram" if self.flows_per_datagram == 1 else f"up to {self.flows_per_datagram} flows a datagram")

    @property
    def key(self):
        return f"{self.protocol}x{self.exporters}x{self.flows_per_datagram}"

    def _gen(self, *arguments):
        return [WEIR, "gen", "--protocol", self.protocol, "--exporters", str(self.exporters), "--flows-per-datagram", str(self.flows_per_datagram),
                "--seed", str(SEED), "-o", "json", *map(str, arguments)]

    def capture(self):
        """The file and what it holds: datagrams, flows, packets."""
        FOLDER.mkdir(parents=True, exist_ok=True)
        file = FOLDER / f"{self.key}.pcap"
        datagrams = CAPTURE_DATAGRAMS[self.flows_per_datagram == 1]
        done = subprocess.run(self._gen("--write", file, "--rate", 1_000_000, "--count", datagrams * self.flows_per_datagram), check=True, stdout=subprocess.PIPE)
        return file, json.loads(done.stdout)

    def send_live(self, port, rate, flows):
        """Exactly `flows` flows, `rate` a second. Returns what was sent."""
        done = _on_sender_cpu(self._gen("--to", f"127.0.0.1:{port}", "--rate", rate, "--count", flows))
        return Sent(done["datagrams"], done["flows"], done["packets"], done["elapsed_seconds"])

    def send_capture(self, port, rate, seconds, captures, failed=None):
        """The capture again and again, `rate` datagrams a second for at least so many seconds, always to its end. Raises Stopped as
        soon as failed() says why going on is of no use."""
        file, totals = captures[self]
        loops = max(1, math.ceil(rate * seconds / totals["datagrams"]))
        done = _on_sender_cpu([WEIR, "send", file, "--to", f"127.0.0.1:{port}", "--rate", str(rate), "--loop", str(loops), "-o", "json"], failed)
        return Sent(done["datagrams"], totals["flows"] * loops, totals["packets"] * loops, done["elapsed_seconds"])


@dataclasses.dataclass(frozen=True)
class Sent:
    datagrams: int
    flows: int
    packets: int
    seconds: float


class Stopped(Exception):
    """The load was not sent to its end."""


def _on_sender_cpu(command, failed=None):
    sender = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {SENDER_CPU}))
    started = time.monotonic()
    try:
        while True:
            try:
                output, _ = sender.communicate(timeout=LOOK_EVERY)
                break
            except subprocess.TimeoutExpired:
                if failed and (why := failed()):
                    raise Stopped(f"{why}, after {time.monotonic() - started:.0f} s") from None
    finally:
        if sender.poll() is None:
            sender.kill()
            sender.communicate()
    if sender.returncode != 0:
        raise subprocess.CalledProcessError(sender.returncode, command)
    return json.loads(output)
