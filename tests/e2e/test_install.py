"""What `cmake --install` puts into a folder works from there; manual pages and completions say what the program does."""

import gzip
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEIR = pathlib.Path(os.environ.get("WEIR_BIN", ROOT / "build/release/bin/weir"))
BUILD = WEIR.parent.parent
COMPLETION = ROOT / "packaging/completion"
COMMANDS = ("collect", "top", "flows", "sql", "exporters", "check", "replay", "decode", "send", "gen")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, **options)


def with_weir_in_path():
    return {**os.environ, "PATH": f"{WEIR.parent}:{os.environ['PATH']}"}


@unittest.skipUnless((BUILD / "documents/stamp").exists(), "this build is not for installing")
class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        made = run("cmake", "--install", BUILD, "--prefix", "/usr", env={**os.environ, "DESTDIR": cls.folder.name})
        assert made.returncode == 0, made.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_programs_run_without_the_build_tree(self):
        environment = {"PATH": "/usr/bin:/bin"}
        for program in ("weir", "weir-host"):
            version = run(self.root / "usr/bin" / program, "--version", env=environment)
            self.assertEqual((version.returncode, version.stdout.split()[0]), (0, program), version.stderr)
        libraries = run("ldd", self.root / "usr/bin/weir").stdout
        self.assertIn(f"{self.root}/usr/bin/../lib/weir/libduckdb.so", libraries)
        self.assertNotIn(str(ROOT), libraries)
        answer = run(self.root / "usr/bin/weir", "sql", "--store", self.store(), "SELECT 41 + 1 AS x", "--csv", env=environment)
        self.assertEqual(answer.stdout, "x\n42\n", answer.stderr)

    def store(self):
        store = self.root / "store"
        if not store.exists():
            capture = self.root / "flows.pcap"
            self.assertEqual(run(WEIR, "gen", "--count", "100", "--write", capture).returncode, 0)
            self.assertEqual(run(WEIR, "replay", capture, "--store", store).returncode, 0)
        return store

    def test_a_configuration_that_was_changed_stays(self):
        file = self.root / "etc/weir/weir.toml"
        text = file.read_text()
        self.assertTrue(all(line.startswith(("#", "[")) or not line for line in text.splitlines()))
        self.assertEqual(run(WEIR, "check", file).returncode, 0)
        file.write_text(text + "# mine\n")
        self.assertEqual(run("cmake", "--install", BUILD, "--prefix", "/usr", env={**os.environ, "DESTDIR": self.folder.name}).returncode, 0)
        self.assertTrue(file.read_text().endswith("# mine\n"))

    def test_units_name_programs_where_they_are(self):
        with tempfile.TemporaryDirectory() as folder:
            run("cmake", "--install", BUILD, "--prefix", "/opt/weir", env={**os.environ, "DESTDIR": folder})
            for unit in ("weir", "weir-host"):
                text = pathlib.Path(folder, f"opt/weir/lib/systemd/system/{unit}.service").read_text()
                self.assertIn(f"ExecStart=/opt/weir/bin/{unit} ", text)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_the_collector_s_unit_is_hardened(self):
        verdict = run("systemd-analyze", "security", "--offline=true", "--threshold=20", ROOT / "packaging/systemd/weir.service")
        self.assertEqual(verdict.returncode, 0, verdict.stdout[-300:] + verdict.stderr)

    def test_every_command_has_a_manual_page(self):
        pages = self.root / "usr/share/man"
        names = {page.name for page in pages.rglob("*.gz")}
        self.assertEqual(names, {"weir.1.gz", "weir-host.1.gz", "weir.toml.5.gz", *(f"weir-{name}.1.gz" for name in COMMANDS)})
        top = gzip.decompress((pages / "man1/weir-top.1.gz").read_bytes()).decode()
        for part in (".SH SYNOPSIS", "\\-n,\\-\\-limit", ".SH EXIT STATUS", "3  the answer is incomplete"):
            self.assertIn(part, top)
        options = {word for word in run(WEIR, "top", "--help").stdout.replace(",", " ").split() if word.startswith("--")}
        for option in options:
            self.assertIn(option.replace("-", "\\-"), top)
        toml = gzip.decompress((pages / "man5/weir.toml.5.gz").read_bytes()).decode()
        self.assertIn('.BR "socket_buffer"', toml)
        if shutil.which("mandoc"):
            for page in pages.rglob("*.gz"):
                lint = run("mandoc", "-Tlint", "-Wwarning", page)
                self.assertEqual((page.name, lint.stdout), (page.name, ""))


class Completion(unittest.TestCase):
    def test_words_that_may_follow(self):
        def complete(*words):
            return run(WEIR, "complete", "--", *words).stdout.split()

        self.assertEqual(complete("to"), ["top"])
        self.assertEqual(set(complete("")), set(COMMANDS))
        self.assertEqual(complete("top", "--uns"), ["--unscaled"])
        self.assertEqual(complete("top", "--by", "src_po"), ["src_port"])
        self.assertIn("srcip", complete("top", "-s", "src"))
        self.assertEqual(complete("top", "--by", "proto,dst_po"), ["proto,dst_port"])
        self.assertEqual(complete("flows", "-o", "nd"), ["ndjson"])
        self.assertEqual(complete("top", "src", "ip", "1.2.3.4", "an"), ["and", "any"])
        self.assertEqual(complete("frobnicate", ""), [])
        self.assertEqual(complete("replay", ""), [])
        self.assertEqual(run(WEIR, "complete", "--").stdout.split(), list(complete("")))

    def test_bash(self):
        script = f"""source {COMPLETION}/weir.bash
            ask() {{ COMP_WORDS=(weir "$@"); COMP_CWORD=$#; _weir 2>/dev/null; echo "${{COMPREPLY[*]}}"; }}
            ask to; ask top --by src_p; ask top --by proto,src_p"""
        self.assertEqual(run("bash", "-c", script, env=with_weir_in_path()).stdout.splitlines(),
                         ["top", "src_port src_peer_as", "proto,src_port proto,src_peer_as"])

    @unittest.skipUnless(shutil.which("fish"), "no fish")
    def test_fish(self):
        script = f"source {COMPLETION}/weir.fish; complete -C 'weir to'; complete -C 'weir top --by src_po'"
        self.assertEqual(run("fish", "-c", script, env=with_weir_in_path()).stdout.split(), ["top", "src_port"])

    @unittest.skipUnless(shutil.which("zsh"), "no zsh")
    def test_zsh(self):
        script = f"""compadd() {{ print -l -- $candidates }}; _files() {{ print files }}
            words=(weir top --by src_po); CURRENT=4; source {COMPLETION}/_weir
            words=(weir replay ''); CURRENT=3; source {COMPLETION}/_weir"""
        self.assertEqual(run("zsh", "-f", "-c", script, env=with_weir_in_path()).stdout.split(), ["src_port", "files"])


if __name__ == "__main__":
    unittest.main()
