"""Runs one test module for ctest: python3 run_module.py [--own-network] MODULE.

--own-network: on a loopback of its own, where nothing else takes a port, and interfaces that come and
go with containers do not end a browser's requests. Where that cannot be made (it needs root), on the
machine's.

Exit status: 0 passed, 1 failed, 77 when every test was skipped, so that ctest reports a skip as a
skip; the reasons are printed.
"""

import argparse
import os
import subprocess
import sys
import unittest

# Ends by becoming this script again.
_IN_OWN_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def enter_own_network():
    """Does not return where it can be made."""
    try:
        made = subprocess.run([*_IN_OWN_NETWORK, "true"], capture_output=True, check=False)
    except FileNotFoundError:  # no unshare
        return
    if made.returncode != 0:
        print("on the machine's network: one of its own needs root", file=sys.stderr)
    else:
        command = [*_IN_OWN_NETWORK, sys.executable, *sys.argv]
        command.remove("--own-network")
        os.execvp(command[0], command)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--own-network", action="store_true")
    parser.add_argument("module")
    arguments = parser.parse_args()
    if arguments.own_network:
        enter_own_network()
    tests = unittest.defaultTestLoader.loadTestsFromName(arguments.module)
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
