"""IPFIX over TCP and TLS and in files, with real peers: OpenSSL's certificates, Python's TLS, softflowd, and peers that mean no
good."""

import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import unittest

from packets import conversations, write_pcap
from pki import OPENSSL, WithPki
from test_softflowd import SOFTFLOWD, run_softflowd
from weir_process import WEIR, Case, Collector, rows, wait_for, weir

EXPORT_TIME = 1_700_000_000


def message(sets, sequence=0, domain=1):
    return struct.pack("!HHIII", 10, 16 + len(sets), EXPORT_TIME, sequence, domain) + sets


def template(number, fields):
    records = b"".join(struct.pack("!HH", *field) for field in fields)
    return struct.pack("!HHHH", 2, 8 + len(records), number, len(fields)) + records


def data(number, records):
    return struct.pack("!HH", number, 4 + len(records)) + records


PORTS = [(7, 2), (11, 2)]
REVERSED_PORTS = [(11, 2), (7, 2)]


class StreamCollector(Collector):
    """`tcp` and `tls` are the ports of the first listener of each."""

    def __init__(self, store, *arguments, tls=None, client_ca=None, config=None):
        arguments = ["--listen-tcp", "127.0.0.1:0", "--flush-interval", "100ms", *arguments]
        if tls:
            arguments += ["--listen-tls", "127.0.0.1:0", "--tls-certificate", tls / "server.crt", "--tls-key", tls / "server.key"]
        if client_ca:
            arguments += ["--tls-client-ca", client_ca]
        super().__init__(store, *arguments, config=config)
        self.tcp = self._accepting("TCP")
        self.tls = self._accepting("TLS") if tls else None

    def _accepting(self, what):
        [line] = [line for line in self.log if f"accepting {what} on" in line]
        return int(line.rsplit(":", 1)[1])

    def streams(self):
        """The counters of connections in the latest ledger."""
        ledger = self.ledger()
        return ledger["streams"] if ledger else None

    def wait_for_streams(self, condition, what):
        return wait_for(lambda: (s := self.streams()) and condition(s), what)

    def finish(self):
        """Stops it; the last ledger."""
        if self.stop() != 0:
            raise AssertionError("\n".join(self.log))
        return self.ledger()


class StreamCase(Case):
    def setUp(self):
        super().setUp()
        self.store = self.folder / "store"

    def assertStreamsAddUp(self, ledger):
        self.assertAddsUp(ledger)
        streams = ledger["streams"]
        self.assertEqual(streams["open"], 0)
        self.assertEqual(streams["accepted"], sum(streams["closed"].values()), streams)

    def stored(self, what="count(*)::bigint as n"):
        return rows("sql", "--store", self.store, f"select {what} from flows")[0]


def connect(port, source="127.0.0.1"):
    return socket.create_connection(("127.0.0.1", port), source_address=(source, 0))


