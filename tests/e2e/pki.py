"""Authorities and certificates of a test class, made by openssl, gone with it."""

import shutil
import subprocess
import tempfile
from pathlib import Path

OPENSSL = shutil.which("openssl")


class WithPki:
    """For a TestCase: call make_pki() in setUpClass, then make_ca() and make()."""

    @classmethod
    def make_pki(cls):
        cls._pki = tempfile.TemporaryDirectory(prefix="weir-pki-")
        cls.addClassCleanup(cls._pki.cleanup)
        cls.pki = Path(cls._pki.name)

    @classmethod
    def openssl(cls, *arguments):
        subprocess.run([OPENSSL, *map(str, arguments)], check=True, capture_output=True, timeout=60)

    @classmethod
    def make_ca(cls, name):
        cls.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                    cls.pki / f"{name}.key", "-out", cls.pki / f"{name}.crt", "-subj", f"/CN={name}", "-days", "2")

    @classmethod
    def make(cls, name, ca, extension):
        request, extensions = cls.pki / f"{name}.csr", cls.pki / f"{name}.ext"
        extensions.write_text(extension + "\n")
        cls.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", cls.pki / f"{name}.key",
                    "-out", request, "-subj", f"/CN={name}")
        cls.openssl("x509", "-req", "-in", request, "-CA", cls.pki / f"{ca}.crt", "-CAkey", cls.pki / f"{ca}.key", "-CAcreateserial",
                    "-days", "2", "-extfile", extensions, "-out", cls.pki / f"{name}.crt")
