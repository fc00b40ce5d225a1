"""Two organisations that share nothing but one line of text each way run one council."""

import unittest

from organisation import Internet, why_no_networks
from programs import UNREACHABLE, wait_until

QUESTION = "What is the capital of Australia?"


@unittest.skipIf(why_no_networks(), why_no_networks())
class TwoOrganisations(unittest.TestCase):
    def test_cards_alone_make_a_council(self):
        with Internet() as internet:
            acme, bolt = internet.join("acme"), internet.join("bolt")
            cards = {acme: [acme.make_node(name, i) for i, name in enumerate(["alice", "bob"])],
                     bolt: [bolt.make_node(name, i) for i, name in enumerate(["carol", "dave"])]}
            for card in [*cards[acme], *cards[bolt]]:
                self.assertNotIn("\n", card)
            # Each makes the roster of the cards it has, in whatever order they came.
            for organisation, other in ((acme, bolt), (bolt, acme)):
                organisation.run("roster", "create", *cards[organisation], *cards[other])
                organisation.run("client", "init", "--dir", "client", "--node", "127.0.0.1:8400",
                                 "--roster", "roster.yaml")
            ids = [organisation.json("roster", "show")["cluster_id"] for organisation in (acme, bolt)]
            self.assertEqual(ids[0], ids[1])
            for organisation, names in ((acme, ["alice", "bob"]), (bolt, ["carol", "dave"])):
                for name in names:
                    (organisation.directory / name / "roster.yaml").write_text(
                        (organisation.directory / "roster.yaml").read_text())
                    organisation.start(name)
            acme.wait_served(0, 1, 4)
            bolt.wait_served(0, 1, 4)
            asked = acme.json("ask", QUESTION, "--config", "client/client.yaml")
            self.assertEqual(asked["answers"]["missing"], [])
            # The other side has the decision too, and checks it by its own roster.
            export = ["rounds", "export", asked["round_id"], "--config", "client/client.yaml",
                      "--out", "round.bundle"]
            wait_until(lambda: bolt.run(*export, expect=None).returncode == 0,
                       "bolt's node has the record")
            bolt.run("verify", "round.bundle", "--roster", "roster.yaml")
            # Clients' ports are each organisation's own.
            bolt.run("status", "--node", f"insecure://{acme.address}:8400", expect=UNREACHABLE)

    def test_a_second_one_joins_a_running_council_by_one_line_each_way(self):
        with Internet() as internet:
            acme, bolt = internet.join("acme"), internet.join("bolt")
            names = ["alice", "bob", "carol", "dave"]
            cards = [acme.make_node(name, i) for i, name in enumerate(names)]
            acme.run("roster", "create", *cards)
            acme.run("client", "init", "--dir", "client", "--node", "127.0.0.1:8400",
                     "--roster", "roster.yaml")
            for name in names:
                (acme.directory / name / "roster.yaml").write_text(
                    (acme.directory / "roster.yaml").read_text())
                acme.start(name)
            acme.wait_served(0, 1, 4)
            acme.run("ask", QUESTION, "--config", "client/client.yaml")

            card = bolt.make_node("erin", 0)  # one line there
            acme.run("roster", "add", "--out", "next.yaml", card)
            for name in names:
                acme.run("roster", "adopt", "next.yaml", "--dir", name)
            line = acme.run("roster", "line", "--roster", "next.yaml").stdout.strip()
            self.assertNotIn("\n", line)
            bolt.run("roster", "from-line", "--out", "erin/roster.yaml", line)  # and one line back
            bolt.start("erin")
            acme.wait_served(0, 2, 5)
            bolt.wait_served(0, 2, 5)
            bolt.run("client", "init", "--dir", "client", "--node", "127.0.0.1:8400",
                     "--roster", "erin/roster.yaml")
            asked = bolt.json("ask", QUESTION, "--config", "client/client.yaml")
            self.assertEqual((asked["epoch"], asked["answers"]["missing"]), (2, []))
            for name in names:
                acme.run("roster", "retire", "--now", "--dir", name)


if __name__ == "__main__":
    unittest.main()
