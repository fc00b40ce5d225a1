"""One decentd process of a test's cluster: started, stopped, killed, paused and asked how it is."""

import json
import os
import re
import resource
import signal
import subprocess

from programs import PATIENCE_SECONDS, decentctl, program, wait_until

NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace"]


class Node:
    """One daemon: its directory, addresses and process."""

    def __init__(self, index, directory, peer_port, client_port):
        self.index = index
        self.name = NAMES[index]
        self.directory = directory
        self.data = directory / "data"
        self.address = f"127.0.0.1:{peer_port}"
        self.client = f"127.0.0.1:{client_port}"
        self.listen, self.client_listen = self.address, self.client
        self.log = directory / "daemon.log"
        self.daemon = "decentd"
        self.daemon_arguments = []
        self.daemon_environment = {}  # beside what the test's own process has
        self.daemon_limits = {}  # of resource.RLIMIT_...: (soft, hard)
        self.process = None

    def configure(self, key, value):
        """Replaces the one value that node.yaml has under this key."""
        config = self.directory / "node.yaml"
        text, count = re.subn(rf"(?m)^( *{key}:).*$", rf"\1 {value}", config.read_text())
        assert count == 1, f"node.yaml has {count} times '{key}:', expected 1:\n{text}"
        config.write_text(text)

    def start(self, *arguments):
        """`arguments`: of this start only."""
        assert self.process is None, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [program(self.daemon), "--config", self.directory / "node.yaml",
                 *self.daemon_arguments, *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.daemon_environment},
                preexec_fn=self._set_limits if self.daemon_limits else None)

    def _set_limits(self):
        for kind, limit in self.daemon_limits.items():
            resource.setrlimit(kind, limit)

    def kill(self):
        """SIGKILL: the node gets no chance to write or send anything."""
        self._end(signal.SIGKILL)

    def stop(self):
        """SIGTERM; returns the exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number):
        process, self.process = self.process, None
        process.send_signal(number)
        return process.wait(PATIENCE_SECONDS)

    def wait_ended(self):
        """Returns the exit status of a node that ends by itself."""
        process, self.process = self.process, None
        try:
            return process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired as expired:
            process.kill()
            raise AssertionError(f"{self.name} did not end:\n{self.last_log()}") from expired

    def pause(self):
        """SIGSTOP: once this returns the node does nothing any more; its connections stay open."""
        self.process.send_signal(signal.SIGSTOP)
        # On a busy machine the other threads go on until one has taken the signal.
        _, status = os.waitpid(self.process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status), f"{self.name} ended:\n{self.last_log()}"

    def resume(self):
        """SIGCONT, after pause()."""
        self.process.send_signal(signal.SIGCONT)

    def check_runs(self):
        assert self.process.poll() is None, \
            f"{self.name} ended with {self.process.returncode}:\n{self.last_log()}"

    def status(self):
        """What `decentctl status --json` says, or None while the node does not answer."""
        self.check_runs()
        done = decentctl("status", "--node", self.client, "--json", expect=None)
        return None if done.returncode else json.loads(done.stdout)["nodes"][0]

    def says_how_it_is(self):
        """The same once it answers: one that waits for its disk does not, for a moment."""
        return wait_until(self.status, f"{self.name} says how it is", explain=self.last_log)

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def last_log(self, lines=40):
        return f"--- {self.log}\n" + "\n".join(self.log_text().splitlines()[-lines:])
