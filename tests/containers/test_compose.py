"""deploy/compose with the small model: from images to a verified answer, down, up, and away."""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from container_cluster import USER, docker, run, why_no_containers
from http_client import ask, check_dashboard, get
from ports import free_ports
from programs import PATIENCE_SECONDS, ROOT, program, wait_until

MODEL_DIR = pathlib.Path(os.environ.get(
    "DECENTD_MODEL_DIR", pathlib.Path.home() / ".cache" / "decentd" / "small-model"))
NAMES = {"alice", "bob", "carol", "dave"}
_REASON = why_no_containers() or (None if (MODEL_DIR / "venv" / "bin" / "python").exists() else
                                  f"the small model is not installed in {MODEL_DIR}; "
                                  "deploy/models/install_small_model.sh does it, with the network")


@unittest.skipIf(_REASON, _REASON)
class Compose(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="decentd-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.home = self.directory / "council"
        binaries = self.directory / "bin"
        binaries.mkdir()
        for name in ("decentd", "decentctl"):
            (binaries / name).symlink_to(program(name))
        self.up = ["up", "--bin", binaries]
        self.port, self.gateway_port = free_ports(2)
        self.gateway = f"http://127.0.0.1:{self.gateway_port}"
        self.first = [*self.up, "--port", str(self.port), "--gateway-port", str(self.gateway_port)]
        self.addCleanup(self.run_it, "clean", expect=None)

    def run_it(self, *arguments, expect=0):
        """Runs deploy/compose from another directory; its output, both streams."""
        done = subprocess.run(
            [ROOT / "deploy" / "compose", *arguments, "--dir", self.home],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=10 * PATIENCE_SECONDS, check=False, cwd="/")
        if expect is not None:
            self.assertEqual(done.returncode, expect, done.stdout)
        return done.stdout

    def project(self):
        return re.search("COMPOSE_PROJECT_NAME=(.*)", (self.home / "compose.env").read_text())[1]

    def containers(self):
        """What the engine says of each, by the service's name."""
        ids = docker("ps", "--all", "--quiet", "--filter",
                     f"label=com.docker.compose.project={self.project()}").split()
        found = json.loads(docker("inspect", *ids)) if ids else []
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in found}

    def test_up_answers_and_verifies_down_keeps_and_clean_removes(self):
        first = self.run_it(*self.first)
        self.assertIn("answered and verified", first)
        found = self.containers()
        self.assertEqual(set(found), NAMES | {"model"})
        for name in NAMES:
            self.check_confined(found[name])
        for inside, outside in (("8400", self.port), ("8480", self.gateway_port)):
            self.assertEqual(found["alice"]["NetworkSettings"]["Ports"][f"{inside}/tcp"],
                             [{"HostIp": "127.0.0.1", "HostPort": str(outside)}])
        for name in NAMES - {"alice"}:
            self.assertFalse(any(found[name]["NetworkSettings"]["Ports"].values()), name)

        for name in NAMES | {"model"}:
            wait_until(lambda name=name: self.containers()[name]["State"]["Health"]["Status"]
                       == "healthy", f"the engine finds {name} healthy")
        self.check_gateway(first)

        self.run_it("down")
        self.assertEqual(self.containers(), {})
        self.make_it_one_without_a_gateway()
        self.assertIn("kept from an earlier run", self.run_it(*self.up, "--no-question"))
        key = (self.home / "secrets" / "gateway_key").read_text()
        self.assertEqual(get(f"{self.gateway}/v1/models", key)[0], 200)
        self.assertIn("capital of Australia", self.run_it("status"))

        volumes = {mount["Name"] for name in NAMES for mount in self.containers()[name]["Mounts"]
                   if mount["Type"] == "volume"}
        self.assertEqual(len(volumes), 2 * len(NAMES))
        self.run_it("clean")
        self.assertFalse(self.home.exists())
        self.assertFalse(volumes & set(docker("volume", "ls", "--quiet").split()))

    def make_it_one_without_a_gateway(self):
        """As councils were before there was one."""
        docker("run", "--rm", "--volume", f"{self.project()}_alice:/var/lib/decentd", "decentd:bin",
               "sed", "-i", "/^# OpenAI/,$d", "node.yaml")
        for file in (self.home / "secrets").glob("gateway_key*"):
            file.unlink()

    def check_confined(self, container):
        """As deploy/compose.yaml promises it."""
        host = container["HostConfig"]
        self.assertEqual(container["Config"]["User"], f"{USER}:{USER}")
        self.assertTrue(host["ReadonlyRootfs"])
        self.assertEqual(host["CapDrop"], ["ALL"])
        self.assertIn("no-new-privileges:true", host["SecurityOpt"])
        self.assertGreater(host["Memory"], 0)
        self.assertEqual(host["RestartPolicy"]["Name"], "unless-stopped")
        secrets = {pathlib.Path(mount["Source"]) for mount in container["Mounts"]
                   if mount["Destination"].startswith("/run/secrets/")}
        digests = {secret for secret in secrets if secret.name == "gateway_keys"}
        self.assertEqual(len(secrets - digests), 2)
        for secret in secrets:
            self.assertEqual(secret.stat().st_mode & 0o777, 0o644 if secret in digests else 0o400)
            self.assertEqual(secret.parent.stat().st_mode & 0o777, 0o700)

    def check_gateway(self, said):
        """With the key that was made it answers, without it does not, and the key is in one place."""
        file = self.home / "secrets" / "gateway_key"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        key = file.read_text()
        self.assertRegex(key, "^[0-9a-f]{64}$")
        self.assertIn(f"export OPENAI_BASE_URL={self.gateway}/v1\n", said)
        self.assertIn(str(file), said)
        check_dashboard(self.gateway)
        self.assertEqual(get(f"{self.gateway}/v1/models")[0], 401)
        self.assertEqual(get(f"{self.gateway}/v1/models", key="another")[0], 401)
        # Of one agent: the model takes its time, and an answer is an answer.
        self.assertTrue(ask(self.gateway, "What is the capital of Australia?", key, "decent-1"))
        logs = [log.read_text() for log in (self.home / "logs").iterdir()]
        for one in self.containers().values():
            log = run("docker", "logs", one["Id"])
            logs += [log.stdout, log.stderr, json.dumps(one)]
        self.assertFalse([text for text in [said, *logs] if key in text])

    def test_a_port_in_use_is_named_before_any_work(self):
        for port, option in ((self.port, "--port"), (self.gateway_port, "--gateway-port")):
            with self.subTest(option), socket.create_server(("127.0.0.1", port)):
                said = self.run_it(*self.first, expect=1)
                self.assertIn(f"port {port}", said)
                self.assertIn(f"with {option}, ", said)
                self.assertFalse((self.home / "complete").exists())


if __name__ == "__main__":
    unittest.main()
