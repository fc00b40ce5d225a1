"""A real round's bundle taken apart and made again, signed with the keys of the cluster that made
it: what no honest council would sign, and encodings that no honest node writes (docs/SPEC.md,
sections 2 and 9)."""

import hashlib
import re
import struct
from dataclasses import dataclass, field

QUERY, PROPOSE, VOTES, DECISION = 1, 3, 4, 5
NAMES = {QUERY: b"query", PROPOSE: b"propose", VOTES: b"votes", DECISION: b"decision"}
CLIENT = 0xFFFFFFFF
ANSWERS, SHEETS = 0, 1
_MARK = b"decentd bundle\x00\x01"


def sha256(data):
    return hashlib.sha256(data).digest()


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(tag, value):
    return varint(tag << 3) + varint(value)


def block(tag, data):
    return varint(tag << 3 | 2) + varint(len(data)) + data


def seed_of(key_file):
    """The secret of a key file without a passphrase."""
    return bytes.fromhex(re.search(r"^seed: (\w+)$", key_file.read_text(), re.M).group(1))


def sealed(content):
    return content + sha256(content)


def echo(phase, author, digest):
    return block(3, number(1, 2) + number(2, phase) + number(3, author) + block(6, digest))


def scores_of(first, marks):
    """The entries of a sheet: `marks` of each answer, from author `first`."""
    return b"".join(block(2, number(1, first + i) + block(2, b"".join(map(varint, row))))
                    for i, row in enumerate(marks))


def _string(text):
    return struct.pack(">H", len(text)) + text.encode()


def roster_bytes(nodes, criteria, drops=0):
    """The canonical bytes of a roster of rule 1. `nodes`: (name, key, roles, owner, model family);
    `drops`: 1 same owner, 2 same family, 3 both."""
    deadlines = struct.pack(">4I", 30_000, 120_000, 1_000, 2_000)
    out = b"decentd/roster" + struct.pack(">HIBH", 1, 1, 1, criteria)
    out += b"".join(_string(f"c{c}") for c in range(criteria)) + 2 * deadlines
    out += struct.pack(">IIQIHHBH", 2_000, 100, 3_600_000, 64, 0xFFFF, 0xFFFF, drops, len(nodes))
    for name, key, roles, owner, family in nodes:
        out += _string(name) + key + bytes([roles]) + _string(owner) + _string(family)
    return out


@dataclass
class Slot:
    phase: int
    author: int
    proposal: bytes               # the body
    signed_by: int = None         # another than the author
    kind: int = PROPOSE
    votes: list = None            # (author, body) of its own certificate, else the round's


@dataclass
class Verdict:
    """139 bytes, docs/SPEC.md, section 9."""
    outcome: int
    winner: bytes
    answers: bytes
    sheets: bytes
    counts: tuple                 # |A|, |S|, |W|, |E|
    rule: int
    result: bytes

    @classmethod
    def of(cls, data):
        outcome, = data[1:2]
        return cls(outcome, data[2:34], data[34:66], data[66:98],
                   struct.unpack(">4H", data[98:106]), data[106], data[107:])

    def encode(self):
        return bytes([1, self.outcome]) + self.winner + self.answers + self.sheets \
            + struct.pack(">4H", *self.counts) + bytes([self.rule]) + self.result


def set_digest(slots, phase):
    return sha256(b"".join(struct.pack(">H", s.author) + sha256(s.proposal)
                           for s in slots if s.phase == phase))


