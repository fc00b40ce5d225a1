"""The Debian package on a clean Debian: installed, used by hand, upgraded, removed, purged."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from cluster import set_models
from machine import Machine, image_for, why_no_machine
from packages import BUILD, HIGHER, build, changelog_version
from programs import OK, ROOT, UNREACHABLE, wait_until

CONFIG = "/etc/decentd"
DATA = "/var/lib/decentd"
CLIENT = ("--config", "/root/client/client.yaml")
SCRIPT = "/usr/share/decentd/examples/scripted.yaml"
GATEWAY = "127.0.0.1:8480"
QUESTION = "What is the capital of Australia?"


def set_up_council_of_one(machine):
    """What README.Debian tells the operator, with a model that is a script."""
    card = machine.says("decentctl", "init", "--dir", CONFIG, "--data", DATA, "--name", "alice",
                        "--address", "127.0.0.1:7400", "--gateway", GATEWAY, user="decentd")
    set_models(machine.file(f"{CONFIG}/node.yaml", "decentd"),
               ["backend: scripted", f"file: {SCRIPT}"])
    machine.run("decentctl", "roster", "create", "--out", f"{CONFIG}/roster.yaml", card,
                user="decentd")
    machine.run("decentctl", "config", "check", "--dir", CONFIG, user="decentd")
    machine.run("decentctl", "client", "init", "--dir", "/root/client", "--node",
                "127.0.0.1:8400", "--roster", f"{CONFIG}/roster.yaml")


def ask(machine):
    """Asks, and checks the proof's file; the round's id."""
    machine.run("rm", "-f", "/root/proof")
    said = machine.says("decentctl", "ask", QUESTION, "--save", "/root/proof", *CLIENT)
    assert "Canberra" in said, said
    machine.run("decentctl", "verify", "/root/proof", "--roster", f"{CONFIG}/roster.yaml")
    return re.search(r"^Round +([0-9a-f]{64})$", said, re.MULTILINE).group(1)


def http(machine, request, body=""):
    """Sends a request to the gateway from inside the machine, which has no program for that; the
    reply's status and the rest of it."""
    text = (f"{request} HTTP/1.1\r\nHost: {GATEWAY}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}")
    said = machine.run("bash", "-c", f"exec 3<>/dev/tcp/{GATEWAY.replace(':', '/')}; cat >&3; cat <&3",
                       text=text).stdout
    return int(said.split()[1]), said


def use_gateway(machine):
    """OpenAI's API answers, and the dashboard's first page is there."""
    body = json.dumps({"model": "decent", "messages": [{"role": "user", "content": QUESTION}]})
    status, said = http(machine, "POST /v1/chat/completions", body)
    assert status == 200 and "Canberra" in said, said
    status, said = http(machine, "GET /")
    assert status == 200 and "text/html" in said, said


def rounds(machine):
    def listed():
        done = machine.run("decentctl", "rounds", "ls", "--json", *CLIENT, expect=None)
        assert done.returncode in (OK, UNREACHABLE), done.stderr  # the latter: it is busy
        return done.stdout.strip()

    return wait_until(listed, "the node lists its rounds")


class Daemon:
    """decentd, started by hand as the package's user, while the context lasts."""

    def __init__(self, machine):
        self._machine = machine

    def __enter__(self):
        self._machine.run(
            "sh", "-c", f"decentd --config {CONFIG}/node.yaml >/tmp/log 2>&1 & echo $! >/tmp/pid",
            user="decentd")
        self.wait_ready()

    def __exit__(self, *_):
        self._machine.run("sh", "-c", "kill $(cat /tmp/pid)")
        wait_until(lambda: self._machine.run("sh", "-c", "kill -0 $(cat /tmp/pid)",
                                             expect=None).returncode, "decentd ends")

    def wait_ready(self):
        health = ("decentd", "--config", f"{CONFIG}/node.yaml", "--health")
        wait_until(lambda: self._machine.run(*health, user="decentd", expect=None).returncode == 0,
                   "decentd is healthy",
                   explain=lambda: self._machine.run("cat", "/tmp/log", expect=None).stdout)


class Files(unittest.TestCase):
    """What needs no machine."""

    def test_the_changelog_has_the_programs_version(self):
        (version,) = re.findall(r"project\(decentd VERSION (\S+)",
                                (ROOT / "CMakeLists.txt").read_text())
        self.assertEqual(changelog_version(), version)

    def test_its_build_dependencies_are_those_of_deps_sh(self):
        control = (ROOT / "debian" / "control").read_text()
        field = re.search(r"^Build-Depends:((?:.*\n)(?: .*\n)*)", control, re.MULTILINE).group(1)
        declared = {re.split(r"[ (]", entry.strip())[0] for entry in field.split(",")}
        listed = set(subprocess.run([ROOT / "deploy" / "deps.sh", "--list", "build", "package"],
                                    capture_output=True, text=True, check=True).stdout.split())
        # Every Debian package is built with the former; the latter are for whoever builds often,
        # for the judgement of the package and for its test.
        listed -= {"build-essential", "dpkg-dev", "debhelper", "ccache", "lintian", "mmdebstrap"}
        self.assertEqual(declared - {"debhelper-compat"}, listed)


