"""Running the real weir-host, and Debian's node_exporter beside it, in tests: on ports of 127.0.0.1, ended by their process id."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
import http.client
from pathlib import Path

import exposition
from weir_process import DEADLINE, wait_for

WEIR_HOST = os.environ.get("WEIR_HOST_BIN") or str(Path(__file__).resolve().parents[2] / "build/release/bin/weir-host")
# The sanitizers' own memory would be measured.
SANITIZED = any(name in Path(WEIR_HOST).read_bytes() for name in (b"__asan_init", b"__tsan_init")) if Path(WEIR_HOST).exists() else False
NODE_EXPORTER = "/usr/bin/prometheus-node-exporter"


class Exporter:
    """A process that serves metrics."""

    def __init__(self, command, **popen):
        self.log = []
        self.process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **popen)
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def get(self, path="/metrics", headers=None, method="GET"):
        """Status, headers, body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def scrape(self, query=""):
        status, _, body = self.get("/metrics" + query)
        assert status == 200, (status, body)
        return exposition.parse(body)

    def resident_kib(self, what="VmRSS"):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(what + r":\s+(\d+)", status)[1])

    def own_memory_kib(self):
        """Resident memory by kind: what is the process's alone ("anonymous": heap, stack, relocated data, wherever it is), and pages of the
        program's file ("program"). Pages of shared libraries' files are not counted: they are the page cache's, shared by all processes,
        and how many of them are mapped depends on what happens to be in the cache."""
        kinds = {"anonymous": 0, "program": 0}
        program = os.path.realpath(f"/proc/{self.process.pid}/exe")
        file = None
        for line in Path(f"/proc/{self.process.pid}/smaps").read_text().splitlines():
            if header := re.match(r"[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+\s*(.*)", line):
                file = header[1]
            elif resident := re.match(r"Rss:\s+(\d+)", line):
                rss = int(resident[1])
            elif anonymous := re.match(r"Anonymous:\s+(\d+)", line):
                kinds["anonymous"] += int(anonymous[1])
                kinds["program"] += rss - int(anonymous[1]) if file == program else 0
        return kinds

    def check_alive(self):
        if self.process.poll() is not None:
            self._reader.join()
            raise AssertionError("ended:\n" + "\n".join(self.log))

    def stop(self, number=signal.SIGTERM):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(DEADLINE)
        self._reader.join()
        self.process.stderr.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.stop()


class WeirHost(Exporter):
    def __init__(self, *arguments, listen=("127.0.0.1:0",), wait=True, prefix=(), program=WEIR_HOST, **popen):
        environment = popen.pop("env", None) or os.environ
        if "--no-sandbox" not in arguments:
            # The sandbox forbids what the leak sanitizer needs at the end; without the sandbox it looks.
            environment = environment | {"ASAN_OPTIONS": environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}
        listening = [part for address in listen for part in ("--web.listen-address", address)]
        super().__init__([*prefix, program, *listening, *arguments], env=environment, **popen)
        self.ports = []
        if wait:
            wait_for(lambda: self.check_alive() or self._listening(len(listen)), "weir-host listens")

    @staticmethod
    def collectors():
        """The names of all collectors."""
        return {line.split("|")[1].strip() for line in weir_host("--collectors-markdown").splitlines()[2:]}

    def _listening(self, count):
        lines = [line for line in list(self.log) if "listening on" in line]
        self.ports = [int(m[1]) for line in lines if (m := re.search(r":(\d+)$", line))]
        return len(lines) >= max(count, 1)

    @property
    def port(self):
        return self.ports[0]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class NodeExporter(Exporter):
    def __init__(self, *arguments, **popen):
        self.port = free_port()
        super().__init__([NODE_EXPORTER, f"--web.listen-address=127.0.0.1:{self.port}", *arguments], **popen)
        wait_for(self._answers, "node_exporter listens")

    def _answers(self):
        self.check_alive()
        try:
            with socket.create_connection(("127.0.0.1", self.port)):
                return True
        except ConnectionRefusedError:
            return False


def weir_host(*arguments, status=0):
    """Runs a command to its end: standard output, or both outputs if it should fail."""
    done = subprocess.run([WEIR_HOST, *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE)
    if done.returncode != status:
        raise AssertionError(f"weir-host {arguments}: status {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout if status == 0 else done.stdout + done.stderr