@dataclass
class Forgery:
    """The parts of a round; change them and encode(). What follows from a part (round id, H(A),
    H(S), votes, verdict) is made again from it by follow()."""

    roster: bytes
    query: bytes
    slots: list
    verdict: Verdict
    signers: list                 # of certificates and decisions
    keys: dict                    # author -> private key
    decisions: list = None        # (author, body), else made from the verdict
    signatures: dict = field(default_factory=dict)  # (kind, author, body) -> another signature

    @property
    def round_id(self):
        return sha256(self.query)

    def slots_of(self, phase):
        return [slot for slot in self.slots if slot.phase == phase]

    def votes(self):
        """[(author, body)]: one that echoes every slot, of each signer."""
        echoes = b"".join(echo(s.phase, s.author, sha256(s.proposal)) for s in self.slots)
        return [(author, block(1, self.round_id) + echoes) for author in self.signers]

    def decision(self, verdict):
        return block(1, self.round_id) + block(2, verdict.encode())

    def replace_query(self, body):
        """Another query: the slots become those of its round."""
        before = self.round_id
        self.query = body
        for slot in self.slots:
            slot.proposal = slot.proposal.replace(before, self.round_id)
        self.follow()

    def follow(self):
        """Sheets become those of the answers, the verdict that of both; who won stays."""
        winner = self.verdict.winner
        answers = set_digest(self.slots, ANSWERS)
        for slot in self.slots_of(SHEETS):
            slot.proposal = slot.proposal.replace(self.verdict.answers, answers)
        by_author = {slot.author: sha256(slot.proposal) for slot in self.slots_of(ANSWERS)}
        self.verdict.winner = by_author.get(self.winner_author, winner)
        self.verdict.answers = answers
        self.verdict.sheets = set_digest(self.slots, SHEETS)
        return self

    def sign(self, kind, author, body):
        """The signature of a body by an author's key."""
        return self.keys[author].sign(self.signed_bytes(kind, body))

    def signed_bytes(self, kind, body):
        return b"decentd/v1/" + NAMES[kind] + b"\0" + sha256(self.roster) + body

    def _envelope(self, kind, author, body):
        signature = self.signatures.get((kind, author, body))
        return kind, author, body, signature or self.sign(kind, author, body)

    def encode(self):
        query = self._envelope(QUERY, CLIENT, self.query)
        shared = self.votes()
        slots = []
        for s in self.slots:
            author = s.author if s.signed_by is None else s.signed_by
            votes = shared if s.votes is None else s.votes
            slots.append((s, self._envelope(s.kind, author, s.proposal),
                          [self._envelope(VOTES, a, body) for a, body in votes]))
        decisions = [self._envelope(DECISION, a, body) for a, body in (
            self.decisions or [(a, self.decision(self.verdict)) for a in self.signers])]
        table = sorted({query, *decisions, *(p for _, p, _ in slots),
                        *(v for _, _, votes in slots for v in votes)})
        index = {envelope: struct.pack(">I", i) for i, envelope in enumerate(table)}

        def listed(envelopes):
            return struct.pack(">H", len(envelopes)) + b"".join(sorted(index[e] for e in envelopes))

        out = _MARK + struct.pack(">I", len(self.roster)) + self.roster
        out += struct.pack(">I", len(table))
        for kind, author, body, signature in table:
            out += struct.pack(">BI", kind, author) + signature
            out += struct.pack(">I", len(body)) + body
        out += index[query] + struct.pack(">H", len(slots))
        for s, proposal, votes in slots:
            out += struct.pack(">BH", s.phase, s.author) + index[proposal] + listed(votes)
        return sealed(out + listed(decisions))


def _key(seed):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import \
        Ed25519PrivateKey  # pylint: disable=import-outside-toplevel
    return Ed25519PrivateKey.from_private_bytes(seed)


def _quorum(n):
    return (n + (n - 1) // 3 + 2) // 2


def council_of(marks, drops=0, owners=1, families=1):
    """A council that never was, whose judge e gives marks[e][answer][criterion]; its verdict has
    neither winner nor result yet. Owners and model families go round among so many."""
    n, criteria = len(marks), len(marks[0][0])
    keys = {author: _key(sha256(b"%d" % author)) for author in [*range(n), CLIENT]}
    public = {author: key.public_key().public_bytes_raw() for author, key in keys.items()}
    roster = roster_bytes([(f"node-{i}", public[i], 3, f"owner {i % owners}",
                            f"family {i % families}") for i in range(n)], criteria, drops)
    query = block(1, public[CLIENT]) + block(2, block(1, b"user") + block(2, b"Which?")) \
        + block(8, bytes(16)) + number(9, 2**41)
    slots = [Slot(ANSWERS, i, block(1, sha256(query)) + block(3, block(1, b"answer %d" % i)))
             for i in range(n)]
    answers = set_digest(slots, ANSWERS)
    slots += [Slot(SHEETS, e, block(1, sha256(query)) + number(2, SHEETS) + block(
        4, block(1, answers) + scores_of(0, sheet))) for e, sheet in enumerate(marks)]
    verdict = Verdict(1, bytes(32), answers, set_digest(slots, SHEETS), (n,) * 4, 1, bytes(32))
    return Forgery(roster, query, slots, verdict, list(range(_quorum(n))), keys)


def take_apart(data, seeds):
    """The Forgery that is still the true round. `seeds`: author -> secret key's 32 bytes."""
    at = len(_MARK)

    def take(form):
        nonlocal at
        values = struct.unpack_from(form, data, at)
        at += struct.calcsize(form)
        return values if len(values) > 1 else values[0]

    def take_block():
        nonlocal at
        size = take(">I")
        at += size
        return data[at - size:at]

    roster = take_block()
    envelopes = []
    for _ in range(take(">I")):
        kind, author, _signature = take(">BI64s")
        envelopes.append((kind, author, take_block()))
    query = envelopes[take(">I")][2]
    slots = []
    for _ in range(take(">H")):
        phase, author, proposal, votes = take(">BHIH")
        slots.append(Slot(phase, author, envelopes[proposal][2]))
        at += 4 * votes
    decision = next(body for kind, _, body in envelopes if kind == DECISION)
    verdict = Verdict.of(decision[decision.index(b"\x12\x8b\x01") + 3:][:139])
    keys = {author: _key(seed) for author, seed in seeds.items()}
    signers = list(range(_quorum(len(keys) - 1)))  # beside the nodes' there is the client's
    forgery = Forgery(roster, query, slots, verdict, signers, keys)
    forgery.winner_author = next((s.author for s in forgery.slots_of(ANSWERS)
                                  if sha256(s.proposal) == verdict.winner), None)
    return forgery
