"""Clients that keep asking a cluster, in parallel, while a test disturbs it."""

import base64
import json
import random
import threading

from programs import PATIENCE_SECONDS, UNREACHABLE, decentctl, wait_until


class Load:
    """`clients` threads, each of which asks one question after the other until the context ends;
    then the questions under way are waited for. The first client asks all of `nodes`, so that it
    goes on whichever is away; the others ask one of them, by lot. Questions are somewhat longer
    than `bytes_each`. One that a node took has to be decided; one that no node took is nobody's.
    With `all_ask_all` every client asks all nodes, and every question has to be decided.
    Leaving the context raises what a client found wrong."""

    def __init__(self, cluster, clients, seed, nodes=None, bytes_each=0, all_ask_all=False):
        self._cluster = cluster
        self._all_decided = all_ask_all
        self._nodes = nodes or cluster.nodes
        # What no compression makes shorter.
        self._padding = base64.b85encode(random.Random(seed).randbytes(bytes_each)).decode()
        self._mutex = threading.Lock()
        self._stopping = False
        self._wrong = []
        self._decided = []  # round ids, in the order in which clients were told
        self._threads = [
            threading.Thread(target=self._run, args=(f"{seed}-{i}", all_ask_all or i == 0),
                             daemon=True)
            for i in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        with self._mutex:
            self._stopping = True
        if kind is None:  # else the test has failed already, and its cluster ends
            for thread in self._threads:
                thread.join()
            self.check()

    def check(self):
        with self._mutex:
            assert not self._wrong, "\n".join(self._wrong)

    def decided(self):
        """The rounds that clients were told are decided."""
        with self._mutex:
            return list(self._decided)

    def wait_decided(self, more, meanwhile=lambda: None):
        """Returns when so many more rounds are decided than now; calls `meanwhile` in a loop."""
        goal = len(self.decided()) + more

        def done():
            self.check()
            meanwhile()
            return len(self.decided()) >= goal

        wait_until(done, f"clients are told of {goal} decided rounds")

    def _run(self, name, asks_all):
        lots = random.Random(name)
        asked = 0
        while not self._stopping:
            asked += 1
            nodes = self._nodes if asks_all else [lots.choice(self._nodes)]
            try:
                self._ask(f"{name}-{asked}", nodes)
            except Exception as error:  # the test's thread reports it
                with self._mutex:
                    self._wrong.append(f"client {name}: {error!r}")
                return

    def _ask(self, name, nodes):
        id_file = self._cluster.directory / f"load-{name}"
        done = decentctl(
            "ask", "-", "--config", self._cluster.client_config,
            *[option for node in nodes for option in ("--node", node.client)],
            "--json", "--id-file", id_file, "--timeout", f"{PATIENCE_SECONDS}s",
            expect=None, timeout=2 * PATIENCE_SECONDS, input=f"What is {name}? {self._padding}")
        taken = id_file.exists()
        id_file.unlink(missing_ok=True)
        if done.returncode == UNREACHABLE and not taken and not self._all_decided:
            return
        assert done.returncode == 0, \
            f"asked {[node.name for node in nodes]}, ended with {done.returncode}: {done.stderr}"
        with self._mutex:
            self._decided.append(json.loads(done.stdout)["round_id"])
