"""What docs/OPERATIONS.md tells the operator of an installed node to type works."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from machine import Machine, image_for, why_no_machine
from operations_document import blocks
from packages import BUILD, build
from programs import ROOT
from test_package import CONFIG, SCRIPT, ask, use_gateway

# What the operator does in the editor, and what the other operators do.
EDITOR = f"""#!/bin/sh
set -e
sed -i '/^models:/,/^limits:/c models:\\n  answer:\\n    backend: scripted\\n    file: {SCRIPT}\\n  judge:\\n    backend: scripted\\n    file: {SCRIPT}\\nlimits:' "$1"
runuser -u decentd -- decentctl roster create --out {CONFIG}/roster.yaml --cards {CONFIG}/node.card
"""


@unittest.skipIf(why_no_machine(), why_no_machine())
class Commands(unittest.TestCase):
    def test_in_the_documents_order(self):
        with tempfile.TemporaryDirectory(prefix="decentd-package-") as directory:
            package = build(pathlib.Path(directory), "--no-lint")
            with Machine(image_for(package)) as machine:
                machine.install(package)
                machine.file("/usr/local/bin/editor", "root").write_text(EDITOR)
                machine.run("chmod", "+x", "/usr/local/bin/editor")
                ran = 0
                for block in blocks("machine"):
                    if "accept-lost-database" in block:
                        machine.run("systemctl", "stop", "decentd")
                        machine.run("sh", "-c", "rm -r /var/lib/decentd/*")
                    with self.subTest(block):
                        machine.run("bash", "-eu", "-c", block)
                        self.assertEqual(machine.says("systemctl", "is-active", "decentd"),
                                         "active")
                    if ran == 0:
                        machine.run("decentctl", "client", "init", "--dir", "/root/client",
                                    "--node", "127.0.0.1:8400", "--roster", f"{CONFIG}/roster.yaml")
                        ask(machine)
                        use_gateway(machine)
                    ran += 1
                self.assertEqual(ran, 2)

    def on_this_machine(self, commands, destination):
        """Runs commands in the source tree; what they install goes below `destination`."""
        done = subprocess.run(["bash", "-eu", "-c", commands], cwd=ROOT, text=True, check=False,
                              env={**os.environ, "DESTDIR": destination},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, f"{commands}{done.stdout}")

    @unittest.skipUnless(BUILD.resolve() == ROOT / "build" / "release",
                         "the document builds in build/release")
    def test_from_a_source_tree(self):
        package_block, source_block = blocks("source")
        make, install = package_block.splitlines()
        self.on_this_machine(make, "")
        (made,) = (ROOT / "build" / "package").glob("decentd_*_amd64.deb")
        with Machine(image_for(made)) as machine:
            machine.run("mkdir", "-p", "/root/build/package")
            machine.copy(made, f"/root/build/package/{made.name}")
            machine.run("bash", "-eu", "-c", f"cd /root && {install} -q -y")
            machine.run("decentd", "--version")
        *build_and_install, register = source_block.splitlines()
        with tempfile.TemporaryDirectory(prefix="decentd-install-") as destination:
            self.on_this_machine("\n".join(build_and_install) + "\n", destination)
            with Machine(image_for(made)) as machine:
                machine.copy(f"{destination}/.", "/")
                machine.run("bash", "-eu", "-c", register)
                self.assertIn("/usr/local/bin/decentd", machine.says("systemctl", "cat", "decentd"))
                self.assertIn("decentd", machine.says("getent", "passwd", "decentd"))


if __name__ == "__main__":
    unittest.main()
