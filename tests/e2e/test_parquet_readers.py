"""Files of our own Parquet writer, with all kinds of values, nulls, pages and row groups, and one of row groups copied from others, as
two other implementations read them (hyparquet, in JavaScript, and parquet-wasm, in Rust): every value, the bounds and null counts of
row groups and pages, the Bloom filters. The third one, DuckDB, is in the unit tests (src/store/writer_test.cc, concatenate_test.cc,
parquet/file_test.cc)."""

import json
import os
import pathlib
import sys
import tempfile
import unittest

from parquet_npm import INSTALLED, install_readers, run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SAMPLES = os.environ.get("WEIR_SAMPLES_BIN", str(ROOT / "build/release/bin/parquet_samples"))


def compare(seed, files):
    """Writes samples and compares them; what was seen."""
    with tempfile.TemporaryDirectory(prefix="weir-parquet-") as folder:
        run(SAMPLES, folder, seed, files)
        names = [str(pathlib.Path(folder) / f"{n}.parquet") for n in [*range(files), "concatenated"]]
        return json.loads(run("node", INSTALLED / "compare.mjs", *names))


class ParquetReaders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install_readers()

    def test_every_value_is_read(self):
        seen = compare(seed=1, files=8)
        self.assertEqual(seen["files"], 9)
        self.assertGreater(seen["values"], 1_000_000)
        for kind in ("bounds", "pages", "blooms"):
            self.assertGreater(seen[kind], 10, kind)
        every = {f"{encoding} {codec}" for encoding in ("PLAIN", "RLE_DICTIONARY", "DELTA_BINARY_PACKED")
                 for codec in ("UNCOMPRESSED", "LZ4_RAW", "ZSTD")}
        self.assertEqual(set(seen["encodings"]), every)

    def test_a_difference_is_found(self):
        """So that the test above is worth something: one value changed in what the file should hold."""
        with tempfile.TemporaryDirectory(prefix="weir-parquet-") as folder:
            run(SAMPLES, folder, 2, 2)
            values = pathlib.Path(folder) / "1.values"
            data = bytearray(values.read_bytes())
            at = data.rindex(b"\n\"'\\\0")  # in the last text of some column
            data[at] = ord("x")
            values.write_bytes(data)
            with self.assertRaisesRegex(AssertionError, r"hyparquet \S+ (\w+) row [\s\S]*parquet-wasm \S+ \1 row"):
                run("node", INSTALLED / "compare.mjs", str(pathlib.Path(folder) / "1.parquet"))


if __name__ == "__main__":
    if not pathlib.Path(SAMPLES).exists():
        sys.exit(f"{SAMPLES} is missing: build it, or set WEIR_SAMPLES_BIN")
    unittest.main()
