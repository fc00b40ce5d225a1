"""A clock of its own for one node, that a test can move while the node runs."""

import pathlib

from programs import find_program

_FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
_FUTEX = find_program("libfaked_clock_futex.so")

LIBRARIES = [_FUTEX, _FAKETIME]  # to preload, in this order


def environment(file, libraries):
    """Of a daemon whose time of day is the one in `file`."""
    return {
        "LD_PRELOAD": " ".join(map(str, libraries)), "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


def why_no_clock():
    """Why no clock can be faked here, or None when one can."""
    if _FAKETIME is None:
        return "libfaketime is not installed; deploy/deps.sh test installs it"
    if _FUTEX is None:
        return "libfaked_clock_futex.so was not built"
    return None


class FakedClock:
    """The time of day of one node. What it measures durations by is the machine's."""

    def __init__(self, node):
        self._file = node.directory / "clock"
        self.jump("+0h")
        node.daemon_environment = environment(self._file, LIBRARIES)

    def jump(self, offset):
        """To so much after the machine's time, as +3h, or before it, as -90m; +0h sets it right."""
        following = self._file.with_suffix(".next")
        following.write_text(f"{offset}\n")
        following.replace(self._file)
