"""The page's verifier on a real cluster's proofs: it says what decentctl says of the same file, of
whole ones and of damaged ones."""

import random
import unittest

import forge
from bundle import Bundle
from proofs import ProofTest

CHECKS = ["encoding", "roster", "query_signature", "proposals", "certificates", "decisions",
          "answer_set", "sheet_set", "sheets", "verdict", "aggregate"]
OF_SIGNATURES = {"query_signature", "proposals", "certificates", "decisions"}
DAMAGES = 200


class Proof(ProofTest):
    def test_true_proofs_verify_and_say_what_decentctl_says(self):
        for name in self.rounds:
            with self.subTest(name):
                theirs, report = self.decentctl(name), self.browser_says(name).get("report")
                self.assertTrue(theirs["valid"])
                self.assertTrue(report["authenticated"] and report["signaturesChecked"])
                self.check_report(report, theirs)

    def check_report(self, report, theirs):
        self.assertEqual([check["name"] for check in report["checks"]], CHECKS)
        self.assertEqual(report["checks"], theirs["checks"])
        names = [node["name"] for node in report["roster"]["nodes"]]
        verdict = report["verdict"]
        self.assertEqual(
            (report["roundId"], report["clusterId"], verdict["outcome"], verdict["rule"],
             report["query"]["messages"], report["roster"]["quorum"], report["roster"]["epoch"]),
            tuple(theirs[key] for key in ("round_id", "cluster_id", "outcome", "rule", "messages",
                                          "quorum", "epoch")))
        self.assertEqual([d["name"] for d in report["decisions"]], theirs["signed_by"])
        for slots, phase in (("answers", "closedAnswers"), ("sheets", "closedSheets")):
            self.assertEqual([{"node": s["name"], **s["abstain"]} for s in report[slots]
                              if not s["usable"]], theirs[slots]["abstained"])
            if theirs[slots]["ran"]:
                self.assertEqual({d["name"]: d[phase] for d in report["decisions"]},
                                 theirs[slots]["closed"])
            self.assertEqual(report["panels"][slots]["size"], theirs[slots]["panel"])
        if not theirs["ranking"]:
            self.assertIsNone(report["aggregate"])
            return
        aggregate = report["aggregate"]
        answers = {answer["author"]: answer for answer in report["answers"]}
        self.assertEqual([names[author] for author in aggregate["ranking"]],
                         [entry["node"] for entry in theirs["ranking"]])
        self.assertEqual(verdict["winnerAuthor"], theirs["ranking"][0]["index"])
        for entry in theirs["ranking"]:
            answer = answers[entry["index"]]
            self.assertEqual(aggregate["shownScores"][str(entry["index"])] / 1e6, entry["score"])
            self.assertEqual((answer["digest"], answer["text"], answer["model"],
                              answer["finishReason"], answer["name"]),
                             tuple(entry[key] for key in ("digest", "text", "model",
                                                          "finish_reason", "node")))
            self.assertEqual(answer["usage"].get("completionTokens"),
                             entry["usage"].get("completion_tokens"))
        self.assertEqual(aggregate["flipMargin"], theirs["flip_margin"])
        self.assertEqual({names[int(author)]: distance / 1e6 for author, distance
                          in aggregate["sheetDistance"].items()}, theirs["sheet_distance"])
        self.assertEqual({sheet["name"]: sheet["distance"] / 1e6 for sheet in report["sheets"]
                          if sheet["usable"]}, theirs["sheet_distance"])

    def test_a_round_can_be_shown_before_its_signatures_are_checked(self):
        read = self.browser_says("decided", "readBundle")["report"]
        self.assertFalse(read["authenticated"] or read["signaturesChecked"])
        self.assertEqual([check["name"] for check in read["checks"]],
                         [name for name in CHECKS if name not in OF_SIGNATURES])
        verified = self.browser_says("decided")["report"]
        for part in ("answers", "sheets", "decisions", "verdict", "aggregate", "query", "panels"):
            self.assertEqual(read[part], verified[part])
        # Signatures are what it does not look at; all else it does.
        forged = self.forgery()
        forged.signatures[forge.QUERY, forge.CLIENT, forged.query] = bytes(64)
        self.assertIn("report", self.browser_says(forged.encode(), "readBundle"))
        self.assert_agree(forged.encode(), "query_signature")
        forged = self.forgery()
        forged.verdict.winner = forge.sha256(forged.slots[1].proposal)
        self.assertEqual(self.browser_says(forged.encode(), "readBundle")["check"], "aggregate")

    def test_whose_roster_it_is_counts(self):
        alone = self.browser_says("decided", trusted=False)["report"]
        self.assertFalse(alone["authenticated"])
        self.assertTrue(alone["signaturesChecked"])
        self.cluster_id = "ab" * 32
        refused = self.browser_says("decided")
        self.assertEqual(refused["check"], "roster")
        self.assertIn(self.cluster_id, refused["detail"])
        self.assertIn(alone["clusterId"], refused["detail"])

    def test_progress_counts_every_envelope(self):
        counted = self.page.evaluate("""async (data) => {
          const { verifyBundle } = await import('/proof/verify.js');
          const told = [];
          await verifyBundle(Uint8Array.from(data), { onProgress: (one) => told.push(one) });
          return told;
        }""", list(self.rounds["decided"]))
        self.assertEqual(counted[-1]["done"], counted[-1]["total"])
        self.assertEqual(counted, sorted(counted, key=lambda one: one["done"]))

    def test_every_changed_byte_is_refused_with_the_check_that_decentctl_names(self):
        original = self.rounds["decided"]
        generator = random.Random(2024)
        # A position in each stretch of the file, and every byte near its ends.
        positions = {*range(24), *range(len(original) - 80, len(original) - 32)}
        stretch = len(original) / (DAMAGES - len(positions))
        positions |= {min(int((i + generator.random()) * stretch), len(original) - 33)
                      for i in range(DAMAGES - len(positions))}
        seen = set()
        for position in sorted(positions):
            with self.subTest(position=position):
                changed = bytearray(original[:-32])
                changed[position] ^= 1 << generator.randrange(8)
                # Without a trusted roster the signatures are what refuses another roster.
                trusted = generator.random() < 0.5
                bundle = forge.sealed(bytes(changed))
                if self.assert_agree(bundle, trusted=trusted) is None:
                    # Any quorum's votes do: this one names another node's, of another slot's too.
                    self.assertIn(position, Bundle(original).certificate_places)
                else:
                    seen.add(self.browser_says(bundle, trusted=trusted)["check"])
                self.assert_agree(bytes(changed) + original[-32:], "encoding")
        self.assertEqual(seen & {*CHECKS[:6]}, {*CHECKS[:6]})

    def test_what_is_no_bundle_is_refused(self):
        original = self.rounds["decided"]
        generator = random.Random(7)
        for bundle in (b"", original[:1], original[:16], original[:40], original[:-1],
                       original + b"\0", generator.randbytes(1 << 20),
                       original[:16] + generator.randbytes(1 << 20)):
            with self.subTest(size=len(bundle)):
                self.assert_agree(bundle, "encoding")
        for size in sorted(generator.sample(range(17, len(original)), 30)):
            with self.subTest(cut=size):
                self.assert_agree(original[:size], "encoding")
                self.assert_agree(forge.sealed(original[:size]))

    def test_where_the_browser_cannot_check_it_says_why(self):
        for lacks, needs in (("Object.defineProperty(crypto, 'subtle', { value: undefined });",
                              "https"),
                             ("SubtleCrypto.prototype.importKey = () => Promise.reject("
                              "new DOMException('', 'NotSupportedError'));", "Firefox 129")):
            with self.subTest(needs):
                self.page = self.open("/blank.html")
                self.page.evaluate(f"() => {{ {lacks} }}")
                refused = self.browser_says("decided")
                self.assertEqual(refused["check"], "browser")
                self.assertIn(needs, refused["detail"])
                self.assertFalse(self.page.evaluate(
                    "async () => (await import('/proof/verify.js')).ed25519Supported()"))
        self.page = self.open("/blank.html")
        self.assertTrue(self.page.evaluate(
            "async () => (await import('/proof/verify.js')).ed25519Supported()"))


if __name__ == "__main__":
    unittest.main()
