"""One node of four runs a daemon that attacks: the honest three are not moved."""

import json
import unittest

from cluster import Cluster
from fake_model import ANSWER, FakeModel
from programs import decentctl, find_program, wait_until


@unittest.skipUnless(find_program("decentd-drill"), "decentd-drill was not built")
class Byzantine(unittest.TestCase):
    def attacked(self, models, attack):
        # What a forger says never counts, so its slots are waited for until the soft deadline.
        cluster = Cluster(models, deadlines={"soft": "3s", "hard": "15m"})
        dave = cluster.nodes[3]
        dave.daemon, dave.daemon_arguments = "decentd-drill", ["--attack", attack]
        return cluster

    def start_and_ask(self, cluster):
        """Starts everybody, waits until the honest reach each other, and asks alice."""
        for node in cluster.nodes:
            node.start()
        for node in cluster.nodes[:3]:
            wait_until(lambda node=node: (node.status() or {}).get("reachable", 0) >= 3,
                       f"{node.name} reaches the honest nodes", explain=node.last_log)
            # Who is not there yet is not waited for, and does no harm.
            wait_until(lambda node=node: cluster.peers(node)["dave"]["linked"],
                       f"{node.name} is linked with dave", explain=node.last_log)
        asked = cluster.ask("What is 17 + 25?")
        self.assertEqual(asked["outcome"], "decided")
        rounds = cluster.wait_decided(asked["round_id"], cluster.nodes[:3])
        self.assertEqual(len({r["winner"] for r in rounds}), 1)
        for node in cluster.nodes[:3]:
            cluster.verify(cluster.export(asked["round_id"], node))
        return asked

    def test_equivocation_changes_nothing_and_leaves_evidence_that_can_be_exported(self):
        with FakeModel() as models, self.attacked(models, "fork") as cluster:
            self.start_and_ask(cluster)

            def convicted():
                for node in cluster.nodes[:3]:
                    found = cluster.evidence(node)
                    if found:
                        return node, found
                return None

            node, found = wait_until(convicted, "an honest node holds evidence")
            self.assertEqual({proof["author"] for proof in found}, {"dave"})
            path = cluster.directory / "evidence"
            decentctl("evidence", "export", found[0]["id"], *cluster.at(node), "--out", path)
            verify = ("evidence", "verify", path, "--roster", cluster.roster)
            told = json.loads(decentctl(*verify, "--json").stdout)
            self.assertEqual((told["valid"], told["author"]), (True, found[0]["author"]))
            self.assertIn("which no honest node does", decentctl(*verify).stdout)
            damaged = bytearray(path.read_bytes())
            damaged[len(damaged) // 2] ^= 1
            path.write_bytes(damaged)
            self.assertIn("proves nothing", decentctl(*verify, expect=6).stderr)
            damaged[len(damaged) // 2] ^= 1
            path.write_bytes(damaged)
            self.assertGreater(path.stat().st_size, 128)  # two signatures at the least

    def test_forged_signatures_change_nothing_and_are_counted_against_their_link(self):
        with FakeModel() as models, self.attacked(models, "garbage") as cluster:
            self.start_and_ask(cluster)

            def faults():
                return cluster.peers(cluster.nodes[0])["dave"]["faults"]

            self.assertIn("bad_signature", wait_until(faults, "alice counts faults of dave"))
            for node in cluster.nodes[:3]:
                self.assertEqual(cluster.evidence(node), [],
                                 "a forged message proves nothing against its author")

    def test_seven_nodes_stand_a_forger_an_equivocator_and_a_kill_in_mid_round(self):
        with FakeModel() as models, \
                Cluster(models, n=7, deadlines={"soft": "8s", "hard": "15m"}) as cluster:
            *honest, frank, grace = cluster.nodes
            erin = honest[4]
            frank.daemon, frank.daemon_arguments = "decentd-drill", ["--attack", "fork"]
            grace.daemon, grace.daemon_arguments = "decentd-drill", ["--attack", "garbage"]
            models.hold(erin.index, ANSWER)
            for node in cluster.nodes:
                node.start()
            for node in honest:
                wait_until(lambda node=node: (node.status() or {}).get("reachable", 0) == 7,
                           f"{node.name} reaches the others", explain=node.last_log)
            asking = cluster.ask_in_background("What is 17 + 25?", node=cluster.nodes[0])
            models.wait_for_held(erin.index, ANSWER)
            erin.kill()
            erin.start()
            models.release()
            asked = asking.result()
            self.assertEqual(asked["outcome"], "decided")
            rounds = cluster.wait_decided(asked["round_id"], honest)
            self.assertEqual({r["winner"] for r in rounds}, {asked["winner"]})
            for node in honest:
                cluster.verify(cluster.export(asked["round_id"], node))
            found = wait_until(lambda: [e for node in honest for e in cluster.evidence(node)],
                               "an honest node holds evidence")
            self.assertEqual({proof["author"] for proof in found}, {"frank"})


if __name__ == "__main__":
    unittest.main()