class Tcp(StreamCase):
    @unittest.skipUnless(SOFTFLOWD, "softflowd is not installed")
    def test_softflowd(self):
        capture = self.folder / "traffic.pcap"
        packets = conversations(300, seed=10, ipv6=True)
        write_pcap(capture, packets)
        with StreamCollector(self.store) as collector:
            sent = run_softflowd(capture, collector.tcp, self.folder, "-v", "10", "-P", "tcp")
            ledger = collector.finish()
        self.assertStreamsAddUp(ledger)
        self.assertEqual(sent["packets"], len(packets))
        self.assertEqual(sent["failures"], 0)
        self.assertEqual(ledger["streams"]["messages"], sent["datagrams"])
        self.assertEqual(ledger["streams"]["closed"]["by_exporter"], 1)
        self.assertEqual(ledger["total"]["undecodable_sets"], 0)
        self.assertEqual(ledger["total"]["rows_stored"], sent["records"])
        stored = rows("sql", "--store", self.store,
                      "select proto, sum(bytes)::bigint as bytes, sum(packets)::bigint as packets from flows group by proto")
        self.assertEqual({r["proto"]: (r["bytes"], r["packets"]) for r in stored}, sent["by_protocol"])

    def test_templates_belong_to_their_connection(self):
        record = struct.pack("!HH", 80, 443)
        with StreamCollector(self.store) as collector:
            first, second = connect(collector.tcp), connect(collector.tcp)
            first.sendall(message(template(256, PORTS)))
            second.sendall(message(template(256, REVERSED_PORTS)))
            collector.wait_for_streams(lambda s: s["messages"] == 2, "both templates")
            first.sendall(message(data(256, record * 3)))
            second.sendall(message(data(256, record * 5)))
            first.close()
            # The same exporter comes back and announces anew; a third one forgets to, and its data cannot be read.
            again = connect(collector.tcp)
            again.sendall(message(template(256, REVERSED_PORTS) + data(256, record * 7)))
            forgetful = connect(collector.tcp)
            forgetful.sendall(message(data(256, record * 11)))
            collector.wait_for_streams(lambda s: s["messages"] == 6, "all messages")
            ledger = collector.finish()
            for peer in (second, again, forgetful):
                peer.close()
        self.assertStreamsAddUp(ledger)
        self.assertEqual(ledger["total"]["undecodable_sets"], 1)
        self.assertEqual(ledger["total"]["lost_units"], 0)
        self.assertNotIn("template_redefined", ledger["total"]["anomalies"])
        self.assertEqual(self.stored("count(*) filter (src_port = 80)::bigint as a, count(*) filter (src_port = 443)::bigint as b"),
                         {"a": 3, "b": 12})

    def test_a_message_in_many_pieces(self):
        whole = message(template(256, PORTS) + data(256, struct.pack("!HH", 80, 443) * 100)) + message(data(256, b"\0\1\0\2"), 100)
        with StreamCollector(self.store) as collector:
            peer = connect(collector.tcp)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in whole:
                peer.sendall(bytes([byte]))
            peer.close()
            ledger = collector.finish()
        self.assertStreamsAddUp(ledger)
        self.assertEqual(ledger["total"]["rows_stored"], 101)
        self.assertEqual(ledger["streams"]["bytes"], len(whole))
        self.assertEqual(ledger["total"]["bytes_received"], len(whole))

    def test_bad_peers_beside_a_good_one(self):
        """2000 connections of one byte, garbage and lies from many addresses, while an exporter sends: all it sends is stored."""
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        config = self.folder / "weir.toml"
        config.write_text('[limits]\nconnections = 200\nconnections_per_exporter = 20\n')
        starts = [b"\0", b"\0", b"\0\x0a\xff\xff", b"G", b"\x16\x03\x01", b"\0\x0a\0\x0f", message(b"")[:15]]
        sent = 0
        with StreamCollector(self.store, config=config) as collector:
            good = connect(collector.tcp)
            good.sendall(message(template(256, PORTS)))
            collector.wait_for_streams(lambda s: s["messages"] == 1, "the template")
            peers = []
            for i in range(2000):
                peer = connect(collector.tcp, f"127.0.{1 + i % 40}.{1 + i % 200}")
                try:
                    peer.sendall(starts[i % len(starts)])
                except OSError:
                    pass  # it was evicted
                peers.append(peer)
                good.sendall(message(data(256, struct.pack("!HH", 80, 443) * 10), sent))
                sent += 10
            streams = collector.wait_for_streams(lambda s: s["accepted"] + sum(s["refused"].values()) == 2001 and s, "all")
            self.assertLessEqual(streams["open"], 200)
            ledger = collector.finish()
            good.close()
            for peer in peers:
                peer.close()
            self.assertLess(len(collector.log), 60, "a flood does not fill the log")
        self.assertStreamsAddUp(ledger)
        self.assertEqual(self.stored()["n"], sent)
        self.assertGreater(ledger["streams"]["closed"]["evicted"], 500)
        self.assertGreater(ledger["streams"]["closed"]["not_ipfix"], 500)
        self.assertEqual(ledger["total"]["lost_units"], 0)

    def test_slow_and_idle_peers(self):
        config = self.folder / "weir.toml"
        config.write_text('[limits]\nmessage_time = "200ms"\nidle_time = "1h"\n')
        with StreamCollector(self.store, config=config) as collector:
            quiet, slow = connect(collector.tcp), connect(collector.tcp)
            quiet.sendall(message(template(256, PORTS)))
            slow.sendall(message(template(256, PORTS))[:20])
            collector.wait_for_streams(lambda s: s["closed"]["message_timeout"] == 1, "the slow one is closed")
            self.assertTrue(wait_for(lambda: collector.has_logged("not completed within limits.message_time"), "the log"))
            self.assertEqual(slow.recv(1), b"", "closed")
            config.write_text('[limits]\nmessage_time = "200ms"\nidle_time = "100ms"\n')
            collector.kill(signal.SIGHUP)
            collector.wait_for_streams(lambda s: s["closed"]["idle_timeout"] == 1, "the quiet one is closed, too")
            ledger = collector.finish()
            quiet.close()
            slow.close()
        self.assertStreamsAddUp(ledger)
        self.assertEqual(ledger["streams"]["incomplete_bytes"], 20)

    def test_ports_that_are_taken(self):
        with StreamCollector(self.store) as collector:
            text = weir("collect", "--store", self.folder / "other", "--listen", "127.0.0.1:0", "--listen-tcp",
                        f"127.0.0.1:{collector.tcp}", status=1)
            self.assertIn("cannot listen on TCP", text)

    def test_only_ipfix_can_be_sent(self):
        self.assertIn("add --protocol ipfix", weir("gen", "--to", "tcp://127.0.0.1:9", "--count", 1, "--protocol", "v5,ipfix", status=2))
        weir("gen", "--protocol", "v9", "--count", 100, "--write", self.folder / "v9.pcap")
        with StreamCollector(self.store) as collector:
            text = weir("send", self.folder / "v9.pcap", "--fast", "--to", f"tcp://127.0.0.1:{collector.tcp}", status=1)
            self.assertIn("are not whole IPFIX messages", text)
        self.assertIn("Connection refused", weir("gen", "--to", "tcp://127.0.0.1:9", "--protocol", "ipfix", "--count", 1, status=1))


