"""Runs the tests of one file, like python3 FILE -v, for ctest: says at the end which were skipped and why ("skipped: NAME: reason", for
tools/skipped_tests.py), and ends with 77 if all were.

    run.py FILE [OPTIONS OF unittest]"""

import pathlib
import sys
import unittest

SKIPPED = 77


def main(file, *options):
    file = pathlib.Path(file).resolve()
    sys.path.insert(0, str(file.parent))
    result = unittest.main(module=file.stem, argv=[str(file), *options], verbosity=2, exit=False).result
    for test, reason in result.skipped:
        print(f"skipped: {test.id().removeprefix(file.stem + '.')}: {reason}", flush=True)
    if not result.wasSuccessful():
        return 1
    # Neither part of a test (subTest) nor a class or module as a whole is counted in testsRun.
    tests = [test for test, _ in result.skipped if isinstance(test, unittest.TestCase) and not hasattr(test, "test_case")]
    return SKIPPED if result.skipped and len(tests) == result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
