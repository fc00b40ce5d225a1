#!/usr/bin/env python3
"""Checks which room of the house includes which, and exits with 1 when one looks where it must not.

    tools/lint/include_directions.py [ROOT]

Every #include "..." of a C++ file and every import of a .proto file is looked at. The tables below
are the whole rule (docs/ARCHITECTURE.md); to let a room see another, change them there first.
"""

import pathlib
import re
import sys

CORE_VALUES = tuple(f"node/core/{name}.h" for name in (
    "aggregate", "bytes", "check", "fault", "ids", "limits", "message", "roster", "verdict",
    "verified"))

ANYTHING = ("",)
SHELL = ("crypto/", "node/codec/", "node/proof/", "decentd/", *CORE_VALUES)

# Room -> what it may include besides itself: folders (ending in '/') or single headers. The room of
# a file is the longest one its path starts with. Headers of other projects are never looked at here.
MAY_INCLUDE = {
    "crypto/": (),
    "storage/": (),
    "node/core/": ("crypto/digest.h", "crypto/signer.h"),  # digests, and public keys as values
    "node/codec/": ("node/core/", "crypto/", "decentd/"),
    "node/proof/": ("node/core/", "node/codec/", "crypto/"),
    "node/log/": (),
    "node/transport/": (*SHELL, "node/log/log.h"),
    "node/llm/": SHELL,
    "node/api/": SHELL,
    "node/gateway/": (*SHELL, "node/api/"),
    "node/config/": SHELL,
    "node/control/": SHELL,
    "node/metrics/": (*SHELL, "storage/", "node/llm/models.h", "node/api/"),
    "node/runtime/": ("node/core/", "node/codec/", "node/proof/", "crypto/", "storage/", "decentd/",
                      "node/transport/links.h", "node/llm/models.h", "node/api/council.h",
                      "node/log/log.h"),
    "node/daemon/": ANYTHING,  # the only place that wires shells together
    "node/": ANYTHING,         # main.cc
    "tools/cluster/": (),
    "tools/": ANYTHING,
    "tests/": ANYTHING,
}

# Room -> headers of others that would make it impure: IO, threads, clocks, randomness, containers
# without a fixed order.
MUST_NOT_INCLUDE = {
    "node/core/": ("absl/container/", "absl/random/", "absl/synchronization/", "absl/time/",
                   "google/protobuf/", "grpc", "rocksdb/", "decentd/", "sodium", "atomic", "chrono",
                   "ctime", "filesystem", "fstream", "future", "iostream", "mutex", "random",
                   "shared_mutex", "thread", "unordered_map", "unordered_set"),
}

# Packages of messages, one for each audience: they import no other but this one.
SHARED_PROTO = "decentd/types/"

CODE = (".h", ".cc")
SKIPPED = {"build", "third_party", ".git", ".cache", "node_modules"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')
IMPORT = re.compile(r'^\s*import\s+(?:public\s+|weak\s+)?"([^"]+)"')


def room_of(path):
    rooms = [room for room in MAY_INCLUDE if path.startswith(room)]
    return max(rooms, key=len) if rooms else None


def names(allowed):
    return ", ".join(allowed) if allowed else "nothing of the project"


def include_problem(path, quoted, angled, is_file):
    """What is wrong with this include in the file `path`, or None."""
    room = room_of(path)
    if room is None:
        return None
    if room == "node/" and path.count("/") > 1:
        return f"the room of {path} is not in MAY_INCLUDE; say there what it may include"
    for header in MUST_NOT_INCLUDE.get(room, ()):
        target = quoted or angled
        if target == header or (header.endswith("/") and target.startswith(header)) or (
                header == "grpc" and target.startswith("grpc")):
            return f"{room} must stay pure and cannot include {target}; pass in what it needs"
    if quoted is None:
        return None
    if "/" not in quoted and not is_file(quoted):
        return f'include "{quoted}" by its path from the project root'
    ours = room_of(quoted) is not None or quoted.startswith("decentd/")
    if not ours or quoted.startswith(room) and room != "node/":
        return None
    if any(quoted.startswith(allowed) for allowed in MAY_INCLUDE[room]):
        return None
    return (f"{room} must not include {quoted} (allowed: {names(MAY_INCLUDE[room])}); move what both "
            f"need to a room that both may see, or let node/daemon wire them")


def import_problem(path, target):
    """What is wrong with this import in the .proto file `path`, or None."""
    if not target.startswith("decentd/") or target.startswith(SHARED_PROTO):
        return None
    audience = "/".join(target.split("/")[:2]) + "/"
    if path.startswith("proto/" + audience):
        return None
    return (f"messages of one audience must not import another's ({target}); move what both need to "
            f"{SHARED_PROTO}")


def check(root):
    """Yields 'file:line: problem' for the tree under root."""
    for file in sorted(root.rglob("*")):
        relative = file.relative_to(root)
        if SKIPPED.intersection(relative.parts[:-1]) or not file.is_file():
            continue
        path = relative.as_posix()
        if file.suffix not in CODE and file.suffix != ".proto":
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            problem = None
            if file.suffix in CODE and (match := INCLUDE.match(line)):
                problem = include_problem(path, match[1], match[2],
                                          lambda name: (root / name).is_file())
            elif file.suffix == ".proto" and (match := IMPORT.match(line)):
                problem = import_problem(path, match[1])
            if problem:
                yield f"{path}:{number}: {problem}"


def main(arguments):
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).parents[2]
    if not (root / "CMakeLists.txt").is_file():
        print(f"{root} is not the project's root: it has no CMakeLists.txt", file=sys.stderr)
        return 2
    problems = list(check(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
