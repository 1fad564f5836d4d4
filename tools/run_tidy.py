#!/usr/bin/env python3
"""clang-tidy over the product's sources, and every header alone: a header that does not compile without what others
include before it is a finding. What was clean is remembered by the content of all files that it is made of, so that a
second run looks only at what has changed. Prints the findings and ends with 1 if there are any.

usage: run_tidy.py BUILD_FOLDER, one that was configured with CMAKE_EXPORT_COMPILE_COMMANDS"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIDY = "clang-tidy-19"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "weir-tidy"
TEST = re.compile(r"(_test|_fuzz|_bench)\.cc$|^test_")
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


class Sources:
    """The files of src/ and what is generated, and which of them a file includes, however far away."""

    def __init__(self, folders):
        self.folders = folders
        self.text = {}
        self.closure = {}

    def find(self, name):
        return next((folder / name for folder in self.folders if (folder / name).is_file()), None)

    def read(self, path):
        if path not in self.text:
            self.text[path] = path.read_text()
        return self.text[path]

    def all_of(self, path):
        if path not in self.closure:
            found, todo = set(), [path]
            while todo:
                at = todo.pop()
                if at in found:
                    continue
                found.add(at)
                todo += [file for name in INCLUDE.findall(self.read(at)) if (file := self.find(name))]
            self.closure[path] = sorted(found)
        return self.closure[path]


def flags(command):
    """Of a compile command, what clang has to know too: where headers are, and what is defined."""
    kept, words = [], iter(shlex.split(command))
    for word in words:
        if word in ("-isystem", "-I"):
            kept += [word, next(words)]
        elif word.startswith(("-I", "-D", "-isystem")):
            kept.append(word)
    return [*kept, "-std=c++23", "-Wall", "-Wextra", "-Wno-pragma-once-outside-header", "-Wno-unused-const-variable",
            "-Wno-unused-function"]


def first_include(text):
    match = INCLUDE.search(text)
    return match[1] if match else None


def work(build, sources):
    """(file, flags): each source that is not a test, and each header that no source includes first."""
    jobs, first, by_module = [], set(), {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(ROOT / "src"):
            continue
        first.add(first_include(sources.read(path)))
        if TEST.search(path.name):
            continue
        module = path.relative_to(ROOT / "src").parts[0]
        by_module.setdefault(module, flags(entry["command"]))
        jobs.append((path, flags(entry["command"])))
    for header in sorted((ROOT / "src").rglob("*.h")):
        name = header.relative_to(ROOT / "src").as_posix()
        if name in first or header.name.startswith("test_"):
            continue
        module = name.split("/")[0]
        jobs.append((header, ["-x", "c++-header", *by_module.get(module, next(iter(by_module.values())))]))
    return jobs


def key(path, options, sources, version):
    digest = hashlib.sha256(f"{version}\n{(ROOT / '.clang-tidy').read_text()}\n".encode())
    digest.update("\n".join(option.replace(str(ROOT), "") for option in options).encode())
    for file in sources.all_of(path):
        digest.update(f"\n{file.name}\n{sources.read(file)}".encode())
    return digest.hexdigest()


def check(job, known):
    path, options = job
    if known.is_file():
        return ""
    done = subprocess.run([TIDY, f"--config-file={ROOT / '.clang-tidy'}", "--quiet", str(path), "--", *options],
                          capture_output=True, text=True)
    if done.returncode == 0 and "warning:" not in done.stdout:
        known.parent.mkdir(parents=True, exist_ok=True)
        known.touch()
        return ""
    errors = "\n".join(line for line in done.stderr.splitlines() if "error" in line)
    return (done.stdout + (errors if not done.stdout else "")).strip() or f"{path}: {TIDY} failed:\n{done.stderr}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    sources = Sources([ROOT / "src", build / "generated"])
    version = subprocess.run([TIDY, "--version"], capture_output=True, text=True, check=True).stdout
    jobs = work(build, sources)
    known = [CACHE / key(path, options, sources, version) for path, options in jobs]
    fresh = sum(1 for file in known if not file.is_file())
    print(f"clang-tidy: {len(jobs)} files, {fresh} of them changed", flush=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [text for text in pool.map(check, jobs, known) if text]
    print("\n".join(findings) if findings else "clang-tidy: fine")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
