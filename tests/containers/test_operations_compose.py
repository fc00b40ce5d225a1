"""What docs/OPERATIONS.md tells operators of a council in containers to type works."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from container_cluster import docker, why_no_containers
from ports import free_ports
from operations_document import blocks
from programs import PATIENCE_SECONDS, ROOT, program, wait_until


@unittest.skipIf(why_no_containers(), why_no_containers())
class Commands(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="decentd-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory)
        binaries = self.directory / "bin"
        binaries.mkdir()
        for name in ("decentd", "decentctl"):
            (binaries / name).symlink_to(program(name))
        self.council = self.directory / "data" / "decentd" / "compose"
        # Where the council is kept, which ports it has, and neither a model nor a compiler: all
        # else is as the document has it.
        port, self.gateway_port = free_ports(2)
        options = f"--bin {binaries} --scripted --port {port} --gateway-port {self.gateway_port}"
        self.prelude = (
            f"deploy/compose() {{ local command=$1; shift; case $command in"
            f" up) {ROOT}/deploy/compose up {options} \"$@\" ;;"
            f" image) {ROOT}/deploy/compose image --bin {binaries} \"$@\" ;;"
            f" *) {ROOT}/deploy/compose \"$command\" \"$@\" ;; esac; }}\n")
        self.variables = {**os.environ, "XDG_DATA_HOME": str(self.directory / "data"),
                          "COUNCIL": str(self.council),
                          "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}"}
        self.addCleanup(self.run_it, "deploy/compose clean\n", check=False)

    def run_it(self, block, check=True):
        block = block.replace("127.0.0.1:8480", f"127.0.0.1:{self.gateway_port}")
        done = subprocess.run(["bash", "-eu", "-c", self.prelude + block], cwd=ROOT,
                              env=self.variables, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=10 * PATIENCE_SECONDS)
        if check:
            self.assertEqual(done.returncode, 0, f"{block}{done.stdout}")
        return done.stdout

    def compose(self, *arguments):
        return self.run_it(f"docker-compose --env-file {self.council}/compose.env "
                           f"-f deploy/compose.yaml {' '.join(arguments)}\n")

    def lose_daves_database(self):
        container = self.compose("ps", "-q", "dave").split()[-1]
        volume = docker("inspect", "--format", "{{range .Mounts}}{{if eq .Destination "
                        "\"/var/lib/decentd/data\"}}{{.Name}}{{end}}{{end}}", container).strip()
        self.compose("rm", "--stop", "--force", "dave")
        docker("volume", "rm", volume)
        self.compose("up", "-d", "--no-deps", "dave")
        # It says why it does not start, as often as the engine tries.
        container = self.compose("ps", "-q", "dave").split()[-1]
        wait_until(lambda: "--accept-lost-database" in self.run_it(f"docker logs {container}\n"),
                   "dave refuses to start")

    def test_in_the_documents_order(self):
        ran = 0
        for block in blocks("compose"):
            if not self.council.exists():  # the first block ends with clean
                self.run_it("deploy/compose up --no-question\n")
            if "accept-lost-database" in block:
                self.lose_daves_database()
            with self.subTest(block):
                said = self.run_it(block)
            if "curl" in block:
                self.assertIn("Canberra", said)
            if "deploy/compose ask" in block:
                self.assertIn("Signed", said)
                self.assertFalse(self.council.exists(), "clean removes all")
            ran += 1
        self.assertGreater(ran, 4)


if __name__ == "__main__":
    unittest.main()
