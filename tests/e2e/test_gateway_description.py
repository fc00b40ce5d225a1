"""The gateway against its own OpenAPI description: schemathesis makes requests from it, good and bad
ones, and holds every answer to what is described."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import python_packages
from fake_model import FakeModel
from gateway_cluster import GatewayCluster
from programs import PATIENCE_SECONDS, ROOT

MISSING = python_packages.missing("schemathesis")

# What a schema cannot say of a question: that the last message is the user's, and not empty.
CONFIGURATION = """
[[operations]]
include-path-regex = "^/v1/rounds/"
parameters = {{ "id" = "{round_id}" }}

[[operations]]
include-operation-id = "getModel"
parameters = {{ "model" = "decent-3" }}

[[operations]]
include-method = "POST"
checks.positive_data_acceptance.enabled = false
"""


@unittest.skipIf(MISSING, MISSING)
class Description(unittest.TestCase):
    def test_is_served_as_it_is_in_the_source(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start(cluster.nodes[:1])
            source = json.loads((ROOT / "node" / "gateway" / "openapi.json").read_text())
            self.assertEqual(cluster.call("GET", "/openapi.json")[2], source)
            self.assertEqual(source["openapi"], "3.1.0")

    def test_is_true_of_every_route(self):
        options = ["requests_per_minute: 0", "rounds_in_flight: 0"]
        with FakeModel() as models, GatewayCluster(models, options=options) as cluster, \
                tempfile.TemporaryDirectory() as folder:
            cluster.start()
            round_id = cluster.chat()[2]["decent"]["round_id"]
            configuration = pathlib.Path(folder) / "schemathesis.toml"
            configuration.write_text(CONFIGURATION.format(round_id=round_id))
            done = subprocess.run(
                [python_packages.program("schemathesis"), "--config-file", configuration, "run",
                 ROOT / "node" / "gateway" / "openapi.json",
                 "--url", f"http://127.0.0.1:{cluster.port}/", "--seed", "1",
                 "--phases", "coverage,fuzzing", "--max-examples", "40", "--continue-on-failure",
                 "--request-timeout", str(PATIENCE_SECONDS), "--no-color"],
                cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
            cluster.check_unharmed()


if __name__ == "__main__":
    unittest.main()
