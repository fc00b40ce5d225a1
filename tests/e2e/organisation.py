"""Operators on networks of their own: each organisation has a folder, a network namespace and a
loopback that nobody else reaches. A router joins them, as the internet would."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from cluster import set_models
from programs import PATIENCE_SECONDS, ROOT, CommandFailed, environment, program, wait_until

SCRIPT = ROOT / "deploy" / "examples" / "scripted.yaml"


def why_no_networks():
    """Why no network of its own can be made here, or None when one can."""
    if os.geteuid() != 0:
        return "network namespaces take root"
    if shutil.which("ip") is None:
        return "ip is not installed; deploy/deps.sh test installs it"
    probe = f"decentd-probe-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, text=True, check=False)
    subprocess.run(["ip", "netns", "delete", probe], capture_output=True, check=False)
    return None if made.returncode == 0 else f"no network namespaces here: {made.stderr.strip()}"


def _ip(*arguments, namespace=None):
    inside = ["-n", namespace] if namespace else []
    subprocess.run(["ip", *inside, *arguments], check=True, capture_output=True, text=True)


class Internet:
    """A router between the networks 10.77.1.0/24, 10.77.2.0/24, ... of organisations."""

    def __init__(self):
        self._router = f"decentd-router-{os.getpid()}"
        self.organisations = []

    def __enter__(self):
        _ip("netns", "add", self._router)
        subprocess.run(["ip", "netns", "exec", self._router, "sh", "-c",
                        "echo 1 >/proc/sys/net/ipv4/ip_forward"], check=True)
        return self

    def __exit__(self, kind, *_):
        for organisation in self.organisations:
            organisation.close(failed=kind is not None)
            subprocess.run(["ip", "netns", "delete", organisation.namespace], check=False)
        subprocess.run(["ip", "netns", "delete", self._router], check=False)

    def join(self, name):
        """A new organisation with a network of its own."""
        number = len(self.organisations) + 1
        organisation = Organisation(name, f"decentd-{name}-{os.getpid()}", f"10.77.{number}.2")
        self.organisations.append(organisation)
        inside, outside = f"dcd{number}in", f"dcd{number}out"
        _ip("netns", "add", organisation.namespace)
        _ip("link", "add", inside, "netns", organisation.namespace, "type", "veth",
            "peer", "name", outside, "netns", self._router)
        for namespace, link, address in ((organisation.namespace, inside, f"10.77.{number}.2/24"),
                                         (self._router, outside, f"10.77.{number}.1/24")):
            _ip("address", "add", address, "dev", link, namespace=namespace)
            _ip("link", "set", link, "up", namespace=namespace)
        _ip("link", "set", "lo", "up", namespace=organisation.namespace)
        _ip("route", "add", "default", "via", f"10.77.{number}.1",
            namespace=organisation.namespace)
        return organisation


class Organisation:
    """What one operator has: a folder, a machine, and nodes on it. Others see its cards alone."""

    def __init__(self, name, namespace, address):
        self.name = name
        self.namespace = namespace
        self.address = address
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"decentd-{name}-"))
        self._processes = {}

    def run(self, *arguments, expect=0):
        """decentctl on this organisation's machine, in its folder."""
        command = ["ip", "netns", "exec", self.namespace, str(program("decentctl")),
                   *map(str, arguments)]
        done = subprocess.run(command, cwd=self.directory, env=environment(), text=True,
                              capture_output=True, timeout=PATIENCE_SECONDS, check=False)
        if expect is not None and done.returncode != expect:
            raise CommandFailed(f"{' '.join(command)}\nended with {done.returncode}, expected "
                                f"{expect}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments):
        return json.loads(self.run(*arguments, "--json").stdout)

    def make_node(self, name, number):
        """Makes a node's key and configuration; returns its card."""
        card = self.run("init", "--dir", name, "--name", name, "--address",
                        f"{self.address}:{7400 + number}", "--listen", f"0.0.0.0:{7400 + number}",
                        "--client-listen", f"127.0.0.1:{8400 + number}").stdout.strip()
        set_models(self.directory / name / "node.yaml", ["backend: scripted", f"file: {SCRIPT}"])
        return card

    def start(self, name):
        log = (self.directory / f"{name}.log").open("ab")
        with log:
            self._processes[name] = subprocess.Popen(
                ["ip", "netns", "exec", self.namespace, str(program("decentd")), "--config",
                 str(self.directory / name / "node.yaml")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait_served(self, number, epoch, count):
        """Returns when a node of this organisation sees that so many nodes serve the roster."""
        def served():
            done = self.run("roster", "status", "--node", f"127.0.0.1:{8400 + number}", "--json",
                            expect=None)
            if done.returncode:
                return False
            rosters = {one["epoch"]: one for one in json.loads(done.stdout)["rosters"]}
            return len(rosters.get(epoch, {}).get("reached", [])) == count

        wait_until(served, f"{self.name} sees {count} nodes serve epoch {epoch}",
                   explain=self.last_logs)

    def last_logs(self):
        return "\n".join(f"--- {path}\n{path.read_text()[-2000:]}"
                         for path in sorted(self.directory.glob("*.log")))

    def close(self, failed):
        for process in self._processes.values():
            process.kill()
            process.wait()
        if failed:
            print(self.last_logs(), file=sys.stderr)
        else:
            shutil.rmtree(self.directory)
