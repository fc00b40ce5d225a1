"""The daemon as a service: what it tells its service manager, when it is silent, how it stops; and
the unit file: whether systemd takes it, and how much of the machine it leaves in reach."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from cluster import Cluster
from fake_model import ANSWER, FakeModel
from programs import ROOT, program
from service_manager import WATCHDOG_MS, HungThread, ServiceManager

UNIT = ROOT / "deploy" / "systemd" / "decentd.service"
WORKING = {"WATCHDOG": "1"}
# Of a node that does work, this many intervals without a report do not happen.
SILENT_SECONDS = 5 * WATCHDOG_MS / 1000
# Tenths, as systemd-analyze takes it. docs/OPERATIONS.md says what it is made of.
MOST_EXPOSURE = 11


def unit_seconds(key):
    """What the unit gives for a time in whole seconds."""
    (value,) = re.findall(rf"(?m)^{key}=(\d+)s$", UNIT.read_text())
    return int(value)


class Service(unittest.TestCase):
    def setUp(self):
        # One node: it votes alone, and a test that holds it up disturbs nobody.
        self.models = self.enterContext(FakeModel())
        self.cluster = self.enterContext(Cluster(self.models, n=1))
        self.node = self.cluster.nodes[0]
        self.manager = self.enterContext(ServiceManager(self.cluster.directory))
        self.manager.watches(self.node)

    def start(self):
        self.node.start()
        return self.manager.next()

    def stop(self):
        """As systemd would: SIGTERM, and no more patience than the unit has."""
        process, self.node.process = self.node.process, None
        process.terminate()
        try:
            return process.wait(unit_seconds("TimeoutStopSec"))
        finally:
            process.kill()

    def test_it_is_ready_when_clients_reach_it_then_reports_that_it_works(self):
        self.assertEqual(self.start(), {"READY": "1", "STATUS": "node alice of 1"})
        # Ready means ready: the first try gets through.
        self.assertEqual(self.node.says_how_it_is()["name"], "alice")
        for _ in range(3):
            self.assertEqual(self.manager.next(), WORKING)

    def test_it_says_that_it_stops_and_ends_with_0(self):
        self.start()
        self.assertEqual(self.stop(), 0)
        report, _ = self.manager.next_other_than(WORKING)
        self.assertEqual(report, {"STOPPING": "1"})

    def test_it_stops_in_time_in_the_middle_of_a_round_and_goes_on_with_it(self):
        # A report blocks once ten are unread, and nobody reads them here.
        self.manager.watches(self.node, watchdog_ms=60_000)
        self.start()
        self.models.hold(0, ANSWER)
        asking = self.cluster.ask_in_background("What is 17 + 25?")
        round_id = asking.round_id()
        self.models.wait_for_held(0, ANSWER)
        self.assertEqual(self.stop(), 0)
        self.models.release()
        self.start()
        self.cluster.wait_decided(round_id)

    def test_a_stopped_process_reports_nothing(self):
        self.start()
        self.assertEqual(self.manager.next(), WORKING)
        self.node.pause()
        self.manager.forget()
        self.assertIsNone(self.manager.next(SILENT_SECONDS))
        self.node.resume()
        self.assertEqual(self.manager.next(), WORKING)

    def test_a_process_whose_core_thread_hangs_reports_nothing_although_others_run(self):
        self.start()
        self.assertEqual(self.manager.next(), WORKING)
        with HungThread(self.node.process.pid, "decentd-core"):
            self.manager.forget()
            # One report may be of what the thread said just before.
            reports = [self.manager.next(SILENT_SECONDS) for _ in range(2)]
            self.assertIn(reports, ([None, None], [WORKING, None]))
        self.assertEqual(self.manager.next(), WORKING)

    def test_a_question_that_it_is_slow_to_take_is_waited_for(self):
        self.manager.watches(self.node, watchdog_ms=60_000)
        self.start()
        with HungThread(self.node.process.pid, "decentd-core"):
            asking = self.cluster.ask_in_background("What is 17 + 25?")
            round_id = asking.round_id()  # the client waits for no reply any more
        self.assertEqual(asking.result()["round_id"], round_id)

    def test_without_a_service_manager_it_runs_all_the_same(self):
        self.node.daemon_environment = {}
        self.cluster.start()
        self.assertIsNone(self.manager.next(SILENT_SECONDS))
        self.assertEqual(self.stop(), 0)

    def test_a_node_that_cannot_start_never_says_that_it_is_ready(self):
        (self.node.directory / "data").write_text("a file in the database's place")
        self.node.start()
        self.assertEqual(self.node.wait_ended(), 1)
        self.assertIsNone(self.manager.next(0.001))

    def test_what_does_not_fit_together_is_78_which_systemd_does_not_try_again(self):
        self.assertIn("RestartPreventExitStatus=64 78\n", UNIT.read_text())
        (self.node.directory / "roster.yaml").unlink()
        self.node.start()
        self.assertEqual(self.node.wait_ended(), 78)
        self.assertIn("roster.yaml", self.node.last_log())
        self.assertIn("decentctl roster create", self.node.last_log())


def systemd_analyze(*arguments):
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)


@unittest.skipUnless(shutil.which("systemd-analyze"), "systemd-analyze is not installed")
class Unit(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="decentd-unit-")
        self.addCleanup(directory.cleanup)
        self.unit = pathlib.Path(directory.name) / "decentd.service"
        # The programs under test need not be installed.
        self.unit.write_text(UNIT.read_text().replace("/usr/bin/decentd",
                                                      str(program("decentd").resolve())))

    def test_systemd_has_nothing_to_say_against_it(self):
        # The manual page comes with the package; tests/package looks for it there.
        done = systemd_analyze("verify", "--man=no", self.unit)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_a_mistake_in_it_would_be_seen(self):
        self.unit.write_text(self.unit.read_text().replace("ProtectHome=yes", "ProtectHome=jes"))
        self.assertIn("jes", systemd_analyze("verify", "--man=no", self.unit).stderr)

    def test_it_leaves_no_more_of_the_machine_in_reach_than_stated(self):
        done = systemd_analyze("security", "--offline=true", f"--threshold={MOST_EXPOSURE}",
                               self.unit)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        print(done.stdout.strip().splitlines()[-1])


if __name__ == "__main__":
    unittest.main()
