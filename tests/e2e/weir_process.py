"""Running the real weir binary in tests: a collector with its ports and its ledger, commands with their output, and NetFlow
datagrams written by hand."""

import json
import os
import re
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

WEIR = os.environ.get("WEIR_BIN") or str(Path(__file__).resolve().parents[2] / "build/release/bin/weir")
DEADLINE = 60  # seconds for what must happen, never a pause


def corpus():
    """The folder of captures with known contents, or None where it is not."""
    root = Path(__file__).resolve().parents[2]
    for folder in (os.environ.get("WEIR_CORPUS"), root / "../shared/corpus", root / "../../shared/corpus"):
        if folder and Path(folder).is_dir():
            return Path(folder).resolve()
    return None


def wait_for(condition, what):
    """The first true value of condition(); fails the test after the deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"timed out: {what}")


def weir(*arguments, status=0):
    """Runs a command to its end and returns its standard output."""
    done = subprocess.run([WEIR, *map(str, arguments)], capture_output=True, text=True, timeout=10 * DEADLINE)
    if done.returncode != status:
        raise AssertionError(f"weir {' '.join(map(str, arguments))}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout if status == 0 else done.stdout + done.stderr


def rows(*arguments):
    """The rows that a command prints, as dictionaries."""
    return json.loads(weir(*arguments, "-o", "json"))


class Collector:
    """weir collect on a port of 127.0.0.1 that the kernel chose. `log` holds its lines on standard error."""

    def __init__(self, store, *arguments, config=None, listen=("127.0.0.1:0",), wait=True):
        command = [WEIR, "collect", "--store", str(store)]
        if config:
            command += ["-c", str(config)]
        for address in listen:
            command += ["--listen", address]
        self.store = Path(store)
        self.log = []
        self.process = subprocess.Popen(
            command + [str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.output = ""
        self._readers = [threading.Thread(target=self._read_log), threading.Thread(target=self._read_output)]
        for reader in self._readers:
            reader.start()
        if wait:
            self.ports = wait_for(self._ports_or_end, "the collector listens")

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def _read_output(self):
        self.output = self.process.stdout.read()

    def _ports_or_end(self):
        if self.process.poll() is not None:
            self.join()
            raise AssertionError("weir collect ended:\n" + "\n".join(self.log))
        if not self.has_logged("storing to"):
            return None
        return [int(m[1]) for line in self.log if (m := re.search(r"listening on .*:(\d+)$", line))]

    @property
    def port(self):
        return self.ports[0]

    def has_logged(self, text):
        return any(text in line for line in list(self.log))

    def kill(self, number):
        self.process.send_signal(number)

    def join(self):
        """Waits for the end and returns the exit status."""
        status = self.process.wait(DEADLINE)
        for reader in self._readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def stop(self, number=signal.SIGTERM):
        self.kill(number)
        return self.join()

    def ledger(self):
        """DIR/ledger.json as it is now, or None before the first."""
        try:
            return json.loads((self.store / "ledger.json").read_text())
        except FileNotFoundError:
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.join()


class Case(unittest.TestCase):
    """A test with a folder of its own, which is gone afterwards."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="weir-e2e-")
        self.addCleanup(self._folder.cleanup)
        self.folder = Path(self._folder.name)

    def assertAddsUp(self, ledger):
        total = ledger["total"]
        self.assertTrue(ledger["finished"])
        self.assertEqual(total["datagrams_received"], total["datagrams_decoded"] + total["datagrams_rejected"])
        self.assertEqual(total["records_decoded"], total["rows_stored"] + sum(total["rows_dropped"].values()))
        self.assertEqual(total["counter_rows"], total["counter_rows_stored"] + sum(total["counter_rows_dropped"].values()))


def netflow_v5(sequence, count, size=1000):
    """A NetFlow v5 datagram; every record has 10 packets."""
    header = struct.pack("!HHIIIIBBH", 5, count, 1_000_000, 1_700_000_000, 0, sequence, 0, 0, 0)
    record = struct.pack("!4s4s4sHHIIIIHHBBBBHHBBH", bytes([10, 0, 0, 1]), bytes([10, 0, 1, 1]), bytes(4), 1, 2, 10, size,
                         900_000, 950_000, 443, 50_000, 0, 16, 6, 0, 0, 0, 24, 24, 0)
    return header + record * count


class Sender:
    """A UDP socket at an address that the kernel chooses the port of."""

    def __init__(self, source="127.0.0.1"):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Exporter(Sender):
    """Sends NetFlow v5 from one address; counts what it sent."""

    def __init__(self, port, source="127.0.0.1"):
        super().__init__(source)
        self.socket.connect(("127.0.0.1", port))
        self.datagrams = 0
        self.flows = 0

    def send(self, datagrams=1, records=30):
        for _ in range(datagrams):
            self.socket.send(netflow_v5(self.flows & 0xFFFFFFFF, records))
            self.datagrams += 1
            self.flows += records
