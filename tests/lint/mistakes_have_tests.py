#!/usr/bin/env python3
"""Each numbered item of docs/SPEC.md, section 14, has a test suite that bears its number."""

import pathlib
import re
import sys


def items(spec):
    """The numbers of the list in section 14."""
    section = spec.split("## 14. Mistakes to keep away from", 1)[1]
    return [int(number) for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)]


def suites(tests):
    """The numbers of the suites named MistakeNN, with their files."""
    found = {}
    for path in sorted(tests.rglob("*_test.cc")):
        for number in re.findall(r"^TEST(?:_F)?\(Mistake(\d\d)", path.read_text(), re.MULTILINE):
            found.setdefault(int(number), set()).add(path.relative_to(tests.parent))
    return found


def main():
    root = pathlib.Path(sys.argv[1])
    numbers = items((root / "docs" / "SPEC.md").read_text())
    found = suites(root / "tests")
    if numbers != list(range(1, len(numbers) + 1)) or not numbers:
        sys.exit(f"docs/SPEC.md, section 14: its items are numbered {numbers}")
    missing = [number for number in numbers if number not in found]
    unknown = [number for number in found if number not in numbers]
    for number in missing:
        print(f"docs/SPEC.md, section 14, item {number} has no test suite Mistake{number:02}")
    for number in unknown:
        print(f"Mistake{number:02} in {', '.join(map(str, found[number]))} is of no item")
    for number in sorted(found):
        print(f"{number:>2}  {', '.join(map(str, sorted(found[number])))}")
    return 1 if missing or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
