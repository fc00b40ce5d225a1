"""The real small language model of deploy/models on this machine, for as long as a test needs it."""

import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

from ports import free_ports
from programs import ROOT, wait_until

MODEL_DIR = pathlib.Path(os.environ.get(
    "DECENTD_MODEL_DIR", pathlib.Path.home() / ".cache" / "decentd" / "small-model"))
PYTHON = MODEL_DIR / "venv" / "bin" / "python"
MISSING = None if PYTHON.exists() else (
    f"the small model is not installed in {MODEL_DIR}; deploy/models/install_small_model.sh "
    "installs it and needs the network")


class SmallModel:
    """Use as a context manager; `backend` are the lines of node.yaml that choose it."""

    def __init__(self, max_tokens=64):
        self._port = free_ports(1)[0]
        self.backend = ["backend: openai", f"url: http://127.0.0.1:{self._port}/v1",
                        "model: smollm2", f"max_tokens: {max_tokens}", "timeout: 5m"]

    def __enter__(self):
        self._server = subprocess.Popen(
            [PYTHON, ROOT / "deploy" / "models" / "small_model_server.py",
             "--model", MODEL_DIR / "model.gguf", "--port", str(self._port)], stdout=sys.stderr)
        try:
            wait_until(self._ready, "the model server is ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._server.terminate()
        self._server.wait()

    def _ready(self):
        assert self._server.poll() is None, "the model server ended while it started"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=5) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False
