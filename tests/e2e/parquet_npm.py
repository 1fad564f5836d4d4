"""Parquet readers that are not ours, in JavaScript: parquet_reader/ with what it needs from the npm registry."""

import fcntl
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "tests/e2e/parquet_reader"
INSTALLED = ROOT / "build/e2e/parquet_reader"


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=500, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def install_readers():
    """Copies the readers to the build folder and fetches what they need, unless that was done for the same lock file."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise AssertionError(f"{tool} is missing: run ./dev setup")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with open(INSTALLED / "lock", "w") as lock:  # tests may run at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = INSTALLED / "installed.json"
        wanted = (SOURCE / "package-lock.json").read_text()
        for name in ("package.json", "package-lock.json", ".npmrc", "read.mjs", "compare.mjs"):
            shutil.copyfile(SOURCE / name, INSTALLED / name)
        if not stamp.exists() or stamp.read_text() != wanted:
            run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=INSTALLED)
            stamp.write_text(wanted)