@unittest.skipIf(why_no_machine(), why_no_machine())
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="decentd-package-")
        cls.addClassCleanup(directory.cleanup)
        cls.package = build(pathlib.Path(directory.name))
        cls.upgrade = build(pathlib.Path(directory.name), "--no-lint", "--version", HIGHER)
        try:
            cls.image = image_for(cls.package)
        except OSError as error:
            raise unittest.SkipTest(str(error)) from error

    def setUp(self):
        self.machine = self.enterContext(Machine(self.image))
        self.machine.install(self.package)

    def keys_and_data(self):
        """All that a node is: of each file its name, owner, mode and contents."""
        return self.machine.says("sh", "-c", f"cd / && find {CONFIG} {DATA} -type f -exec "
                                 "stat -c '%n %U %a' {} + -exec sha256sum {} + | sort")

    def test_it_brings_programs_manuals_completion_and_examples_and_starts_nothing(self):
        said = self.machine.says("decentd", "--version")
        self.assertEqual(said, f"decentd {changelog_version()}")
        for path in ("/usr/share/man/man1/decentd.1.gz", "/usr/share/man/man1/decentctl.1.gz",
                     "/usr/share/bash-completion/completions/decentctl", SCRIPT,
                     "/usr/share/decentd/prompts/judge_all.txt",
                     "/usr/share/decentd/monitoring/alerts.yaml",
                     "/usr/share/doc/decentd/OPERATIONS.md"):
            self.assertTrue(self.machine.has(path), path)
        self.assertIn("decentctl roster create", self.machine.says(
            "zcat", "/usr/share/man/man1/decentctl.1.gz"))
        self.assertEqual(self.machine.says("systemctl", "is-enabled", "decentd", expect=1),
                         "disabled")
        self.assertEqual(self.machine.says("systemctl", "is-active", "decentd", expect=3),
                         "inactive")
        self.assertEqual(self.machine.says("stat", "-c", "%n %U %G %a", CONFIG, DATA),
                         f"{CONFIG} decentd decentd 750\n{DATA} decentd decentd 700")

    def test_systemd_has_nothing_to_say_against_its_unit(self):
        done = self.machine.run("systemd-analyze", "verify", "--man=no", "decentd.service")
        self.assertEqual(done.stdout + done.stderr, "")

    def test_what_init_makes_is_its_users_and_secrets_are_nobody_elses(self):
        set_up_council_of_one(self.machine)
        with Daemon(self.machine):
            ask(self.machine)
        self.assertTrue(self.machine.has(f"{CONFIG}/identity.binding"))
        self.assertEqual(self.machine.says("stat", "-c", "%U %a", f"{CONFIG}/identity.key"),
                         "decentd 600")
        self.assertEqual(self.machine.says(
            "find", CONFIG, DATA, "-not", "-user", "decentd"), "")

    def test_keys_and_data_outlive_upgrade_removal_and_purge(self):
        machine = self.machine
        set_up_council_of_one(machine)
        with Daemon(machine):
            round_id = ask(machine)
            before = rounds(machine)
        self.assertIn(round_id, before)
        kept = self.keys_and_data()
        machine.install(self.upgrade)
        self.assertEqual(machine.says("dpkg-query", "-W", "-f", "${Version}", "decentd"), HIGHER)
        self.assertEqual(self.keys_and_data(), kept)
        with Daemon(machine):
            self.assertEqual(rounds(machine), before)
            ask(machine)
            after = rounds(machine)
        kept = self.keys_and_data()
        machine.run("apt-get", "-q", "-y", "remove", "decentd")
        self.assertFalse(machine.has("/usr/bin/decentd"))
        self.assertEqual(self.keys_and_data(), kept)
        said = machine.run("apt-get", "-q", "-y", "purge", "decentd")
        self.assertIn("kept", said.stdout + said.stderr)
        self.assertEqual(self.keys_and_data(), kept)
        self.assertIn("decentd", machine.says("getent", "passwd", "decentd"))
        # The same node again.
        machine.install(self.upgrade)
        with Daemon(machine):
            self.assertEqual(rounds(machine), after)
            ask(machine)

    def test_purging_removes_keys_and_data_when_that_is_asked_for(self):
        machine = self.machine
        set_up_council_of_one(machine)
        machine.run("debconf-set-selections", text="decentd decentd/purge-data boolean true\n")
        machine.run("apt-get", "-q", "-y", "remove", "decentd")
        self.assertTrue(machine.has(f"{CONFIG}/identity.key"))
        machine.run("apt-get", "-q", "-y", "purge", "decentd")
        self.assertFalse(machine.has(CONFIG))
        self.assertFalse(machine.has(DATA))

    def test_purging_what_was_never_configured_leaves_nothing(self):
        self.machine.run("apt-get", "-q", "-y", "purge", "decentd")
        self.assertFalse(self.machine.has(CONFIG))
        self.assertFalse(self.machine.has(DATA))


if __name__ == "__main__":
    unittest.main()
