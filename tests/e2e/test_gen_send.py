"""weir gen and weir send against a plain UDP socket: what is printed is what arrives."""

import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

WEIR = os.environ["WEIR_BIN"]
DEADLINE = 60


class Listener:
    """Takes every datagram that comes to a port of its own."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.datagrams = []
        self.arrived = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while True:
            data, source = self.socket.recvfrom(65536)
            if data == b"end":
                return
            self.datagrams.append((source, data))
            self.arrived.set()

    def finish(self):
        """Everything that was sent before this call: loopback keeps the order."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"end", ("127.0.0.1", self.port))
        self.thread.join(DEADLINE)
        self.socket.close()
        return self.datagrams


def weir(*arguments, status=0):
    done = subprocess.run([WEIR, *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


def v5_totals(datagrams):
    flows = packets = size = 0
    for _, data in datagrams:
        version, count = struct.unpack_from("!HH", data)
        assert version == 5 and len(data) == 24 + 48 * count
        for record in range(count):
            record_packets, record_size = struct.unpack_from("!II", data, 24 + 48 * record + 16)
            flows, packets, size = flows + 1, packets + record_packets, size + record_size
    return flows, packets, size


class Gen(unittest.TestCase):
    def test_totals_are_those_of_the_datagrams(self):
        listener = Listener()
        printed = json.loads(weir("gen", "--to", f"127.0.0.1:{listener.port}", "--protocol", "v5", "--exporters", 3, "--rate", 20000,
                                  "--count", 3000, "-o", "json").stdout)
        datagrams = listener.finish()
        self.assertEqual(len(datagrams), printed["datagrams"])
        self.assertEqual(v5_totals(datagrams), (printed["flows"], printed["packets"], printed["bytes"]))
        self.assertEqual(printed["flows"], 3000)
        self.assertEqual(sum(p["bytes"] for p in printed["by_ip_protocol"].values()), printed["bytes"])
        for exporter in printed["exporters"]:
            own = [d for d in datagrams if d[0][0] == exporter["address"]]
            self.assertEqual(v5_totals(own), (exporter["flows"], exporter["packets"], exporter["bytes"]))
        self.assertEqual([e["address"] for e in printed["exporters"]], ["127.0.0.2", "127.0.0.3", "127.0.0.4"])

    def test_the_rate_is_kept(self):
        listener = Listener()
        printed = json.loads(weir("gen", "--to", f"127.0.0.1:{listener.port}", "--rate", 2000, "--duration", "500ms", "-o", "json").stdout)
        self.assertEqual(len(listener.finish()), printed["datagrams"])
        self.assertGreater(printed["flows"], 0)  # a busy machine may fall behind, but none may run ahead
        self.assertLessEqual(printed["flows"], 1100)

    def test_interrupt_ends_with_totals(self):
        listener = Listener()
        process = subprocess.Popen([WEIR, "gen", "--to", f"127.0.0.1:{listener.port}", "-o", "json"], stdout=subprocess.PIPE)
        self.assertTrue(listener.arrived.wait(DEADLINE))
        process.send_signal(signal.SIGINT)
        printed = json.loads(process.communicate(timeout=DEADLINE)[0])
        self.assertEqual(process.returncode, 0)
        self.assertEqual(len(listener.finish()), printed["datagrams"])

    def test_wrong_usage(self):
        for arguments in ([], ["--to", "127.0.0.1"], ["--to", "127.0.0.1:2055", "--write", "x.pcap"], ["--write", "x.pcap"],
                          ["--to", "127.0.0.1:2055", "--duration", "soon"], ["--to", "127.0.0.1:2055", "--protocol", "v6"],
                          ["--to", "127.0.0.1:2055", "--protocol", "v5", "--sampling", "16384"]):
            self.assertNotEqual(weir("gen", *arguments, status=2).stderr, "")
        self.assertIn("/nonexistent/x.pcap", weir("gen", "--write", "/nonexistent/x.pcap", "--count", 1, status=1).stderr)


class Send(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.capture = pathlib.Path(self.folder.name) / "x.pcap"

    def write(self, *arguments):
        return json.loads(weir("gen", "--write", self.capture, "--start", "2026-11-22T14:00:00Z", *arguments, "-o", "json").stdout)

    def send(self, *arguments, status=0):
        listener = Listener()
        printed = weir("send", self.capture, "--to", f"127.0.0.1:{listener.port}", "-o", "json", *arguments, status=status)
        return json.loads(printed.stdout), listener.finish(), printed.stderr

    def test_captures_are_reproducible(self):
        self.write("--count", 1000, "--protocol", "v5,v9,ipfix,sflow", "--exporters", 4)
        first = self.capture.read_bytes()
        self.write("--count", 1000, "--protocol", "v5,v9,ipfix,sflow", "--exporters", 4)
        self.assertEqual(first, self.capture.read_bytes())

    def test_everything_arrives_from_distinct_exporters(self):
        written = self.write("--count", 3000, "--protocol", "v5", "--exporters", 5)
        printed, datagrams, _ = self.send("--rate", 2000)
        self.assertEqual(printed["datagrams"], written["datagrams"])
        self.assertEqual(v5_totals(datagrams), (written["flows"], written["packets"], written["bytes"]))
        self.assertEqual(len({source for source, _ in datagrams}), 5)
        for exporter in printed["exporters"]:
            own = [data for source, data in datagrams if source[0] == exporter["sent_from"]]
            self.assertEqual(len(own), exporter["datagrams"])
            sequence = [struct.unpack_from("!I", data, 16)[0] for data in own]
            self.assertEqual(sequence, sorted(sequence), "the order of an exporter is kept")

    def test_one_address_and_rounds(self):
        written = self.write("--count", 100, "--exporters", 3)
        printed, datagrams, _ = self.send("--fast", "--no-spread", "--loop", 3)
        self.assertEqual(printed["datagrams"], 3 * written["datagrams"])
        self.assertEqual(len(datagrams), 3 * written["datagrams"])
        self.assertEqual({source[0] for source, _ in datagrams}, {"127.0.0.1"})
        self.assertEqual(len({source[1] for source, _ in datagrams}), 3, "ports stay distinct")

    def test_recorded_speed(self):
        written = self.write("--count", 240, "--rate", 240)  # one second of time
        slow, _, _ = self.send("--speed", 2)
        self.assertGreater(slow["elapsed_seconds"], 0.4)
        self.assertEqual(slow["datagrams"], written["datagrams"])

    def test_only_flow_exports_unless_told(self):
        frame = lambda payload: (bytes(12) + b"\x08\x00" + struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0)
                                 + bytes([192, 0, 2, 1, 192, 0, 2, 2]) + struct.pack("!HHHH", 53, 53, 8 + len(payload), 0) + payload)
        capture = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        for payload in (b"\x12\x34\x01\x00 not a flow export", b"\x00\x05" + bytes(22), b"\x00\x05"):
            capture += struct.pack("<IIII", 1, 0, len(frame(payload)), len(frame(payload))) + frame(payload)
        self.capture.write_bytes(capture)
        printed, datagrams, _ = self.send()
        self.assertEqual((printed["datagrams"], printed["not_exports"]), (1, 2))
        printed, datagrams, _ = self.send("--all")
        self.assertEqual(len(datagrams), 3)
        # A capture that was cut in the middle of a frame: what is whole is sent, and the status says that it was not all.
        self.capture.write_bytes(capture[:-3])
        printed, datagrams, message = self.send(status=1)
        self.assertEqual(len(datagrams), 1)
        self.assertIn("after frame 2", message)

    def test_wrong_usage_and_failures(self):
        self.write("--count", 10)
        self.assertIn("HOST:PORT", weir("send", self.capture, "--to", "2055", status=2).stderr)
        weir("send", "--to", "127.0.0.1:2055", status=2)
        weir("send", self.capture, "--to", "127.0.0.1:2055", "--fast", "--rate", "5", status=2)
        self.assertIn("no.pcap", weir("send", "no.pcap", "--to", "127.0.0.1:2055", status=1).stderr)


if __name__ == "__main__":
    unittest.main()
