"""Collectors that share templates through a Redis server over TLS: who the server is gets checked, and a hostile one costs no more than
without TLS."""

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
import unittest

from ipfix import IpfixExporter
from pki import OPENSSL, WithPki
from test_redis import Redis, WithRedis, free_port
from weir_process import WEIR, Collector, wait_for, weir


@unittest.skipUnless(OPENSSL, "openssl is not installed")
class RedisOverTls(WithPki, WithRedis):
    @classmethod
    def setUpClass(cls):
        cls.make_pki()
        cls.make_ca("ca")
        cls.make_ca("other-ca")
        cls.make("server", "ca", "subjectAltName=DNS:redis.example.net,IP:127.0.0.1")
        cls.make("elsewhere", "ca", "subjectAltName=DNS:elsewhere.example.net")
        cls.make("client", "ca", "extendedKeyUsage=clientAuth")

    def file(self, name):
        return self.pki / name

    def redis(self, certificate="server", clients="no"):
        if not shutil.which("redis-server"):
            self.skipTest("redis-server is not installed")
        port = free_port()
        server = Redis(self.folder, options=("--tls-port", port, "--tls-cert-file", self.file(f"{certificate}.crt"), "--tls-key-file",
                                             self.file(f"{certificate}.key"), "--tls-ca-cert-file", self.file("ca.crt"),
                                             "--tls-auth-clients", clients))
        self.addCleanup(server.stop)
        return server, f"rediss://127.0.0.1:{port}"

    def assertRefused(self, url, reason, **keys):
        """The collector works on alone, and says why."""
        with self.collector("refused", url, **keys) as collector:
            wait_for(lambda: collector.has_logged("works on alone"), "it says so")
            line = next(line for line in collector.log if "works on alone" in line)
            self.assertEqual(collector.stop(), 0, collector.log)
        self.assertIn("cannot connect to rediss://127.0.0.1", line)
        self.assertIn(reason, line)
        shutil.rmtree(self.folder / "refused")

    def test_templates_to_one_data_to_the_other(self):
        redis, url = self.redis(clients="yes")
        keys = {"redis_ca": self.file("ca.crt"), "redis_certificate": self.file("client.crt"), "redis_key": self.file("client.key")}
        with self.collector("a", url, **keys) as a, self.collector("b", url, **keys) as b, IpfixExporter() as exporter:
            exporter.template(a.port)
            wait_for(lambda: redis.has(self.KEY), "A has published")
            exporter.data(b.port, 10)
            wait_for(lambda: (b.ledger() or {"total": {}})["total"].get("early_sets_decoded"), "B has decoded what waited")
            self.assertEqual((a.stop(), b.stop()), (0, 0))
            self.assertEqual(b.ledger()["total"]["rows_stored"], 10)
            self.assertEqual(b.ledger()["templates"]["redis"]["errors"], 0)

    def test_the_server_is_who_it_should_be(self):
        redis, url = self.redis()
        ca = self.file("ca.crt")
        self.assertRefused(url, "certificate verify failed")  # the system knows nothing of this authority
        self.assertRefused(url, "certificate verify failed", redis_ca=self.file("other-ca.crt"))
        self.assertRefused(url, "hostname mismatch", redis_ca=ca, redis_server_name="elsewhere.example.net")
        self.assertRefused(f"rediss://127.0.0.1:{redis.port}", "TLS", redis_ca=ca)  # no TLS there
        for keys in ({"redis_ca": ca}, {"redis_ca": ca, "redis_server_name": "redis.example.net"}, {"redis_verify": False}):
            with self.collector("a", url, **keys) as a, IpfixExporter() as exporter:
                redis.command("FLUSHALL")
                exporter.template(a.port)
                wait_for(lambda: redis.has(self.KEY), f"it is let in with {keys}")
                self.assertEqual(a.has_logged("redis_verify is false"), "redis_verify" in keys)
                a.stop()

    def test_the_address_is_checked_too(self):
        _, url = self.redis("elsewhere")
        self.assertRefused(url, "IP address mismatch", redis_ca=self.file("ca.crt"))

    def test_a_server_that_wants_a_certificate(self):
        _, url = self.redis(clients="yes")
        with self.collector("a", url, redis_ca=self.file("ca.crt")) as a:
            wait_for(lambda: a.has_logged("works on alone"), "it says so")
            line = next(line for line in a.log if "works on alone" in line)
            self.assertRegex(line, "certificate required|alert|closed the connection|reset by peer")
            a.stop()

    def test_a_renewed_certificate_is_taken_without_a_restart(self):
        redis, url = self.redis()
        ca = self.folder / "ca.crt"
        shutil.copy(self.file("other-ca.crt"), ca)
        with self.collector("a", url, redis_ca=ca) as a, IpfixExporter() as exporter:
            wait_for(lambda: a.has_logged("certificate verify failed"), "the wrong authority")
            exporter.template(a.port)
            shutil.copy(self.file("ca.crt"), ca)
            wait_for(lambda: redis.has(self.KEY), "the next try reads the file again")
            a.stop()

    def test_wrong_configurations(self):
        config = self.folder / "weir.toml"
        key, certificate = self.file("client.key"), self.file("client.crt")
        for url, lines, told in (
                ("redis://x", f'redis_ca = "{certificate}"', r"weir.toml:4:12: templates.redis_ca: it is for TLS"),
                ("redis://x", "redis_verify = false", r"templates.redis_verify: it is for TLS"),
                ("rediss://x", f'redis_key = "{key}"', r"templates.redis_key needs templates.redis_certificate"),
                ("rediss://x", 'redis_ca = "/nowhere"', r"weir.toml:4:12: templates.redis_ca: cannot read /nowhere"),
                ("rediss://x", f'redis_certificate = "{certificate}"\nredis_key = "{certificate}"', r"templates.redis_key: .*no private key"),
                ("rediss://x", f'redis_verify = false\nredis_ca = "{certificate}"', r"templates.redis_verify")):
            config.write_text(f'[templates]\nstate_file = ""\nredis = "{url}"\n{lines}\n')
            self.assertRegex(weir("check", config, status=1), told)
            with Collector(self.folder / "store", config=config, wait=False) as collector:
                self.assertEqual(collector.join(), 1)
                self.assertRegex("\n".join(collector.log), told, "and so says weir collect")
        key.chmod(0o644)
        self.addCleanup(key.chmod, 0o600)
        config.write_text(f'[templates]\nredis = "rediss://x"\nredis_certificate = "{certificate}"\nredis_key = "{key}"\n')
        checked = subprocess.run([WEIR, "check", config], capture_output=True, text=True)
        self.assertIn("templates  shared through rediss://x:6379/0", checked.stdout)
        self.assertIn(f"templates.redis_key: permissions 0644 for {key} are too open", checked.stderr)

    # A server that speaks TLS well and means no good.
    def hostile(self, serve):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file("server.crt"), self.file("server.key"))
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def accept():
            while True:
                try:
                    peer = listening.accept()[0]
                except OSError:
                    return
                threading.Thread(target=talk, args=(peer,), daemon=True).start()

        def talk(peer):
            try:
                serve(peer, context)
            except OSError:
                pass

        threading.Thread(target=accept, daemon=True).start()
        return f"rediss://127.0.0.1:{listening.getsockname()[1]}"

    @staticmethod
    def greet(peer, context):
        secure = context.wrap_socket(peer, server_side=True)
        for reply in (b"+OK\r\n", b"$3\r\n1-1\r\n"):  # SELECT, XADD
            secure.recv(65536)
            secure.sendall(reply)
        secure.recv(65536)
        return secure

    def receives_on(self, url, reason):
        """Whatever the server does, datagrams are received and stored, and the collector ends at once."""
        with self.collector("a", url, redis_ca=self.file("ca.crt")) as a, IpfixExporter() as exporter:
            exporter.template(a.port)
            exporter.data(a.port, 10)
            wait_for(lambda: a.has_logged(reason), reason)
            with open(f"/proc/{a.process.pid}/status") as status:
                peak = int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])
            self.assertLess(peak, 300 * 1024, "KiB")
            self.assertEqual(a.stop(), 0, a.log)
            self.assertEqual(a.ledger()["total"]["rows_stored"], 10)

    def test_an_answer_that_drips_is_given_up(self):
        def drip(peer, context):
            secure = self.greet(peer, context)
            secure.sendall(b"$1000000\r\n")
            while True:
                secure.sendall(b"x")
                time.sleep(0.05)  # the pace of this server
        self.receives_on(self.hostile(drip), "no answer in time")

    def test_a_handshake_that_never_ends_is_given_up(self):
        ended = threading.Event()
        self.addCleanup(ended.set)
        self.receives_on(self.hostile(lambda peer, _: ended.wait()), "no TLS handshake in time")

    def test_a_flood_of_values_takes_no_memory(self):
        def flood(peer, context):
            secure = self.greet(peer, context)
            secure.sendall(b"*8000000\r\n")
            while True:
                secure.sendall(100_000 * b"*0\r\n")
        self.receives_on(self.hostile(flood), "more than 10000 values")

    def test_it_ends_within_a_handshake(self):
        ended = threading.Event()
        self.addCleanup(ended.set)
        connected = threading.Event()

        def silent(peer, _):
            connected.set()
            ended.wait()
        with self.collector("a", self.hostile(silent), redis_ca=self.file("ca.crt")) as a:
            wait_for(connected.is_set, "it has connected")
            self.assertEqual(a.stop(), 0, a.log)


if __name__ == "__main__":
    unittest.main()
