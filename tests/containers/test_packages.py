"""The packages of an image without a compiler are those whose libraries the programs load."""

import pathlib
import re
import shutil
import subprocess
import unittest

from programs import ROOT, program

NOT_A_LIBRARY = {"ca-certificates"}


def output(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=True).stdout


def libraries(binary):
    """The files of the libraries that the program itself asks for."""
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "--dynamic", binary)))
    found = dict(re.findall(r"(\S+) => (/\S+)", output("ldd", binary)))
    return [found[name] for name in needed if name in found]


def package_of(library):
    real = pathlib.Path(library).resolve()
    # Packages of Debian 12 name some files without /usr, where /lib is a link to /usr/lib.
    for path in (library, real, str(real).removeprefix("/usr")):
        done = subprocess.run(["dpkg", "--search", str(path)], capture_output=True, text=True,
                              check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    raise AssertionError(f"no package has {library}")


@unittest.skipIf(shutil.which("dpkg") is None, "this system has no dpkg")
class Packages(unittest.TestCase):
    def test_the_list_is_what_the_programs_load(self):
        listed = set(output(ROOT / "deploy" / "deps.sh", "--list", "library").split())
        loaded = {package_of(library) for name in ("decentd", "decentctl")
                  for library in libraries(program(name))}
        self.assertEqual(listed - NOT_A_LIBRARY, loaded)


if __name__ == "__main__":
    unittest.main()
