"""An exporter that sends beside an attack, and what of it has come into the store."""

import dataclasses
import json
import socket
import subprocess
import threading
import time

from . import wire

# Nobody else sends these.
SOURCE, DESTINATION = 0x0A630001, 0x0A630002  # 10.99.0.1, 10.99.0.2
FIRST_SIZE = 1000
# Of a router that has been up for a while.
FIRST_NUMBER = 40_000_000


class Victim:
    """One flow a datagram, numbered by its bytes. The template comes once, with the first."""

    def __init__(self, port, rate):
        self._rate = rate
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((socket.inet_ntoa(wire.VICTIM.to_bytes(4, "big")), wire.VICTIM_PORT))
        self._socket.connect(("127.0.0.1", port))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.sent = 0
        self.behind = 0.0  # seconds, at most: a machine that is too busy

    def send(self):
        template = wire.a_set(2, wire.template(wire.VICTIM_TEMPLATE, wire.FLOW)) if self.sent == 0 else b""
        data = wire.a_set(wire.VICTIM_TEMPLATE, wire.flow(SOURCE, DESTINATION, FIRST_SIZE + self.sent))
        self._socket.send(wire.ipfix(wire.VICTIM_DOMAIN, template + data, FIRST_NUMBER + self.sent))
        self.sent += 1

    def _run(self):
        start = time.monotonic()
        while not self._stop.is_set():
            self.send()
            ahead = start + self.sent / self._rate - time.monotonic()
            self.behind = max(self.behind, -ahead)
            if ahead > 0:
                self._stop.wait(ahead)

    def start(self):
        self._thread.start()

    def stop(self):
        """Returns how many it has sent."""
        self._stop.set()
        self._thread.join()
        return self.sent

    def close(self):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()

    def reconnect(self, port):
        """To another collector; from here on, send() alone."""
        self._socket.connect(("127.0.0.1", port))


@dataclasses.dataclass
class Stored:
    flows: int  # of those sent, each once
    wrong: int  # rows that have some of the victim's values, and others


def stored(weir, store, first, last):
    """Of the victim's flows from number `first` to before `last`."""
    right = ("observation_domain_id = %d AND src_addr = ip('10.99.0.1') AND dst_addr = ip('10.99.0.2') AND src_port = 1000 AND dst_port = 80 "
             "AND proto = 6 AND packets = 10 AND bytes BETWEEN %d AND %d" % (wire.VICTIM_DOMAIN, FIRST_SIZE, FIRST_SIZE + 10_000_000))
    query = (f"SELECT count(DISTINCT bytes) FILTER (WHERE {right} AND bytes >= {FIRST_SIZE + first} AND bytes < {FIRST_SIZE + last}) AS flows, "
             f"count(*) - count(DISTINCT bytes) FILTER (WHERE {right}) AS wrong FROM flows WHERE sampler_address = ip('127.9.9.9') AND "
             "(in_net(src_addr, '10.99.0.0/16') OR in_net(dst_addr, '10.99.0.0/16'))")
    done = subprocess.run([weir, "sql", "--store", store, "-o", "json", query], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"weir sql: {done.stderr}")
    row = json.loads(done.stdout)[0]
    return Stored(int(row["flows"]), int(row["wrong"]))
