"""Who may read what the collector writes, and what is said of private keys that others may read."""

import os
import pathlib
import shutil
import signal
import stat
import subprocess
import unittest

from ipfix import IpfixExporter
from weir_process import WEIR, Case, Collector, Exporter, wait_for, weir

OWN = {"templates.state"}  # what no reader needs


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


class StoreAccess(Case):
    def collected(self, umask):
        """A store with something of everything in it, as it is while the collector runs and afterwards."""
        before = os.umask(umask)
        try:
            collector = Collector(self.folder / "new" / "store", "--flush-interval", "100ms")
        finally:
            os.umask(before)
        with collector, Exporter(collector.port) as exporter:
            exporter.send(10)
            wait_for(lambda: (collector.ledger() or {}).get("total", {}).get("rows_stored"), "stored")
            running = {path: mode(path) for path in collector.store.rglob("*") if path.exists()}
            self.assertEqual(collector.stop(), 0, collector.log)
        # What a reader notes is for the others of its group.
        before = os.umask(umask)
        try:
            weir("top", "--store", collector.store)
        finally:
            os.umask(before)
        after = {path: mode(path) for path in [collector.store.parent, collector.store, *collector.store.rglob("*")]}
        names = {path.name for path in after}
        self.assertLessEqual({"lock", "ledger.json", "exporters.json", "streams.json", "flows"}, names)
        self.assertTrue(any(path.suffix == ".parquet" for path in after))
        return running | after

    def assertModes(self, found, file, folder, own):
        for path, is_mode in found.items():
            wanted = folder if is_mode & 0o100 else own if path.name in OWN else file
            self.assertEqual(oct(is_mode), oct(wanted), path)

    def test_a_group_may_read_others_may_not(self):
        self.assertModes(self.collected(0), 0o640, 0o750, 0o600)

    def test_the_umask_takes_away(self):
        self.assertModes(self.collected(0o077), 0o600, 0o700, 0o600)

    @unittest.skipUnless(os.geteuid() == 0, "only root can ask as somebody else")
    @unittest.skipIf(b"__tsan_init" in pathlib.Path(WEIR).read_bytes(), "nobody else may read the thread sanitizer's suppressions")
    def test_who_may_not_look_is_told_so(self):
        self.collected(0)
        self.folder.chmod(0o755)
        store = self.folder / "new" / "store"
        shutil.copy(WEIR, self.folder / "weir")  # may lie where others may not read
        for group, status in ((65534, 1), (store.stat().st_gid, 0)):
            for command in (("top",), ("flows",), ("sql", "SELECT 1 FROM flows"), ("exporters",), ("check",)):
                try:
                    done = subprocess.run([self.folder / "weir", *command, "--store", store], capture_output=True, text=True, user=65534,
                                          group=group, extra_groups=[], env={"HOME": "/nonexistent"})
                except PermissionError:
                    self.skipTest("the program lies where others may not read")
                self.assertEqual(done.returncode, status, (command, done.stderr))
                self.assertEqual("Permission denied" in done.stderr, status == 1, (command, done.stderr))

    def test_the_state_file_is_its_owners(self):
        state = self.folder / "elsewhere.state"
        config = self.folder / "weir.toml"
        config.write_text(f'[templates]\nstate_file = "{state}"\nsave_every = "100ms"\n')
        before = os.umask(0)
        try:
            collector = Collector(self.folder / "store", config=config)
        finally:
            os.umask(before)
        with collector, IpfixExporter() as exporter:
            exporter.template(collector.port)
            exporter.data(collector.port)
            wait_for(state.exists, "the state is saved")
            collector.stop()
        self.assertEqual(oct(mode(state)), oct(0o600))


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
class KeyAccess(Case):
    def setUp(self):
        super().setUp()
        self.key, certificate = self.folder / "collector.key", self.folder / "collector.crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                        "-keyout", self.key, "-out", certificate], check=True, capture_output=True)
        web = self.folder / "web.yml"
        web.write_text(f"tls_server_config:\n  cert_file: {certificate}\n  key_file: {self.key}\n")
        self.config = self.folder / "weir.toml"
        self.config.write_text(f'[collect]\nlisten = ["127.0.0.1:0"]\nlisten_tls = ["127.0.0.1:0"]\n[tls]\ncertificate = "{certificate}"\n'
                               f'key = "{self.key}"\n[http]\nlisten = ["127.0.0.1:0"]\nweb_config = "{web}"\n')

    def test_one_that_others_may_read_is_told_and_used(self):
        told = f"permissions 0644 for {self.key} are too open"
        self.key.chmod(0o600)
        self.assertNotIn("warning", weir("check", self.config))
        with Collector(self.folder / "store", config=self.config) as collector:
            self.assertFalse(collector.has_logged("too open"), collector.log)
            self.key.chmod(0o644)
            collector.kill(signal.SIGHUP)
            wait_for(lambda: collector.has_logged("configuration reloaded"), "reloaded")
            self.assertTrue(collector.has_logged(f"tls.key: {told}"), collector.log)
            collector.stop()
        checked = subprocess.run([WEIR, "check", self.config], capture_output=True, text=True)
        self.assertEqual(checked.returncode, 0)
        self.assertEqual(checked.stderr.count(told), 2, checked.stderr)  # of [tls] and of the web configuration
        with Collector(self.folder / "store", config=self.config) as collector:
            self.assertTrue(collector.has_logged("accepting TLS"), collector.log)
            self.assertEqual(sum(told in line for line in collector.log), 2, collector.log)
            collector.stop()


if __name__ == "__main__":
    unittest.main()
