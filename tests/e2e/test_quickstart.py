"""deploy/quickstart with programs that are built already and scripted models: what it does beside
installing and building, which tests/run has done before."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import textwrap
import unittest

from http_client import ask, check_dashboard
from ports import free_base
from programs import PATIENCE_SECONDS, ROOT, program

GATEWAYS = (301, 302, 303, 304)  # beyond --port-base
PORTS = (1, 2, 3, 4, 101, 102, 103, 104, 200, *GATEWAYS)


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
        self.base = free_base(PORTS)
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
        self.check_gateways(first)
        pids = self.pids()
        self.assertEqual(set(pids), {"node1", "node2", "node3", "node4"})

        self.assertIn("kept from an earlier run", self.start("--no-question"))
        self.assertEqual(self.pids(), pids, "a second run leaves running nodes alone")

        self.run_it("ask", "What is 2 + 2?")
        self.assertEqual(len(list((self.directory / "rounds").glob("*.bundle"))), 2)
        status = self.run_it("status")
        self.assertIn("alice", status)
        self.assertIn(f"http://127.0.0.1:{self.base + 301}/", status)

        self.run_it("stop")
        self.assertEqual(self.pids(), {})
        for pid in pids.values():
            self.assertFalse(runs(pid))

        self.start("--no-question")  # the same nodes, with their keys and rounds
        self.assertIn("What is 2 + 2?", self.run_it("status"))
        self.run_it("clean")
        self.assertFalse(self.directory.exists())

    def check_gateways(self, said):
        """What the first start says of them is so, and each node has one."""
        self.assertIn(f"http://127.0.0.1:{self.base + 301}/ in a browser", said)
        (url,) = re.findall(r"export OPENAI_BASE_URL=(\S+)/v1 OPENAI_API_KEY=none$", said, re.M)
        self.assertIn("Canberra", ask(url, "What is the capital of Australia?"))
        for offset in GATEWAYS:
            check_dashboard(f"http://127.0.0.1:{self.base + offset}")

    def test_a_port_in_use_is_named_before_any_work(self):
        for offset in (2, 304):
            with self.subTest(offset), socket.create_server(("127.0.0.1", self.base + offset)):
                said = self.start(expect=1)
                self.assertIn(f"port {self.base + offset}", said)
                self.assertIn(f"process {os.getpid()} ", said)
                self.assertFalse((self.directory / "nodes").exists())

    def test_a_council_without_gateways_goes_on_and_is_told_how_to_get_them(self):
        self.start("--no-question")
        self.run_it("stop")
        for config in self.directory.glob("nodes/node*/node.yaml"):
            config.write_text(re.sub(r"(?m)^gateway:\n  listen: .*\n", "", config.read_text()))
        said = self.start()
        self.assertIn("answered and verified", said)
        self.assertNotIn("OPENAI_BASE_URL", said)
        (lines, file) = re.search(r"add two lines\n((?:  .*\n)+)to (.*), then stop", said).groups()
        with open(file, "a", encoding="utf-8") as config:
            config.write("\n" + textwrap.dedent(lines))
        self.run_it("stop")
        self.assertIn("OPENAI_BASE_URL", self.start("--no-question"))
        self.assertIn("Canberra", ask(f"http://127.0.0.1:{self.base + 301}",
                                      "What is the capital of Australia?"))

    def test_a_council_that_was_made_by_a_build_is_bound_to_none(self):
        """Its source may have moved since, or have changed: then it is built again."""
        self.start("--no-question")
        settings = self.directory / "settings"
        self.assertIn(f"given_bin={self.programs}\n", settings.read_text())
        # As one without --bin has it, and an earlier version's with the tree that it had built in.
        settings.write_text(re.sub("given_bin=.*", "bin_dir=/moved/build/release",
                                   settings.read_text()))
        said = self.run_it("status", expect=None)
        self.assertNotIn("/moved/", said)
        self.run_it("start", "--no-install", "--no-question", "--bin", self.programs)
        self.assertIn("alice", self.run_it("status", "--bin", self.programs))

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
