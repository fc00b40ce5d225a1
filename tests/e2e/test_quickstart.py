"""deploy/quickstart with programs that are built already and scripted models: what it does beside
installing and building, which tests/run has done before."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from node import free_ports
from programs import PATIENCE_SECONDS, ROOT, program


def free_port_base():
    """A base all of whose ports (see --port-base) are free."""
    while True:
        base = free_ports(1)[0] - 1
        held = []
        try:
            for offset in (1, 2, 3, 4, 101, 102, 103, 104, 200):
                held.append(socket.create_server(("127.0.0.1", base + offset)))
            return base
        except OSError:
            continue
        finally:
            for port in held:
                port.close()


def runs(pid):
    """Whether a process runs; one that ended but that nobody has waited for does not."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class Quickstart(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="decentd-e2e-")) / "a council"
        self.addCleanup(shutil.rmtree, self.directory.parent)
        self.programs = self.directory.parent / "bin"
        self.programs.mkdir()
        for name in ("decentd", "decentctl"):
            (self.programs / name).symlink_to(program(name))
        self.base = free_port_base()
        self.addCleanup(self.run_it, "stop", expect=None)

    def run_it(self, *arguments, expect=0):
        """Runs deploy/quickstart from another directory; its output, both streams."""
        done = subprocess.run(
            [ROOT / "deploy" / "quickstart", *arguments, "--dir", self.directory],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=5 * PATIENCE_SECONDS, check=False, cwd="/")
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout)
        return done.stdout

    def start(self, *more, expect=0):
        return self.run_it("start", "--scripted", "--no-install", "--bin", self.programs,
                           "--port-base", str(self.base), *more, expect=expect)

    def pids(self):
        return {path.stem: int(path.read_text().split()[0])
                for path in (self.directory / "run").glob("*.pid")}

    def test_it_starts_answers_verifies_stops_and_cleans(self):
        first = self.start()
        self.assertIn("answered and verified", first)
        pids = self.pids()
        self.assertEqual(set(pids), {"node1", "node2", "node3", "node4"})

        self.assertIn("kept from an earlier run", self.start("--no-question"))
        self.assertEqual(self.pids(), pids, "a second run leaves running nodes alone")

        self.run_it("ask", "What is 2 + 2?")
        self.assertEqual(len(list((self.directory / "rounds").glob("*.bundle"))), 2)
        self.assertIn("alice", self.run_it("status"))

        self.run_it("stop")
        self.assertEqual(self.pids(), {})
        for pid in pids.values():
            self.assertFalse(runs(pid))

        self.start("--no-question")  # the same nodes, with their keys and rounds
        self.assertIn("What is 2 + 2?", self.run_it("status"))
        self.run_it("clean")
        self.assertFalse(self.directory.exists())

    def test_a_port_in_use_is_named_before_any_work(self):
        with socket.create_server(("127.0.0.1", self.base + 2)):
            said = self.start(expect=1)
        self.assertIn(f"port {self.base + 2}", said)
        self.assertIn(f"process {os.getpid()} ", said)
        self.assertFalse((self.directory / "nodes").exists())

    def test_stop_leaves_a_process_alone_that_only_has_a_remembered_number(self):
        stranger = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.send_signal, signal.SIGKILL)
        (self.directory / "run").mkdir(parents=True)
        (self.directory / "run" / "node1.pid").write_text(f"{stranger.pid} 1\n")
        self.run_it("stop")
        self.assertIsNone(stranger.poll())


if __name__ == "__main__":
    unittest.main()
