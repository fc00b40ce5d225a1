"""A node whose clock jumps by hours decides what the others decide, and is missed in no round."""

import json
import random
import unittest

from cluster import Cluster
from faked_clock import FakedClock, why_no_clock
from fake_model import ANSWER, JUDGE, FakeModel
from load import Load
from programs import decentctl, wait_until

REFUSED = 4  # decentctl's exit status
CLIENTS = 2
JUMPS_UNDER_LOAD = 20


def reason_to_refuse(offset):
    """What a node with that clock says to a question asked now."""
    return "has expired" if offset.startswith("+") else "farther ahead than the roster allows"


@unittest.skipIf(why_no_clock(), why_no_clock())
class Clock(unittest.TestCase):
    def ask_and_jump(self, cluster, models, clock, offset, slow, held):
        """The clock jumps while the model of `slow` is at work on what is held."""
        models.hold(slow.index, held)
        asking = cluster.ask_in_background("What is 17 + 25?", node=cluster.nodes[0])
        models.wait_for_held(slow.index, held)
        clock.jump(offset)
        models.release()
        return asking.result()

    def test_no_round_misses_the_node_and_it_takes_no_question_itself(self):
        with FakeModel() as models, Cluster(models) as cluster:
            alice, _, _, dave = cluster.nodes
            clock = FakedClock(dave)
            cluster.start()
            rounds = []
            for offset, held in (("+3h", ANSWER), ("-3h", JUDGE), ("+0h", JUDGE), ("-26h", ANSWER),
                                 ("+26h", JUDGE)):
                rounds += [self.ask_and_jump(cluster, models, clock, offset, dave, held),
                           cluster.ask("What is 18 + 25?", node=alice)]
                if offset != "+0h":
                    refused = decentctl("ask", "What is 19 + 25?", *cluster.at(dave),
                                        expect=REFUSED)
                    self.assertIn(reason_to_refuse(offset), refused.stderr)
            for one in rounds:
                for phase in ("answers", "sheets"):
                    self.assertEqual(one[phase]["missing"], [])
                    self.assertEqual(set(one[phase]["closed"].values()), {"all_arrived"})
            cluster.agreed([one["round_id"] for one in rounds])
            cluster.check_unharmed()

    def test_rounds_that_cannot_do_without_the_node_are_decided(self):
        with FakeModel() as models, Cluster(models) as cluster:
            alice, bob, carol, dave = cluster.nodes
            clock = FakedClock(dave)
            cluster.start()
            carol.stop()
            rounds = []
            for offset in ("+3h", "-3h", "+0h"):
                rounds.append(self.ask_and_jump(cluster, models, clock, offset, bob,
                                                ANSWER)["round_id"])
            cluster.agreed(rounds, [alice, bob, dave])

    def test_it_starts_again_in_the_middle_of_a_round_with_another_time(self):
        with FakeModel() as models, Cluster(models) as cluster:
            alice, _, _, dave = cluster.nodes
            clock = FakedClock(dave)
            cluster.start()
            rounds = []
            for before, after in (("+3h", "-3h"), ("-3h", "+3h")):
                clock.jump(before)
                models.hold(dave.index, JUDGE)
                asking = cluster.ask_in_background("What is 17 + 25?", node=alice)
                models.wait_for_held(dave.index, JUDGE)
                dave.kill()
                clock.jump(after)
                models.release()
                cluster.start([dave])
                rounds.append(asking.result()["round_id"])
            cluster.agreed(rounds)
            cluster.check_unharmed()

    def test_jumps_under_load_make_no_node_differ(self):
        lots = random.Random(17)
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.let_clients_ask()
            *others, dave = cluster.nodes
            clock = FakedClock(dave)
            cluster.start()
            with Load(cluster, CLIENTS, "clock", others) as load:
                for _ in range(JUMPS_UNDER_LOAD):
                    models.wait_for_requests(lots.randrange(1, 16))
                    clock.jump(f"{lots.choice('+-')}{lots.randrange(1, 100)}h")
            print(f"{len(load.decided())} rounds")
            cluster.agreed(load.decided())
            cluster.check_unharmed()

    def test_whose_clock_is_wrong_is_seen_by_its_peers_and_by_doctor(self):
        with FakeModel() as models, Cluster(models) as cluster:
            alice, _, _, dave = cluster.nodes
            clock = FakedClock(dave)
            clock.jump("+3h")
            cluster.start()

            def offsets(node):
                return {name: peer["clock_offset_ms"]
                        for name, peer in cluster.peers(node).items()}

            def knows_all(node):
                return None not in offsets(node).values()

            # What doctor says is of all peers together: each has to have spoken.
            for node in (alice, dave):
                wait_until(lambda: knows_all(node), f"{node.name} knows its peers' clocks")
            self.assertAlmostEqual(offsets(alice)["dave"] / 3_600_000, 3, places=1)
            self.assertAlmostEqual(offsets(alice)["bob"] / 3_600_000, 0, places=1)
            for node, state in ((dave, "FAILURE"), (alice, "ok")):
                report = json.loads(decentctl("doctor", "--dir", node.directory, "--json",
                                              expect=None).stdout)
                found = [one for one in report["findings"]
                         if one["subject"] == "clock and peers"]
                self.assertEqual([one["state"] for one in found], [state], report)


if __name__ == "__main__":
    unittest.main()
