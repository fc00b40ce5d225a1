"""A cluster of real containers, from deploy/compose.yaml as it is shipped, beside which a test puts
a directory of its own for each node, ports for all of them, and what it wants to disturb.

As tests/e2e has it: a context manager, files kept when a test fails. Needs root, for it enters the
containers' networks from outside."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack

from cluster import Cluster
from fake_model import FakeModel
from node import NAMES, Node
from ports import free_ports
from programs import PATIENCE_SECONDS, ROOT, program, wait_until

IMAGE = "decentd:bin"
USER = 7400  # of deploy/Dockerfile
HOME = "/var/lib/decentd"


def run(*command, expect=0, **options):
    """Runs a command; returns the finished process with text output. `expect`: None for any."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=2 * PATIENCE_SECONDS, check=False, stdin=subprocess.DEVNULL,
                          **options)
    assert expect is None or done.returncode == expect, \
        f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done


def docker(*arguments, **options):
    return run("docker", *arguments, **options).stdout.strip()


@functools.cache
def compose_command():
    """Compose v2 where it is there, else docker-compose 1.29; None when there is neither."""
    if run("docker", "compose", "version", expect=None).returncode == 0:
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


@functools.cache
def why_no_containers():
    """Why these tests cannot run here, or None when they can."""
    if shutil.which("docker") is None:
        return "there is no Docker engine: docker is not installed"
    answer = run("docker", "version", "--format", "{{.Server.Version}}", expect=None)
    if answer.returncode:
        return f"no Docker engine answers: {answer.stderr.strip()}"
    if compose_command() is None:
        return "there is neither docker compose nor docker-compose"
    if os.geteuid() != 0:
        return "these tests need root: they enter the networks of containers"
    return None


def build_image():
    """The image with the programs under test; for setUpModule. Does nothing where tests are
    skipped."""
    if why_no_containers():
        return
    with tempfile.TemporaryDirectory(prefix="decentd-e2e-") as directory:
        binaries = pathlib.Path(directory) / "bin"
        binaries.mkdir()
        for name in ("decentd", "decentctl"):
            (binaries / name).symlink_to(program(name))
        run(ROOT / "deploy" / "compose", "image", "--bin", binaries, "--dir", directory)


def fake_model():
    """A FakeModel that containers reach, as they would any server of the machine they run on."""
    gateway = docker("network", "inspect", "bridge", "--format",
                     "{{(index .IPAM.Config 0).Gateway}}")
    return FakeModel(gateway, "host.docker.internal")


class ContainerNode(Node):
    """`process` is the container's id, and None while the container is not meant to run."""

    def __init__(self, index, directory, peer_port, client_port):
        super().__init__(index, directory, peer_port, client_port)
        self.address = f"{self.name}:7400"
        self.listen, self.client_listen = "0.0.0.0:7400", "127.0.0.1:8400"
        self.container = None

    def inspect(self):
        return json.loads(docker("inspect", self.container))[0]

    def pid(self):
        """Of the daemon, as this machine numbers it; 0 while there is none."""
        return self.inspect()["State"]["Pid"]

    def health(self):
        """What the container's own check says: its exit status and its words."""
        done = run("docker", "exec", self.container, "decentd", "--health", "--config",
                   f"{HOME}/node.yaml", expect=None)
        return done.returncode, done.stdout + done.stderr

    def start(self, *arguments):
        assert not arguments, "a container's arguments are its image's"
        docker("start", self.container)
        self.process = self.container

    def kill(self):
        """SIGKILL by the operator: the engine does not start it again."""
        self.process = None
        docker("kill", self.container)

    def stop(self):
        self.process = None
        docker("stop", self.container)
        return self.inspect()["State"]["ExitCode"]

    def restart(self):
        docker("restart", self.container)

    def pause(self):
        docker("pause", self.container)

    def resume(self):
        docker("unpause", self.container)

    def check_runs(self):
        state = self.inspect()["State"]
        assert state["Status"] in ("running", "paused", "restarting"), \
            f"{self.name} is {state['Status']} ({state['ExitCode']}):\n{self.last_log()}"

    def log_text(self):
        done = run("docker", "logs", self.container, expect=None)
        return done.stdout + done.stderr

    def last_log(self, lines=40):
        return f"--- {self.name}\n" + "\n".join(self.log_text().splitlines()[-lines:])


