"""weir gen and weir send to a name with several addresses: the one is used that somebody listens on, whichever the resolver names first.

Each program runs in a mount namespace with /etc/hosts as Debian writes it and an /etc/gai.conf for either order."""

import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

from weir_process import DEADLINE, WEIR

HOSTS = "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n"
# RFC 6724 prefers IPv6; the other order is what this line asks glibc for.
ORDERS = {"::1": "", "127.0.0.1": "precedence ::ffff:0:0/96 100\n"}
ADDRESSES = tuple(ORDERS)


def shown(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Listener:
    """Takes what comes to a port of one address: datagrams, or everything of one connection after the other."""

    def __init__(self, address, kind=socket.SOCK_DGRAM):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(family, kind)
        if kind == socket.SOCK_DGRAM:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((address, 0))
        self.port = self.socket.getsockname()[1]
        self.received = []
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
            threading.Thread(target=self._take_connections, daemon=True).start()

    def _take_connections(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                data = b""
                while part := connection.recv(65536):
                    data += part
                self.received.append(data)  # before the connection ends: the sender waits for that

    def datagrams(self):
        """Everything that was sent before this call: loopback has put it into the buffer."""
        self.socket.setblocking(False)
        while True:
            try:
                self.received.append(self.socket.recv(65536))
            except BlockingIOError:
                return self.received

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def free_port():
    with Listener("127.0.0.1") as listener:
        return listener.port


class Names(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        if not os.path.exists("/etc/gai.conf"):
            raise unittest.SkipTest("no /etc/gai.conf to put another in place of")
        (cls.folder / "hosts").write_text(HOSTS)
        for first, text in ORDERS.items():
            (cls.folder / first).write_text(text)
        tried = cls.inside("::1", "getent", "ahosts", "localhost")
        if tried.returncode != 0:
            raise unittest.SkipTest(f"no mount namespace for this test: {tried.stderr.strip()}")
        try:
            Listener("::1").socket.close()
        except OSError as error:
            raise unittest.SkipTest(f"no IPv6 here: {error}")

    @classmethod
    def inside(cls, first, *command):
        """What a command prints where localhost has two addresses, `first` before the other."""
        mounts = f"mount --bind {cls.folder}/hosts /etc/hosts && mount --bind '{cls.folder}/{first}' /etc/gai.conf"
        return subprocess.run(["unshare", "-m", "sh", "-c", mounts + ' && exec "$@"', "sh", *map(str, command)],
                              capture_output=True, text=True, timeout=DEADLINE)

    def each(self):
        for first in ADDRESSES:
            for listens in ADDRESSES:
                with self.subTest(first=first, listens=listens):
                    yield first, listens

    def test_the_order_is_what_this_test_says(self):
        for first in ADDRESSES:
            lines = self.inside(first, "getent", "ahosts", "localhost").stdout.split("\n")
            self.assertEqual(lines[0].split()[0], first)
            self.assertEqual({line.split()[0] for line in lines if line}, set(ADDRESSES))

    def test_udp_reaches_who_listens(self):
        for first, listens in self.each():
            with Listener(listens) as listener:
                done = self.inside(first, WEIR, "gen", "--to", f"localhost:{listener.port}", "--exporters", 3, "--count", 2000,
                                   "--rate", 0, "-o", "json")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stderr, f"weir gen: sending to {shown(listens, listener.port)} (localhost)\n")
                self.assertIn(f'"sent_datagrams":{len(listener.datagrams())},"refused":0', done.stdout)
                spread = "127.0.0.4" in done.stdout  # the third exporter's own address
                self.assertEqual(spread, listens == "127.0.0.1", done.stdout)

    def test_a_capture_reaches_who_listens(self):
        capture = self.folder / "one.pcap"
        subprocess.run([WEIR, "gen", "--write", capture, "--count", "1", "--protocol", "v5"], check=True, stdout=subprocess.DEVNULL)
        for first, listens in self.each():
            with Listener(listens) as listener:
                done = self.inside(first, WEIR, "send", capture, "--to", f"localhost:{listener.port}")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"weir send: sending to {shown(listens, listener.port)} (localhost)\n", done.stderr)
                self.assertIn("sent 1 datagrams, 72 bytes, of 1 exporters", done.stderr)
                self.assertEqual([len(datagram) for datagram in listener.datagrams()], [72])

    def test_tcp_reaches_who_listens(self):
        for first, listens in self.each():
            with Listener(listens, socket.SOCK_STREAM) as listener:
                done = self.inside(first, WEIR, "gen", "--to", f"tcp://localhost:{listener.port}", "--protocol", "ipfix",
                                   "--exporters", 2, "--count", 100, "--rate", 0)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stderr, f"weir gen: sending to {shown(listens, listener.port)} (localhost)\n")
                self.assertEqual([data[:2] for data in listener.received], [b"\0\x0a"] * 2)

    def test_nobody_listens(self):
        for first in ADDRESSES:
            port = free_port()
            refused = [f"{shown(address, port)}: Connection refused" for address in (first, *(a for a in ADDRESSES if a != first))]
            done = self.inside(first, WEIR, "gen", "--to", f"localhost:{port}", "--count", 1, "-o", "json")
            self.assertEqual(done.returncode, 1, "nothing arrived")
            self.assertIn("1 of 1 datagrams", done.stderr)
            self.assertIn("; ".join(refused), done.stderr)
            self.assertIn('"sent_datagrams":0,"refused":1', done.stdout)
            done = self.inside(first, WEIR, "gen", "--to", f"tcp://localhost:{port}", "--protocol", "ipfix", "--count", 1)
            self.assertEqual(done.returncode, 1)
            self.assertIn("; ".join(refused), done.stderr)


class Refusals(unittest.TestCase):
    """One address: what is refused is no success, though UDP says nothing at first."""

    def test_a_single_datagram(self):
        for address in ADDRESSES:
            to = shown(address, free_port())
            done = subprocess.run([WEIR, "gen", "--to", to, "--count", "1"], capture_output=True, text=True, timeout=DEADLINE)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual(done.stderr, f"weir gen: 1 of 1 datagrams to {to} were refused and arrived nowhere: "
                                          f"{to}: Connection refused (start `weir collect`)\n")
            self.assertIn("1 of these datagrams were refused", done.stdout)


if __name__ == "__main__":
    unittest.main()
