"""Plays the part of systemd towards one node: the socket on which a service of Type=notify reports
(sd_notify(3)), and the watchdog's interval. What systemd itself makes of the unit is tested where
systemd runs, in tests/package."""

import ctypes
import os
import pathlib
import socket

from programs import PATIENCE_SECONDS, wait_until

WATCHDOG_MS = 400  # the node reports twice in this time

_PTRACE_DETACH, _PTRACE_SEIZE, _PTRACE_INTERRUPT = 17, 0x4206, 0x4207
_WALL = 0x40000000  # of waitpid: threads too
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


class ServiceManager:
    """The receiving end, as a context manager. The node is started with it by `watches`."""

    def __init__(self, directory):
        self._path = directory / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def __enter__(self):
        self._socket.bind(str(self._path))
        return self

    def __exit__(self, *_):
        self._socket.close()
        self._path.unlink()

    def watches(self, node, watchdog_ms=WATCHDOG_MS):
        """From its next start on."""
        node.daemon_environment = {"NOTIFY_SOCKET": str(self._path),
                                   "WATCHDOG_USEC": str(watchdog_ms * 1000)}

    def next(self, patience=PATIENCE_SECONDS):
        """The next report as {variable: value}, or None when there is none."""
        self._socket.settimeout(patience)
        try:
            lines = self._socket.recv(4096).decode().splitlines()
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in lines)

    def next_other_than(self, passed_over):
        """The next report that is not this one, and how often this one came before it."""
        count = 0
        while (report := self.next()) == passed_over:
            count += 1
        return report, count

    def forget(self):
        """Drops what was reported and not yet read."""
        self._socket.setblocking(False)
        try:
            while True:
                self._socket.recv(4096)
        except BlockingIOError:
            pass


def thread_of(pid, name):
    """The number of the one thread of a process that has this name."""
    def is_it(task):
        try:
            return (task / "comm").read_text().strip() == name
        except OSError:  # it has just ended
            return False

    def found():
        return [int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if is_it(task)]

    # A thread that has just begun has not named itself yet.
    (thread,) = wait_until(found, f"process {pid} has a thread named {name}")
    return thread


class HungThread:
    """One thread of a child process that stands still while the context lasts; the others run."""

    def __init__(self, pid, name):
        self._thread = thread_of(pid, name)

    def __enter__(self):
        self._ptrace(_PTRACE_SEIZE)
        self._ptrace(_PTRACE_INTERRUPT)
        os.waitpid(self._thread, _WALL)  # until it stands
        return self

    def __exit__(self, *_):
        self._ptrace(_PTRACE_DETACH)

    def _ptrace(self, request):
        if _libc.ptrace(request, self._thread, None, None) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"ptrace({request:#x}): {os.strerror(number)}")
