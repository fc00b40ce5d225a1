"""The programs under test, and how they are called and waited for.

DECENTD_BIN names a directory; the programs are looked for in it and in the places below it where a
build tree or an installation keeps them.
"""

import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Longer than anything takes on a busy machine: it ends a test that hangs, it measures nothing.
PATIENCE_SECONDS = 120
OK, UNREACHABLE = 0, 5  # exit statuses of decentctl

_PLACES = ["", "bin", "node", "tools/decentctl", "tools/drill",
           "libexec/decentd", "tests/e2e"]


class CommandFailed(AssertionError):
    """A command ended with another exit status than the test expected."""


def find_program(name):
    """The path of a program, or None when it was not built."""
    base = pathlib.Path(os.environ.get("DECENTD_BIN", ROOT / "build" / "release"))
    for place in _PLACES:
        path = base / place / name
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def program(name):
    path = find_program(name)
    if path is None:
        raise FileNotFoundError(f"{name} was not built; set DECENTD_BIN to the build directory")
    return path


def environment():
    """The environment of the programs: without the configuration of whoever runs the tests."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("DECENTD_")}
    return {**own, "XDG_CONFIG_HOME": "/nonexistent"}


def decentctl(*arguments, expect=0, timeout=PATIENCE_SECONDS, **options):
    """Runs decentctl; returns the finished process, with text output. `expect` is its exit status,
    or None for any; where it is another than that of a node that is busy, such a node is asked
    again, as it says."""
    command = [str(program("decentctl")), *map(str, arguments)]

    def run():
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False,
                              env=environment(), **options)

    done = run()
    deadline = time.monotonic() + timeout
    while (expect not in (None, UNREACHABLE) and done.returncode == UNREACHABLE
           and "busy; try again" in done.stderr and time.monotonic() < deadline):
        done = run()
    if expect is not None and done.returncode != expect:
        raise CommandFailed(f"{' '.join(command)}\nended with {done.returncode}, "
                            f"expected {expect}\nstdout:\n{done.stdout}\nstderr:\n{done.stderr}")
    return done


def decentctl_json(*arguments, **options):
    """Runs decentctl with --json; returns what it printed, parsed."""
    done = decentctl(*arguments, "--json", **options)
    try:
        return json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise CommandFailed(f"decentctl {arguments} printed no JSON: {done.stdout!r}") from error


def memory_directory():
    """Where files lie in memory, or None where too few fit in."""
    memory = pathlib.Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 2 ** 30 else None


def wait_until(predicate, what, timeout=PATIENCE_SECONDS, explain=lambda: ""):
    """Returns the predicate's first true value. Asks again every 50 ms, for what it looks at lives
    in other processes; fails with `what` when it stays false."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain for: {what}\n{explain()}")
        pause.wait(0.05)
