"""A node whose disk is full is silent and says why; with room again it goes on and lost nothing."""

import unittest

from cluster import Cluster
from fake_model import FakeModel
from load import Load
from programs import wait_until
from small_disk import SmallDisk, why_no_disk

CLIENTS = 2
LONG = 400_000  # bytes of a question: what the database has set aside on its disk is soon used up
# In the log of a node whose disk fills up, however long it stays full; links that a stalled machine
# loses have two lines each. A line for each write that fails would be hundreds.
MOST_LINES = 24
WRITES_AGAIN = "the database can be written again"


def votes(node):
    return (node.status() or {}).get("voting")


@unittest.skipIf(why_no_disk(), why_no_disk())
class FullDisk(unittest.TestCase):
    def cluster_with_small_disk(self, models, disk):
        # A node that is silent and linked is waited for until the soft deadline.
        cluster = Cluster(models, deadlines={"soft": "2s", "hard": "15m"})
        cluster.let_clients_ask()
        dave = cluster.nodes[3]
        dave.configure("data_directory", disk.path / "data")
        return cluster

    def fill_until_silent(self, node, disk):
        """In the end: what the database has set aside has to be used up first."""
        def silent():
            disk.fill()
            status = node.status()
            return status and not status["voting"] and status["not_voting_because"]

        self.assertIn("free space", wait_until(silent, f"{node.name} has a full disk"))

    def test_the_others_decide_and_the_node_goes_on_by_itself(self):
        with FakeModel() as models, SmallDisk("64m") as disk, \
                self.cluster_with_small_disk(models, disk) as cluster:
            cluster.start()
            *others, dave = cluster.nodes
            with Load(cluster, CLIENTS, "full disk", others, LONG) as load:
                load.wait_decided(3)
                for _ in range(2):
                    lines = len(dave.log_text().splitlines())
                    self.fill_until_silent(dave, disk)
                    load.wait_decided(3 * CLIENTS, meanwhile=disk.fill)
                    # What RocksDB gave back meanwhile may have let a write through.
                    self.fill_until_silent(dave, disk)
                    # Each time that it was full, for room may have come and gone.
                    written = "\n".join(dave.log_text().splitlines()[lines:])
                    for once in written.split(WRITES_AGAIN):
                        self.assertLess(len(once.splitlines()), MOST_LINES, written)
                    disk.free()
                    wait_until(lambda: votes(dave), "dave votes again", explain=dave.last_log)
                    load.wait_decided(CLIENTS)
            cluster.agreed(load.decided())
            print(f"{len(load.decided())} rounds")
            cluster.ask("What is 17 + 25?", node=dave)
            cluster.check_unharmed()

    def test_killed_while_its_disk_is_full_it_starts_when_there_is_room(self):
        with FakeModel() as models, SmallDisk("64m") as disk, \
                self.cluster_with_small_disk(models, disk) as cluster:
            cluster.start()
            *others, dave = cluster.nodes
            with Load(cluster, CLIENTS, "full disk", others, LONG) as load:
                load.wait_decided(3)
                self.fill_until_silent(dave, disk)
                dave.kill()
                disk.fill()
                dave.start()
                self.assertEqual(dave.wait_ended(), 1)
                self.assertIn("free space", dave.last_log(lines=1))
                disk.free()
                dave.start()
                load.wait_decided(CLIENTS)
            cluster.wait_reachable(4, cluster.nodes)
            cluster.agreed(load.decided())
            cluster.check_unharmed()


if __name__ == "__main__":
    unittest.main()
