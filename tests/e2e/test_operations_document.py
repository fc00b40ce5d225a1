"""What docs/OPERATIONS.md tells operators to type works, in the order in which it says it."""

import os
import re
import shlex
import shutil
import subprocess
import unittest

from cluster import Cluster
from fake_model import FakeModel
from http_client import ask, get
from node import Node
from ports import free_ports
from operations_document import PLACES, blocks, fences, inline_commands
from programs import (PATIENCE_SECONDS, ROOT, decentctl, environment, find_program, program,
                      wait_until)


class Shell:
    """A shell in the folder of a council's nodes, with the variables that the document uses."""

    def __init__(self, cluster):
        self._directory = cluster.directory
        configured = cluster.directory / "xdg"
        (configured / "decentd").mkdir(parents=True)
        shutil.copy(cluster.client_config, configured / "decentd" / "client.yaml")
        for file in cluster.client_config.parent.glob("*.key"):
            shutil.copy(file, configured / "decentd")
        places = [str(program(name).parent) for name in ("decentd", "decentctl")]
        self.variables = {**environment(), "XDG_CONFIG_HOME": str(configured),
                          "PATH": os.pathsep.join([*places, os.environ["PATH"]])}

    def run(self, block):
        """Runs a block of commands, each of which has to succeed; returns what they print."""
        done = subprocess.run(["bash", "-eu", "-c", block], cwd=self._directory,
                              env=self.variables, text=True, capture_output=True, check=False,
                              timeout=2 * PATIENCE_SECONDS)
        assert done.returncode == 0, \
            f"{block}ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout


class Document(unittest.TestCase):
    def test_each_block_says_what_it_is(self):
        allowed = ["text", "yaml", *(f"sh {place}" for place in PLACES)]
        for kind, text in fences():
            self.assertIn(kind, allowed, text)

    def test_each_command_that_the_text_mentions_exists_with_its_options(self):
        for command in inline_commands("decentctl"):
            words = shlex.split(command)[1:]
            names = []
            for word in words:
                if not re.fullmatch(r"[a-z][a-z-]*", word):
                    break
                names.append(word)
            help_text = decentctl(*names, "--help", expect=None).stdout
            # A word behind the command's name may be an argument; help is of what stands before.
            while names and f"Usage: decentctl {' '.join(names)} " not in help_text:
                names.pop()
            self.assertTrue(names, f"'{command}' is no command")
            for option in (word for word in words if word.startswith("--")):
                self.assertIn(option, help_text, f"'{command}'")


class Commands(unittest.TestCase):
    def before(self, block):
        """What the text around a block says that others did, or that is the case."""
        cluster, shell = self.cluster, self.shell
        alice = cluster.nodes[0]
        if block.startswith("decentctl backup"):
            (cluster.directory / "backups").mkdir()
            shell.variables["BACKUPS"] = str(cluster.directory / "backups")
        elif block.startswith("decentctl db check"):
            self.assertEqual(alice.stop(), 0)
        elif block.startswith("decentctl roster add"):
            erin = Node(4, cluster.directory / "erin", *free_ports(2))
            shell.variables["ERIN"] = decentctl(
                "init", "--dir", erin.directory, "--name", "erin", "--address", erin.address,
                "--listen", erin.listen, "--client-listen", erin.client_listen).stdout.strip()
            cluster.nodes.append(erin)
        elif block.startswith("decentctl roster from-line"):
            shell.variables["LINE"] = decentctl(
                "roster", "line", "--roster", cluster.directory / "next.yaml").stdout.strip()
        elif block.startswith("decentctl verify"):
            shutil.copy(cluster.export(self.round_id), cluster.directory / "round.bundle")
            shutil.copy(cluster.roster, cluster.directory / "old.yaml")
        elif block.startswith("decentctl init --dir dave-new"):
            (cluster.directory / "next.yaml").rename(cluster.directory / "former.yaml")
            shell.variables["DAVES_NEW_CARD"] = decentctl(
                "init", "--dir", cluster.directory / "dave-newer", "--name", "dave", "--address",
                "127.0.0.1:7401").stdout.strip()

    def after(self, block, said):
        cluster, shell = self.cluster, self.shell
        alice, *others = cluster.nodes
        if "gateway.keys" in block:
            self.check_gateway(alice)
        elif block.startswith("decentctl db check"):
            cluster.start([alice])
        elif block.startswith("decentctl roster line"):
            shell.variables["LINE"] = said.strip()
        elif block.startswith("decentctl roster adopt"):
            for node in others[:3]:
                shell.run(f"decentctl roster adopt next.yaml --dir {node.name}\n")
            wait_until(lambda: "4 of 5" in shell.run("decentctl roster status"),
                       "the four serve the new roster", explain=alice.last_log)

    def check_gateway(self, alice):
        """It takes the key that was made, and no other."""
        (port,) = free_ports(1)
        (self.cluster.directory / "gateway.keys").rename(alice.directory / "gateway.keys")
        with (alice.directory / "node.yaml").open("a", encoding="utf-8") as config:
            config.write(f"gateway:\n  listen: 127.0.0.1:{port}\n  api_keys: gateway.keys\n")
        self.assertEqual(alice.stop(), 0)
        self.cluster.start([alice])
        file = self.cluster.directory / "my.key"
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        url = f"http://127.0.0.1:{port}"
        self.assertTrue(ask(url, "What is 17 + 25?", file.read_text()))
        self.assertEqual(get(f"{url}/v1/models", "another")[0], 401)

    def test_those_of_a_council(self):
        with FakeModel() as models, Cluster(models) as cluster:
            self.cluster = cluster
            cluster.start()
            self.shell = Shell(cluster)
            self.round_id = cluster.ask("What is 17 + 25?")["round_id"]
            ran = 0
            for block in blocks("council"):
                if "evidence" in block:
                    continue  # below
                with self.subTest(block):
                    self.before(block)
                    self.after(block, self.shell.run(block))
                ran += 1
            self.assertGreater(ran, 5)
            cluster.nodes = [node for node in cluster.nodes if node.process]

    @unittest.skipUnless(find_program("decentd-drill"), "decentd-drill was not built")
    def test_those_about_a_node_that_lied(self):
        with FakeModel() as models, \
                Cluster(models, deadlines={"soft": "3s", "hard": "15m"}) as cluster:
            cluster.nodes[3].daemon = "decentd-drill"
            cluster.nodes[3].daemon_arguments = ["--attack", "fork"]
            cluster.let_clients_ask()
            for node in cluster.nodes:
                node.start()
            alice = cluster.nodes[0]
            wait_until(lambda: (alice.status() or {}).get("reachable", 0) >= 3,
                       "alice reaches the honest nodes", explain=alice.last_log)
            wait_until(lambda: cluster.peers(alice)["dave"]["linked"], "alice is linked with dave",
                       explain=alice.last_log)
            shell = Shell(cluster)

            def evidence():
                self.assertEqual(cluster.ask("What is 17 + 25?")["outcome"], "decided")
                return cluster.evidence(alice)

            shell.variables["EVIDENCE"] = wait_until(evidence, "alice holds evidence")[0]["id"]
            for block in blocks("council"):
                if "evidence" in block:
                    shell.run(block)


if __name__ == "__main__":
    unittest.main()
