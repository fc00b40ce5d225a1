"""One question end to end with a real language model on this machine.

Asserts the plumbing, never the quality: the small model's marks are noise.
"""

import os
import pathlib
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

from cluster import Cluster
from node import free_ports
from programs import ROOT, wait_until

MODEL_DIR = pathlib.Path(os.environ.get(
    "DECENTD_MODEL_DIR", pathlib.Path.home() / ".cache" / "decentd" / "small-model"))
PYTHON = MODEL_DIR / "venv" / "bin" / "python"


def healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


@unittest.skipUnless(PYTHON.exists(), f"the small model is not installed in {MODEL_DIR}; "
                     "deploy/models/install_small_model.sh installs it and needs the network")
class SmallModel(unittest.TestCase):
    def test_a_real_model_answers_and_judges_and_the_round_verifies(self):
        port = free_ports(1)[0]
        server = subprocess.Popen(
            [PYTHON, ROOT / "deploy" / "models" / "small_model_server.py",
             "--model", MODEL_DIR / "model.gguf", "--port", str(port)], stdout=sys.stderr)
        try:
            def ready():
                self.assertIsNone(server.poll(), "the model server ended while it started")
                return healthy(port)

            wait_until(ready, "the model server is ready")
            with Cluster(["backend: openai", f"url: http://127.0.0.1:{port}/v1", "model: smollm2",
                          "max_tokens: 64", "timeout: 5m"]) as cluster:
                cluster.start()
                asked = cluster.ask("What is the capital of France? Answer in one sentence.",
                                    options=["--timeout", "10m"], timeout=660)
                self.assertEqual(asked["outcome"], "decided")
                self.assertGreater(len(asked["answer"].strip()), 0)
                cluster.wait_decided(asked["round_id"])
                cluster.verify(cluster.export(asked["round_id"], cluster.nodes[2]))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    unittest.main()
