"""The installed service under a real systemd, with everything that its unit takes from it."""

import pathlib
import tempfile
import unittest

from machine import Machine, image_for, why_no_machine
from packages import HIGHER, build
from programs import wait_until
from test_package import CONFIG, DATA, ask, rounds, set_up_council_of_one, use_gateway

BACKUPS = "/var/backups/decentd"
# Directories in which a file can be made, of the upper ones.
PROBE = """find / -maxdepth 3 -type d -not -path '/proc*' -not -path '/dev*' 2>/dev/null |
while read directory; do
  touch "$directory/probe" 2>/dev/null && rm "$directory/probe" && echo "$directory"
done; true"""
# In place of the unit's minutes, so that a test sees what they lead to. A disk that stalls for a
# few seconds is none of it.
SHORT = "[Service]\nWatchdogSec=15s\nTimeoutAbortSec=1s\nRestartSec=100ms\n"
_DROP_IN = "/etc/systemd/system/decentd.service.d"


@unittest.skipIf(why_no_machine(), why_no_machine())
class Systemd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="decentd-package-")
        cls.addClassCleanup(directory.cleanup)
        cls.package = build(pathlib.Path(directory.name), "--no-lint")
        cls.upgrade = build(pathlib.Path(directory.name), "--no-lint", "--version", HIGHER)
        try:
            cls.image = image_for(cls.package)
        except OSError as error:
            raise unittest.SkipTest(str(error)) from error

    def setUp(self):
        self.machine = self.enterContext(Machine(self.image))
        self.machine.install(self.package)
        set_up_council_of_one(self.machine)

    def shown(self, key):
        return self.machine.says("systemctl", "show", "--value", "--property", key, "decentd")

    def journal(self):
        self.machine.run("journalctl", "--sync")
        return self.machine.says("journalctl", "--unit", "decentd", "--no-pager", "--output", "cat")

    def start(self, expect=0):
        """Returns when systemd calls it active, which is when the node said READY=1."""
        self.machine.run("systemctl", "enable", "--now", "decentd", expect=expect)

    def kill(self, signal):
        self.machine.run("systemctl", "kill", "--kill-whom=main", f"--signal={signal}", "decentd")

    def with_short_times(self):
        self.machine.run("mkdir", "-p", _DROP_IN)
        self.machine.file(f"{_DROP_IN}/short.conf", "root").write_text(SHORT)
        self.machine.run("systemctl", "daemon-reload")

    def test_it_starts_answers_and_stops(self):
        self.start()
        self.assertEqual(self.shown("StatusText"), "node alice of 1")
        ask(self.machine)
        use_gateway(self.machine)
        self.machine.run("systemctl", "stop", "decentd")
        self.assertEqual((self.shown("Result"), self.shown("ExecMainStatus")), ("success", "0"))
        self.assertIn("stops on SIGTERM", self.journal())
        self.assertEqual(self.shown("NRestarts"), "0")

    def test_in_reach_of_it_are_its_own_directories_and_nothing_else(self):
        self.start()
        pid = self.shown("MainPID")
        status = dict(line.split(":\t", 1) for line in self.machine.says(
            "cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
        self.assertEqual((int(status["CapEff"], 16), status["NoNewPrivs"], status["Seccomp"]),
                         (0, "1", "2"))
        # As root: what stops it is a read-only mount, not a file's owner.
        writable = self.machine.says("nsenter", "--mount", f"--target={pid}", "sh", "-c", PROBE)
        self.assertEqual(set(writable.split()), {CONFIG, DATA, BACKUPS, "/tmp", "/var/tmp"})

    def test_it_copies_its_database_to_the_one_place_for_it(self):
        self.start()
        ask(self.machine)
        backup = ("decentctl", "backup", "--dir", CONFIG, "--out")
        self.machine.run(*backup, f"{BACKUPS}/one")
        self.assertTrue(self.machine.has(f"{BACKUPS}/one/CURRENT"))
        refused = self.machine.run(*backup, "/srv/two", expect=1)
        self.assertIn("Read-only file system", refused.stderr)

    def test_one_that_hangs_is_killed_and_started_again_and_lost_nothing(self):
        self.with_short_times()
        self.start()
        ask(self.machine)
        before, pid = rounds(self.machine), self.shown("MainPID")
        self.kill("SIGSTOP")
        wait_until(lambda: self.shown("NRestarts") != "0" and self.shown("SubState") == "running",
                   "systemd starts it again", explain=self.journal)
        self.assertIn("Watchdog timeout", self.journal())
        self.assertNotEqual(self.shown("MainPID"), pid)
        self.assertEqual(rounds(self.machine), before)
        ask(self.machine)

    def test_one_that_crashes_is_started_again(self):
        self.with_short_times()
        self.start()
        self.kill("SIGKILL")
        wait_until(lambda: self.shown("NRestarts") != "0" and self.shown("SubState") == "running",
                   "systemd starts it again", explain=self.journal)
        ask(self.machine)

    def test_a_wrong_configuration_is_said_once_and_not_tried_again(self):
        self.with_short_times()
        self.machine.run("mv", f"{CONFIG}/roster.yaml", "/root")
        self.start(expect=1)
        self.assertEqual((self.shown("ActiveState"), self.shown("ExecMainStatus"),
                          self.shown("NRestarts")), ("failed", "78", "0"))
        self.assertIn("decentctl roster create", self.journal())
        self.machine.run("mv", "/root/roster.yaml", CONFIG)
        self.start()
        ask(self.machine)

    def test_an_upgrade_restarts_what_runs_and_a_removal_stops_it(self):
        self.start()
        ask(self.machine)
        before, pid = rounds(self.machine), self.shown("MainPID")
        self.machine.install(self.upgrade)
        self.assertEqual(self.shown("ActiveState"), "active")
        pid, old = self.shown("MainPID"), pid
        self.assertNotEqual(pid, old)
        self.assertEqual(rounds(self.machine), before)
        self.machine.run("apt-get", "-q", "-y", "remove", "decentd")
        self.assertFalse(self.machine.has(f"/proc/{pid}"))


if __name__ == "__main__":
    unittest.main()
