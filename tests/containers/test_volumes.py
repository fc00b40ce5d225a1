"""A container whose volume is gone, or full."""

import pathlib
import unittest

from container_cluster import (HOME, USER, ContainerCluster, all_see_all, build_image, docker,
                               fake_model, why_no_containers)
from load import Load
from programs import decentctl, wait_until
from small_disk import Ballast

setUpModule = build_image
CLIENTS = 2
LONG = 400_000  # bytes of a question: what the database has set aside is soon used up
REFUSED = 4     # decentctl's exit status


def small_volume(name, size):
    """For compose: a volume that is a small disk of its own, and empty when the node starts."""
    options = f"size={size},uid={USER},gid={USER},mode=0700"
    return {"volumes": {name: {"driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": options}}}}


@unittest.skipIf(why_no_containers(), why_no_containers())
class Volumes(unittest.TestCase):
    def test_with_an_empty_volume_a_node_refuses_then_sits_out_and_catches_up(self):
        # A node that sits out is linked, and so it is waited for until the soft deadline.
        deadlines = {"soft": "2s", "hard": "15m"}
        with fake_model() as models, ContainerCluster(models, deadlines=deadlines) as cluster:
            cluster.start()
            alice, *_, dave = cluster.nodes
            before = cluster.ask("What is 17 + 25?", node=alice)["round_id"]
            cluster.agreed([before])
            dave.stop()
            docker("rm", dave.container)
            docker("volume", "rm", f"{cluster.project}_dave-data")
            cluster.up(dave)
            wait_until(lambda: "--accept-lost-database" in dave.log_text(), "dave says the way out")
            self.assertIn("has voted with a database before, and this one is new", dave.log_text())
            self.assertFalse(cluster.peers(alice)["dave"]["linked"])
            docker("rm", "--force", dave.container)

            # As docs/OPERATIONS.md has it: once by hand, then as always.
            dave.container = cluster.compose(
                "run", "--detach", "--use-aliases", "--service-ports", "dave", "decentd",
                "--config", f"{HOME}/node.yaml", "--accept-lost-database").stdout.split()[-1]
            cluster.wait_reachable(4, cluster.nodes)
            self.check_sits_out(cluster, dave)
            after = cluster.ask("What is 19 + 25?", node=alice)["round_id"]
            docker("stop", dave.container)
            docker("rm", dave.container)
            cluster.up(dave)
            cluster.wait_reachable(4, cluster.nodes)
            self.check_sits_out(cluster, dave)
            records = cluster.agreed([before, after])
            for bundle in records[after]:
                self.assertNotIn(dave.index, bundle.authors(), "it signed while it sits out")
            self.assertEqual([cluster.evidence(node) for node in cluster.nodes], [[]] * 4)

    def check_sits_out(self, cluster, node):
        status = node.says_how_it_is()
        self.assertFalse(status["voting"])
        self.assertIn("its memory was lost", status["not_voting_because"])
        self.assertEqual(node.health()[0], 1, node.health())
        refused = decentctl("ask", "What is 20 + 25?", *cluster.at(node), expect=REFUSED)
        self.assertIn("lost its memory", refused.stderr)

    def test_with_a_full_volume_a_node_is_silent_and_goes_on_when_there_is_room(self):
        deadlines = {"soft": "2s", "hard": "15m"}
        with fake_model() as models, ContainerCluster(
                models, deadlines, lambda _: small_volume("dave-data", "64m")) as cluster:
            cluster.let_clients_ask()
            cluster.start()
            *others, dave = cluster.nodes
            disk = Ballast(pathlib.Path(f"/proc/{dave.pid()}/root{HOME}/data"))

            def silent():
                disk.fill()
                status = dave.status()
                return status and not status["voting"] and status["not_voting_because"]

            with Load(cluster, CLIENTS, "full volume", others, LONG) as load:
                load.wait_decided(CLIENTS)
                because = wait_until(silent, "dave's volume is full", explain=dave.last_log)
                self.assertIn("free space", because)
                # What the database gives back meanwhile may let a write through for a moment.
                wait_until(lambda: silent() and dave.health()[0] == 1, "dave is said to be unwell",
                           explain=dave.last_log)
                load.wait_decided(2 * CLIENTS, meanwhile=disk.fill)
                disk.free()
                wait_until(lambda: (dave.status() or {}).get("voting"), "dave votes again",
                           explain=dave.last_log)
                load.wait_decided(CLIENTS)
            cluster.agreed(load.decided())
            cluster.ask("What is 17 + 25?", node=dave)
            all_see_all(cluster)
            cluster.check_unharmed()


if __name__ == "__main__":
    unittest.main()
