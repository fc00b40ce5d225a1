#!/usr/bin/env python3
"""Many watchers of one node: so many event streams at once, each of which has to see every event.

    tests/e2e/event_streams.py [--streams N] [--waves N] [--json]

Starts four nodes with scripted speed (models of the tests), opens the streams on one running round,
lets it end, compares what each stream brought, and does it again: what the node keeps of a wave that
is over would show in the next. Needs built programs (DECENTD_BIN; default build/release).
Exit status 0: no event was missed and every stream ended; 1: not so.
"""

import argparse
import asyncio
import json
import pathlib
import resource
import sys
import time

from fake_model import ANSWER, FakeModel
from gateway_cluster import GatewayCluster
from programs import PATIENCE_SECONDS


class Watchers:
    """`count` event streams of one round, each on a connection of its own."""

    def __init__(self, port, round_id, count):
        self._port, self._path, self._count = port, f"/v1/rounds/{round_id}/events", count
        # A gateway does not wait long for the request of one that has connected.
        self._connecting = asyncio.Semaphore(100)

    async def run(self, opened):
        """Calls `opened` once every stream has brought an event; what each of them brought."""
        first = [asyncio.get_running_loop().create_future() for _ in range(self._count)]
        tasks = [asyncio.ensure_future(self._watch(one)) for one in first]
        await asyncio.wait_for(asyncio.gather(*first), PATIENCE_SECONDS)
        opened()
        return await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_SECONDS)

    async def _watch(self, first):
        """The stream's events as (when, text), in order."""
        async with self._connecting:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
            writer.write(f"GET {self._path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        events, block = [], b""
        while size := int(await reader.readline(), 16):
            block += await reader.readexactly(size)
            await reader.readline()
            while b"\n\n" in block:
                text, block = block.split(b"\n\n", 1)
                if not text.startswith(b":"):
                    events.append((time.monotonic(), text.decode()))
                    if not first.done():
                        first.set_result(None)
        writer.close()
        return events


def memory_mb(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def wave(cluster, models, streams):
    """One round with its watchers; figures of it. Raises AssertionError where an event is missing."""
    pid = cluster.nodes[0].process.pid
    models.hold(0, ANSWER)
    begun = cluster.call("POST", "/v1/rounds", {"question": "Who watches?"})[2]["id"]
    cpu, started, open_mb = cpu_seconds(pid), time.monotonic(), []

    def opened():
        open_mb.append(memory_mb(pid))
        models.release()

    seen = asyncio.run(Watchers(cluster.port, begun, streams).run(opened))
    whole = cluster.call("GET", f"/v1/rounds/{begun}/events")[2].decode().strip().split("\n\n")
    for events in seen:
        assert [text for _, text in events] == whole, \
            f"a stream brought {len(events)} of {len(whole)} events"
    # From when the first stream has an event to when the last one has it.
    spreads = [max(times) - min(times) for times in zip(*([t for t, _ in e] for e in seen))][-5:]
    return {"streams": streams, "events": len(whole), "delivered": streams * len(whole),
            "seconds": time.monotonic() - started, "cpu_seconds": cpu_seconds(pid) - cpu,
            "memory_open_mb": open_mb[0], "spread_ms": 1000 * max(spreads)}


def run(streams, waves):
    """Figures of each wave, and the memory before the first and after the last."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # this side has as many connections
    options = [f"connections: {streams + 16}", "rounds_in_flight: 0", "requests_per_minute: 0"]
    with FakeModel() as models, GatewayCluster(models, options=options) as cluster:
        cluster.start()
        pid = cluster.nodes[0].process.pid
        before = memory_mb(pid)
        figures, after = [], []
        for _ in range(waves):
            figures.append(wave(cluster, models, streams))
            after.append(memory_mb(pid))
        cluster.check_unharmed()
        return {"before_mb": before, "after_mb": after, "waves": figures}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--streams", type=int, default=1000, help="at once (default: 1000)")
    parser.add_argument("--waves", type=int, default=5, help="rounds, one after the other (default: 5)")
    parser.add_argument("--json", action="store_true", help="figures for scripts")
    arguments = parser.parse_args()
    figures = run(arguments.streams, arguments.waves)
    if arguments.json:
        print(json.dumps(figures))
        return
    print(f"memory before: {figures['before_mb']:.1f} MB")
    for one, after in zip(figures["waves"], figures["after_mb"]):
        print(f"{one['streams']} streams x {one['events']} events: all {one['delivered']} arrived in "
              f"{one['seconds']:.1f} s, {one['cpu_seconds']:.2f} s of the node's processor time, "
              f"{one['memory_open_mb']:.1f} MB while open, {after:.1f} MB after; the last stream "
              f"has an event at most {one['spread_ms']:.0f} ms after the first")


if __name__ == "__main__":
    sys.exit(main())
