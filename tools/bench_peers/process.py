"""A receiver as a process with children: what it used and what its socket dropped, from /proc and wait4."""

import ctypes
import os
import pathlib
import signal
import subprocess
import threading
import time

TICK = 1 / os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36
SAMPLE_EVERY = 0.1


class Failed(Exception):
    """A receiver did not start or did not end."""


def adopt_orphans():
    """Children of receivers that outlive them become ours, so that wait4 tells their CPU, too."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def udp_socket(port):
    """(bytes queued, datagrams dropped) of the sockets on this port of IPv4, or None where there is none."""
    found = None
    for line in pathlib.Path("/proc/net/udp").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[1].split(":")[1], 16) == port:
            queued, drops = found or (0, 0)
            found = queued + int(fields[4].split(":")[1], 16), drops + int(fields[-1])
    return found


def dropped(port):
    """What a socket has dropped, as a sentence; nothing if it has not."""
    drops = (udp_socket(port) or (0, 0))[1]
    return f"the socket dropped {drops}" if drops else None


class Process:
    def __init__(self, command, log):
        self.log = log
        self.started = time.monotonic()
        with open(log, "wb") as output:
            self._process = subprocess.Popen([str(c) for c in command], stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.pid = self._process.pid
        self.peak_rss_kib = 0
        self._ended = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()

    def logged(self):
        return self.log.read_text(errors="replace")

    def wait_until(self, condition, what, seconds):
        """Returns how long it took."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if condition():
                return time.monotonic() - start
            time.sleep(0.002)
        raise Failed(f"{what}: not within {seconds} s\n{self.logged()[-2000:]}")

    def tree(self):
        found, todo = [], [self.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    todo += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
            except OSError:
                found.remove(pid)
        return found

    def cpu(self):
        """(user, system) seconds of the tree until now, with children that have ended."""
        user = system = 0
        for pid in self.tree():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            user += int(fields[11]) + int(fields[13])
            system += int(fields[12]) + int(fields[14])
        return user * TICK, system * TICK

    def wait_idle(self, seconds=0.3, limit=60):
        """Until the tree uses no CPU any more. Returns when that began."""
        last, since, end = None, time.monotonic(), time.monotonic() + limit
        while time.monotonic() < end:
            now = sum(self.cpu())
            if last is None or now - last > TICK:
                last, since = now, time.monotonic()
            elif time.monotonic() - since >= seconds:
                return since
            time.sleep(0.02)
        raise Failed(f"still busy after {limit} s")

    def end(self, number, limit=120):
        """Sends the signal to the receiver, waits for it and all its children. Returns (user, system) of their whole lives."""
        os.kill(self.pid, number)
        user = system = 0
        end = time.monotonic() + limit
        while True:
            try:
                pid, _, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                if time.monotonic() > end:
                    self.kill()
                    raise Failed(f"did not end within {limit} s after signal {number}")
                time.sleep(0.005)
                continue
            user += usage.ru_utime
            system += usage.ru_stime
        self._stop_sampling()
        return user, system

    def kill(self):
        """Whatever is left of it, at once."""
        for pid in self.tree():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        while True:
            try:
                os.wait4(-1, 0)
            except ChildProcessError:
                break
        self._stop_sampling()

    def _stop_sampling(self):
        self._process.returncode = 0  # wait4 has had it
        self._ended.set()
        self._sampler.join()

    def _sample(self):
        """The sum of VmHWM. Memory that processes share is in each of them."""
        peaks = {}
        while not self._ended.is_set():
            for pid in self.tree():
                try:
                    status = pathlib.Path(f"/proc/{pid}/status").read_text()
                except OSError:
                    continue
                for line in status.splitlines():
                    if line.startswith("VmHWM:"):
                        peaks[pid] = int(line.split()[1])
            self.peak_rss_kib = sum(peaks.values())
            self._ended.wait(SAMPLE_EVERY)
