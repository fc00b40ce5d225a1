"""decentd_bench measures real daemons, leaves nothing behind and says what is wrong."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

PATIENCE_SECONDS = 300

MACHINE = {"cores", "processor", "load_average", "verify_us", "sign_us", "sync_p50_ms",
           "sync_p99_ms"}
SETTING = {"nodes", "delay", "concurrency", "rounds", "failed_rounds", "seconds",
           "rounds_per_second", "latency_p50_ms", "latency_p90_ms", "latency_p99_ms",
           "overhead_p50_ms", "daemon_cpu_ms_per_round", "client_cpu_ms_per_round",
           "signatures_verified_per_round", "synced_writes_per_round", "bytes_written_per_round",
           "bytes_sent_per_round", "store_bytes_per_round_and_node", "bundle_bytes",
           "idle_bytes_per_node", "peak_bytes_per_node", "floor_rounds_per_second",
           "achieved_of_floor"}
# Counted or sized in any run, whatever the machine does.
POSITIVE = {"seconds", "rounds_per_second", "latency_p50_ms", "latency_p90_ms", "latency_p99_ms",
            "signatures_verified_per_round", "synced_writes_per_round", "bytes_written_per_round",
            "bytes_sent_per_round", "bundle_bytes", "idle_bytes_per_node", "peak_bytes_per_node",
            "floor_rounds_per_second", "achieved_of_floor"}


def start(*arguments):
    return subprocess.Popen(
        [os.environ["DECENTD_BENCH"], "--bin", os.environ["DECENTD_BIN"], *map(str, arguments)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def children(pid):
    """Processes whose parent is `pid`: the daemons that a benchmark started."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


class Bench(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="decentd-bench-test-")
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)

    def run_bench(self, *arguments, expect=0):
        process = start("--dir", self.directory, *arguments)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(process.returncode, expect, f"{out}\n{err}")
        return out, err

    def test_json_holds_every_field_of_every_setting(self):
        out, _ = self.run_bench("--nodes", 4, "--rounds", 5, "--warm-up", 1, "--idle", 0,
                                "--concurrency", "1,2", "--json")
        measured = json.loads(out)
        self.assertEqual(set(measured), {"machine", "settings"})
        self.assertEqual(set(measured["machine"]), MACHINE)
        self.assertEqual([s["concurrency"] for s in measured["settings"]], [1, 2])
        for setting in measured["settings"]:
            self.assertEqual(set(setting), SETTING)
            self.assertEqual((setting["nodes"], setting["rounds"], setting["failed_rounds"]),
                             (4, 5, 0))
            for key in POSITIVE:
                self.assertGreater(setting[key], 0, key)
        self.assertEqual(list(self.directory.iterdir()), [], "the councils' files are removed")

    def test_stopped_it_ends_its_daemons_and_removes_their_files(self):
        process = start("--dir", self.directory, "--seconds", 600, "--idle", 0)
        for line in process.stderr:
            if line.endswith(": measuring\n"):
                break
        daemons = children(process.pid)
        self.assertEqual(len(daemons), 4)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
        self.assertEqual(process.returncode, 130)
        for pid in daemons:
            self.assertFalse(pathlib.Path(f"/proc/{pid}").exists(), f"daemon {pid} still runs")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_a_delay_that_is_none_is_refused_with_the_forms_that_are(self):
        _, err = self.run_bench("--delay", "soon", expect=64)
        self.assertIn("expected constant:1s", err)


if __name__ == "__main__":
    unittest.main()
