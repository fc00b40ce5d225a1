"""Clients that are slow: whoever sends a byte now and then is late, whoever reads one now and then gets
its reply whole, and whoever stops ends nobody's request but its own."""

import hashlib
import select
import socket
import unittest

from fake_model import JUDGE, FakeModel
from gateway_cluster import KEY, GatewayCluster, events, question
from programs import PATIENCE_SECONDS, wait_until
from test_gateway_bounds import CHAT, raw, read_all, status_and_error

SMALL_SEGMENT = 536  # of TCP's: then the system keeps little of a reply between the two


def slow_reader(cluster, path, **headers):
    """A connection that has asked for it and takes as little of the reply as the system allows."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SMALL_SEGMENT)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect(("127.0.0.1", cluster.port))
    sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{sent}\r\n".encode())
    return connection


def long_round(cluster, models, **headers):
    """The path of a proof of more than a megabyte."""
    for node in range(4):
        models.answer_with(node, f"The answer of model {node}. " + "y" * 200_000)
    reply = cluster.call("POST", CHAT, question("x" * 500_000), **headers)[2]
    return f"/v1/rounds/{reply['decent']['round_id']}/bundle"


class Readers(unittest.TestCase):
    def test_one_byte_a_second_is_late_as_no_byte_is(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            post = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: 100000\r\n")
            slow = {"headers": raw(cluster, post.encode() + b"X-Long: "),
                    "body": raw(cluster, post.encode() + b"\r\n")}
            waiting, sent = list(slow.values()), 0
            while waiting and sent < PATIENCE_SECONDS:
                answered, _, _ = select.select(waiting, [], [], 1)
                waiting = [one for one in waiting if one not in answered]
                for one in waiting:
                    one.sendall(b" ")
                sent += 1
            self.assertEqual(waiting, [], "each byte makes the time begin anew")
            for part, connection in slow.items():
                status, error = status_and_error(read_all(connection))
                self.assertEqual((status, error["code"]), (408, "request_timeout"))
                self.assertIn(part, error["message"])
            self.assertEqual(models.requests, [])

    def test_a_slow_reader_gets_a_long_reply_whole(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            path = long_round(cluster, models)
            whole = cluster.call("GET", path)[2]
            self.assertGreater(len(whole), 1_000_000)
            with slow_reader(cluster, path) as connection:
                data = connection.recv(8192)
                self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
                while part := connection.recv(8192):
                    data += part
            head, _, body = data.partition(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)
            self.assertTrue(body == whole, f"{len(body)} of {len(whole)} bytes, or others")

    def test_one_that_stops_reading_is_ended_and_others_are_served(self):
        options = ["requests_at_once: 1"]
        with FakeModel() as models, GatewayCluster(models, True, options) as cluster:
            with (cluster.nodes[0].directory / "gateway.keys").open("a") as keys:
                keys.write(hashlib.sha256(b"another").hexdigest() + "\n")
            cluster.start()
            mine, other = {"Authorization": f"Bearer {KEY}"}, {"Authorization": "Bearer another"}
            path = long_round(cluster, models, **other)
            whole = wait_until(lambda: (lambda reply: reply[2] if reply[0] == 200 else None)(
                cluster.call("GET", path, **other)), "the proof comes whole")
            with slow_reader(cluster, path, **mine) as connection:
                first = connection.recv(1)
                self.assertEqual(cluster.call("GET", "/v1/models", **mine)[0], 429)
                wait_until(lambda: cluster.call("GET", "/v1/models", **other)[0] == 200,
                           "another key is served")
                # As long as it is under way its key has no other: it counts no longer.
                wait_until(lambda: cluster.call("GET", "/v1/models", **mine)[0] == 200,
                           "the gateway ends it")
                self.assertLess(len(first + read_all(connection)), len(whole))
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)

    def test_a_reader_that_does_not_read_loses_nothing_but_its_own_stream(self):
        """As a proxy whose own client has gone: it takes a little, then nothing, then all."""
        with FakeModel() as models, GatewayCluster(models) as cluster:
            models.hold(3, JUDGE)
            cluster.start()
            round_id = cluster.call("POST", "/v1/rounds", {"question": "Why?"})[2]["id"]
            slow = slow_reader(cluster, f"/v1/rounds/{round_id}/events")
            first = slow.recv(1)
            models.release()
            cluster.wait_decided(round_id)
            whole = cluster.call("GET", f"/v1/rounds/{round_id}/events")[2].decode()
            text = (first + read_all(slow)).decode()
            for event in events(whole):
                self.assertIn(f"id: {event['id']}\n", text)


if __name__ == "__main__":
    unittest.main()
