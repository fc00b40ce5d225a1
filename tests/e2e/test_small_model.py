"""One question end to end with a real language model on this machine.

Asserts the plumbing, never the quality: the small model's marks are noise.
"""

import unittest

from cluster import Cluster
from small_model import MISSING, SmallModel


@unittest.skipIf(MISSING, MISSING)
class RealModel(unittest.TestCase):
    def test_a_real_model_answers_and_judges_and_the_round_verifies(self):
        with SmallModel() as model, Cluster(model.backend) as cluster:
            cluster.start()
            asked = cluster.ask("What is the capital of France? Answer in one sentence.",
                                options=["--timeout", "10m"], timeout=660)
            self.assertEqual(asked["outcome"], "decided")
            self.assertGreater(len(asked["answer"].strip()), 0)
            cluster.wait_decided(asked["round_id"])
            cluster.verify(cluster.export(asked["round_id"], cluster.nodes[2]))


if __name__ == "__main__":
    unittest.main()
