"""A cluster of real decentd processes on loopback, set up with decentctl the way an operator would.

Use as a context manager. Everything lives in a temporary directory, which is removed afterwards,
unless the test failed or DECENTD_E2E_KEEP is set: then it is kept and named.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from bundle import Bundle
from node import NAMES, Node
from ports import free_ports
from programs import (OK, PATIENCE_SECONDS, UNREACHABLE, decentctl, decentctl_json, environment,
                      memory_directory,
                      program, wait_until)

# Longer than a test waits for anything (PATIENCE_SECONDS): a round that ends within a test has
# waited for no deadline.
TEST_DEADLINES = {"soft": "10m", "hard": "15m"}


def set_models(config, lines):
    """Replaces the models section that `decentctl init` wrote; the next section is `limits`."""
    before, rest = config.read_text().split("\nmodels:\n")
    after = rest[rest.index("\nlimits:\n"):]
    backend = "".join(f"    {line}\n" for line in lines)
    config.write_text(f"{before}\nmodels:\n  answer:\n{backend}  judge:\n{backend}{after}")


class Asking:
    """A running `decentctl ask`."""

    def __init__(self, process, id_file):
        self._process = process
        self._id_file = id_file

    def round_id(self):
        """The round's id, as soon as a node took the question."""
        def written():
            ended = self._process.poll()
            text = self._id_file.read_text() if self._id_file.exists() else ""
            if text.endswith("\n"):
                return text.strip()
            assert ended in (None, 0), self._process.stderr.read()
            return None

        return wait_until(written, "a node takes the question")

    def result(self, expect=0):
        """Waits for the end; the JSON that was printed, or None where there was nothing."""
        out, err = self._process.communicate(timeout=PATIENCE_SECONDS)
        assert self._process.returncode == expect, \
            f"decentctl ask ended with {self._process.returncode}, expected {expect}:\n{out}{err}"
        return json.loads(out) if out else None


