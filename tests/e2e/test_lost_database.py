"""A node whose database is gone starts only when told to, and then contradicts nothing it said."""

import shutil
import unittest

from cluster import Cluster
from fake_model import JUDGE, FakeModel
from programs import decentctl

REFUSED = 4  # decentctl's exit status


class LostDatabase(unittest.TestCase):
    def check_refused(self, node, because):
        """The node does not start, and says why and what its operator can do."""
        node.start()
        self.assertEqual(node.wait_ended(), 1)
        said = node.last_log(lines=1)
        self.assertIn(because, said)
        self.assertIn("--accept-lost-database", said)

    def test_it_is_refused_then_sits_out_what_may_be_open_and_takes_the_records_over(self):
        # A node that sits out is linked, and so it is waited for until the soft deadline.
        deadlines = {"soft": "15s", "hard": "15m"}
        with FakeModel() as models, Cluster(models, deadlines=deadlines) as cluster:
            cluster.start()
            alice, _, carol, dave = cluster.nodes
            before = cluster.ask("What is 17 + 25?")["round_id"]
            cluster.agreed([before])
            # A round in which dave has signed an answer, and that stays open while it is away.
            models.hold(carol.index, JUDGE)
            models.hold(dave.index, JUDGE)
            asking = cluster.ask_in_background("What is 18 + 25?")
            models.wait_for_held(carol.index, JUDGE)
            models.wait_for_held(dave.index, JUDGE)
            dave.kill()
            shutil.rmtree(dave.data)
            # Asked once more, its model would say something else than what dave has signed.
            signed = models.answer_of(dave.index)
            models.answer_otherwise(dave.index)
            self.check_refused(dave, "has voted with a database before, and this one is new")

            dave.start("--accept-lost-database")
            cluster.wait_reachable(4, cluster.nodes)
            self.check_sits_out(cluster, dave)
            models.release()
            during = asking.result()
            self.assertIn(signed, [answer["text"] for answer in during["ranking"]])
            after = cluster.ask("What is 19 + 25?", node=alice)["round_id"]
            # Once: from now on it starts without being told, and goes on sitting out.
            self.assertEqual(dave.stop(), 0)
            cluster.start([dave])
            self.check_sits_out(cluster, dave)
            records = cluster.agreed([before, during["round_id"], after])
            for bundle in records[after]:
                self.assertNotIn(dave.index, bundle.authors(), "it signed while it sits out")
            self.assertEqual([cluster.evidence(node) for node in cluster.nodes], [[]] * 4)

    def check_sits_out(self, cluster, node):
        status = node.says_how_it_is()
        self.assertFalse(status["voting"])
        self.assertIn("its memory was lost", status["not_voting_because"])
        refused = decentctl("ask", "What is 20 + 25?", *cluster.at(node), expect=REFUSED)
        self.assertIn("lost its memory", refused.stderr)

    def test_an_older_copy_is_refused_as_well(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            dave = cluster.nodes[3]
            self.assertEqual(dave.stop(), 0)
            copy = cluster.directory / "copy"
            shutil.copytree(dave.data, copy)
            cluster.start([dave])
            asked = cluster.ask("What is 17 + 25?")["round_id"]
            cluster.agreed([asked])
            dave.kill()
            shutil.rmtree(dave.data)
            shutil.copytree(copy, dave.data)
            self.check_refused(dave, "is an old copy")


if __name__ == "__main__":
    unittest.main()