@unittest.skipUnless(OPENSSL, "openssl is not installed")
class Tls(WithPki, StreamCase):
    @classmethod
    def setUpClass(cls):
        cls.make_pki()
        cls.make_ca("ca")
        cls.make_ca("other-ca")
        cls.make("server", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        cls.make("client", "ca", "extendedKeyUsage=clientAuth")
        cls.make("stranger", "other-ca", "extendedKeyUsage=clientAuth")

    def context(self, version=None, certificate=None):
        context = ssl.create_default_context(cafile=str(self.pki / "ca.crt"))
        if version:
            context.minimum_version = context.maximum_version = version
        if certificate:
            context.load_cert_chain(self.pki / f"{certificate}.crt", self.pki / f"{certificate}.key")
        return context

    def send(self, port, content, context, refused=False):
        """Sends over TLS and waits until the collector has closed its side; raises if it refuses."""
        with context.wrap_socket(connect(port), server_hostname="127.0.0.1") as peer:
            version = peer.version()
            for at in range(0, len(content), 1000):
                peer.sendall(content[at:at + 1000])
            if refused:
                peer.recv(1)  # with TLS 1.3 a client learns of it only now
            raw = peer.unwrap()
            raw.close()
            return version

    def gen(self, *arguments, status=0):
        return weir("gen", "--protocol", "ipfix", "--count", 3000, "--rate", 0, "--seed", 4, *arguments, status=status)

    def test_versions(self):
        file = self.folder / "flows.ipfix"
        self.gen("--write", file)
        with StreamCollector(self.store, tls=self.pki) as collector:
            for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
                self.assertEqual(self.send(collector.tls, file.read_bytes(), self.context(version)), name)
            old = subprocess.run([OPENSSL, "s_client", "-connect", f"127.0.0.1:{collector.tls}", "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
                                 input=b"", capture_output=True, timeout=60)
            self.assertNotEqual(old.returncode, 0)
            ledger = collector.finish()
        self.assertStreamsAddUp(ledger)
        self.assertEqual(ledger["total"]["rows_stored"], 6000)
        self.assertEqual(ledger["streams"]["closed"]["by_exporter"], 2)
        self.assertEqual(ledger["streams"]["closed"]["handshake_failed"], 1)

    def test_the_same_flows_over_every_transport(self):
        """UDP, TCP, TLS and a file give equal rows, column by column."""
        pcap, file = self.folder / "flows.pcap", self.folder / "flows.ipfix"
        start = ("--start", "2026-11-22T14:00:00Z")
        self.gen("--write", pcap, *start)
        self.gen("--write", file, *start)
        digests = {}
        # All but the two that say when and from where it came to us.
        digest = ("select count(*)::bigint as n, sum(hash(flows))::varchar as digest from "
                  "(select * exclude (time_received, sampler_address) from flows) flows")
        for transport in ("udp", "tcp", "tls", "tcp-from-file", "replay"):
            store = self.folder / transport
            if transport == "replay":
                weir("replay", file, "--store", store)
            else:
                with StreamCollector(store, tls=self.pki) as collector:
                    to = {"udp": f"127.0.0.1:{collector.port}", "tls": f"tls://127.0.0.1:{collector.tls}"}
                    tls = ("--ca", self.pki / "ca.crt") if transport == "tls" else ()
                    weir("send", file if transport == "tcp-from-file" else pcap, "--rate", 2000, "--to",
                         to.get(transport, f"tcp://127.0.0.1:{collector.tcp}"), *tls)
                    wait_for(lambda: (led := collector.ledger()) and led["total"]["rows_stored"] == 3000, transport)
                    self.assertStreamsAddUp(collector.finish())
            [digests[transport]] = rows("sql", "--store", store, digest)
        self.assertEqual(digests["udp"]["n"], 3000)
        self.assertEqual(len({str(d) for d in digests.values()}), 1, digests)

    def test_mutual_authentication(self):
        content = message(template(256, PORTS) + data(256, b"\0\1\0\2"))
        with StreamCollector(self.store, tls=self.pki, client_ca=self.pki / "ca.crt") as collector:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                for certificate in (None, "stranger"):
                    with self.assertRaises((ssl.SSLError, ConnectionError), msg=f"{version} {certificate}"):
                        self.send(collector.tls, content, self.context(version, certificate), refused=True)
                self.send(collector.tls, content, self.context(version, "client"))
            to = ("--to", f"tls://127.0.0.1:{collector.tls}", "--ca", self.pki / "ca.crt")
            self.assertIn("certificate required", self.gen(*to, status=1))
            stranger = ("--cert", self.pki / "stranger.crt", "--key", self.pki / "stranger.key")
            self.assertIn("the collector ended TLS", self.gen(*to, *stranger, status=1))
            self.gen(*to, "--cert", self.pki / "client.crt", "--key", self.pki / "client.key")
            ledger = collector.finish()
            self.assertTrue(collector.has_logged("the TLS handshake failed: peer did not return a certificate"), collector.log)
        self.assertStreamsAddUp(ledger)
        self.assertEqual(ledger["total"]["rows_stored"], 2 + 3000)
        self.assertEqual(ledger["streams"]["closed"]["handshake_failed"], 6)

    def test_who_the_collector_is_matters(self):
        with StreamCollector(self.store, tls=self.pki) as collector:
            to = ("--to", f"tls://127.0.0.1:{collector.tls}")
            self.assertIn("certificate verify failed", self.gen(*to, "--ca", self.pki / "other-ca.crt", status=1))
            self.assertIn("cannot use TLS", self.gen(*to, "--ca", self.folder / "nothing", status=1))
            self.gen(*to, "--insecure")
            self.gen("--to", f"tls://localhost:{collector.tls}", "--ca", self.pki / "ca.crt")
            self.assertEqual(collector.finish()["total"]["rows_stored"], 6000)

    def test_the_wrong_port(self):
        with StreamCollector(self.store, tls=self.pki) as collector:
            self.gen("--to", f"tcp://127.0.0.1:{collector.tls}", status=1)
            self.gen("--to", f"tls://127.0.0.1:{collector.tcp}", "--insecure", status=1)
            ledger = collector.finish()
        self.assertStreamsAddUp(ledger)
        self.assertEqual(ledger["streams"]["closed"]["handshake_failed"], 1)
        self.assertEqual(ledger["streams"]["closed"]["not_ipfix"], 1)
        self.assertEqual(ledger["total"]["rows_stored"], 0)

    def test_peers_that_do_not_finish(self):
        """No handshake, half a handshake, half a record: each is closed in time, a good exporter is not."""
        config = self.folder / "weir.toml"
        config.write_text('[limits]\nhandshake_time = "300ms"\nmessage_time = "300ms"\n')
        with StreamCollector(self.store, tls=self.pki, config=config) as collector:
            good = self.context().wrap_socket(connect(collector.tls), server_hostname="127.0.0.1")
            good.sendall(message(template(256, PORTS)))
            silent, half = connect(collector.tls), connect(collector.tls)
            half.sendall(b"\x16\x03\x01\x02\x00\x01")
            raw = connect(collector.tls)
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            cut = self.context().wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
            while True:
                try:
                    cut.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    raw.sendall(outgoing.read())
                    incoming.write(raw.recv(65536))
            cut.write(message(template(256, PORTS)))
            raw.sendall(outgoing.read()[:-5])
            collector.wait_for_streams(lambda s: s["closed"]["handshake_timeout"] == 2 and s["closed"]["message_timeout"] == 1, "closed")
            good.sendall(message(data(256, b"\0\1\0\2")))
            good.unwrap().close()
            ledger = collector.finish()
            for peer in (silent, half, raw):
                peer.close()
        self.assertStreamsAddUp(ledger)
        self.assertEqual(ledger["total"]["rows_stored"], 1)

    def test_certificates_are_read_again(self):
        own = self.folder / "own"
        own.mkdir()
        for part in ("crt", "key"):
            shutil.copy(self.pki / f"server.{part}", own / f"server.{part}")
        config = self.folder / "weir.toml"
        config.write_text("")
        to_ca = lambda port, ca, status=0: self.gen("--to", f"tls://127.0.0.1:{port}", "--ca", self.pki / ca, status=status)
        with StreamCollector(self.store, tls=own, config=config) as collector:
            to_ca(collector.tls, "ca.crt")
            shutil.copy(self.pki / "client.key", own / "server.key")
            collector.kill(signal.SIGHUP)
            wait_for(lambda: collector.has_logged("the old one stays"), "a key that does not fit is refused")
            self.assertTrue(collector.has_logged("tls.key: the key in"), collector.log)
            to_ca(collector.tls, "ca.crt")
            self.make("renewed", "other-ca", "subjectAltName=DNS:localhost,IP:127.0.0.1")
            for part in ("crt", "key"):
                shutil.copy(self.pki / f"renewed.{part}", own / f"server.{part}")
            collector.kill(signal.SIGHUP)
            wait_for(lambda: collector.has_logged("configuration reloaded"), "the new certificate")
            wait_for(lambda: "other-ca" in subprocess.run(
                [OPENSSL, "s_client", "-connect", f"127.0.0.1:{collector.tls}"], input="", capture_output=True, text=True,
                timeout=60).stdout, "the new certificate is shown")
            to_ca(collector.tls, "other-ca.crt")
            to_ca(collector.tls, "ca.crt", status=1)
            self.assertEqual(collector.finish()["total"]["rows_stored"], 9000)

    def test_check_finds_what_is_wrong_with_files(self):
        config = self.folder / "weir.toml"

        def check(certificate, key, ca=None, status=1):
            lines = [f'certificate = "{certificate}"', f'key = "{key}"'] + ([f'client_ca = "{ca}"'] if ca else [])
            config.write_text('[collect]\nlisten_tls = ["4740"]\n[tls]\n' + "\n".join(lines) + "\n")
            return weir("check", config, status=status)

        crt, key = self.pki / "server.crt", self.pki / "server.key"
        self.assertIn("from anybody", check(crt, key, status=0))
        self.assertIn("from exporters with a certificate", check(crt, key, self.pki / "ca.crt", status=0))
        self.assertIn("weir.toml:4:15: tls.certificate: cannot read /nowhere: No such file", check("/nowhere", key))
        self.assertIn("holds no certificate", check(key, key))
        self.assertIn("weir.toml:5:7: tls.key: the key in", check(crt, self.pki / "client.key"))
        self.assertIn("holds no private key", check(crt, crt))
        self.assertIn("weir.toml:6:13: tls.client_ca: ", check(crt, key, key))
        self.openssl("ec", "-in", key, "-aes128", "-passout", "pass:secret", "-out", self.folder / "locked.key")
        self.assertIn("without a password", check(crt, self.folder / "locked.key"))


class Files(StreamCase):
    def test_damage_is_counted_and_the_rest_is_read(self):
        file = self.folder / "flows.ipfix"
        weir("gen", "--protocol", "ipfix", "--count", 2000, "--write", file, "--exporters", 2)
        content = file.read_bytes()
        length = struct.unpack("!H", content[2:4])[0]
        second = struct.unpack("!H", content[length + 2:length + 4])[0]
        begin = length + second
        damaged = content[:begin] + b"\xff" * 20 + content[begin + 20:-7]
        (self.folder / "damaged.ipfix").write_bytes(damaged)
        whole = rows("replay", file, "--store", self.folder / "whole")
        self.assertEqual(whole["records"], 2000)
        self.assertEqual(whole["lost_units"], 0)
        done = subprocess.run([WEIR, "replay", self.folder / "damaged.ipfix", "--store", self.store, "-o", "json"], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("at 2 places are not of a whole IPFIX message", done.stderr)
        self.assertIn(f"{whole['datagrams'] - 2} messages were read", done.stderr)
        self.assertIn("what was whole is stored", done.stderr)
        self.assertGreater(self.stored()["n"], 1900)
        self.assertIn("is damaged", weir("decode", self.folder / "damaged.ipfix", status=1))

    def test_pipes(self):
        file = self.folder / "flows.ipfix"
        weir("gen", "--protocol", "ipfix", "--count", 500, "--write", file)
        for arguments in (["decode", "-"], ["replay", "/dev/stdin", "--store", self.store, "-o", "json"]):
            with file.open("rb") as content:
                cat = subprocess.Popen(["cat"], stdin=content, stdout=subprocess.PIPE)
                done = subprocess.run([WEIR, *map(str, arguments)], stdin=cat.stdout, capture_output=True, text=True, timeout=60)
                cat.stdout.close()
                self.assertEqual(cat.wait(), 0)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn('"records":500', done.stdout)

    def test_each_file_has_templates_of_its_own(self):
        record = struct.pack("!HH", 80, 443)
        names = [self.folder / "a.ipfix", self.folder / "b.ipfix"]
        names[0].write_bytes(message(template(256, PORTS) + data(256, record)))
        names[1].write_bytes(message(template(256, REVERSED_PORTS) + data(256, record)))
        weir("replay", *names, "--store", self.store, "--port", 9)
        self.assertEqual(self.stored("list_sort(list(src_port)) as ports")["ports"], [80, 443])
        times = self.stored("min(time_received)::varchar as first")
        self.assertTrue(times["first"].startswith("2023-11-14 22:13:20"), times)

    def test_what_is_no_ipfix(self):
        (self.folder / "x").write_bytes(b"\0\1\2\3" * 10)
        self.assertIn("neither a pcap or pcapng capture nor a file of IPFIX messages",
                      weir("replay", self.folder / "x", "--store", self.store, status=1))
        self.assertIn("holds only IPFIX", weir("gen", "--protocol", "v9", "--count", 1, "--write", self.folder / "v9.ipfix", status=2))


if __name__ == "__main__":
    unittest.main()
