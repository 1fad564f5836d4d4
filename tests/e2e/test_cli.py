"""The command line as scripts rely on it: exit status 0, 1 or 2, help for every command, and errors that say what to do."""

import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = os.environ.get("WEIR_BIN", str(ROOT / "build/release/bin/weir"))
COMMANDS = ("collect", "top", "flows", "sql", "exporters", "check", "replay", "decode", "send", "gen")


def run(*arguments):
    return subprocess.run([WEIR, *arguments], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


class CommandLine(unittest.TestCase):
    def test_help_lists_every_command(self):
        help_text = run("--help")
        self.assertEqual(help_text.returncode, 0)
        for command in COMMANDS:
            self.assertIn(f"\n  {command} ", help_text.stdout)

    def test_every_command_has_help(self):
        for command in COMMANDS:
            with self.subTest(command):
                help_text = run(command, "--help")
                self.assertEqual(help_text.returncode, 0)
                self.assertIn(f"weir {command}", help_text.stdout)
                self.assertEqual(help_text.stderr, "")

    def test_wrong_usage_is_status_2_and_says_where_help_is(self):
        for arguments, where in (((), "weir --help"), (("frobnicate",), "weir --help"), (("--frobnicate",), "weir --help"),
                                 (("top", "--frobnicate"), "weir top --help"), (("replay",), "weir replay --help"),
                                 (("send", "x.pcap"), "weir send --help")):
            with self.subTest(arguments):
                wrong = run(*arguments)
                self.assertEqual(wrong.returncode, 2)
                self.assertEqual(wrong.stdout, "")
                self.assertIn(where, wrong.stderr)
                self.assertLess(len(wrong.stderr.splitlines()), 4)

    def test_failure_is_status_1_with_one_reason(self):
        for arguments in (("top", "--store", "/nonexistent"), ("replay", "/nonexistent.pcap", "--store", "/nonexistent"),
                          ("decode", "/nonexistent.pcap"), ("check", "/nonexistent.toml"), ("sql", "--store", "/nonexistent", "select 1"),
                          ("exporters", "--store", "/nonexistent"), ("send", "/nonexistent.pcap", "--to", "127.0.0.1:9")):
            with self.subTest(arguments):
                failed = run(*arguments)
                self.assertEqual(failed.returncode, 1, failed.stderr)
                self.assertIn("/nonexistent", failed.stderr)


if __name__ == "__main__":
    unittest.main()
