#!/usr/bin/env python3
"""Builds the aggregation with each compiler at each optimisation level, links each build to
golden_transcript, and checks that every one of them computes the golden vectors bit for bit
(docs/SPEC.md, section 8)."""

import argparse
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

COMPILERS = ("g++", "clang++")
# -march=native offers fused multiply-add where the CPU has it: -ffp-contract=off must keep it out.
LEVELS = (("-O0",), ("-O2",), ("-O3",), ("-O3", "-march=native"))
FLAGS = ("-std=c++20", "-ffp-contract=off", "-w")


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def build_and_check(compiler, level, arguments, directory):
    """Returns an error text, empty when all is well."""
    launcher = [shutil.which("ccache")] if shutil.which("ccache") else []
    directory = directory / "-".join([compiler, *level])
    directory.mkdir()
    objects = []
    for source in arguments.source:
        objects.append(str(directory / (source.replace("/", "_") + ".o")))
        code, output = run([*launcher, compiler, *FLAGS, *level, f"-I{arguments.root}", "-c",
                            str(arguments.root / source), "-o", objects[-1]])
        if code != 0:
            return f"does not compile:\n{output}"
    binary = str(directory / "golden_transcript")
    code, output = run([compiler, *objects, *arguments.link, "-o", binary])
    if code != 0:
        return f"does not link:\n{output}"
    code, output = run([binary, "--check", str(arguments.golden)])
    return output if code != 0 else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, required=True, help="the project's root")
    parser.add_argument("--golden", type=pathlib.Path, required=True, help="golden files")
    parser.add_argument("--source", action="append", required=True, help="relative to the root")
    parser.add_argument("--link", action="append", default=[], help="object, library or -l option")
    arguments = parser.parse_args()

    found = [compiler for compiler in COMPILERS if shutil.which(compiler)]
    for compiler in COMPILERS:
        if compiler not in found:
            print(f"{compiler} is not installed: its bits were not compared")
    if not found:
        sys.exit("no compiler found: install g++ or clang++")

    failures = 0
    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        variants = [(compiler, level) for compiler in found for level in LEVELS]
        results = pool.map(
            lambda v: build_and_check(v[0], v[1], arguments, pathlib.Path(directory)), variants)
        for (compiler, level), problem in zip(variants, results):
            print(f"{compiler} {' '.join(level)}: {'DIFFERS' if problem else 'same bits'}")
            if problem:
                failures += 1
                print(problem)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
