#!/usr/bin/env python3
"""Every deliberate bug still applies to the code, to one .cc file without touching headers."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    patches = sorted((pathlib.Path(__file__).resolve().parent / "bugs").glob("*.patch"))
    problems = []
    for patch in patches:
        files = [line[6:].strip() for line in patch.read_text().splitlines()
                 if line.startswith("+++ b/")]
        if len(files) != 1 or not files[0].endswith(".cc"):
            problems.append(f"{patch.name}: changes {files}, not one .cc file")
            continue
        done = subprocess.run(["patch", "--dry-run", "--fuzz=0", "-p1", "-i", str(patch)],
                              cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            problems.append(f"{patch.name}: {done.stdout.strip()}")
    if len(patches) < 15:
        problems.append(f"{len(patches)} deliberate bugs; 15 are the least")
    print("\n".join(problems) or f"{len(patches)} patches apply")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
