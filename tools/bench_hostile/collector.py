"""The collector under attack: what its threads use, what its memory was at most, what it says at its end."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

SAMPLE_EVERY = 0.05
STARTS_WITHIN = 60
ENDS_WITHIN = 120
MEMORY_BOUND = 12 << 20  # KiB: whoever takes more is ended, so that the machine lives


class Failed(Exception):
    """It did not start."""


class Collector:
    def __init__(self, weir, folder, arguments=(), config="", log="log"):
        self.store = folder / "store"
        self._log = folder / log
        file = folder / "weir.toml"
        file.write_text(config)
        started = time.monotonic()
        with open(self._log, "wb") as output:
            self._process = subprocess.Popen([weir, "collect", "-c", file, "--listen", "127.0.0.1:0", "--store", self.store, *arguments],
                                             stdout=subprocess.DEVNULL, stderr=output, stdin=subprocess.DEVNULL)
        self.peak_kib = 0
        self.port = self._wait_until_it_listens()
        self.start_seconds = time.monotonic() - started
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def logged(self):
        return self._log.read_text(errors="replace")

    @property
    def log_bytes(self):
        return self._log.stat().st_size

    def _wait_until_it_listens(self):
        end = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < end and self._process.poll() is None:
            text = self.logged()
            if "storing to" in text and (found := re.search(r"listening on 127\.0\.0\.1:(\d+)", text)):
                return int(found[1])
            time.sleep(0.01)
        self.kill()
        raise Failed(f"weir collect did not start within {STARTS_WITHIN} s:\n{self.logged()[-2000:]}")

    def _memory(self, name):
        """KiB; 0 once it is gone."""
        try:
            status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return 0
        found = re.search(rf"^{name}:\s+(\d+)", status, re.M)
        return int(found[1]) if found else 0

    def resident_kib(self):
        return self._memory("VmRSS")

    def _sample(self):
        while not self._done.is_set() and self._process.poll() is None:
            self.peak_kib = max(self.peak_kib, self._memory("VmHWM"))
            if self.resident_kib() > MEMORY_BOUND:
                self._process.kill()
            self._done.wait(SAMPLE_EVERY)

    def receive_seconds(self):
        """Of the receiving threads until now: (CPU time, time they waited for a CPU)."""
        used = waited = 0
        try:
            tasks = os.listdir(f"/proc/{self._process.pid}/task")
        except OSError:
            return 0.0, 0.0
        for task in tasks:
            folder = pathlib.Path(f"/proc/{self._process.pid}/task/{task}")
            try:
                if (folder / "comm").read_text().startswith("receive"):
                    ran, delay, _ = map(int, (folder / "schedstat").read_text().split())
                    used, waited = used + ran, waited + delay
            except OSError:
                continue
        return used / 1e9, waited / 1e9

    def runs(self):
        return self._process.poll() is None

    def end(self):
        """(exit status, how many seconds the end took). None: it had to be killed."""
        started = time.monotonic()
        if self.runs():
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            status = None
        self._done.set()
        self._sampler.join()
        return status, time.monotonic() - started

    def kill(self):
        if self.runs():
            self._process.kill()
        self._process.wait()

    def ledger(self):
        try:
            return json.loads((self.store / "ledger.json").read_text())
        except (OSError, ValueError):
            return None
