"""What an operator does to a node that runs: its health, its log level, a backup and its return."""

import json
import shutil
import subprocess
import unittest
import urllib.request

from cluster import Cluster
from fake_model import FakeModel
from load import Load
from ports import free_ports
from programs import UNREACHABLE, decentctl, program, wait_until

CLIENTS = 2


def health(node):
    return subprocess.run([program("decentd"), "--config", node.directory / "node.yaml", "--health"],
                          capture_output=True, text=True)


class Operator(unittest.TestCase):
    def test_health_says_whether_the_node_votes(self):
        with FakeModel() as models, Cluster(models) as cluster:
            dave = cluster.nodes[3]
            away = health(dave)
            self.assertEqual(away.returncode, 1)
            self.assertIn("no node runs with the data directory", away.stderr)
            cluster.start()
            here = health(dave)
            self.assertEqual((here.returncode, here.stdout),
                             (0, "dave votes; 4 of 4 nodes reachable, 3 needed\n"))
            dave.kill()
            killed = health(dave)
            self.assertEqual(killed.returncode, 1)
            self.assertIn("does not answer", killed.stderr)

    def test_the_log_level_changes_while_it_runs(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            alice = cluster.nodes[0]
            level = ("log-level", "--dir", alice.directory)
            self.assertIn("it was info", decentctl(*level, "error").stdout)
            lines = len(alice.log_text().splitlines())
            cluster.nodes[3].kill()
            cluster.ask("What is 17 + 25?", node=alice)
            self.assertEqual(len(alice.log_text().splitlines()), lines)
            self.assertIn("it was error", decentctl(*level, "debug").stdout)
            self.assertIn("log level debug from now on", alice.last_log())

    def test_a_backup_made_under_load_is_refused_then_accepted_and_votes_on(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.let_clients_ask()
            cluster.start()
            *others, dave = cluster.nodes
            copy = cluster.directory / "copy"
            with Load(cluster, CLIENTS, "backup", others) as load:
                load.wait_decided(3)
                made = json.loads(decentctl("backup", "--dir", dave.directory, "--out", copy,
                                            "--json").stdout)
                self.assertGreater(made["bytes"], 0)
                load.wait_decided(CLIENTS)
            before = load.decided()
            cluster.agreed(before)
            dave.kill()
            shutil.rmtree(dave.data)
            shutil.copytree(copy, dave.data)
            dave.start()
            self.assertEqual(dave.wait_ended(), 1)
            self.assertIn("a copy that was made of another", dave.last_log(lines=1))
            dave.start("--accept-lost-database")
            cluster.wait_reachable(4, cluster.nodes)
            self.assertFalse(dave.says_how_it_is()["voting"])
            # What the copy had, and what was decided since: all of it is there again.
            cluster.agreed(before)
            self.assertEqual([cluster.evidence(node) for node in cluster.nodes], [[]] * 4)

    def test_a_backup_needs_a_new_directory_and_a_running_node(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            alice = cluster.nodes[0]
            taken = decentctl("backup", "--dir", alice.directory, "--out", alice.directory,
                              expect=None)
            self.assertEqual(taken.returncode, 1)
            self.assertIn("is there already", taken.stderr)
            alice.kill()
            gone = decentctl("backup", "--dir", alice.directory, "--out", cluster.directory / "copy",
                             expect=None)
            self.assertEqual(gone.returncode, UNREACHABLE)

    def test_a_database_is_checked_and_a_damaged_one_repaired(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            dave = cluster.nodes[3]
            rounds = [cluster.ask(f"What is {i} + 25?")["round_id"] for i in range(3)]
            cluster.agreed(rounds)
            check = ("db", "check", "--dir", dave.directory)
            used = decentctl(*check, expect=None)
            self.assertEqual(used.returncode, 1)
            self.assertIn("in use", used.stderr)
            # Compacted, so that there are files to damage rather than a log.
            decentctl("db", "compact", "--dir", dave.directory)
            dave.kill()
            sound = json.loads(decentctl(*check, "--json").stdout)
            self.assertEqual((sound["sound"], sound["rounds"]), (True, 3))
            for table in dave.data.glob("*.sst"):
                with table.open("r+b") as file:
                    file.seek(table.stat().st_size // 3)
                    file.write(b"damage")
            self.assertEqual(decentctl(*check, expect=None).returncode, 1)
            repair = ("db", "repair", "--dir", dave.directory)
            self.assertIn("--yes", decentctl(*repair, expect=64).stderr)
            decentctl(*repair, "--yes")
            dave.start()
            self.assertEqual(dave.wait_ended(), 1)
            self.assertIn("was repaired at", dave.last_log(lines=1))
            dave.start("--accept-lost-database")
            cluster.wait_reachable(4, cluster.nodes)
            cluster.agreed(rounds)

    def test_doctor_tells_what_is_wrong_and_what_to_do(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            alice, bob, *_ = cluster.nodes
            doctor = ("doctor", "--dir", alice.directory)

            def states(*options, expect=0):
                told = json.loads(decentctl(*doctor, "--json", *options, expect=expect).stdout)
                self.assertEqual(told["ok"], expect == 0)
                return {one["subject"]: one for one in told["findings"]}

            well = states("--deep")
            for subject in ("configuration", "key", "node", "port of bob", "answering model"):
                self.assertEqual(well[subject]["state"], "ok", well[subject])
            self.assertIn("The answer of model 0.", well["answering model"]["detail"])
            # This model gives the same marks to any two texts that are not of the test.
            self.assertEqual(well["judging model"]["state"], "warning")
            self.assertIn("noise", well["judging model"]["advice"])
            bob.kill()
            (alice.directory / "identity.key").chmod(0o640)
            ill = states(expect=1)
            self.assertEqual(ill["key"]["state"], "FAILURE")
            self.assertIn("chmod 600", ill["key"]["advice"])
            self.assertEqual(ill["port of bob"]["state"], "warning")
            self.assertEqual(ill["models"]["state"], "not looked at")
            alice.kill()
            self.assertIn("start it with", decentctl(*doctor, expect=1).stdout)

    def test_metrics_follow_what_happens(self):
        with FakeModel() as models, Cluster(models) as cluster:
            alice, _, _, dave = cluster.nodes
            port = free_ports(1)[0]
            with (alice.directory / "node.yaml").open("a") as config:
                config.write(f"\nmetrics: {{listen: '127.0.0.1:{port}'}}\n")
            cluster.start()
            rounds = []

            def lines():
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:
                    return page.read().decode().splitlines()

            def closed_a_phase_itself():
                """Not in every round: the others may decide it first."""
                rounds.append(cluster.ask("What is 17 + 25?")["round_id"])
                cluster.agreed(rounds)
                return any(line.startswith("decentd_phase_duration_seconds_count"
                                           '{closed_by="all_arrived",phase="sheet"} ')
                           for line in lines())

            wait_until(closed_a_phase_itself, "alice closes a phase by herself")
            dave.kill()
            cluster.wait_reachable(3, [alice])
            expected = {f'decentd_rounds_total{{outcome="decided"}} {len(rounds)}',
                        "decentd_voting 1", "decentd_nodes_reachable 3",
                        f"decentd_rounds_stored {len(rounds)}",
                        'decentd_peer_linked{peer="dave",roster_epoch="1"} 0',
                        'decentd_model_call_duration_seconds_count{backend="openai",'
                        f'model="answer",outcome="ok"}} {len(rounds)}'}
            wait_until(lambda: expected <= set(lines()), "the metrics follow",
                       explain=lambda: "\n".join(expected - set(lines())))

    def test_compacting_gives_space_back(self):
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            cluster.agreed([cluster.ask("What is 17 + 25?")["round_id"]])
            sizes = json.loads(decentctl("db", "compact", "--dir", cluster.nodes[0].directory,
                                         "--json").stdout)
            self.assertGreater(sizes["bytes_before"], 0)
            self.assertLessEqual(sizes["bytes_after"], sizes["bytes_before"])
            cluster.ask("What is 18 + 25?")


if __name__ == "__main__":
    unittest.main()
