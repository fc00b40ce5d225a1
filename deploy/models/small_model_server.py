#!/usr/bin/env python3
"""Serves one GGUF model with an OpenAI-compatible API on this machine.

Run it with the Python of the environment that install_small_model.sh made:

    DIR/venv/bin/python small_model_server.py --model DIR/model.gguf --port 8080

Prints "ready http://127.0.0.1:8080/v1" once the model answers; SIGTERM and SIGINT end it.
The API has no key: it is bound to the loopback address unless --host says otherwise.
"""

import argparse
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request

# Threads that wait must not burn the cores that other nodes of a small machine need.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

CONTEXT_PER_SLOT = 4096


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, metavar="PATH", help="the GGUF file")
    parser.add_argument("--port", type=int, required=True, help="TCP port to listen on")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--alias", default="smollm2", help="name of the model (%(default)s)")
    parser.add_argument("--parallel", type=int, default=4, metavar="P",
                        help="requests answered at once (%(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="threads that compute (%(default)s)")
    parser.add_argument("--context", type=int, default=CONTEXT_PER_SLOT, metavar="TOKENS",
                        help="longest prompt and reply of one request (%(default)s)")
    parser.add_argument("--start-timeout", type=float, default=120, metavar="SECONDS",
                        help="give up when the model does not answer by then (%(default)s)")
    options = parser.parse_args()
    if not os.path.isfile(options.model):
        parser.error(f"--model {options.model}: no such file; install_small_model.sh prints its path")
    if not 1 <= options.port <= 65535:
        parser.error("--port: expected a number from 1 to 65535")
    if min(options.parallel, options.threads, options.context) < 1:
        parser.error("--parallel, --threads and --context: expected at least 1")
    return options


def start(options):
    """Starts the server's own threads; the returned object keeps them alive."""
    try:
        import xllamacpp
    except ImportError as error:
        sys.exit(f"small_model_server: {error}. Run this with the Python of the environment that "
                 "install_small_model.sh made (DIR/venv/bin/python).")
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.model_alias = {options.alias}
    params.hostnames = [options.host]
    params.port = options.port
    params.n_parallel = options.parallel
    params.n_ctx = options.parallel * options.context  # it is divided among the requests
    params.cache_ram_mib = 0
    params.cpuparams.n_threads = options.threads
    params.cpuparams_batch.n_threads = options.threads
    return xllamacpp.Server(params)


def wait_until_ready(base, timeout, stopped):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + timeout
    while not stopped.is_set() and time.monotonic() < deadline:
        try:
            with opener.open(base + "/health", timeout=2) as reply:
                if json.load(reply).get("status") == "ok":
                    return True
        except (urllib.error.URLError, OSError, ValueError):
            pass  # it is still loading
        stopped.wait(0.1)
    return False


def main():
    options = arguments()
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    server = start(options)
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(options.host, options.host)
    base = f"http://{host}:{options.port}"
    ready = wait_until_ready(base, options.start_timeout, stopped)
    if not ready and not stopped.is_set():
        print(f"small_model_server: {base} did not answer within {options.start_timeout:g} s; is the "
              "port in use, or the machine out of memory?", file=sys.stderr)
        return 1
    if ready:
        print(f"ready {base}/v1", flush=True)
    stopped.wait()
    del server
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the server's native threads may outlive the interpreter otherwise