class ContainerCluster(Cluster):
    """`override`: given the cluster when it starts, what is added to compose.yaml; lists of a
    service become longer, other values are replaced."""

    node_type = ContainerNode

    def __init__(self, models, deadlines=None, override=lambda cluster: {}):
        # Not in memory: what a container keeps there counts against its own.
        super().__init__(models, deadlines=deadlines, beside=tempfile.gettempdir())
        self.project = self.directory.name
        self._gateway_port = free_ports(1)[0]
        self._override = override

    def _create(self, models, deadlines):
        super()._create(models, deadlines)
        secrets = self.directory / "secrets"
        secrets.mkdir(mode=0o700)
        for name in [*(f"{node.name}_passphrase" for node in self.nodes), "model_api_key",
                     "gateway_keys"]:
            (secrets / name).write_text("unused\n")
            os.chown(secrets / name, USER, USER)
            (secrets / name).chmod(0o400)
        for node in self.nodes:
            config = node.directory / "node.yaml"
            config.write_text(config.read_text()
                              .replace('listen: "127.0.0.1:8400"', 'listen: "0.0.0.0:8400"')
                              .replace("  insecure: false", "  insecure: true"))
            for path in [node.directory, *node.directory.iterdir()]:
                os.chown(path, USER, USER)

    def _write_override(self):
        services = {}
        for node in self.nodes:
            service = services[node.name] = {"volumes": [f"{node.directory}:{HOME}"]}
            if node.index:  # the first one's port is published by compose.yaml
                service["ports"] = [f"{node.client}:8400"]
        more = self._override(self)
        for name, service in more.get("services", {}).items():
            for key, value in service.items():
                services[name][key] = services[name].get(key, type(value)()) + value \
                    if isinstance(value, list) else value
        (self.directory / "override.json").write_text(
            json.dumps({"services": services, "volumes": more.get("volumes", {})}))

    def compose(self, *arguments):
        environment = {
            **os.environ, "DECENTD_IMAGE": IMAGE,
            "DECENTD_SECRETS": str(self.directory / "secrets"),
            "DECENTD_CLIENT_PORT": self.nodes[0].client.rpartition(":")[2],
            "DECENTD_GATEWAY_PORT": str(self._gateway_port)}  # published; nothing is served there
        return run(*compose_command(), "--project-name", self.project,
                   "--file", ROOT / "deploy" / "compose.yaml",
                   "--file", self.directory / "override.json", *arguments, env=environment)

    def up(self, *nodes):
        """Makes the containers of these nodes, or of all, where there are none, and starts them."""
        nodes = nodes or self.nodes
        docker("volume", "create", "decentd-small-model")  # named in compose.yaml, not used
        self.compose("up", "--detach", "--no-deps", *(node.name for node in nodes))
        for node in nodes:
            node.container = docker(
                "ps", "--all", "--quiet", "--filter",
                f"label=com.docker.compose.project={self.project}", "--filter",
                f"label=com.docker.compose.service={node.name}", "--filter",
                "label=com.docker.compose.oneoff=False")
            node.process = node.container

    def start(self, nodes=None):
        if self.nodes[0].container is None:
            self._write_override()
            self.up()
            self.wait_reachable(len(self.nodes), self.nodes)
        else:
            super().start(nodes)

    @property
    def network(self):
        return f"{self.project}_council"

    def disconnect(self, node):
        """The cable is pulled: no other node reaches it, and neither do clients nor its model."""
        docker("network", "disconnect", self.network, node.container)

    def connect(self, node):
        docker("network", "connect", "--alias", node.name, self.network, node.container)

    def __exit__(self, kind, *rest):
        if kind is not None:
            for node in self.nodes:
                if node.container:
                    print(node.last_log(), file=sys.stderr)
        for node in self.nodes:
            node.process = None  # they end with their project
        with ExitStack() as stack:
            stack.callback(super().__exit__, kind, *rest)
            if (self.directory / "override.json").exists():
                self.compose("down", "--volumes", "--timeout", "0", "--remove-orphans")


def all_see_all(cluster):
    """Returns when every node runs, is healthy and reaches every other."""
    cluster.wait_reachable(len(cluster.nodes), cluster.nodes)
    for node in cluster.nodes:
        wait_until(lambda node=node: node.health()[0] == 0, f"{node.name} is healthy",
                   explain=node.last_log)
