"""What a test does to the network of one container, from outside: the image needs nothing for it.
"""

import pathlib
import subprocess
import sys

from container_cluster import run
from programs import PATIENCE_SECONDS

_PROXY = pathlib.Path(__file__).resolve().parent / "delay_proxy.py"
_PROXY_PORT = 17400


class Wire:
    """A node's network as it is now; it is made anew when the container starts again. Use as a
    context manager: what was disturbed is put right at the end."""

    def __init__(self, node):
        self._enter = ["nsenter", "--target", str(node.pid()), "--net"]
        self._undo = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        while self._undo:
            self._undo.pop()()

    def _rule(self, table, chain, *rule):
        iptables = [*self._enter, "iptables", "--wait", "--table", table]
        run(*iptables, "--append", chain, *rule)
        self._undo.append(lambda: run(*iptables, "--delete", chain, *rule))

    def lose(self, share):
        """Of every packet that arrives."""
        self._rule("filter", "INPUT", "!", "--in-interface", "lo", "--match", "statistic",
                   "--mode", "random", "--probability", share, "--jump", "DROP")

    def lost(self):
        """How many packets have been lost."""
        listed = run(*self._enter, "iptables", "--wait", "--list", "INPUT", "--verbose", "--exact",
                     "--numeric").stdout
        return sum(int(line.split()[0]) for line in listed.splitlines() if "statistic" in line)

    def delay(self, milliseconds):
        """What peers that dial this node send to it, and what it sends to them. Connections that
        there are break, and are made again through the delay."""
        proxy = subprocess.Popen(
            [*self._enter, sys.executable, _PROXY, str(_PROXY_PORT), "7400", str(milliseconds)],
            stdout=subprocess.PIPE, text=True)

        def end():
            proxy.kill()
            proxy.wait(PATIENCE_SECONDS)
            proxy.stdout.close()

        self._undo.append(end)
        assert proxy.stdout.readline() == "ready\n", "the proxy did not start"
        outside = ["!", "--in-interface", "lo", "--protocol", "tcp", "--dport", "7400"]
        self._rule("nat", "PREROUTING", *outside, "--jump", "REDIRECT", "--to-ports", _PROXY_PORT)
        self._rule("filter", "INPUT", *outside, "--jump", "REJECT", "--reject-with", "tcp-reset")
