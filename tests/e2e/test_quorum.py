"""What stopped nodes cost: no deadline while a quorum runs, patience while none does.

Deadlines are ten minutes and more in these clusters, so a round that waited for one would fail the
test by its patience.
"""

import unittest

from cluster import Cluster
from fake_model import FakeModel
from programs import wait_until


class Quorum(unittest.TestCase):
    def test_one_stopped_node_costs_no_deadline(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            cluster.nodes[3].stop()
            for question in ("What is 17 + 25?", "What is 18 + 25?"):
                asked = cluster.ask(question)
                self.assertEqual(asked["outcome"], "decided")
                for phase in ("answers", "sheets"):
                    self.assertEqual(set(asked[phase]["closed"].values()), {"absent"})

    def test_a_node_that_was_down_learns_the_rounds_it_missed(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            bob = cluster.nodes[1]
            bob.stop()
            asked = cluster.ask("What is 17 + 25?")
            cluster.start([bob])
            missed = cluster.wait_decided(asked["round_id"], [bob])[0]
            self.assertEqual(missed["winner"], asked["winner"])
            cluster.verify(cluster.export(asked["round_id"], bob))

    def test_without_a_quorum_the_client_is_told_and_the_round_ends_when_a_node_returns(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            alice, bob, carol, dave = cluster.nodes
            carol.stop()
            dave.stop()
            cluster.wait_reachable(2, [alice, bob])
            asking = cluster.ask_in_background("What is 17 + 25?", options=["--timeout", "20s"])
            round_id = asking.round_id()
            asking.result(expect=3)
            waiting = wait_until(lambda: cluster.round(round_id, alice), "alice is not busy")
            self.assertEqual(waiting["state"], "running")
            self.assertIn("no quorum", waiting["waiting_for"])
            cluster.start([carol])
            rounds = cluster.wait_decided(round_id, [alice, bob, carol])
            self.assertEqual({r["outcome"] for r in rounds}, {"decided"})
            self.assertEqual(len({r["winner"] for r in rounds}), 1)

    def test_status_counts_who_can_be_reached(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            cluster.nodes[2].kill()
            cluster.wait_reachable(3, [cluster.nodes[0]])
            cluster.start([cluster.nodes[2]])
            cluster.wait_reachable(4, cluster.nodes[:1])


if __name__ == "__main__":
    unittest.main()
