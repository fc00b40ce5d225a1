#!/usr/bin/env python3
"""The same seed is the same run to the byte: run twice, with other parallelism, and unoptimised."""

import argparse
import subprocess
import sys


def digests(program, seeds, jobs):
    out = subprocess.run([program, "--seeds", str(seeds), "--jobs", str(jobs), "--digests",
                          "--no-coverage"], check=True, capture_output=True, text=True).stdout
    lines = [line for line in out.splitlines() if len(line.split()) == 2 and len(line.split()[1]) == 16]
    return dict(line.split() for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    first = digests(arguments.programs[0], arguments.seeds, 1)
    if len(first) != arguments.seeds:
        sys.exit(f"{len(first)} digests of {arguments.seeds} seeds")
    for program in arguments.programs:
        other = digests(program, arguments.seeds, 2)
        differ = sorted(seed for seed in first if first[seed] != other.get(seed))
        if differ:
            sys.exit(f"{program}: seeds {', '.join(differ)} ran differently")
    print(f"{arguments.seeds} seeds ran the same {1 + len(arguments.programs)} times")


if __name__ == "__main__":
    main()
