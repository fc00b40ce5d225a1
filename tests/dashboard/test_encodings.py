"""Signatures that libraries disagree on, and encodings that no honest node writes: the page's
verifier takes and refuses what decentctl takes and refuses."""

import struct
import unittest

from curve import (ORDER, P, challenge, encoded, little, little_endian, order_8, plus, point_of,
                   root, secret_of)
from forge import CLIENT, QUERY, SHEETS, block, number, varint
from proofs import ProofTest


class Encodings(ProofTest):
    def test_signatures_that_libraries_disagree_on(self):
        """What libsodium refuses although the equation may hold."""
        true = self.forgery()
        body = true.query
        signature = true.sign(QUERY, CLIENT, body)
        forged = self.forgery()
        scalar = little_endian(signature[32:])
        self.assert_not_strict(forged, signature[:32] + little(scalar + ORDER))
        # R of order 1, and the S that solves the equation for it.
        secret = secret_of(self.seeds[CLIENT])
        key, r = true.keys[CLIENT].public_key().public_bytes_raw(), little(1)
        hashed = challenge(r, key, true.signed_bytes(QUERY, body))
        self.assert_not_strict(forged, r + little(hashed * secret % ORDER))
        # Keys of small order and keys that are not canonical sign anything with S = 0.
        self.assertEqual(len(order_8()), 2)
        # P + 3 is of no small order, but another encoding of 3.
        for y in (0, 1, P - 1, P, P + 1, 1 | 1 << 255, *order_8(), order_8()[0] | 1 << 255, P + 3):
            with self.subTest(y=hex(y)):
                forged = self.forgery()
                forged.replace_query(body.replace(key, little(y)))
                for r in (1, y):
                    self.assert_not_strict(forged, little(r) + bytes(32))
                # R that is a point like any other: it is the key that is refused.
                self.assert_not_strict(forged, signature[:32] + bytes(32))

    def assert_not_strict(self, forged, signature):
        """The query with that signature is refused, and not only by this browser's strictness."""
        key = forged.query[2:34]
        forged.signatures[QUERY, CLIENT, forged.query] = signature
        self.assert_agree(forged.encode(), "query_signature")
        self.assertFalse(self.page.evaluate("""async ([key, signature]) => {
          const { isStrict } = await import('/proof/ed25519.js');
          return isStrict(Uint8Array.from(key), Uint8Array.from(signature));
        }""", [list(key), list(signature)]))

    def test_a_key_with_a_part_of_small_order(self):
        """Its signatures hold with the cofactor; without, only where the part cancels out."""
        true = self.forgery()
        body = true.query
        key = true.keys[CLIENT].public_key().public_bytes_raw()
        secret = secret_of(self.seeds[CLIENT])
        y = order_8()[0]
        mixed = encoded(plus(point_of(key), (root(-y * y), y)))
        self.assertNotEqual(mixed, key)
        # R = r B for an r whose point another key shows: that of the node 0.
        r = secret_of(self.seeds[0])
        point = true.keys[0].public_key().public_bytes_raw()
        seen = set()
        for attempt in range(40):
            forged = self.forgery()
            forged.replace_query(body.replace(key, mixed) + number(9, 2**40 + attempt))
            hashed = challenge(point, mixed, forged.signed_bytes(QUERY, forged.query))
            forged.signatures[QUERY, CLIENT, forged.query] = point + little(
                (r + hashed * secret) % ORDER)
            cancels = hashed % 8 == 0
            if cancels in seen:
                continue
            seen.add(cancels)
            self.assertEqual(cancels, self.assert_agree(forged.encode()) is None)
        self.assertIn(False, seen)

    def test_encodings_that_no_honest_node_writes(self):
        """Protobuf has several encodings of one message, and each library its own reading of odd
        ones: (what is put behind a query, whether it is still one)."""
        sampling = block(3, number(1, 7))
        for what, extra, good in [
                ("an unknown field", number(15, 1), False),
                ("an unknown field of a part", block(3, number(15, 1)), False),
                ("a group", b"\x7b\x08\x01\x7c", False), ("an open group", b"\x7b\x08\x01", False),
                ("an end of a group", b"\x7c", False), ("field 0", b"\x00\x01", False),
                ("a wrong type of field", block(4, b"x"), False), ("type 7", b"\x27\x01", False),
                ("a part twice: merged", sampling + block(3, number(4, 9)), True),
                ("max_tokens 0", block(3, number(1, 0)), False),
                ("max_tokens 0, then 5", block(3, number(1, 0)) + block(3, number(1, 5)), True),
                ("temperature 2", block(3, b"\x11" + struct.pack("<d", 2)), True),
                ("temperature NaN", block(3, b"\x11" + struct.pack("<d", float("nan"))), False),
                ("temperature -0", block(3, b"\x11" + struct.pack("<d", -0.0)), True),
                ("top_p 0", block(3, b"\x19" + struct.pack("<d", 0)), False),
                ("top_p 1", block(3, b"\x19" + struct.pack("<d", 1)), True),
                ("an empty stop string", block(3, block(5, b"")), False),
                ("17 stop strings", block(3, block(5, b"x") * 17), False),
                ("a long number", b"\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", True),
                ("a number too long", b"\x20\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", False),
                ("a number of 33 bits", number(4, 2**32 + 5), True),
                ("a long tag", b"\xa0\x80\x80\x80\x00\x05", True),
                ("a tag too long", b"\xa0\x80\x80\x80\x80\x00\x05", False),
                ("a cut number", b"\x20\x80", False), ("a cut field", b"\x1a\x05x", False),
                ("a long length", b"\x1a\x80\x80\x00", True),
                ("a length too long", b"\x1a\x80\x80\x80\x80\x80\x00", False),
                ("hard not above soft", number(4, 10) + number(5, 10), False),
                ("a deadline of 25 h", number(4, 25 * 3_600_000), False),
                ("a message of no role", block(2, block(2, b"hi")), False),
                ("an empty question", block(2, block(1, b"user")), False),
                ("the last is not a user's", block(2, block(1, b"system") + block(2, b"x")), False),
                ("a question that is no UTF-8",
                 block(2, block(1, b"user") + block(2, b"\xed\xa0\x80")), False),
                ("a question with a BOM",
                 block(2, block(1, b"user") + block(2, "\ufeffwhat?".encode())), True),
                ("a question with a NUL", block(2, block(1, b"user") + block(2, b"a\0b")), True),
                ("a short nonce", block(8, b"x"), False), ("no expiry", number(9, 0), False),
                ("an expiry before 1970", b"\x48" + b"\xff" * 9 + b"\x01", False),
                ("an expiry past 2^53", number(9, 2**60 + 1), True),
                ("seed past 2^53", block(3, number(4, 2**60 + 1)), True)]:
            with self.subTest(what):
                forged = self.forgery()
                forged.replace_query(forged.query + extra)
                self.assertEqual(good, self.assert_agree(forged.encode()) is None)

    def test_payloads_that_no_honest_node_writes(self):
        true = self.forgery()
        head = block(1, true.round_id)
        answer, sheet = true.slots[1].proposal, true.slots[-1].proposal
        abstain = block(5, number(1, 1) + block(2, b"why"))
        marks = [[20000, 19000, 18000, 17000][i:i + 1] * 5 for i in range(4)]
        unpacked = b"".join(block(2, number(1, i) + b"".join(number(2, m) for m in row[:2])
                                  + block(2, b"".join(map(varint, row[2:]))))
                            for i, row in enumerate(marks))
        for what, slot, body, good in [
                ("unknown in what a oneof dropped", 1, head + block(3, number(15, 1)) + answer[34:],
                 False),
                ("a oneof's other member first", 1, head + abstain + answer[34:], True),
                ("unknown in a oneof's other member", 1,
                 head + block(5, number(15, 1)) + answer[34:], True),
                ("a group in a oneof's other member", 1,
                 head + block(5, b"\x7b\x12\x01x\x83\x01\x84\x01\x7c") + answer[34:], True),
                ("a group that another ends", 1,
                 head + block(5, b"\x7b\x84\x01") + answer[34:], False),
                ("UTF-8 broken in a oneof's other member", 1,
                 head + block(5, block(2, b"\xff")) + answer[34:], False),
                ("an answer in two parts", 1, answer + block(3, block(2, b"other model")), True),
                ("no text", 1, head + block(3, block(2, b"model")), False),
                ("a long model name", 1, answer + block(3, block(2, b"m" * 257)), False),
                ("a model name of 256 bytes", 1, answer + block(3, block(2, b"m" * 256)), True),
                ("a model name of 129 umlauts", 1, answer + block(3, block(2, b"\xc3\xa4" * 129)),
                 False),
                ("an answer in phase S", 1, answer + number(2, 1), False),
                ("phase 2", 1, answer + number(2, 2), False),
                ("phase 2^32", 1, answer + number(2, 2**32), True),
                ("no payload", 1, head, False),
                ("marks packed and not", 7, head + number(2, 1) + block(4, block(
                    1, true.verdict.answers) + unpacked), True),
                ("a long scorer", 7, sheet + block(4, block(3, b"s" * 257)), False),
                ("usage of 64 bits", 7, sheet + block(4, block(4, number(1, 2**64 - 1))), True)]:
            with self.subTest(what):
                forged = self.forgery()
                forged.slots[slot].proposal = body
                self.assertEqual(good, self.assert_agree(forged.follow().encode()) is None)
        for what, body, good in [("reason 0", b"", False), ("reason 6", number(1, 6), True),
                                 ("reason 7", number(1, 7), False),
                                 ("detail", number(1, 1) + block(2, b"d" * 512), True),
                                 ("a long detail", number(1, 1) + block(2, b"d" * 513), False)]:
            with self.subTest(what):
                forged = self.forgery("too_few_answers")
                forged.slots[0].proposal = block(1, forged.round_id) + block(5, body)
                self.assertEqual(good, self.assert_agree(forged.follow().encode()) is None)

    def test_groups_nested_as_deep_as_parsers_go(self):
        """Messages and unknown groups use up one budget of 100, also in what a oneof drops."""
        def groups(count):
            return b"\x7b" * count + b"\x7c" * count

        for what, outer, deepest in [
                ("Answer", lambda inner: block(3, inner), 99),
                ("Sheet", lambda inner: block(4, inner), 99),
                ("Answer.usage", lambda inner: block(3, block(4, inner)), 98),
                ("Sheet.usage", lambda inner: block(4, block(4, inner)), 98),
                ("Sheet.entries", lambda inner: block(4, block(2, inner)), 98)]:
            for count in (deepest, deepest + 1):
                with self.subTest(what, groups=count):
                    forged = self.forgery("too_few_answers")
                    forged.slots[0].proposal = (block(1, forged.round_id) + outer(groups(count))
                                                + block(5, number(1, 1)))
                    refused = self.assert_agree(forged.follow().encode(),
                                                None if count == deepest else "proposals")
                    self.assertEqual(refused is None, count == deepest, refused)

    def test_rosters(self):
        """Bytes of the roster that break its rules or are not its only encoding, and some that are
        another good one: (what is in place of what, whether it is a roster)."""
        true = self.forgery()
        keys = [true.keys[node].public_key().public_bytes_raw() for node in range(4)]
        stated, times = b"\xff\xff\xff\xff\0\0\4", struct.pack(">4I", 600_000, 900_000, 1000, 2000)
        rest = struct.pack(">IIQI", 2000, 100, 3_600_000, 64)
        year = 365 * 24 * 3_600_000
        for what, old, new, good in [
                ("epoch 7", b"roster\0\1\0\0\0\1", b"roster\0\1\0\0\0\7", True),
                ("version", b"roster\0\1", b"roster\0\2", False),
                ("rule 9", b"\1\0\5", b"\x09\0\5", False),
                ("no criteria", b"\1\0\5", b"\1\0\0", False),
                ("a criterion twice", b"factual_contradiction", b"logical_inconsistency", False),
                ("another criterion", b"factual_contradiction", b"factual contradiction", True),
                ("a line break", b"factual_contradiction", b"factual\ncontradiction", False),
                ("not ASCII", b"factual_contradiction", b"factual\xe4contradiction", False),
                ("a name with capitals", b"alice", b"Alice", False),
                ("another name", b"alice", b"a.1_-", True),
                ("a name twice", b"alice", b"carol", False),
                ("no role", keys[0] + b"\3", keys[0] + b"\0", False),
                ("a bit too many", keys[0] + b"\3", keys[0] + b"\7", False),
                ("a key twice", keys[0], keys[1], False),
                ("both drops", stated, b"\xff\xff\xff\xff\3\0\4", True),
                ("a third drop", stated, b"\xff\xff\xff\xff\4\0\4", False),
                ("f stated", stated, b"\0\1\0\0\0\0\4", True),
                ("f_W too large", stated, b"\0\2\xff\xff\0\0\4", False),
                ("f_E too large", stated, b"\xff\xff\0\2\0\0\4", False),
                ("no nodes", stated, b"\xff\xff\xff\xff\0\0\0", False),
                ("129 nodes", stated, b"\xff\xff\xff\xff\0\0\x81", False),
                ("soft too short", times, struct.pack(">4I", 999, 900_000, 1000, 2000), False),
                ("hard not above soft", times, struct.pack(">4I", 9000, 9000, 1000, 2000), False),
                ("a bound of 0", times, struct.pack(">4I", 600_000, 900_000, 0, 2000), False),
                ("absent_after 0", rest, struct.pack(">IIQI", 0, 100, 3_600_000, 64), False),
                ("hint_base 0", rest, struct.pack(">IIQI", 2000, 0, 3_600_000, 64), False),
                ("a year", rest, struct.pack(">IIQI", 2000, 100, year, 64), True),
                ("more than a year", rest, struct.pack(">IIQI", 2000, 100, year + 1, 64), False),
                ("no rounds", rest, struct.pack(">IIQI", 2000, 100, 3_600_000, 0), False)]:
            with self.subTest(what):
                forged = self.forgery()
                self.assertIn(old, forged.roster)
                forged.roster = forged.roster.replace(old, new, 1)
                refused = self.assert_agree(forged.encode(), None if good else "roster",
                                            trusted=False)
                self.assertEqual(refused is None, good, refused)
        for roster in (true.roster + b"\0", true.roster[:-1], b""):
            forged = self.forgery()
            forged.roster = roster
            self.assert_agree(forged.encode(), "roster", trusted=False)


if __name__ == "__main__":
    unittest.main()
