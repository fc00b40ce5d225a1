"""A cluster changes its roster while clients keep asking: nodes come, go and change their keys."""

import json
import re
import shutil
import unittest

from bundle import Bundle
from cluster import Cluster, set_models
from fake_model import JUDGE, FakeModel
from load import Load
from node import NAMES, Node
from ports import free_ports
from programs import OK, decentctl, decentctl_json, wait_until

GIVEN_UP = 9  # decentctl's exit statuses
REFUSED = 4


class Change:
    """The way from a cluster's roster to the next one, each step as its operators take it."""

    def __init__(self, cluster, *roster_change, name="next.yaml"):
        self.cluster = cluster
        self.old = cluster.roster
        self.next = cluster.directory / name
        decentctl("roster", *roster_change, "--roster", self.old, "--out", self.next)

    def adopt(self, nodes):
        for node in nodes:
            decentctl("roster", "adopt", self.next, "--dir", node.directory)

    def retire(self, nodes, *options):
        for node in nodes:
            decentctl("roster", "retire", "--dir", node.directory, *options)

    def clients_take_it(self):
        """The operators give clients the new file, and put it where node.yaml names one."""
        shutil.copy(self.old, self.cluster.directory / "old.yaml")
        shutil.copy(self.next, self.old)
        for node in self.cluster.nodes:
            shutil.copy(self.next, node.directory / "roster.yaml")


def rosters(node):
    """What a node says of each roster that it has adopted, by epoch, once it answers."""
    def told():
        node.check_runs()
        done = decentctl("roster", "status", "--node", node.client, "--json", expect=None)
        return json.loads(done.stdout)["rosters"] if done.returncode == OK else None

    listed = wait_until(told, f"{node.name} tells its rosters", explain=node.last_log)
    return {roster["epoch"]: roster for roster in listed}


def wait_served(node, epoch, names):
    """Returns when the node sees that exactly these nodes serve the roster of this epoch."""
    wait_until(lambda: set(rosters(node).get(epoch, {}).get("reached", [])) == set(names),
               f"{node.name} sees {names} serve epoch {epoch}", explain=node.last_log)


def make_node(cluster, models, index, name=None):
    """A new operator's node: a key, a card, and the roster that names it; not started."""
    ports = free_ports(2)
    directory = cluster.directory / f"{NAMES[index]}-new"
    node = Node(index, directory, *ports)
    node.name = name or node.name
    card = decentctl("init", "--dir", directory, "--name", node.name, "--address", node.address,
                     "--listen", node.listen, "--client-listen", node.client_listen).stdout.strip()
    set_models(directory / "node.yaml", ["backend: openai", f"url: {models.url_of(index)}",
                                         f"model: fake-{index}", "timeout: 5m"])
    return node, card


