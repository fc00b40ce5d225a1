"""Each command of decentctl does what its help says."""

import re
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from cluster import Cluster
from fake_model import FakeModel
from programs import decentctl, program


class OfflineCommands(unittest.TestCase):
    """What needs no running node."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="decentd-e2e-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def init(self, name, **how):
        return decentctl("init", "--dir", self.directory / name, "--name", name,
                         "--address", f"{name}.example.org:7101", **how)

    def test_init_makes_a_private_key_that_only_its_owner_reads(self):
        self.init("alice")
        key = self.directory / "alice" / "identity.key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)

    def test_init_refuses_to_overwrite_an_identity(self):
        self.init("alice")
        key = (self.directory / "alice" / "identity.key").read_bytes()
        again = self.init("alice", expect=None)
        self.assertNotEqual(again.returncode, 0)
        self.assertIn("identity.key", again.stderr)
        self.assertEqual((self.directory / "alice" / "identity.key").read_bytes(), key)

    def test_init_never_prints_the_private_key(self):
        said = self.init("alice")
        secret = (self.directory / "alice" / "identity.key").read_text()
        public = decentctl("key", "show", self.directory / "alice" / "identity.key").stdout.strip()
        words = [word for word in re.findall(r"[0-9A-Za-z+/=]{40,}", secret) if word != public]
        self.assertTrue(words, "the key file holds nothing that looks like a key")
        for word in words:
            self.assertNotIn(word, said.stdout + said.stderr)

    def test_roster_show_says_in_words_what_the_council_withstands(self):
        cards = [self.init(name).stdout.strip() for name in ("alice", "bob", "carol", "dave")]
        roster = self.directory / "roster.yaml"
        decentctl("roster", "create", "--out", roster, *cards)
        shown = decentctl("roster", "show", "--roster", roster).stdout
        for name in ("alice", "bob", "carol", "dave"):
            self.assertIn(name, shown)
        self.assertIn("4 evaluators", shown)

    def test_roster_create_refuses_one_key_twice(self):
        card = self.init("alice").stdout.strip()
        refused = decentctl("roster", "create", "--out", self.directory / "roster.yaml",
                            card, card, expect=None)
        self.assertNotEqual(refused.returncode, 0)
        self.assertFalse((self.directory / "roster.yaml").exists())

    def test_an_unknown_command_is_named(self):
        for words, wrong, help_of in ((("compact",), "compact", "decentctl"),
                                      (("db", "compactt"), "compactt", "decentctl db")):
            said = decentctl(*words, expect=64).stderr
            self.assertIn(f"'{wrong}' is no command", said)
            self.assertIn(f"'{help_of} --help'", said)
        self.assertNotIn("is no command", decentctl("verify", "--bogus", expect=64).stderr)

    def test_an_unknown_option_is_a_usage_error_that_names_the_help(self):
        wrong = decentctl("roster", "show", "--no-such-option", expect=64)
        self.assertIn("--help", wrong.stderr)

    def test_a_wrong_option_of_the_daemon_is_a_usage_error_too(self):
        wrong = subprocess.run([program("decentd"), "--no-such-option"], capture_output=True,
                               text=True, check=False)
        self.assertEqual(wrong.returncode, 64)
        self.assertIn("decentd: error: ", wrong.stderr)
        self.assertIn("--no-such-option", wrong.stderr)
        self.assertIn("decentd --help", wrong.stderr)

    def test_an_unknown_key_of_node_yaml_is_named_with_its_line(self):
        self.init("alice")
        config = self.directory / "alice" / "node.yaml"
        config.write_text(config.read_text() + "\nno_such_key: 1\n")
        line = config.read_text().count("\n")
        checked = subprocess.run([program("decentd"), "--config", config, "--check-config"],
                                 capture_output=True, text=True, check=False)
        self.assertNotEqual(checked.returncode, 0)
        self.assertIn("no_such_key", checked.stderr)
        self.assertIn(f":{line}", checked.stderr)

    def test_completion_knows_the_commands(self):
        script = self.directory / "completion"
        script.write_text(decentctl("completion", "bash").stdout)
        completed = subprocess.run(
            ["bash", "-c", f"source {script}; COMP_WORDS=(decentctl ros); COMP_CWORD=1; "
             "_decentctl; echo \"${COMPREPLY[*]}\""], capture_output=True, text=True, check=True)
        self.assertEqual(completed.stdout.strip(), "roster")

    def test_verify_of_something_else_says_so(self):
        other = self.directory / "other"
        other.write_bytes(b"not a bundle")
        decentctl("verify", other, expect=6)


class NodeCommands(unittest.TestCase):
    """What asks a running node; one cluster for all, for none of them changes it."""

    @classmethod
    def setUpClass(cls):
        cls.models = cls.enterClassContext(FakeModel())
        cls.cluster = cls.enterClassContext(Cluster(cls.models))
        cls.cluster.start()
        cls.asked = cls.cluster.ask("What is 17 + 25?")
        cls.cluster.wait_decided(cls.asked["round_id"])

    def test_ask_without_json_prints_the_answer(self):
        said = decentctl("ask", "What is 19 + 25?", "--config", self.cluster.client_config)
        self.assertIn(self.models.answer_of(0), said.stdout)

    def test_status_names_the_node_its_cluster_and_its_bound(self):
        status = self.cluster.nodes[1].says_how_it_is()
        self.assertEqual((status["name"], status["n"], status["f"], status["quorum"]),
                         ("bob", 4, 1, 3))
        self.assertTrue(status["voting"])
        self.assertEqual({node.says_how_it_is()["cluster_id"] for node in self.cluster.nodes},
                         {status["cluster_id"]})

    def test_status_of_no_node_is_unreachable(self):
        decentctl("status", "--node", "127.0.0.1:1", expect=5)

    def test_peers_lists_the_others_as_linked(self):
        peers = self.cluster.peers(self.cluster.nodes[0])
        self.assertEqual({name for name, peer in peers.items() if peer["linked"]},
                         {"bob", "carol", "dave"})

    def test_rounds_ls_lists_the_round_on_every_node(self):
        for node in self.cluster.nodes:
            listed = [r["round_id"] for r in self.cluster.rounds(node)]
            self.assertIn(self.asked["round_id"], listed)

    def test_rounds_show_of_an_unknown_round_is_not_found(self):
        decentctl("rounds", "show", "0" * 64, *self.cluster.at(self.cluster.nodes[0]), expect=8)

    def test_rounds_show_tells_the_question_and_the_winner(self):
        shown = self.cluster.round(self.asked["round_id"], self.cluster.nodes[2])
        self.assertEqual(shown["messages"], [{"role": "user", "content": "What is 17 + 25?"}])
        self.assertEqual(shown["winner"], self.asked["winner"])

    def test_rounds_export_writes_a_bundle_that_verifies_without_the_network(self):
        bundle = self.cluster.export(self.asked["round_id"], self.cluster.nodes[3])
        self.cluster.verify(bundle)

    def test_replay_aggregates_the_same_sheets_under_another_rule(self):
        bundle = self.cluster.export(self.asked["round_id"])
        replayed = decentctl("replay", bundle, "--rule", "median_of_totals",
                             "--roster", self.cluster.roster)
        self.assertIn("alice", replayed.stdout)
        wrong = decentctl("replay", bundle, "--rule", "no_such_rule", expect=64)
        self.assertIn("geometric_median", wrong.stderr)

    def test_evidence_ls_is_empty_among_honest_nodes(self):
        for node in self.cluster.nodes:
            self.assertEqual(self.cluster.evidence(node), [])


if __name__ == "__main__":
    unittest.main()
