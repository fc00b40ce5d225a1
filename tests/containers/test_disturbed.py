"""Containers that are killed, paused, restarted and cut off, and a network that is slow or lossy.

One cluster for all of these tests: each leaves it whole, and in the end of each every node has its
record of every round that a client was told of, equal to the byte, and each record verifies."""

import os
import signal
import unittest
from contextlib import ExitStack

from container_cluster import (ContainerCluster, all_see_all, build_image, fake_model,
                               why_no_containers)
from fake_model import ANSWER, JUDGE
from load import Load
from programs import wait_until
from wire import Wire

setUpModule = build_image
CLIENTS = 2
ROUNDS = 5  # of each client under a disturbance that lasts


@unittest.skipIf(why_no_containers(), why_no_containers())
class Disturbed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.models = stack.enter_context(fake_model())
        # A node that is linked and silent is waited for until the soft deadline.
        cls.cluster = stack.enter_context(
            ContainerCluster(cls.models, deadlines={"soft": "5s", "hard": "15m"}))
        cls.cluster.let_clients_ask()
        cls.cluster.start()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before and hasattr(self, "cluster"):
            print(*(node.last_log() for node in self.cluster.nodes), sep="\n")

    def tearDown(self):
        self.models.release()
        all_see_all(self.cluster)
        self.cluster.check_unharmed()

    def asking_while(self, node, kind):
        """A question that waits for this node's model."""
        self.models.hold(node.index, kind)
        asking = self.cluster.ask_in_background("What is 17 + 25?", node=self.cluster.nodes[0])
        self.models.wait_for_held(node.index, kind)
        return asking

    def agreed(self, *round_ids):
        return self.cluster.agreed(round_ids)

    def test_a_node_that_dies_is_started_again_and_goes_on_with_the_round(self):
        dave = self.cluster.nodes[3]
        asking = self.asking_while(dave, JUDGE)
        before = dave.inspect()
        os.kill(before["State"]["Pid"], signal.SIGKILL)
        wait_until(lambda: dave.inspect()["RestartCount"] > before["RestartCount"],
                   "the engine starts dave again")
        self.models.release()
        asked = asking.result()
        self.assertEqual(asked["outcome"], "decided")
        self.agreed(asked["round_id"])

    def test_a_round_survives_the_death_of_all_nodes_at_once(self):
        carol = self.cluster.nodes[2]
        asking = self.asking_while(carol, JUDGE)
        round_id = asking.round_id()
        for node in self.cluster.nodes:
            node.kill()
        self.models.release()
        self.cluster.start()
        self.assertEqual(asking.result()["round_id"], round_id)
        self.agreed(round_id)

    def test_the_others_decide_without_a_paused_node_and_it_catches_up(self):
        *_, dave = self.cluster.nodes
        asking = self.asking_while(dave, ANSWER)
        dave.pause()
        self.models.release()
        asked = [asking.result(), self.cluster.ask("What is 18 + 25?", self.cluster.nodes[0])]
        for one in asked:
            self.assertEqual(one["answers"]["missing"], [dave.name])
        dave.resume()
        self.agreed(*(one["round_id"] for one in asked))

    def test_a_node_that_is_restarted_in_a_round_takes_part_in_it(self):
        bob = self.cluster.nodes[1]
        asking = self.asking_while(bob, ANSWER)
        bob.restart()
        self.models.release()
        asked = asking.result()
        self.assertEqual(asked["outcome"], "decided")
        self.agreed(asked["round_id"])

    def test_the_others_decide_without_a_node_that_is_cut_off_and_it_catches_up(self):
        alice, *_, dave = self.cluster.nodes
        self.cluster.disconnect(dave)
        with ExitStack() as heals:
            heals.callback(self.cluster.connect, dave)
            self.cluster.wait_reachable(3, [alice])
            asked = self.cluster.ask("What is 17 + 25?", node=alice)
            self.assertEqual(asked["answers"]["missing"], [dave.name])
        self.agreed(asked["round_id"])

    def test_two_and_two_decide_nothing_until_they_see_each_other_again(self):
        alice, bob, carol, dave = self.cluster.nodes
        asking = self.asking_while(bob, ANSWER)
        round_id = asking.round_id()
        with ExitStack() as heals:
            for node in (carol, dave):
                self.cluster.disconnect(node)
                heals.callback(self.cluster.connect, node)
            self.cluster.wait_reachable(2, [alice, bob])
            self.models.release()
            wait_until(lambda: "no quorum" in (self.cluster.round(round_id, alice) or {}).get(
                "waiting_for", ""), "alice has no quorum")
        self.assertEqual(asking.result()["outcome"], "decided")
        self.agreed(round_id)

    def under_load(self, name, disturbed):
        """Rounds while `disturbed` holds, which is asked again and again."""
        with Load(self.cluster, CLIENTS, name) as load:
            load.wait_decided(ROUNDS * CLIENTS)
            wait_until(disturbed, name)
        self.agreed(*load.decided())

    def test_a_delay_of_200_ms_each_way_on_every_link(self):
        nodes = self.cluster.nodes

        def delayed():
            links = [link for node in nodes for link in self.cluster.peers(node).values()]
            return all((link["round_trip_ms"] or 0) >= 400 for link in links)

        with ExitStack() as wires:
            for node in nodes:
                wires.enter_context(Wire(node)).delay(200)
            wait_until(delayed, "every link is delayed")
            self.cluster.wait_reachable(len(nodes), nodes)
            self.under_load("delayed links", delayed)

    def test_every_twentieth_packet_lost(self):
        with ExitStack() as stack:
            wires = [stack.enter_context(Wire(node)) for node in self.cluster.nodes]
            for wire in wires:
                wire.lose(0.05)
            self.under_load("lost packets", lambda: all(wire.lost() for wire in wires))

    def test_all_nodes_are_restarted_in_turn_and_no_question_fails(self):
        with Load(self.cluster, CLIENTS, "rolling restart", all_ask_all=True) as load:
            for node in self.cluster.nodes:
                node.restart()
                self.cluster.wait_reachable(len(self.cluster.nodes), self.cluster.nodes)
                load.wait_decided(CLIENTS)
        self.agreed(*load.decided())


if __name__ == "__main__":
    unittest.main()