class RosterChange(unittest.TestCase):
    def test_a_node_joins_and_one_leaves_while_clients_ask(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.let_clients_ask()
            cluster.start()
            alice, bob, carol, dave = cluster.nodes
            before = cluster.ask("What is 17 + 25?")["round_id"]
            erin, card = make_node(cluster, models, 4)
            change = Change(cluster, "add", card)
            shutil.copy(change.next, erin.directory / "roster.yaml")
            cluster.nodes.append(erin)  # so that it ends with the others
            old_names = [node.name for node in (alice, bob, carol, dave)]

            with Load(cluster, clients=2, seed="change", nodes=[alice, bob, carol, dave],
                      all_ask_all=True) as load:
                load.wait_decided(2)
                # One after the other, as operators do; the old roster decides all the while.
                change.adopt([alice])
                self.assertEqual(rosters(alice)[2]["state"], "active")
                refused = decentctl("roster", "retire", "--dir", alice.directory, expect=None)
                self.assertNotEqual(refused.returncode, OK)
                self.assertIn("1 of 5 nodes serve", refused.stderr)
                load.wait_decided(2)
                change.adopt([bob, carol, dave])
                erin.start()
                wait_served(alice, 2, [*old_names, "erin"])
                wait_served(alice, 1, old_names)
                load.wait_decided(2)
            # Both decide now, each its own rounds.
            asked = ["ask", "What is 18 + 25?", "--config", cluster.client_config, "--node",
                     alice.client]
            new = decentctl_json(*asked, "--roster", change.next)
            self.assertEqual(new["epoch"], 2)
            self.assertEqual(decentctl_json(*asked, "--roster", change.old)["epoch"], 1)

            change.clients_take_it()
            change.retire([alice, bob, carol, dave])
            self.assertEqual(rosters(alice)[1]["state"], "closing")
            old = cluster.directory / "old.yaml"
            refused = decentctl(*asked, "--roster", old, expect=REFUSED)
            self.assertIn("signed for the roster of epoch 1", refused.stderr)
            self.assertIn("ask with that of epoch 2", refused.stderr)
            change.retire([alice, bob, carol, dave], "--now")
            self.assertEqual(rosters(alice)[1]["state"], "retired")
            self.assertEqual(cluster.ask("What is 19 + 25?", node=erin)["epoch"], 2)

            # Rounds of the old roster are listed, and are verified under it, also after a restart.
            for node in (alice, bob):
                self.assertEqual(node.stop(), 0)
            cluster.start([alice, bob])
            listed = {round["round_id"]: round["epoch"] for round in
                      cluster.rounds(alice, limit=100_000)}
            self.assertEqual(listed[before], 1)
            self.assertEqual(listed[new["round_id"]], 2)
            for round_id in [before, *load.decided()]:
                bundle = cluster.directory / f"{round_id}.old"
                decentctl("rounds", "export", round_id, *cluster.at(alice), "--roster", old,
                          "--out", bundle)
                decentctl("verify", bundle, "--roster", old)
            self.assertEqual(rosters(alice)[1]["state"], "retired")
            cluster.check_unharmed()

            # Dave leaves: the next roster is without it.
            leave = Change(cluster, "remove", "dave", name="without-dave.yaml")
            leaving = decentctl("roster", "adopt", leave.next, "--dir", dave.directory,
                                expect=None)
            self.assertIn("where the node is to leave, stop it", leaving.stderr)
            staying = [alice, bob, carol, erin]
            leave.adopt(staying)
            wait_served(alice, 3, [node.name for node in staying])
            leave.retire(staying, "--now")
            self.assertEqual(dave.stop(), 0)
            cluster.nodes.remove(dave)
            shutil.copy(leave.next, cluster.roster)
            self.assertEqual(cluster.ask("What is 20 + 25?", node=alice)["epoch"], 3)
            self.assertEqual(alice.stop(), 0)
            checked = decentctl("db", "check", "--dir", alice.directory)
            self.assertIn("with a proof that holds", checked.stdout)
            alice.start()

    def test_a_leaked_key_is_replaced_and_its_old_node_can_do_nothing_more(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            alice, bob, carol, dave = cluster.nodes
            # The same machine runs both for the time of the change.
            successor, card = make_node(cluster, models, 3)
            change = Change(cluster, "replace", card)
            shutil.copy(change.next, successor.directory / "roster.yaml")
            cluster.nodes.append(successor)
            successor.start()
            change.adopt([alice, bob, carol])
            wait_served(alice, 2, ["alice", "bob", "carol", "dave"])
            change.clients_take_it()
            change.retire([alice, bob, carol], "--now")
            # Whoever has the old key is nobody's peer.
            wait_until(lambda: not any(peer["linked"] for peer in decentctl_json(
                "peers", "--node", dave.client)["peers"]), "dave's old key has no link")
            found = cluster.ask("What is 17 + 25?", node=alice)
            self.assertEqual(found["epoch"], 2)
            self.assertEqual(found["answers"]["missing"], [])
            dave.kill()
            cluster.nodes.remove(dave)
            cluster.check_unharmed()

    def test_a_crash_between_the_rosters_loses_neither(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            alice, bob, carol, dave = cluster.nodes
            _, card = make_node(cluster, models, 4)
            change = Change(cluster, "add", card)
            change.adopt(cluster.nodes)
            # A round of each roster is open when alice dies.
            models.hold(dave.index, JUDGE)
            models.hold(alice.index, JUDGE)
            asking = [cluster.ask_in_background(question, node=bob, options=options)
                      for question, options in [
                          ("What is 17 + 25?", []),
                          ("What is 18 + 25?", ["--roster", change.next])]]
            ids = [one.round_id() for one in asking]
            wait_until(lambda: {one["round_id"] for one in cluster.rounds(alice)} >= set(ids),
                       "alice has joined both rounds")
            alice.kill()
            alice.start()
            wait_served(alice, 1, ["alice", "bob", "carol", "dave"])
            wait_served(alice, 2, ["alice", "bob", "carol", "dave"])
            models.release()
            self.assertEqual([one.result()["epoch"] for one in asking], [1, 2])
            cluster.check_unharmed()

    def test_what_a_node_forgot_it_sits_out_in_a_later_roster_too(self):
        # A node that sits out is linked, and so it is waited for until the soft deadline.
        deadlines = {"soft": "3s", "hard": "15m"}
        with FakeModel() as models, Cluster(models, deadlines=deadlines) as cluster:
            cluster.start()
            alice, _, _, dave = cluster.nodes
            dave.kill()
            shutil.rmtree(dave.data)
            dave.start("--accept-lost-database")
            cluster.wait_reachable(4, cluster.nodes)
            erin, card = make_node(cluster, models, 4)
            change = Change(cluster, "add", card)
            change.adopt(cluster.nodes)
            shutil.copy(change.next, erin.directory / "roster.yaml")
            erin.start()
            cluster.nodes.append(erin)
            wait_served(alice, 2, [node.name for node in cluster.nodes])
            asked = decentctl_json("ask", "What is 17 + 25?", *cluster.at(alice), "--roster",
                                   change.next)
            bundle = cluster.directory / "next.bundle"
            decentctl("rounds", "export", asked["round_id"], *cluster.at(alice), "--roster",
                      change.next, "--out", bundle)
            names = [node["name"] for node in decentctl_json("roster", "show", "--roster",
                                                             change.next)["nodes"]]
            self.assertNotIn(names.index(dave.name), Bundle(bundle.read_bytes()).authors())

    def test_what_is_open_in_a_roster_that_is_ended_is_given_up_and_its_client_told(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            _, card = make_node(cluster, models, 4)
            change = Change(cluster, "add", card)
            change.adopt(cluster.nodes)
            for node in cluster.nodes:
                wait_served(node, 2, [one.name for one in cluster.nodes])
            models.hold(0, JUDGE)
            models.hold(1, JUDGE)
            asking = cluster.ask_in_background("What is 17 + 25?", node=cluster.nodes[0],
                                               options=["--roster", change.old])
            models.wait_for_held(0, JUDGE)
            round_id = asking.round_id()
            change.retire(cluster.nodes, "--now")
            asking.result(expect=GIVEN_UP)
            models.release()
            shown = decentctl("rounds", "show", round_id, *cluster.at(cluster.nodes[0]),
                              expect=None)
            self.assertIn("given up undecided", shown.stdout + shown.stderr)
            cluster.check_unharmed()

    def test_a_replaced_file_is_adopted_at_the_start_and_an_older_one_refused(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            before = cluster.ask("What is 17 + 25?")["round_id"]
            _, card = make_node(cluster, models, 4)
            change = Change(cluster, "add", card)
            change.clients_take_it()
            for node in cluster.nodes:  # a rolling restart
                self.assertEqual(node.stop(), 0)
                node.start()
                wait_until(lambda node=node: (node.status() or {}).get("voting"),
                           f"{node.name} votes", explain=node.last_log)
            alice = cluster.nodes[0]
            wait_served(alice, 2, [node.name for node in cluster.nodes])
            self.assertEqual(rosters(alice)[1]["state"], "closing")
            self.assertEqual(cluster.ask("What is 18 + 25?", node=alice)["epoch"], 2)
            decentctl("rounds", "show", before, *cluster.at(alice), "--roster",
                      cluster.directory / "old.yaml")
            # A file with other words and no higher epoch is no next roster.
            self.assertEqual(alice.stop(), 0)
            other = re.sub(r"absent_after: \w+", "absent_after: 77s", change.next.read_text())
            (alice.directory / "roster.yaml").write_text(other)
            alice.start()
            self.assertNotEqual(alice.wait_ended(), 0)
            self.assertIn("raise its epoch", alice.last_log())
            shutil.copy(change.next, alice.directory / "roster.yaml")
            alice.start()


if __name__ == "__main__":
    unittest.main()
