"""What senders choose as text never reaches a terminal as anything but what it is: every output for people, over a table of inputs."""

import socket
import struct
import subprocess
import threading
import unicodedata
import unittest

from ipfix import IpfixExporter, message
from packets import export, write_pcap
from weir_process import WEIR, Case, Collector, rows, wait_for, weir

USER_NAME, INTERFACE_NAME, INTERFACE_DESCRIPTION = 371, 82, 83
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
TEXTS = [text.encode() for text in (
    "\x1b[31mred\x1b[0m", "bell\a back\b\b\b", "a\r10.0.0.1 faked", "a\n10.0.0.1 faked", "tab\tvt\x0bff\x0c", "del\x7f",
    "\x9b31mcsi", "\x9d0;title\x9c", "nel\x85next", f"bidi{BIDI}", "\u2028line\u2029paragraph", "zero\u200b\u200c\u200d\u2060\ufeffwidth",
    "soft\u00adhyphen", "tag\U000e0041", "plain ge-0/0/1", "東京 é",
)] + [b"\x9b31m raw", b"\xff\xfe", b"cut \xe2\x82", b"\xed\xa0\x80", b"\xc0\x9b"]
# "C": controls, formats, surrogates, what has no meaning. Space separators but the space are fine.
FORBIDDEN = {"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"}


def bad_characters(output):
    """Characters of the bytes of an output that are not seen as what they are. A line feed ends a line."""
    return sorted({f"U+{ord(c):04X}" for c in output.decode("utf-8") if c != "\n" and unicodedata.category(c) in FORBIDDEN})


def variable(text):
    return bytes([len(text)]) + text


def sets():
    """A template with a user name and a port, and a record for each text; options: an interface with each text as its name."""
    template = struct.pack("!HHHHHHHHHH", 2, 20, 256, 3, USER_NAME, 65535, 7, 2, 1, 4)
    body = b"".join(variable(text) + struct.pack("!HI", 1000 + i, 100) for i, text in enumerate(TEXTS))
    data = struct.pack("!HH", 256, 4 + len(body)) + body
    options = struct.pack("!HHHHHHHHHHHH", 3, 24, 400, 3, 1, 10, 4, INTERFACE_NAME, 65535, INTERFACE_DESCRIPTION, 65535, 0)
    body = b"".join(struct.pack("!I", 1 + i) + variable(text) + variable(text[::-1]) for i, text in enumerate(TEXTS))
    return (template, data), (options, struct.pack("!HH", 400, 4 + len(body)) + body)


