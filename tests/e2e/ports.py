"""Ports of 127.0.0.1 for the servers of a test, which no other test takes before they are bound."""

import fcntl
import os
import pathlib
import random
import socket
import tempfile

_claims = []  # open files, locked as long as this process lives


def _claim(port):
    """Whether the port is now this process' own among all tests of this user: a port that nothing
    uses yet may be one that another cluster, or this one, has chosen and not bound."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"decentd-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    file = (folder / str(port)).open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    _claims.append(file)
    return True


def _is_unused(port):
    with socket.socket() as candidate:
        try:
            candidate.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def claim(ports):
    """Whether nothing uses these ports, nor will another test while this process lives."""
    return all([_claim(port) and _is_unused(port) for port in ports])


def _candidate(room=0):
    """Outside the range from which the system takes the ports of outgoing connections: a stopped
    node's port must still be free when it starts again."""
    low = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    return random.SystemRandom().randrange(10240, low - room)


def free_ports(count):
    """Ports that this process has claimed."""
    found = []
    while len(found) < count:
        port = _candidate()
        if claim([port]):
            found.append(port)
    return found


def free_base(offsets):
    """A number all of whose sums with the offsets are ports that this process has claimed."""
    while True:
        base = _candidate(max(offsets))
        if claim([base + offset for offset in offsets]):
            return base
