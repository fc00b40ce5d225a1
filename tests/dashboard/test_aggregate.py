"""Sheets that no golden vector has: the page computes a result, a council signs it, decentctl
computes it again, and every other rule is replayed by both."""

import random
import unittest

import forge
from proofs import ProofTest, concluded

RULES = ["geometric_median", "centred_geometric_median", "duels", "coordinate_median",
         "trimmed_mean", "median_of_totals", "krum", "unsafe_mean"]
# Four judges of one answer for whom a step of Newton's has to be halved before it helps, and whose
# answer gets another score where it is not.
HALVED = [
    [[12175, 18557, 2036, 3102, 2714], [12176, 18556, 2036, 3101, 2714],
     [9203, 7076, 6903, 4046, 15510], [17093, 3576, 9430, 6752, 14113]],
    [[16847, 12768, 9066, 17193, 3529], [16848, 12768, 9066, 17193, 3530],
     [2472, 17240, 15908, 8379, 11698], [6745, 14033, 2543, 5747, 11846]],
    [[8995, 5377, 14845, 12721, 17654], [8995, 5377, 14846, 12720, 17655],
     [9173, 19489, 11387, 7195, 14350], [13308, 19093, 14184, 7240, 19808]],
]


def random_marks(generator, judges, criteria, grain):
    return [[[generator.randrange(20000 // grain + 1) * grain for _ in range(criteria)]
             for _ in range(judges)] for _ in range(judges)]


class Aggregate(ProofTest):
    def test_random_sheets(self):
        generator = random.Random(15)
        for judges, criteria, grain, options in [
                (1, 5, 1, {}), (2, 5, 1, {}), (3, 5, 500, {}), (4, 5, 1, {}), (4, 5, 500, {}),
                (4, 1, 20000, {}), (4, 3, 20000, {}), (5, 5, 10000, {}), (6, 2, 5000, {}),
                (7, 5, 1, {}), (7, 5, 20000, {}), (8, 1, 1000, {}), (10, 5, 250, {}),
                (13, 5, 1, {}), (13, 32, 20000, {}),
                (7, 5, 500, {"drops": 1, "owners": 3}), (7, 5, 500, {"drops": 2, "families": 5}),
                (10, 5, 500, {"drops": 3, "owners": 4, "families": 7}),
                (13, 2, 5000, {"drops": 3, "owners": 2, "families": 5}),
                (13, 2, 5000, {"owners": 2, "families": 5})]:
            with self.subTest(judges=judges, criteria=criteria, grain=grain, options=options):
                self.check(random_marks(generator, judges, criteria, grain), **options)

    def test_steps_that_are_halved(self):
        generator = random.Random(16)
        for rows in HALVED:
            with self.subTest(rows=rows):
                marks = random_marks(generator, 5, 5, 1)
                for judge, row in enumerate(rows, start=1):  # judge 0 is the answer's own author
                    marks[judge][0] = row
                self.check(marks)

    def test_scores_that_are_shown_stay_within_20_points(self):
        # By duels the losers come out as far below 0 as the winner is above them.
        self.check([[[20000 * (answer == 0)] * 5 for answer in range(4)] for _ in range(4)])
        self.check([[[20000 * (answer != 0)] * 5 for answer in range(4)] for _ in range(4)])

    def test_a_page_lives_while_it_computes(self):
        marks = [[[20000 * (answer == 0)] * 5 for answer in range(7)] for _ in range(7)]
        bundle = concluded(self.page, forge.council_of(marks)).encode()
        pauses = """async ([data, msALook]) => {
          const { compareRules, readBundle } = await import('/proof/verify.js');
          const report = await readBundle(Uint8Array.from(data));
          const Channel = MessageChannel;
          let now = 0, pauses = 0;
          performance.now = () => now += msALook;
          window.MessageChannel = class extends Channel {
            constructor() { super(); pauses += 1; }
          };
          await compareRules(report);
          window.MessageChannel = Channel;
          return pauses;
        }"""
        self.assertEqual(self.page.evaluate(pauses, [list(bundle), 0]), 0)
        self.assertGreater(self.page.evaluate(pauses, [list(bundle), 50]), len(RULES))

    def check(self, marks, **options):
        forged = forge.council_of(marks, **options)
        bundle = concluded(self.page, forged).encode()
        self.assertIsNone(self.assert_agree(bundle, trusted=False))
        compared = self.page.evaluate("""async (data) => {
          const { compareRules, verifyBundle } = await import('/proof/verify.js');
          const report = await verifyBundle(Uint8Array.from(data));
          // A page may keep a report as text.
          return compareRules(JSON.parse(JSON.stringify(report)));
        }""", list(bundle))
        self.assertEqual([one["rule"] for one in compared], RULES)
        for ours in compared:
            self.check_replay(bundle, ours)

    def check_replay(self, bundle, ours):
        theirs = self.decentctl(bundle, ("replay", "--rule", ours["rule"]), roster=False)
        self.assertEqual(f"node-{ours['winner']}", theirs["replayed_winner"], ours["rule"])
        self.assertEqual(ours["flipMargin"], theirs["replayed_flip_margin"], ours["rule"])
        ranked = sorted(theirs["answers"], key=lambda one: one["replayed_rank"])
        self.assertEqual([f"node-{author}" for author in ours["ranking"]],
                         [one["node"] for one in ranked], ours["rule"])
        self.assertEqual([ours["shownScores"][str(author)] / 1e6 for author in ours["ranking"]],
                         [one["replayed_score"] for one in ranked], ours["rule"])


if __name__ == "__main__":
    unittest.main()
