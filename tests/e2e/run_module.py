"""Runs one test module for ctest: python3 run_module.py [--own-network] MODULE.

--own-network: on a loopback of its own, where nothing else takes a port, and interfaces that come and
go with containers do not end a browser's requests; and with room in memory for the nodes' files, where
the machine has too little in /dev/shm. Where that cannot be made (it needs root), on the machine's.

Exit status: 0 passed, 1 failed, 77 when every test was skipped, so that ctest reports a skip as a
skip; the reasons are printed.
"""

import argparse
import os
import subprocess
import sys
import unittest

from programs import memory_directory


def _in_own_network():
    """The begin of a command that ends by becoming what follows it."""
    own, make = ["--net"], ["ip link set lo up"]
    if memory_directory() is None:
        own.append("--mount")
        make.append("mount -t tmpfs -o mode=1777 decentd-tests /dev/shm")
    return ["unshare", *own, "sh", "-c", " && ".join([*make, 'exec "$@"']), "sh"]


def enter_own_network():
    """Does not return where it can be made."""
    command = _in_own_network()
    try:
        made = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:  # no unshare
        return
    if made.returncode != 0:
        print("on the machine's network: one of its own needs root", file=sys.stderr)
    else:
        command += [sys.executable, *sys.argv]
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
