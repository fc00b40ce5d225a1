"""The golden vectors of aggregation, in a browser: every rule computes what every node computes,
byte for byte (docs/SPEC.md, section 8; tests/aggregate/golden_transcript.cc makes them)."""

import hashlib
import re
import unittest

from browser import ROOT, BrowserTest
from forge import roster_bytes

GOLDEN = ROOT / "tests" / "aggregate" / "golden"
RULES = ["geometric_median", "centred_geometric_median", "duels", "coordinate_median",
         "trimmed_mean", "median_of_totals", "krum", "unsafe_mean"]
# Scores, shown scores and distances of a panel by every rule, and the raw bits of medians.
COMPUTE = """async ([panel, base]) => {
  const { aggregate } = await import(base + 'aggregate.js');
  const { geometricMedian } = await import(base + 'geometric_median.js');
  const { decodeRoster, panelsOf } = await import(base + 'roster.js');
  const { fromHex, toHex } = await import(base + 'bytes.js');
  const roster = await decodeRoster(fromHex(panel.roster));
  const [, { faulty }] = await panelsOf(roster, new Uint8Array(32), 0);
  const input = {
    answers: panel.answers.map(({ author, digest }) => ({ author, digest: fromHex(digest) })),
    sheets: panel.sheets, sheetsDigest: fromHex(panel.sheetsDigest), faulty,
  };
  const byRule = [];
  for (let rule = 1; rule <= 8; ++rule) {
    const result = await aggregate(roster, rule, input);
    byRule.push({ ...result, digest: toHex(result.digest) });
  }
  const bits = panel.answers.slice(0, 3).map((_, i) => {
    const points = Float64Array.from(panel.sheets.flatMap(({ scores }) => scores[i]));
    const median = geometricMedian(points, roster.criteria.length);
    const view = new DataView(median.buffer);
    return [...median.keys()].map((c) => view.getBigUint64(8 * c, true).toString(16));
  });
  return { byRule, bits };
}"""


def sha256(text):
    return hashlib.sha256(text.encode()).digest()


def roster_of(judges, answers, criteria, both):
    """PanelNodes and PanelParameters in tests/aggregate/panel.h."""
    n = max(judges, answers) if both else judges + answers
    return roster_bytes([
        (f"node-{i}", sha256(f"node-{i}"), 3 if both else 1 if i < answers else 2, "", "")
        for i in range(n)], criteria)


def read_panels():
    """(title, panel as COMPUTE takes it) of each panel of inputs.txt."""
    panels = []
    for line in (GOLDEN / "inputs.txt").read_text().splitlines():
        if line.startswith("panel"):
            judges, answers, criteria = map(
                int, re.search(r"\((\d+) judges, (\d+) answers, (\d+) criteria", line).groups())
            both = line.endswith("judges are authors)")
            panels.append((line, {
                "roster": roster_of(judges, answers, criteria, both).hex(),
                "answers": [{"author": i, "digest": sha256(f"answer {i}").hex()}
                            for i in range(answers)],
                "sheets": [], "sheetsDigest": sha256("S").hex()}))
        else:
            author, marks = re.fullmatch(r"  sheet of (\d+) (.*)", line).groups()
            panels[-1][1]["sheets"].append({
                "author": int(author),
                "scores": [[int(mark) for mark in entry.split(",")] for entry in marks.split(" ")]})
    return panels


def line_of(label, values):
    return f"  {label}" + "".join(f" {value}" for value in values) + "\n"


def transcript(title, rule, result):
    text = title + "\n" + line_of("scores ", [first for first, _ in result["scores"]])
    if rule == "duels":
        text += line_of("heads  ", [second for _, second in result["scores"]])
    return text + line_of("ranking", result["ranking"]) \
        + line_of("shown  ", result["shownScores"]) + line_of("off    ", result["sheetDistance"]) \
        + f"  flip    {result['flipMargin']}\n  digest  {result['digest']}\n"


class Golden(BrowserTest):
    def test_every_rule_computes_the_golden_vectors(self):
        self.server.files["/blank.html"] = b"<!doctype html><title>golden vectors</title>"
        page = self.open("/blank.html")
        found = {name: "" for name in [*RULES, "bits"]}
        panels = read_panels()
        self.assertGreater(len(panels), 0)
        for title, panel in panels:
            results = page.evaluate(COMPUTE, [panel, self.server.origin + "/proof/"])
            for rule, result in zip(RULES, results["byRule"], strict=True):
                found[rule] += transcript(title, rule, result)
            found["bits"] += title + "\n" + "".join(
                line_of(f"answer {i}", bits) for i, bits in enumerate(results["bits"]))
        for name, text in found.items():
            with self.subTest(name):
                self.assertEqual(text, (GOLDEN / f"{name}.txt").read_text())
        # No file of the golden vectors is left out.
        self.assertEqual({path.stem for path in GOLDEN.glob("*.txt")}, {*found, "inputs"})

    def test_a_pull_that_is_more_by_rounding_alone_leaves_a_point_the_median(self):
        # The angle at the first point is 120 degrees, so the others pull with 1, which comes out as
        # 1.0000000000000002. No golden vector depends on it.
        self.server.files["/blank.html"] = b"<!doctype html><title>geometric median</title>"
        median = self.open("/blank.html").evaluate("""async () => {
          const { geometricMedian } = await import('/proof/geometric_median.js');
          const rows = [10000, 10000, 10000, 10004, 10031, 9965, 10062, 9930, 10008];
          return [...geometricMedian(Float64Array.from(rows), 3)];
        }""")
        self.assertEqual(median, [10000, 10000, 10000])


if __name__ == "__main__":
    unittest.main()
