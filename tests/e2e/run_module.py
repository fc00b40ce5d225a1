"""Runs one test module for ctest: python3 run_module.py MODULE.

Exit status: 0 passed, 1 failed, 77 when every test was skipped, so that ctest reports a skip as a
skip; the reasons are printed.
"""

import sys
import unittest


def main():
    tests = unittest.defaultTestLoader.loadTestsFromName(sys.argv[1])
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    if not result.wasSuccessful() or result.testsRun == 0:
        return 1
    if len(result.skipped) == result.testsRun:
        for reason in sorted({reason for _, reason in result.skipped}):
            print(f"SKIPPED: {reason}")
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
