"""Proofs that a whole council forged: the page's verifier and decentctl take and refuse the same
ones, for the same reason."""

import dataclasses
import struct
import unittest

import forge
from forge import ANSWERS, DECISION, SHEETS, VOTES, block, number, scores_of, sha256
from proofs import ProofTest

class Forged(ProofTest):
    def test_a_true_round_signed_again_is_true(self):
        for name in self.rounds:
            with self.subTest(name):
                self.assertIsNone(self.assert_agree(self.forgery(name).encode()))

    def test_decisions(self):
        forged = self.forgery()
        body = forged.decision(forged.verdict)
        other = forged.decision(dataclasses.replace(forged.verdict, winner=bytes(32)))
        elsewhere = body.replace(forged.round_id, bytes(32))
        for authors, last, reason in [
                ((0,), (1, body), "found 2"), ((0, 1, 2), (3, body), None),  # more than needed
                ((0, 1, 2), (3, other), "another verdict"),
                ((0, 1, 2), (3, elsewhere), "for round"),
                ((0, 1), (0, body + number(3, 1)), "there twice"),
                ((0, 1), (2, body + number(3, 4)), "undecodable"),
                ((0, 1), (2, body + number(4, 3)), None)]:
            with self.subTest(authors=authors, reason=reason):
                forged.decisions = [*((author, body) for author in authors), last]
                refused = self.assert_agree(forged.encode(), reason and "decisions")
                self.assertIn(reason or "", refused or "")
        forged.decisions = [(author, body) for author in range(3)]
        forged.signatures[DECISION, 0, body] = forged.sign(DECISION, 1, body)
        self.assertIn("bad_signature", self.assert_agree(forged.encode(), "decisions"))

    def test_verdicts_that_do_not_follow(self):
        true = self.forgery().verdict
        a, s, w, e = true.counts
        for check, changed in [
                ("answer_set", {"answers": bytes(32)}), ("sheet_set", {"sheets": bytes(32)}),
                ("verdict", {"counts": (a - 1, s, w, e)}),
                ("verdict", {"counts": (a, s + 1, w, e)}),
                ("verdict", {"counts": (a, s, w + 1, e)}),
                ("verdict", {"counts": (a, s, w, e - 1)}),
                ("verdict", {"rule": 8}), ("verdict", {"outcome": 3, "winner": bytes(32),
                                                       "result": bytes(32)}),
                ("aggregate", {"winner": sha256(self.forgery().slots[1].proposal)}),
                ("aggregate", {"result": sha256(b"other scores")}), ("decisions", {"outcome": 2}),
                ("decisions", {"rule": 9}), ("decisions", {"outcome": 0})]:
            with self.subTest(check=check, changed=list(changed)):
                forged = self.forgery()
                forged.verdict = dataclasses.replace(true, **changed)
                self.assert_agree(forged.encode(), check)

    def test_proposals(self):
        def change(slot, **changed):
            forged = self.forgery()
            for name, value in changed.items():
                setattr(forged.slots[slot], name, value)
            return forged

        true = self.forgery()
        self.assert_agree(change(2, signed_by=3).encode(), "proposals")
        self.assert_agree(change(2, proposal=true.slots[6].proposal).encode(), "proposals")
        self.assert_agree(change(7, author=9, signed_by=3).encode(), "proposals")
        self.assert_agree(change(1, kind=VOTES, proposal=true.votes()[1][1]).encode(), "proposals")
        other = true.slots[1].proposal.replace(true.round_id, bytes(32))
        self.assert_agree(change(1, proposal=other).encode(), "proposals")
        long = block(1, true.round_id) + block(3, block(1, b"x" * (256 * 1024)))
        self.assert_agree(change(1, proposal=long).encode(), "proposals")
        forged = self.forgery()
        del forged.slots[1]
        self.assert_agree(forged.encode(), "answer_set")
        forged = self.forgery()
        del forged.slots[-1]
        self.assert_agree(forged.encode(), "sheet_set")

    def test_certificates(self):
        true = self.forgery()
        slot = true.slots[0]
        head, own_echo = block(1, true.round_id), forge.echo(ANSWERS, 0, sha256(slot.proposal))
        alone = head + own_echo

        def certified(*votes):
            """The round with this certificate of its first slot."""
            forged = self.forgery()
            forged.slots[0].votes = votes
            return forged.encode()

        def with_vote(body):
            return certified((0, alone), (1, alone), (3, body))

        self.assertIsNone(self.assert_agree(with_vote(alone)))
        self.assert_agree(certified((0, alone), (1, alone)), "certificates")
        self.assert_agree(certified(*((a, alone) for a in range(4))), "certificates")
        self.assert_agree(certified((0, alone), (1, alone), (1, alone + number(2, 1))),
                          "certificates")
        for what, bad in [("seq out of range", alone + number(2, 1024)), ("no round", own_echo),
                          ("another round", block(1, bytes(32)) + own_echo), ("no vote", head),
                          ("another digest", head + forge.echo(ANSWERS, 0, bytes(32))),
                          ("echoed twice", alone + own_echo), ("no digest", alone + block(3, b"")),
                          ("another slot", head + forge.echo(ANSWERS, 1, sha256(slot.proposal))),
                          ("another phase", head + forge.echo(SHEETS, 0, sha256(slot.proposal))),
                          ("too large", alone + block(3, number(1, 1)) * 1100)]:
            with self.subTest(what):
                self.assert_agree(with_vote(bad), "certificates")
        # Votes of other types prove nothing, but have to be well formed.
        for fields, good in [({}, False), ({1: 1}, True), ({1: 1, 3: 1}, False),
                             ({1: 3, 4: 1}, True), ({1: 3, 4: 33}, False), ({1: 3, 4: 0}, False),
                             ({1: 3, 4: 1, 5: 2}, False), ({1: 4, 4: 2, 5: 3}, True),
                             ({1: 4, 4: 2}, False), ({1: 4, 4: 2, 5: 4}, False),
                             ({1: 5, 3: 3, 4: 32, 5: 1}, True), ({1: 6, 2: 1}, True),
                             ({1: 6, 4: 1}, False), ({1: 7}, False), ({1: 6, 2: 2}, False),
                             ({1: 6, 3: 4}, False)]:
            with self.subTest(vote=fields):
                vote = block(3, b"".join(number(tag, value) for tag, value in fields.items()))
                self.assertEqual(good, self.assert_agree(with_vote(alone + vote)) is None)

    def test_a_round_with_too_few_answers_has_no_sheets(self):
        forged = self.forgery("too_few_answers")
        forged.slots.append(forge.Slot(SHEETS, 0, block(1, forged.round_id) + number(2, SHEETS)
                                       + block(5, number(1, 1))))
        self.assertIn("does not run", self.assert_agree(forged.follow().encode(), "verdict"))

    def test_sheets(self):
        def with_sheet(change):
            forged = self.forgery()
            body = forged.slots[-1].proposal
            forged.slots[-1].proposal = change(body)
            self.assertNotEqual(forged.slots[-1].proposal, body)
            return forged.follow().encode()

        true = self.forgery()
        head = block(1, true.round_id) + number(2, SHEETS)
        answers = block(1, true.verdict.answers)
        marks = [[100, 200, 300, 400, 500]] * 4
        self.assert_agree(with_sheet(lambda body: body.replace(true.verdict.answers, bytes(32))),
                          "sheets")
        self.assert_agree(with_sheet(lambda _: head + block(4, answers + scores_of(0, marks[1:]))),
                          "sheets")
        for entries in (b"", scores_of(1, marks), scores_of(0, [m[1:] for m in marks]),
                        scores_of(0, [[20001] * 5] * 4), scores_of(0, marks[:2]) * 2):
            self.assert_agree(with_sheet(lambda _, e=entries: head + block(4, answers + e)),
                              "proposals")

    def test_committee(self):
        """A query may ask that k of each panel take part: those with the smallest lots."""
        for k in (1, 2, 3, 4, 9):
            with self.subTest(k=k):
                forged = self.forgery()
                forged.replace_query(forged.query + number(10, k))
                lots = sorted((sha256(b"decentd/committee" + forged.round_id
                                      + struct.pack(">H", node)), node) for node in range(4))
                members = sorted(node for _, node in lots[:k])
                self.check_committee(forged, members, 1 if k >= 3 else 0, 1 if k >= 4 else 0)

    def check_committee(self, forged, members, faulty_workers, faulty_evaluators):
        size = len(members)
        outsider = next((s for s in forged.slots if s.author not in members), None)
        if outsider:
            self.assert_agree(forged.encode(), "proposals")
        # The members' slots alone: sheets for the members' answers, on which all judges agree.
        forged.slots = [s for s in forged.slots if s.author in members]
        answers = forge.set_digest(forged.slots, ANSWERS)
        marks = [[(20 - node) * 1000] * 5 for node in members]
        for slot in forged.slots_of(SHEETS):
            slot.proposal = block(1, forged.round_id) + number(2, SHEETS) + block(
                4, block(1, answers) + b"".join(
                    scores_of(node, [row]) for node, row in zip(members, marks)))
        result = b"decentd/result" + struct.pack(">HBH", 1, 1, size)
        result += b"".join(struct.pack(">qq", sum(row) * 1000, 0) for row in marks)
        result += b"".join(struct.pack(">H", place) for place in range(size))
        forged.verdict = dataclasses.replace(
            forged.verdict, answers=answers, sheets=forge.set_digest(forged.slots, SHEETS),
            winner=sha256(forged.slots[0].proposal), counts=(size,) * 4, result=sha256(result))
        self.assert_agree(forged.encode())
        said = self.browser_says(forged.encode())
        panels = said["report"]["panels"]
        self.assertEqual((panels["answers"]["members"], panels["sheets"]["members"]),
                         (members, members))
        self.assertEqual((panels["answers"]["faulty"], panels["sheets"]["faulty"]),
                         (faulty_workers, faulty_evaluators))
        if outsider:
            forged.verdict = dataclasses.replace(forged.verdict, counts=(size, size, 4, 4))
            self.assert_agree(forged.encode(), "verdict")
        # One sheet is missing: enough or not, as f_E of the narrowed panel says.
        if size == 1:
            return
        forged.slots.pop()
        forged.verdict = dataclasses.replace(
            forged.verdict, counts=(size, size - 1, size, size),
            sheets=forge.set_digest(forged.slots, SHEETS))
        enough = size - 1 >= max(2 * faulty_evaluators + 1, size // 2 + 1)
        self.assert_agree(forged.encode(), None if enough else "verdict")

    def test_a_committee_larger_than_any_council(self):
        forged = self.forgery()
        forged.replace_query(forged.query + number(10, 129))
        self.assert_agree(forged.encode(), "query_signature")


if __name__ == "__main__":
    unittest.main()
