"""deploy/monitoring fits the daemon and docs/OPERATIONS.md: metrics, labels, runbooks."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

try:
    import yaml
except ImportError:
    yaml = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
PROMTOOL = os.environ.get("DECENTD_PROMTOOL") or shutil.which("promtool")
# Of Prometheus itself.
FOREIGN_METRICS, FOREIGN_LABELS = {"up"}, {"instance", "job", "le"}


def sources():
    return "".join(path.read_text() for path in (ROOT / "node" / "metrics").glob("*.cc"))


def exported():
    """The names of all series that the daemon exports."""
    names = set()
    for kind, name in re.findall(r'Build(Counter|Gauge|Histogram)\(\)\s*\.Name\("(\w+)"\)',
                                 sources()):
        names |= ({name + suffix for suffix in ("_bucket", "_count", "_sum")}
                  if kind == "Histogram" else {name})
    return names | set(re.findall(r'out\.(?:Gauge|Counter)\(\s*"(\w+)"', sources()))


def labels():
    return set(re.findall(r'\{"(\w+)", ', sources())) | FOREIGN_LABELS


def used_labels(expression):
    found = set()
    for selector in re.findall(r"\{([^}]*)\}", expression):
        found |= set(re.findall(r"(\w+)\s*[=!]", selector))
    for listed in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression):
        found |= {label.strip() for label in listed.split(",")}
    return found


def anchors(markdown):
    """As GitHub makes them of headings."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"(?m)^#+ (.*)$", markdown)}


class Fits(unittest.TestCase):
    """What alerts and dashboard have in common."""

    def check(self, expressions):
        known, known_labels = exported() | FOREIGN_METRICS, labels()
        self.assertGreater(len(known), 20)
        for expression in expressions:
            names = set(re.findall(r"\bdecentd_\w+", expression))
            self.assertLessEqual(names, known, expression)
            self.assertLessEqual(used_labels(expression), known_labels, expression)


class Dashboard(Fits):
    def setUp(self):
        self.dashboard = json.loads((MONITORING / "dashboard.json").read_text())
        self.expressions = [target["expr"] for panel in self.dashboard["panels"]
                            for target in panel.get("targets", [])]

    def test_it_asks_for_what_the_daemon_exports(self):
        self.check(self.expressions)
        self.check([self.dashboard["templating"]["list"][1]["definition"]])

    def test_every_metric_is_shown(self):
        shown = set(re.findall(r"\bdecentd_\w+", json.dumps(self.dashboard)))
        families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exported()}
        self.assertEqual({re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}, families)

    def test_panels_have_ids_of_their_own_and_do_not_overlap(self):
        ids = [panel["id"] for panel in self.dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))
        taken = set()
        for panel in self.dashboard["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                     for y in range(at["y"], at["y"] + at["h"])}
            self.assertFalse(cells & taken, panel["title"])
            taken |= cells


@unittest.skipIf(yaml is None, "python3-yaml is not installed")
class Alerts(Fits):
    def setUp(self):
        groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
        self.rules = [rule for group in groups for rule in group["rules"]]

    def test_they_ask_for_what_the_daemon_exports(self):
        self.check([rule["expr"] for rule in self.rules])

    def test_each_has_a_summary_and_a_paragraph_in_the_runbook(self):
        known = anchors((ROOT / "docs" / "OPERATIONS.md").read_text())
        for rule in self.rules:
            with self.subTest(rule["alert"]):
                self.assertTrue(rule["annotations"]["summary"])
                self.assertIn(rule["labels"]["severity"], ("page", "ticket"))
                file, anchor = rule["annotations"]["runbook_url"].split("#")
                self.assertEqual(pathlib.Path(file).name, "OPERATIONS.md")
                self.assertEqual(anchor, rule["alert"].lower())
                self.assertIn(anchor, known)

    def test_each_is_seen_to_fire_and_not_to_fire(self):
        tests = yaml.safe_load((ROOT / "tests/monitoring/alerts_test.yaml").read_text())["tests"]
        names = {rule["alert"] for rule in self.rules}
        for fires in (True, False):
            with self.subTest(fires=fires):
                self.assertEqual({test["alertname"] for group in tests
                                  for test in group["alert_rule_test"]
                                  if bool(test.get("exp_alerts")) == fires}, names)


@unittest.skipIf(PROMTOOL is None, "promtool is not installed (Debian's package prometheus has it)")
class Promtool(unittest.TestCase):
    def promtool(self, *arguments, **options):
        done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, check=False,
                              **options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_rules_are_valid(self):
        self.assertIn("SUCCESS", self.promtool("check", "rules", MONITORING / "alerts.yaml"))

    def test_the_rules_fire_when_they_should(self):
        with tempfile.TemporaryDirectory() as directory:
            for file in (MONITORING / "alerts.yaml", ROOT / "tests/monitoring/alerts_test.yaml"):
                shutil.copy(file, directory)
            self.promtool("test", "rules", "alerts_test.yaml", cwd=directory)


if __name__ == "__main__":
    unittest.main()
