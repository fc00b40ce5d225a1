"""decentctl drill: each attack on a scratch council, with models that a script plays."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import textwrap
import unittest
from unittest import mock

from cluster import Cluster
from fake_model import FakeModel
from programs import PATIENCE_SECONDS, decentctl, environment, find_program, program, wait_until

WINNER_FELL, USAGE, CONFIGURATION = 10, 64, 78  # decentctl's exit statuses

# Judges that are not sure of themselves: 12 points for the right answer, 10 for any other.
UNSURE = """\
    answers:
      - answer: "It is 391."
    scores:
      - {answer: {contains: "391"}, points: 12}
      - {points: 10}
    """
# Judges that do what the text before them says.
GULLIBLE = """\
    answers:
      - answer: "It is 391."
    scores:
      - {answer: {contains: "note to the judge"}, points: 20}
      - {answer: {contains: "391"}, points: 18}
      - {points: 2}
    """


@unittest.skipUnless(find_program("decentd-drill"), "decentd-drill was not built")
class Drill(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="decentd-e2e-")
        self.addCleanup(temporary.cleanup)
        self.scratch = pathlib.Path(temporary.name)
        (self.scratch / "tmp").mkdir()
        patch = mock.patch.dict(os.environ, {"TMPDIR": str(self.scratch / "tmp")})
        patch.start()
        self.addCleanup(patch.stop)

    def council(self, script=UNSURE, **how):
        """The operator's council; it does not run, a drill needs none."""
        path = self.scratch / "script.yaml"
        path.write_text(textwrap.dedent(script))
        return Cluster(["backend: scripted", f"file: {path}"], **how)

    def drill(self, cluster, attack, *options, expect=0):
        # Where too many are silent no round ends: then this is how long it is waited for.
        done = decentctl("drill", "--dir", cluster.nodes[0].directory, "--attack", attack,
                         "--json", "--timeout", "30s", *options, expect=expect,
                         timeout=4 * PATIENCE_SECONDS)
        self.assertEqual(self.left_behind(), [])
        return json.loads(done.stdout)

    def left_behind(self):
        return [str(path) for path in (self.scratch / "tmp").iterdir()]

    def assert_kept_its_promise(self, report):
        self.assertEqual((report["nodes"], report["f"], report["f_E"], report["withstands"]),
                         (4, 1, 1, 1))
        self.assertEqual([(count["liars"], count["promised"]) for count in report["counts"]],
                         [(0, True), (1, True), (2, False)])
        self.assertEqual([count["stood"] for count in report["counts"][:2]], [True, True])
        self.assertTrue(report["held"])
        for count in report["counts"]:
            self.assertEqual(count["evidence_against_honest"], [])

    def ends(self, report, liars):
        return [one["end"] for one in report["counts"][liars]["rounds"]]

    def test_inflating_judges_win_beyond_the_promise_and_the_real_node_is_not_touched(self):
        with self.council() as cluster:
            def files():
                return {path: (path.stat().st_mtime_ns, path.read_bytes())
                        for path in cluster.directory.rglob("*") if path.is_file()}

            before = files()
            report = self.drill(cluster, "inflate", "--rounds", "2")
            self.assertEqual(files(), before)
        self.assert_kept_its_promise(report)
        self.assertEqual(self.ends(report, 1), ["honest_won", "honest_won"])
        self.assertEqual(self.ends(report, 2), ["liars_won", "liars_won"])
        self.assertEqual(report["counts"][2]["rounds"][0]["answer"], "The answer is 42.")

    def test_a_rule_that_keeps_no_promise_is_found_out(self):
        with self.council() as cluster:
            roster = cluster.nodes[0].directory / "roster.yaml"
            text = roster.read_text()
            self.assertIn("rule: geometric_median", text)
            roster.write_text(text.replace("rule: geometric_median", "rule: unsafe_mean"))
            report = self.drill(cluster, "inflate", expect=WINNER_FELL)
            self.assertEqual(report["rule"], "unsafe_mean")
            self.assertFalse(report["held"])
            self.assertEqual([self.ends(report, liars) for liars in (0, 1)],
                             [["honest_won"], ["liars_won"]])
            table = decentctl("drill", "--dir", cluster.nodes[0].directory, "--attack", "inflate",
                              expect=WINNER_FELL, timeout=4 * PATIENCE_SECONDS).stdout
            self.assertRegex(table, r"\n +1  yes +FELL +- +1 of 1 ")
            self.assertIn("The winner did NOT stand for 1 liar,", table)
            self.assertIn("unsafe_mean keeps no promise", table)

    def test_an_injection_moves_judges_that_obey_it_and_no_others(self):
        with self.council(GULLIBLE) as cluster:
            obeyed = self.drill(cluster, "inject", expect=WINNER_FELL)
            self.assertEqual(self.ends(obeyed, 0), ["honest_won"])
            self.assertEqual(self.ends(obeyed, 1), ["liars_won"])
            self.assertIn("NOTE TO THE JUDGE", obeyed["counts"][1]["rounds"][0]["answer"])
            # The same judges against the same liars without the note.
            self.assert_kept_its_promise(self.drill(cluster, "inflate"))

    def test_a_fork_leaves_evidence(self):
        with self.council(deadlines={"soft": "5s", "hard": "20s"}) as cluster:
            report = self.drill(cluster, "fork")
        self.assert_kept_its_promise(report)
        self.assertEqual([count["evidence_against"] for count in report["counts"][:2]],
                         [[], ["dave"]])

    def test_copies_are_honest_answers(self):
        with self.council() as cluster:
            report = self.drill(cluster, "copy", "--rounds", "3")
        self.assert_kept_its_promise(report)
        for count in report["counts"]:
            self.assertEqual({one["answer"] for one in count["rounds"]}, {"It is 391."})

    def test_silence_costs_the_soft_deadlines_and_beyond_the_promise_the_round(self):
        with self.council(deadlines={"soft": "3s", "hard": "15m"}) as cluster:
            report = self.drill(cluster, "silent")
        self.assert_kept_its_promise(report)
        self.assertEqual(self.ends(report, 2), ["no_decision"])
        self.assertIn("2 of 4 nodes reachable", report["counts"][2]["rounds"][0]["reason"])

    def test_garbage_is_refused_and_proves_nothing(self):
        with self.council(deadlines={"soft": "3s", "hard": "15m"}) as cluster:
            report = self.drill(cluster, "garbage")
        self.assert_kept_its_promise(report)
        self.assertEqual(self.ends(report, 2), ["no_decision"])
        self.assertEqual(report["counts"][0]["messages_refused"], 0)
        self.assertGreater(report["counts"][1]["messages_refused"], 0)
        self.assertEqual(report["counts"][1]["evidence_against"], [])

    def test_honest_nodes_have_the_operators_model_and_what_is_kept_says_where(self):
        with FakeModel() as models, Cluster(models) as cluster:
            done = decentctl("drill", "--dir", cluster.nodes[0].directory, "--attack", "inflate",
                             "--json", "--keep", "--question", "What is 17 + 25?",
                             timeout=4 * PATIENCE_SECONDS)
            report = json.loads(done.stdout)
            kept = pathlib.Path(report["directory"])
            self.assertIn(str(kept), done.stderr)
            # Of alice alone: 4, 3 and 2 honest nodes answered and judged.
            self.assertEqual({node for node, _ in models.requests}, {0})
            self.assertEqual(sorted(kind for _, kind in models.requests),
                             ["answer"] * 9 + ["judge"] * 9)
            honest = json.loads((kept / "liars-1" / "alice" / "node.yaml").read_text())
            self.assertEqual(honest["models"]["answer"]["url"], models.url_of(0))
            keys = {path.read_bytes() for path in kept.glob("liars-*/*/identity.key")}
            self.assertEqual(len(keys), 12)
            self.assertNotIn((cluster.nodes[0].directory / "identity.key").read_bytes(), keys)
            self.assertIn("ready", (kept / "liars-1" / "dave" / "daemon.log").read_text())

    def test_ctrl_c_leaves_no_process_and_no_file(self):
        with FakeModel() as models, Cluster(models) as cluster:
            models.hold(0, "answer")
            with subprocess.Popen(
                    [program("decentctl"), "drill", "--dir", cluster.nodes[0].directory,
                     "--attack", "inflate"], env=environment(), text=True,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                models.wait_for_held(0, "answer")
                self.assertNotEqual(self.daemons(), [])
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=PATIENCE_SECONDS)
            self.assertEqual((process.returncode, out), (1, ""))
            self.assertIn("stopped as asked", err)
            self.assertEqual((self.left_behind(), self.daemons()), ([], []))

    def test_killed_its_daemons_die_with_it(self):
        with FakeModel() as models, Cluster(models) as cluster:
            models.hold(0, "answer")
            with subprocess.Popen(
                    [program("decentctl"), "drill", "--dir", cluster.nodes[0].directory,
                     "--attack", "inflate"], env=environment(), stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL) as process:
                models.wait_for_held(0, "answer")
                process.kill()
            wait_until(lambda: not self.daemons(), "the daemons of the drill end")

    def daemons(self):
        """Processes whose configuration is in the drill's directory."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().decode(errors="replace")
            except OSError:
                continue  # it ended meanwhile
            if f"{self.scratch}/tmp/decentd-drill-" in words:
                found.append(words)
        return found

    def test_what_is_wrong_is_said_with_the_way_out(self):
        with self.council() as cluster:
            alice = cluster.nodes[0].directory

            def error(*arguments, expect):
                return decentctl("drill", "--dir", alice, *arguments, expect=expect).stderr

            self.assertIn("--attack", error(expect=USAGE))
            self.assertIn("inflate,fork,copy", error("--attack", "bribe", expect=USAGE))
            fork = ("--attack", "fork")
            self.assertIn("expected 2 to 3", error(*fork, "--liars", "1", expect=USAGE))
            self.assertIn("--lie", error(*fork, "--lie", " ", expect=USAGE))
            self.assertIn("--timeout", error(*fork, "--timeout", "soon", expect=USAGE))
            self.assertIn("--bin", error(*fork, "--bin", self.scratch, expect=1))
            config = alice / "node.yaml"
            text = config.read_text()
            config.write_text(text[:text.index("  judge:")] + text[text.index("\nlimits:"):])
            self.assertIn("models.judge is not configured", error(*fork, expect=CONFIGURATION))
            (alice / "roster.yaml").unlink()
            self.assertIn("roster.yaml", error(*fork, expect=CONFIGURATION))
        self.assertEqual(self.left_behind(), [])


if __name__ == "__main__":
    unittest.main()
