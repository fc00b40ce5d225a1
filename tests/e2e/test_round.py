"""A question to four real processes: answered, agreed on, and proven."""

import random
import unittest

from cluster import Cluster
from fake_model import ANSWER, JUDGE, FakeModel
from programs import decentctl_json


class Round(unittest.TestCase):
    def test_every_node_decides_the_answer_that_the_judges_prefer(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            asked = cluster.ask("What is 17 + 25?")
            self.assertEqual(asked["outcome"], "decided")
            self.assertEqual(asked["answer"], models.answer_of(0))
            rounds = cluster.wait_decided(asked["round_id"])
            self.assertEqual([r["winner"] for r in rounds], [asked["winner"]] * 4)

    def test_every_nodes_proof_verifies_and_names_the_same_verdict(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            round_id = cluster.ask("What is 17 + 25?")["round_id"]
            cluster.wait_decided(round_id)
            proven = [decentctl_json("verify", cluster.export(round_id, node),
                                     "--roster", cluster.roster) for node in cluster.nodes]
            self.assertEqual([p["authenticated"] for p in proven], [True] * 4)
            self.assertEqual(len({p["ranking"][0]["digest"] for p in proven}), 1)

    def test_no_changed_byte_of_a_proof_passes(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            bundle = cluster.export(cluster.ask("What is 17 + 25?")["round_id"])
            cluster.verify(bundle)
            original = bundle.read_bytes()
            generator = random.Random(len(original))  # a sample; the unit tests change every byte
            positions = {0, len(original) - 1,
                         *generator.sample(range(len(original)), min(60, len(original)))}
            for position in sorted(positions):
                with self.subTest(position=position):
                    changed = bytearray(original)
                    changed[position] ^= 1 << generator.randrange(8)
                    bundle.write_bytes(changed)
                    cluster.verify(bundle, expect=6)
            bundle.write_bytes(original[:-1])
            cluster.verify(bundle, expect=6)

    def test_a_proof_without_a_trusted_roster_is_consistent_but_not_authenticated(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            bundle = cluster.export(cluster.ask("What is 17 + 25?")["round_id"])
            alone = decentctl_json("verify", bundle, expect=7)
            self.assertFalse(alone["authenticated"])

    def test_one_model_that_fails_costs_its_own_answer_and_sheet_only(self):
        with FakeModel() as models, Cluster(models) as cluster:
            models.fail(0, ANSWER)
            models.fail(0, JUDGE)
            cluster.start()
            asked = cluster.ask("What is 17 + 25?")
            self.assertEqual(asked["outcome"], "decided")
            self.assertEqual(asked["answer"], models.answer_of(1))
            for phase in ("answers", "sheets"):
                self.assertEqual([a["node"] for a in asked[phase]["abstained"]], ["alice"])

    def test_the_agreed_outcome_is_a_failure_when_no_model_answers(self):
        with FakeModel() as models, Cluster(models) as cluster:
            for node in range(4):
                models.fail(node, ANSWER)
            cluster.start()
            asked = cluster.ask("What is 17 + 25?", expect=2)
            self.assertEqual(asked["outcome"], "too_few_answers")
            rounds = cluster.wait_decided(asked["round_id"])
            self.assertEqual([r["outcome"] for r in rounds], ["too_few_answers"] * 4)
            cluster.verify(cluster.export(asked["round_id"], cluster.nodes[3]))  # proven too


if __name__ == "__main__":
    unittest.main()
