"""Nodes of an earlier version and of this one in one council, and one that is upgraded."""

import os
import pathlib
import unittest

from cluster import Cluster
from fake_model import FakeModel
from load import Load
from programs import ROOT, decentctl, decentctl_json, wait_until

PREVIOUS = pathlib.Path(os.environ.get("DECENTD_PREVIOUS_BIN",
                                       ROOT / "build" / "previous" / "binaries"))


def previous_daemon():
    path = PREVIOUS / "node" / "decentd"
    return path if path.is_file() else None


@unittest.skipIf(previous_daemon() is None, "no earlier version is built: tests/previous/build")
class PreviousVersion(unittest.TestCase):
    def versions(self, cluster, previous):
        """Sets which nodes are of the earlier version."""
        for node in cluster.nodes:
            node.daemon = previous_daemon() if node in previous else "decentd"

    def test_both_decide_together_and_check_each_others_proofs(self):
        with FakeModel() as models, Cluster(models) as cluster:
            self.versions(cluster, cluster.nodes[:2])
            cluster.start()
            asked = [cluster.ask(f"What is {i} + 25?", node=node)["round_id"]
                     for i, node in enumerate(cluster.nodes)]
            cluster.agreed(asked)
            cluster.check_unharmed()

    def test_a_rolling_upgrade_under_load_fails_no_question_and_keeps_all_rounds(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.let_clients_ask()
            self.versions(cluster, cluster.nodes)
            cluster.start()
            with Load(cluster, clients=2, seed="upgrade", all_ask_all=True) as load:
                load.wait_decided(2)
                for node in cluster.nodes:
                    self.assertEqual(node.stop(), 0)
                    node.daemon = "decentd"
                    cluster.start([node])
                    load.wait_decided(2)
            cluster.agreed(load.decided())
            cluster.check_unharmed()
            # And back again: while one roster is served the database is what it was.
            alice = cluster.nodes[0]
            self.assertEqual(alice.stop(), 0)
            alice.daemon = previous_daemon()
            cluster.start([alice])
            cluster.agreed([cluster.ask("What is 17 + 25?", node=alice)["round_id"]])

    def test_a_node_that_cannot_adopt_the_next_roster_is_named_by_those_that_have(self):
        with FakeModel() as models, Cluster(models) as cluster:
            old = cluster.nodes[3]
            self.versions(cluster, [old])
            cluster.start()
            next_roster = cluster.directory / "next.yaml"
            decentctl("roster", "remove", cluster.nodes[2].name, "--roster", cluster.roster,
                      "--out", next_roster)
            alice, bob = cluster.nodes[:2]
            for node in (alice, bob):
                decentctl("roster", "adopt", next_roster, "--dir", node.directory)

            def refused():
                return [peer for peer in self.peers_of(alice, 2)
                        if peer["name"] == old.name and peer["state"] in ("other roster", "refused")]

            detail = wait_until(refused, "alice says why", explain=alice.last_log)[0]["detail"]
            self.assertIn("decentctl roster show", detail)
            # The council of the present roster goes on with all four.
            self.assertEqual(cluster.ask("What is 17 + 25?", node=old)["answers"]["missing"], [])
            # Back at the earlier version a node would not know what it said under the second one.
            self.assertEqual(alice.stop(), 0)
            alice.daemon = previous_daemon()
            alice.start()
            self.assertNotEqual(alice.wait_ended(), 0)
            self.assertIn("format version 2", alice.last_log())
            alice.daemon = "decentd"
            cluster.start([alice])

    @staticmethod
    def peers_of(node, epoch):
        listed = decentctl_json("peers", "--node", node.client)["peers"]
        return [peer for peer in listed if peer["epoch"] == epoch]


if __name__ == "__main__":
    unittest.main()
