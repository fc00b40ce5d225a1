"""Processes that die without warning in the middle of a round, and come back."""

import unittest

from cluster import Cluster
from fake_model import ANSWER, JUDGE, FakeModel


def winners(cluster, round_id):
    """The winning answer's digest in each node's own proof, when all have one."""
    return [proof["ranking"][0]["digest"] for proof in cluster.wait_decided(round_id)]


class Crash(unittest.TestCase):
    def test_a_node_killed_while_it_judges_returns_and_decides_the_same_winner(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            dave = cluster.nodes[3]
            models.hold(3, JUDGE)
            asking = cluster.ask_in_background("What is 17 + 25?")
            models.wait_for_held(3, JUDGE)
            dave.kill()
            models.release()
            asked = asking.result()
            self.assertEqual(asked["outcome"], "decided")
            dave.start()
            self.assertEqual(len(set(winners(cluster, asked["round_id"]))), 1)

    def test_a_node_killed_while_all_wait_for_models_takes_part_again(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            for node in range(4):
                models.hold(node, ANSWER)
            asking = cluster.ask_in_background("What is 17 + 25?")
            for node in range(4):
                models.wait_for_held(node, ANSWER)
            cluster.nodes[1].kill()
            cluster.start([cluster.nodes[1]])
            models.release()
            asked = asking.result()
            self.assertEqual(len(set(winners(cluster, asked["round_id"]))), 1)

    def test_a_round_survives_the_death_of_every_node(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            models.hold(2, JUDGE)
            asking = cluster.ask_in_background("What is 17 + 25?")
            round_id = asking.round_id()
            models.wait_for_held(2, JUDGE)
            for node in cluster.nodes:
                node.kill()
            models.release()
            cluster.start()
            self.assertEqual(len(set(winners(cluster, round_id))), 1)

    def test_a_client_of_one_node_gets_its_answer_when_that_node_is_back(self):
        # gRPC itself looks after a connection that nobody waits for every 5 s; not here.
        variables = {"GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS": "0"}
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            alice, bob, *_ = cluster.nodes
            models.hold(alice.index, ANSWER)
            asking = cluster.ask_in_background("What is 17 + 25?", bob, variables=variables)
            round_id = asking.round_id()
            models.wait_for_held(alice.index, ANSWER)
            bob.kill()
            models.release()
            cluster.wait_decided(round_id, [alice])
            cluster.start([bob])
            self.assertEqual(asking.result()["round_id"], round_id)

    def test_finished_rounds_are_there_after_a_restart(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            round_id = cluster.ask("What is 17 + 25?")["round_id"]
            cluster.wait_decided(round_id)
            before = [cluster.export(round_id, node).read_bytes() for node in cluster.nodes]
            for node in cluster.nodes:
                self.assertEqual(node.stop(), 0)
            cluster.start()
            after = [cluster.export(round_id, node).read_bytes() for node in cluster.nodes]
            self.assertEqual(after, before)


if __name__ == "__main__":
    unittest.main()