class Cluster:
    """`models`: a FakeModel, or the lines of node.yaml that choose a model for every node.
    `beside`: the directory in which it makes its own; None for one in memory where there is room,
    for whoever waits for a disk is late, and that is another test's matter."""

    node_type = Node

    def __init__(self, models, n=4, deadlines=None, beside=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="decentd-e2e-",
                                                       dir=beside or memory_directory()))
        self.roster = self.directory / "roster.yaml"
        ports = free_ports(2 * n)
        self.nodes = [
            self.node_type(i, self.directory / NAMES[i], ports[2 * i], ports[2 * i + 1])
            for i in range(n)]
        self._asking = []
        try:
            self._create(models, deadlines or TEST_DEADLINES)
        except BaseException:
            print(f"the cluster's files are kept in {self.directory}", file=sys.stderr)
            raise

    def _create(self, models, deadlines):
        cards = []
        for node in self.nodes:
            cards.append(decentctl(
                "init", "--dir", node.directory, "--name", node.name, "--address", node.address,
                "--listen", node.listen, "--client-listen", node.client_listen).stdout.strip())
            set_models(node.directory / "node.yaml", models if isinstance(models, list) else [
                "backend: openai", f"url: {models.url_of(node.index)}",
                f"model: fake-{node.index}", "timeout: 5m"])
        decentctl("roster", "create", "--out", self.roster, *cards)
        self.edit_roster(deadlines)
        for node in self.nodes:
            shutil.copy(self.roster, node.directory / "roster.yaml")
        decentctl("client", "init", "--dir", self.directory / "client",
                  "--node", self.nodes[0].client, "--roster", self.roster)

    def edit_roster(self, deadlines):
        """Replaces soft and hard in both phases, and absent_after, as an operator would by hand."""
        text = self.roster.read_text()
        for key, value in deadlines.items():
            text, count = re.subn(rf"\b{key}: \w+", f"{key}: {value}", text)
            expected = 1 if key == "absent_after" else 2
            assert count == expected, f"roster.yaml has {count} times '{key}:':\n{text}"
        self.roster.write_text(text)

    def let_clients_ask(self):
        """Before the start: one client may ask as often and as much at once as it likes."""
        for node in self.nodes:
            node.configure("requests_per_minute", 0)
            node.configure("rounds_in_flight", 0)

    @property
    def client_config(self):
        return self.directory / "client" / "client.yaml"

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for process in self._asking:
            if process.poll() is None:
                process.kill()
            process.communicate()
        for node in self.nodes:
            if node.process is not None:
                node.kill()
        failed = kind is not None
        if failed:
            for node in self.nodes:
                print(node.last_log(), file=sys.stderr)
        if failed or os.environ.get("DECENTD_E2E_KEEP"):
            print(f"the cluster's files are kept in {self.directory}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory)

    def start(self, nodes=None):
        """Starts the nodes and returns when each of them reaches, and is linked with, all of them."""
        nodes = self.nodes if nodes is None else nodes
        for node in nodes:
            node.start()
        running = sum(node.process is not None for node in self.nodes)
        self.wait_reachable(running, nodes)
        self.wait_linked(nodes)

    def wait_reachable(self, count, nodes):
        """Returns when each of the nodes says that it reaches exactly `count`, itself included."""
        for node in nodes:
            wait_until(lambda node=node: (node.status() or {}).get("reachable") == count,
                       f"{node.name} reaches {count} nodes", explain=node.last_log)

    def wait_linked(self, nodes):
        """Returns when both ends of each link between one of `nodes` and another that runs say that
        it is there. A node is reachable before that, for others pass on what it says."""
        running = {node.name for node in self.nodes if node.process is not None}
        new = {node.name for node in nodes}
        for node in self.nodes:
            if node.name in running:
                others = (running if node.name in new else new) - {node.name}
                wait_until(lambda node=node, others=others: self.is_linked(node, others),
                           f"{node.name} is linked with {others}", explain=node.last_log)

    def is_linked(self, node, others):
        """Whether a node says that it is linked, under one roster or another, with all whose names
        these are."""
        links = self._told(node, "peers")["peers"]
        return others <= {link["name"] for link in links if link["linked"]}

    def ask(self, question, node=None, options=(), **how):
        """Asks and waits for the end of the round; what `decentctl ask --json` says."""
        return decentctl_json("ask", question, *self.at(node), *options, **how)

    def ask_in_background(self, question, node=None, options=(), variables=None):
        """The same without waiting; `variables`: beside those of its environment."""
        id_file = self.directory / f"asking-{len(self._asking)}"
        process = subprocess.Popen(
            [program("decentctl"), "ask", question, *self.at(node), "--json",
             "--id-file", id_file, *options], env={**environment(), **(variables or {})},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._asking.append(process)
        return Asking(process, id_file)

    def round(self, round_id, node):
        """What a node has of a round: its proof's contents, or while there is none an object with
        "state" and "waiting_for"; None when it does not know the round."""
        done = decentctl("rounds", "show", round_id, *self.at(node), "--json", expect=None)
        return json.loads(done.stdout) if done.stdout else None

    def rounds(self, node, limit=50):
        """The list of rounds that a node knows, newest first."""
        return self._told(node, "rounds", "ls", "--limit", limit)["rounds"]

    def evidence(self, node):
        """The list of the evidence that a node holds."""
        return self._told(node, "evidence", "ls")["evidence"]

    def _told(self, node, *arguments):
        """What a running node tells when asked so, once it is not busy."""
        def told():
            node.check_runs()
            done = decentctl(*arguments, *self.at(node), "--json", expect=None)
            assert done.returncode in (OK, UNREACHABLE), done.stderr  # the latter: it is busy
            return json.loads(done.stdout) if done.returncode == OK else None

        return wait_until(told, f"{node.name} tells its {arguments[0]}", explain=node.last_log)

    def peers(self, node):
        """A node's links by the peer's name."""
        return {peer["name"]: peer for peer in self._told(node, "peers")["peers"]}

    def wait_decided(self, round_id, nodes=None):
        """Returns the contents of each node's own proof of the round when all have one."""
        def proven(node):
            found = self.round(round_id, node)
            return found if found and "outcome" in found and "state" not in found else None

        return [wait_until(lambda node=node: proven(node), f"{node.name} decides {round_id}",
                           explain=node.last_log) for node in nodes or self.nodes]

    def export(self, round_id, node=None):
        """The round's bundle as that node has it, as a file."""
        node = node or self.nodes[0]
        path = self.directory / f"{round_id}.{node.name}.bundle"
        decentctl("rounds", "export", round_id, *self.at(node), "--out", path)
        return path

    def agreed(self, round_ids, nodes=None):
        """Returns {round id: [each node's Bundle]} when every node has its record of every round:
        each verified, and all of a round with one verdict, byte for byte."""
        nodes = nodes or self.nodes

        def record(round_id, node):
            path = self.directory / f"{round_id}.{node.name}.agreed"

            def exported():
                node.check_runs()
                return decentctl("rounds", "export", round_id, *self.at(node), "--out", path,
                                 expect=None).returncode == 0

            wait_until(exported, f"{node.name} has a record of {round_id}", explain=node.last_log)
            self.verify(path)
            bundle = Bundle(path.read_bytes())
            path.unlink()
            return bundle

        records = {}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for round_id in round_ids:
                records[round_id] = [pool.submit(record, round_id, node) for node in nodes]
            records = {round_id: [one.result() for one in all_nodes]
                       for round_id, all_nodes in records.items()}
        for round_id, bundles in records.items():
            verdicts = {node.name: bundle.verdict() for node, bundle in zip(nodes, bundles)}
            assert len(set(verdicts.values())) == 1, \
                f"nodes differ in round {round_id}: {verdicts}"
        return records

    def check_unharmed(self):
        """Every node votes, and none holds evidence that another contradicted itself."""
        for node in self.nodes:
            status = node.says_how_it_is()
            assert status["voting"], f"{node.name} does not vote: {status}"
            assert self.evidence(node) == [], f"{node.name} holds {self.evidence(node)}"

    def verify(self, bundle, expect=0):
        return decentctl("verify", bundle, "--roster", self.roster, expect=expect)

    def at(self, node):
        """The options that make decentctl ask this node and believe this cluster's roster."""
        return ["--config", self.client_config, *(["--node", node.client] if node else [])]
