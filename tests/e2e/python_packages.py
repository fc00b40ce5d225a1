"""What tests need beside Python's standard library: the environment that tests/python_packages
makes from tests/requirements.txt. Importing this makes its packages importable."""

import os
import pathlib
import site
import sys
from importlib.util import find_spec

REQUIREMENTS = pathlib.Path(__file__).resolve().parents[1] / "requirements.txt"
INSTALL = "tests/python_packages installs it and needs the network"


def directory():
    """Of the virtual environment, as tests/python_packages chooses it."""
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("DECENTD_TEST_VENV")
                        or pathlib.Path(cache) / "decentd" / "test-venv")


def program(name):
    """The path of one of its programs."""
    return directory() / "bin" / name


def missing(package):
    """Why the package cannot be imported in the version that is asked for, or None."""
    installed = directory() / "requirements.txt"
    lines = installed.read_text().splitlines() if installed.is_file() else []
    if not set(REQUIREMENTS.read_text().splitlines()) <= set(lines):
        return f"{directory()} has not what tests/requirements.txt asks for; {INSTALL}"
    return None if find_spec(package) else f"no {package} in {directory()}; {INSTALL}"


site.addsitedir(str(directory() / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}"
                    / "site-packages"))