class HostileText(Case):
    def output(self, *arguments, status=0):
        """Both outputs of a command, as bytes."""
        done = subprocess.run([WEIR, *map(str, arguments)], capture_output=True, timeout=120)
        self.assertEqual(done.returncode, status, (arguments, done.stderr))
        return done.stdout, done.stderr

    def assertHarmless(self, *arguments, status=0):
        out, err = self.output(*arguments, status=status)
        self.assertEqual(bad_characters(out), [], (arguments, out))
        self.assertEqual(bad_characters(err), [], (arguments, err))
        return out.decode()

    def store(self):
        (template, data), (options, told) = sets()
        with Collector(self.folder / "store", "--flush-interval", "100ms") as collector, IpfixExporter() as exporter:
            exporter.send(collector.port, template + options)
            exporter.send(collector.port, data + told, len(TEXTS))
            wait_for(lambda: (collector.ledger() or {}).get("total", {}).get("rows_stored") == len(TEXTS), "stored")
            self.assertEqual(collector.stop(), 0, collector.log)
        self.log = collector.log
        return self.folder / "store"

    def test_tables(self):
        store = self.store()
        stored = {row["user_name"] for row in rows("flows", "--columns", "user_name", "--store", store)}
        self.assertTrue(any("\u202e" in text for text in stored) and any("\x9b" in text for text in stored), "it is in the store")
        everything = [
            self.assertHarmless("flows", "--columns", "user_name,src_port", "--store", store),
            self.assertHarmless("flows", "--all-columns", "--store", store),
            self.assertHarmless("top", "--by", "user_name", "-n", "0", "--store", store),
            self.assertHarmless("sql", "SELECT user_name, src_port FROM flows", "--store", store),
            self.assertHarmless("sql", "SELECT [user_name], {'x': user_name}, encode(user_name) FROM flows", "--store", store),
            self.assertHarmless("sql", "EXPLAIN SELECT 1 FROM flows WHERE user_name = '\x1b\u202e'", "--store", store),
            self.assertHarmless("sql", "SELECT 1 AS \"\u202e\x1b\"", "--store", store),
            self.assertHarmless("exporters", "--store", store),
            self.assertHarmless("exporters", "--details", "--store", store),
            self.assertHarmless("exporters", "--streams", "--store", store),
        ]
        for shown in (everything[0], everything[2], everything[3], everything[8]):
            for escape in ("\\x1b[31m", "\\x0a", "\\x7f", "\\u009b", "\\u202e", "\\u2028", "\\u200b", "\\U000e0041"):
                self.assertIn(escape, shown)
        # The last column is a number, to the right: each line is as long as the others.
        for shown in (everything[0], everything[3]):
            table = shown.split("\n\n")[0].splitlines()
            self.assertEqual(len(table), len(TEXTS) + 1, "a row is a line")
            self.assertEqual({len(line) for line in table if "東" not in line}, {len(table[0])}, shown)

    def test_messages(self):
        store = self.store()
        # DuckDB quotes a value in its failure; a file may have any name.
        self.assertHarmless("sql", "SELECT CAST(user_name AS INTEGER) FROM flows", "--store", store, status=1)
        self.assertHarmless("sql", "SELECT '\x1b[31m\u202e'::INTEGER", "--store", store, status=1)
        self.assertHarmless("sql", "SELECT \"\u202e\x9b\"", "--store", store, status=1)
        self.assertHarmless("flows", "proto", "\u202e\x9b", "--store", store, status=2)
        hour = next(store.glob("flows/*/*"))
        (hour / "\x1b[31m\u202e.parquet").write_bytes(b"")
        self.assertHarmless("check", "--store", store)
        ledger = store / "ledger.json"
        ledger.write_text(ledger.read_text().replace('"collect"', '"\\u001b\\u202e"'))
        self.assertHarmless("exporters", "--store", store)

    def test_decode(self):
        capture = self.folder / "flows.pcap"
        (template, data), (options, told) = sets()
        write_pcap(capture, [(0, export("192.0.2.1", message(template + options))), (1, export("192.0.2.1", message(data + told)))])
        shown = self.assertHarmless("decode", "-o", "table", capture)
        self.assertIn("202e", shown)

    def test_log(self):
        """A server that answers with such a text: the log quotes it."""
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def serve():
            while True:
                try:
                    peer = listening.accept()[0]
                except OSError:
                    return
                with peer:
                    peer.recv(65536)
                    peer.sendall(b"-ERR \x1b[31m \xe2\x80\xae \xc2\x9b \x9b \x7f\r\n")

        threading.Thread(target=serve, daemon=True).start()
        config = self.folder / "weir.toml"
        config.write_text(f'[templates]\nredis = "redis://127.0.0.1:{listening.getsockname()[1]}"\n')
        with Collector(self.folder / "store", config=config) as collector:
            wait_for(lambda: collector.has_logged("refuses the database"), "the log quotes the server")
            collector.stop()
        line = next(line for line in collector.log if "refuses the database" in line)
        self.assertIn("\\x1b[31m \\u202e \\u009b \\x9b \\x7f", line)
        self.assertEqual(bad_characters("\n".join(collector.log).encode()), [])

    def test_spreadsheets(self):
        texts = [b"=1+1", b"+1", b"-1", b"@SUM(A1)", b"plain", b'=a,"b;=2']
        template = struct.pack("!HHHHHHHHHH", 2, 20, 256, 3, USER_NAME, 65535, 7, 2, 1, 4)
        body = b"".join(variable(text) + struct.pack("!HI", 1000 + i, 100) for i, text in enumerate(texts))
        capture = self.folder / "flows.pcap"
        write_pcap(capture, [(0, export("192.0.2.1", message(template + struct.pack("!HH", 256, 4 + len(body)) + body)))])
        store = self.folder / "store"
        weir("replay", capture, "--store", store)
        question = ("sql", "SELECT user_name, -src_port::INTEGER AS port, src_addr FROM flows ORDER BY src_port", "--store", store)
        lines = self.output(*question, "-o", "csv", "--spreadsheet")[0]
        self.assertEqual(lines, b'"user_name","port","src_addr"\n"\'=1+1",-1000,\n"\'+1",-1001,\n"\'-1",-1002,\n"\'@SUM(A1)",-1003,\n'
                                b'"plain",-1004,\n"\'=a,""b;=2",-1005,\n')
        control = self.output("sql", "SELECT chr(9) || 'x', chr(13)", "--store", store, "-o", "csv", "--spreadsheet")[0]
        self.assertTrue(control.endswith(b'\n"\'\tx","\'\r"\n'), control)
        self.assertTrue(self.output(*question, "-o", "csv")[0].startswith(b"user_name,port,src_addr\n=1+1,-1000,\n"))
        for arguments in (("flows", "--columns", "user_name"), ("top", "--by", "user_name"), ("exporters", "--details")):
            self.assertNotIn(b"\n=", self.output(*arguments, "--store", store, "-o", "csv", "--spreadsheet")[0])
        self.assertIn(b"--spreadsheet is for -o csv", self.output("flows", "--store", store, "--spreadsheet", status=2)[1])


if __name__ == "__main__":
    unittest.main()
