"""Ed25519's curve -x^2 + y^2 = 1 + d x^2 y^2, for keys and signatures that libraries disagree
on. Slow and not constant in time: for tests."""

import hashlib

ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group
P = 2**255 - 19                                          # of the field
D = -121665 * pow(121666, -1, P) % P


def secret_of(seed):
    """The scalar of a secret key (RFC 8032, section 5.1.5)."""
    return little_endian(hashlib.sha512(seed).digest()[:32]) & (2**254 - 8) | 2**254


def challenge(commitment, key, message):
    return little_endian(hashlib.sha512(commitment + key + message).digest()) % ORDER


def little_endian(data):
    return int.from_bytes(data, "little")


def little(value):
    return value.to_bytes(32, "little")


def root(square):
    """A square root modulo P, or None."""
    found = pow(square, (P + 3) // 8, P)
    for candidate in (found, found * pow(2, (P - 1) // 4, P) % P):
        if candidate * candidate % P == square % P:
            return candidate
    return None


def order_8():
    """The y of the points whose double has y = 0, so x^2 = -y^2 and d y^4 + 2 y^2 = 1."""
    square = root(1 + D)
    found = [root((sign * square - 1) * pow(D, -1, P)) for sign in (1, -1)]
    return [y for one in found if one is not None for y in (one, P - one)]


def plus(a, b):
    """The sum of two points of the curve."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)


def point_of(key):
    """The point that a key encodes."""
    number_of = int.from_bytes(key, "little")
    y, sign = number_of % 2**255, number_of >> 255
    x = root((y * y - 1) * pow(D * y * y + 1, -1, P))
    return (x if x % 2 == sign else P - x), y


def encoded(point):
    return little(point[1] | (point[0] & 1) << 255)
