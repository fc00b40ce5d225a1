"""Nodes that are killed again and again under load lose nothing that was decided, and never differ.

DECENTD_E2E_KILLS says how many times (16 unless set; 2 to 4 s each); DECENTD_E2E_SEED repeats the
order of a run that failed, as far as real processes can be repeated.
"""

import os
import random
import threading
import time
import unittest

from cluster import Cluster
from fake_model import FakeModel
from load import Load
from programs import wait_until

KILLS = int(os.environ.get("DECENTD_E2E_KILLS", "16"))
SEED = os.environ.get("DECENTD_E2E_SEED") or str(random.SystemRandom().randrange(10**6))
KILLS_BETWEEN_CHECKS = 8
CLIENTS = 3


class KillLoop(unittest.TestCase):
    def kill_and_start_again(self, cluster, models, load, lots):
        """One node dies somewhere in the middle of rounds, and comes back at once or later."""
        node = lots.choice(cluster.nodes)
        models.wait_for_requests(lots.randrange(1, 16))
        threading.Event().wait(lots.random() * 0.05)  # not only where a model has just been asked
        node.kill()
        load.wait_decided(lots.choice([0, 0, 1, 3]))
        node.start()
        # No more than one node at a time is away: the next one waits until all see all again.
        cluster.wait_reachable(len(cluster.nodes), cluster.nodes)

    def test_nodes_killed_one_at_a_time_lose_no_decided_round_and_do_not_differ(self):
        lots = random.Random(SEED)
        rounds, kills = set(), 0
        started = time.monotonic()
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.let_clients_ask()
            cluster.start()
            try:
                while kills < KILLS:
                    with Load(cluster, CLIENTS, f"{SEED}-{kills}") as load:
                        for _ in range(min(KILLS_BETWEEN_CHECKS, KILLS - kills)):
                            self.kill_and_start_again(cluster, models, load, lots)
                            kills += 1
                    self.assertGreater(len(load.decided()), 0)
                    cluster.agreed(load.decided())
                    cluster.check_unharmed()
                    rounds.update(load.decided())
                self.check_all_have(cluster, rounds)
                for node in cluster.nodes:
                    node.kill()
                cluster.start()
                self.check_all_have(cluster, rounds)
                cluster.agreed(load.decided()[-3:])
            except BaseException:
                print(f"after {kills} kills; DECENTD_E2E_SEED={SEED}")
                raise
        print(f"{kills} kills, {len(rounds)} rounds, {time.monotonic() - started:.0f} s")

    def check_all_have(self, cluster, rounds):
        """All rounds have ended everywhere, also those of which clients never heard because their
        node died as it was asked."""
        def listed(node):
            found = cluster.rounds(node, limit=100_000)
            return all(r["state"] == "decided" for r in found) and {r["round_id"] for r in found}

        known = [wait_until(lambda node=node: listed(node), f"{node.name} has no open round")
                 for node in cluster.nodes]
        self.assertLessEqual(rounds, set.union(*known))
        cluster.agreed(set.union(*known) - rounds)
        for node, found in zip(cluster.nodes, known):
            self.assertLessEqual(rounds, found, f"{node.name} lost a round")


if __name__ == "__main__":
    unittest.main()
