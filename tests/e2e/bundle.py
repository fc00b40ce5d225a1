"""Reads a round's bundle (docs/SPEC.md, section 9) without the project's own code: whose signed
messages it holds, and the verdict as its signers signed it. `decentctl verify` checks the rest."""

import struct

DECISION = 5
_MARK = b"decentd bundle\x00\x01"
_VERDICT_FIELD = 2  # of Decision in types.proto


class Bundle:
    """`envelopes`: (kind, author, body) of each; a client's Query has the author 0xFFFFFFFF.
    `certificate_places`: where in the file certificates name their votes."""

    def __init__(self, data):
        assert data.startswith(_MARK), f"no bundle: {data[:16]!r}"
        at = len(_MARK)
        (roster,) = struct.unpack_from(">I", data, at)
        at += 4 + roster
        (count,) = struct.unpack_from(">I", data, at)
        at += 4
        self.envelopes = []
        for _ in range(count):
            kind, author = struct.unpack_from(">BI", data, at)
            (length,) = struct.unpack_from(">I", data, at + 5 + 64)
            at += 5 + 64 + 4
            self.envelopes.append((kind, author, data[at:at + length]))
            at += length
        (slots,) = struct.unpack_from(">H", data, at + 4)
        at += 6
        self.certificate_places = set()
        for _ in range(slots):
            (votes,) = struct.unpack_from(">H", data, at + 7)
            at += 9
            self.certificate_places.update(range(at, at + 4 * votes))
            at += 4 * votes

    def authors(self):
        """The indexes of the nodes that signed anything in it."""
        return {author for _, author, _ in self.envelopes if author != 0xFFFFFFFF}

    def verdict(self):
        """The bytes that its Decisions agree on."""
        verdicts = {_field(body, _VERDICT_FIELD)
                    for kind, _, body in self.envelopes if kind == DECISION}
        assert len(verdicts) == 1, f"a bundle with {len(verdicts)} verdicts"
        (verdict,) = verdicts
        assert len(verdict) == 139, f"a verdict of {len(verdict)} bytes"
        return verdict


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _field(message, number):
    """The bytes of a protobuf message's field, of a message that has only numbers and bytes."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _varint(message, at)
        if key & 7 == 2:
            if key >> 3 == number:
                return message[at:at + value]
            at += value
    raise AssertionError(f"no field {number} in {message!r}")
