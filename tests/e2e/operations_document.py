"""The commands of docs/OPERATIONS.md, as its readers would type them.

Each block says behind its language where it is run: `council` (test_operations_document.py),
`machine` and `source` (tests/package), `compose` (tests/containers), or `elsewhere`, which is by no test.
"""

import re

from programs import ROOT

DOCUMENT = ROOT / "docs" / "OPERATIONS.md"
PLACES = ["council", "machine", "source", "compose", "elsewhere"]
_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)


def fences():
    """(language and place, contents) of every block, in the document's order."""
    return _FENCE.findall(DOCUMENT.read_text())


def blocks(place):
    """The blocks of commands that are run at that place, in the document's order."""
    return [text for kind, text in fences() if kind == f"sh {place}"]


def inline_commands(program):
    """The commands of that program that the text mentions between its blocks."""
    prose = _FENCE.sub("", DOCUMENT.read_text())
    return sorted(set(re.findall(rf"`({program} [^`]+)`", prose.replace("\n", " "))))
