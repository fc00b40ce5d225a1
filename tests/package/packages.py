"""Packages made by deploy/package from the programs under test, without compiling."""

import os
import pathlib
import subprocess

from programs import ROOT

BUILD = pathlib.Path(os.environ.get("DECENTD_BIN", ROOT / "build" / "release"))
HIGHER = "9.9.9+test"  # than any version that is released


def changelog_version():
    return subprocess.run(["dpkg-parsechangelog", "-l", ROOT / "debian" / "changelog",
                           "-S", "Version"], capture_output=True, text=True,
                          check=True).stdout.strip()


def build(directory, *options):
    """The package's file. Without --no-lint among the options lintian must find nothing."""
    done = subprocess.run([ROOT / "deploy" / "package", "--no-install", "--build-dir", BUILD,
                           "--out", directory, "--jobs", "1", *options],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    package, size = done.stdout.strip().splitlines()[-2:]
    print(f"{pathlib.Path(package).name}: {size}", flush=True)
    return pathlib.Path(package)
