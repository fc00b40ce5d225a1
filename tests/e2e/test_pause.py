"""Nodes that stand still longer than every deadline cost the others nothing but time, and catch up.

SIGSTOP leaves a process's connections open: to the others it looks like a machine that swaps, or
sleeps. Its own clock jumps when it goes on.
"""

import time
import unittest

from cluster import Cluster
from fake_model import ANSWER, FakeModel
from programs import wait_until


def seconds(*durations):
    return sum(int(text.removesuffix("s")) for text in durations)


class Pause(unittest.TestCase):
    def test_the_others_decide_without_a_paused_node_and_it_catches_up(self):
        deadlines = {"soft": "5s", "hard": "8s"}
        with FakeModel() as models, Cluster(models, deadlines=deadlines) as cluster:
            cluster.start()
            *others, dave = cluster.nodes
            models.hold(dave.index, ANSWER)
            asking = cluster.ask_in_background("What is 17 + 25?")
            models.wait_for_held(dave.index, ANSWER)
            dave.pause()
            paused = time.monotonic()
            models.release()
            # The second round runs while the others give dave up, the rest after every deadline.
            asked = [asking.result(), cluster.ask("What is 18 + 25?", node=others[0])]
            every_deadline = seconds(deadlines["soft"], deadlines["hard"])
            wait_until(lambda: time.monotonic() - paused >= every_deadline,
                       "every deadline is over")
            asked += [cluster.ask(f"What is {i} + 25?", node=others[0]) for i in range(3)]
            for one in asked:
                self.assertEqual(one["outcome"], "decided")
                self.assertEqual(one["answers"]["missing"], [dave.name])
            dave.resume()
            cluster.agreed([one["round_id"] for one in asked])
            cluster.wait_reachable(4, cluster.nodes)
            again = cluster.ask("What is 19 + 25?", node=dave)
            self.assertEqual(again["answers"]["missing"], [])
            cluster.agreed([again["round_id"]])
            cluster.check_unharmed()

    def test_two_paused_nodes_of_four_stop_the_clock_and_no_deadline_is_burnt(self):
        # Until alice and bob notice that there is no quorum their clocks run: 5 s at the longest.
        # Whom a node has not heard in the round and is not linked with yet may be given up at once.
        deadlines = {"soft": "15s", "hard": "17s", "absent_after": "1h"}
        with FakeModel() as models, Cluster(models, deadlines=deadlines) as cluster:
            cluster.start()
            alice, bob, carol, dave = cluster.nodes
            for node in (carol, dave):
                models.hold(node.index, ANSWER)
            asking = cluster.ask_in_background("What is 17 + 25?", node=alice)
            round_id = asking.round_id()
            for node in (carol, dave):
                models.wait_for_held(node.index, ANSWER)
                node.pause()
            paused = time.monotonic()
            cluster.wait_reachable(2, [alice, bob])
            while time.monotonic() - paused < 5 + seconds(deadlines["hard"]):
                for node in (alice, bob):
                    waiting = wait_until(lambda node=node: cluster.round(round_id, node),
                                         f"{node.name} tells of the round", explain=node.last_log)
                    self.assertIn("no quorum", waiting["waiting_for"])
            models.release()
            carol.resume()
            dave.resume()
            asked = asking.result()
            self.assertEqual(asked["outcome"], "decided")
            for phase in ("answers", "sheets"):
                self.assertEqual(set(asked[phase]["closed"].values()), {"all_arrived"})
                self.assertEqual(asked[phase]["missing"], [])
            cluster.agreed([round_id])
            cluster.check_unharmed()


if __name__ == "__main__":
    unittest.main()
