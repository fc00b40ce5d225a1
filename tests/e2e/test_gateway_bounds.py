"""What strangers may cost a gateway: requests that are late, long, many or broken, and clients that go.
Each bound has its status, and none costs anybody else more than a wait."""

import hashlib
import json
import resource
import socket
import unittest

import event_streams
from fake_model import ANSWER, FakeModel
from gateway_cluster import KEY, GatewayCluster, events, question
from programs import PATIENCE_SECONDS, wait_until

CHAT = "/v1/chat/completions"


def raw(cluster, data=b""):
    """A connection on which `data` was sent."""
    connection = socket.create_connection(("127.0.0.1", cluster.port), PATIENCE_SECONDS)
    connection.sendall(data)
    return connection


def read_all(connection):
    """What comes until the other side closes; a reset counts as that."""
    data = b""
    try:
        while part := connection.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    connection.close()
    return data


def status_and_error(data):
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]


class Bounds(unittest.TestCase):
    def test_what_is_no_request_is_told_so(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            host = b"Host: localhost\r\n"
            post = f"POST {CHAT} HTTP/1.1\r\n".encode() + host
            as_json = b"Content-Type: application/json\r\n"
            for status, code, data in [
                    (400, None, b"what is this\r\n\r\n"),
                    (400, None, b"GET / HTTP/9.9\r\n\r\n"),
                    (400, None, post + as_json + b"Content-Length: -5\r\n\r\n"),
                    (400, None, post + as_json + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
                    (431, None, b"GET /v1/models HTTP/1.1\r\n" + host
                     + b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n"),
                    (413, "request_too_large", post + as_json + b"Content-Length: 999999999\r\n\r\n"),
                    (413, "request_too_large", post + as_json + b"Transfer-Encoding: chunked\r\n\r\n"
                     + (b"fffff\r\n" + b" " * 0xfffff + b"\r\n") * 4),
                    # What counts as no body, and as no headers.
                    (413, "request_too_large", post + as_json + b"Transfer-Encoding: chunked\r\n\r\n"
                     b"1;" + b"x" * 1_000_000),
                    (413, "request_too_large", post + as_json + b"Transfer-Encoding: chunked\r\n\r\n"
                     b"0\r\n" + b"Trailer: x\r\n" * 100_000)]:
                with self.subTest(data=data[:60]):
                    connection = raw(cluster)
                    try:
                        connection.sendall(data)
                    except (BrokenPipeError, ConnectionResetError):
                        pass  # told before all of it was sent
                    got, error = status_and_error(read_all(connection))
                    self.assertEqual(got, status, error)
                    self.assertEqual(error["code"], code)
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
            self.assertEqual(models.requests, [])

    def test_a_body_that_trickles_in_is_late(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            connection = raw(cluster, f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                                      "application/json\r\nContent-Length: 100\r\n\r\n{".encode())
            self.assertEqual(cluster.chat()[0], 200)  # others do not wait for it
            status, error = status_and_error(read_all(connection))
            self.assertEqual((status, error["code"]), (408, "request_timeout"))
            self.assertIn("body", error["message"])

    def test_one_connection_too_many_is_told_to_come_again(self):
        with FakeModel() as models, GatewayCluster(models, options=["connections: 3"]) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            held = [cluster.open("POST", CHAT, question(stream=True)) for _ in range(3)]
            status, headers, body = cluster.call("GET", "/healthz")
            self.assertEqual((status, body["error"]["type"]), (503, "server_error"))
            self.assertEqual(headers["Retry-After"], "1")
            models.release()
            for connection, reply in held:
                self.assertIn("[DONE]", reply.read().decode())
                connection.close()
            wait_until(lambda: cluster.call("GET", "/healthz")[0] == 200, "a place is free again")

    def test_more_connections_than_files_are_refused_at_the_start(self):
        with FakeModel() as models, GatewayCluster(models, options=["connections: 900"]) as cluster:
            node = cluster.nodes[0]
            node.daemon_limits = {resource.RLIMIT_NOFILE: (1024, 1024)}
            node.start()
            self.assertNotEqual(node.wait_ended(), 0)
            self.assertIn("gateway.connections is 900", node.log_text())
            node.daemon_limits = {resource.RLIMIT_NOFILE: (1024, 4096)}  # the soft one is raised
            cluster.start()
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)

    def test_a_thousand_streams_miss_no_event(self):
        """And leave nothing behind: later rounds and their watchers take no more memory."""
        figures = event_streams.run(streams=1000, waves=4)
        self.assertEqual([one["delivered"] for one in figures["waves"]],
                         [1000 * one["events"] for one in figures["waves"]])
        after = figures["after_mb"]
        # A stream that is kept would cost tens of kilobytes: thousands of them more than this.
        self.assertLess(after[-1] - after[0], 16, figures)

    def test_rounds_in_flight_are_counted_by_key(self):
        options = ["rounds_in_flight: 1"]
        with FakeModel() as models, GatewayCluster(models, options=options) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            connection, reply = cluster.open("POST", CHAT, question(stream=True))
            status, headers, body = cluster.chat("Another?")
            self.assertEqual((status, body["error"]["type"]), (429, "rate_limit_error"))
            self.assertGreater(int(headers["Retry-After"]), 0)
            self.assertIn("in flight", body["error"]["message"])
            models.release()
            reply.read()
            connection.close()
            self.assertEqual(cluster.chat("Another?")[0], 200)

    def test_a_key_has_limits_of_its_own(self):
        with FakeModel() as models, GatewayCluster(models, keys=True) as cluster:
            small = hashlib.sha256(b"small").hexdigest()
            with (cluster.nodes[0].directory / "gateway.keys").open("a") as keys:
                keys.write(f"{small} requests_per_minute=1 body_bytes=2000  # a guest\n")
            cluster.start()
            guest, member = {"Authorization": "Bearer small"}, {"Authorization": f"Bearer {KEY}"}
            long = question("x" * 2000)
            status, _, body = cluster.call("POST", CHAT, long, **guest)
            self.assertEqual((status, body["error"]["code"]), (413, "request_too_large"))
            self.assertIn("2000", body["error"]["message"])
            chunked = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer small\r\n"
                       "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                       f"7d1\r\n{' ' * 0x7d1}\r\n").encode()
            self.assertIn(b" 413 ", read_all(raw(cluster, chunked)))
            stranger = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
            self.assertIn(b" 401 ", read_all(raw(cluster, stranger)))
            self.assertIn(b" 413 ", read_all(raw(cluster, stranger.replace(b"POST", b"GET"))))
            self.assertEqual(cluster.call("POST", CHAT, question(), **guest)[0], 200)
            status, headers, _ = cluster.call("POST", CHAT, question("Another?"), **guest)
            self.assertEqual(status, 429)
            self.assertGreater(int(headers["Retry-After"]), 0)
            for _ in range(2):
                self.assertEqual(cluster.call("POST", CHAT, long, **member)[0], 200)

    def test_a_key_has_so_many_requests_under_way(self):
        options = ["requests_at_once: 1"]
        with FakeModel() as models, GatewayCluster(models, keys=True, options=options) as cluster:
            two = hashlib.sha256(b"two").hexdigest()
            with (cluster.nodes[0].directory / "gateway.keys").open("a") as keys:
                keys.write(f"{two} requests_at_once=2\n")
            models.hold(0, ANSWER)
            cluster.start()
            mine, other = {"Authorization": "Bearer two"}, {"Authorization": f"Bearer {KEY}"}
            streaming, stream = cluster.open("POST", CHAT, question(stream=True), **mine)
            # One whose body never comes counts too: it is let in once it is told to go on.
            bodiless = (f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
                        "Authorization: Bearer two\r\nContent-Type: application/json\r\n"
                        "Expect: 100-continue\r\n\r\n").encode()
            def let_in():
                connection = raw(cluster, bodiless)
                return connection if b" 100 " in connection.recv(65536) else connection.close()

            slow = let_in()
            self.assertIsNotNone(slow)
            status, headers, body = cluster.call("GET", "/v1/models", **mine)
            self.assertEqual((status, body["error"]["code"]), (429, "rate_limit_exceeded"))
            self.assertIn("2 requests under way", body["error"]["message"])
            self.assertGreater(int(headers["Retry-After"]), 0)
            self.assertEqual(cluster.call("GET", "/healthz", **mine)[0], 200)
            self.assertEqual(cluster.call("GET", "/v1/models", **other)[0], 200)
            slow.close()
            for _ in range(3):  # each counts no longer than it lasts
                wait_until(lambda: cluster.call("GET", "/v1/models", **mine)[0] == 200,
                           "one of the key's two requests has ended")
            # A client that hangs up counts no longer, however long its round goes on.
            slow = wait_until(let_in, "two requests are under way again")
            stream.close()
            streaming.close()
            wait_until(lambda: cluster.call("GET", "/v1/models", **mine)[0] == 200,
                       "the stream's request has ended")
            slow.close()
            models.release()

    def test_a_round_that_takes_too_long_is_a_timeout_that_names_it(self):
        with FakeModel() as models, GatewayCluster(models, options=["longest_wait: 15s"]) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            status, _, body = cluster.chat()
            self.assertEqual((status, body["error"]["code"]), (504, "round_timed_out"))
            self.assertIn("alice", body["error"]["message"])
            models.release()
            cluster.wait_decided(body["error"]["round_id"], cluster.nodes[:1])

    def test_a_node_that_stops_says_so_to_those_who_wait(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            waiting = cluster.open_unread("POST", CHAT, question())
            streaming, stream = cluster.open("POST", CHAT, question("A stream?", stream=True))
            round_id = stream.readline().decode().split()[-1]
            watching, events_of = cluster.open("GET", f"/v1/rounds/{round_id}/events")
            models.wait_for_held(0, ANSWER)
            wait_until(lambda: len(cluster.call("GET", "/v1/rounds")[2].get("data", [])) == 2,
                       "two rounds")
            self.assertEqual(cluster.nodes[0].stop(), 0)
            reply = waiting.getresponse()
            self.assertEqual(reply.status, 503)
            self.assertEqual(json.loads(reply.read())["error"]["code"], "node_stopping")
            last = events(stream.read().decode())[-1]
            self.assertEqual(json.loads(last["data"])["error"]["code"], "node_stopping")
            self.assertNotIn("round.certified", events_of.read().decode())  # ended as a stream ends
            for connection in (waiting, streaming, watching):
                connection.close()

    def test_a_client_that_says_no_more_is_answered_all_the_same(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            body = json.dumps(question())
            connection = raw(cluster, f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                             f"application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            connection.shutdown(socket.SHUT_WR)  # long before the round ends
            self.assertTrue(read_all(connection).startswith(b"HTTP/1.1 200 "))

    def test_a_client_may_ask_whether_its_body_is_wanted(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            body = json.dumps(question()).encode()
            head = (f"POST {{}} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n")
            connection = raw(cluster, head.format(CHAT).encode())
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 100 "))
            connection.sendall(body)
            self.assertTrue(read_all(connection).startswith(b"HTTP/1.1 200 "))
            refused = status_and_error(read_all(raw(cluster, head.format("/v1/none").encode())))
            self.assertEqual(refused[0], 404)

    def test_hang_ups_cost_nobody_else_anything(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            connection, reply = cluster.open("POST", CHAT, question(stream=True))
            round_id = reply.readline().decode().split()[-1]
            path = f"/v1/rounds/{round_id}/events"
            watcher, watched = cluster.open("GET", path)
            other, other_stream = cluster.open("GET", path)
            models.wait_for_held(0, ANSWER)
            for gone in (reply, connection, other_stream, other):  # the asker, and one who watches
                gone.close()
            slow = raw(cluster, b"GET /healthz HT")  # and never the rest
            silent = raw(cluster, b"")
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
            models.release()
            self.assertEqual(events(watched.read().decode())[-1]["event"], "round.certified")
            watcher.close()
            self.assertIn(b" 408 ", read_all(slow))
            self.assertEqual(read_all(silent), b"")
            cluster.wait_decided(round_id)


if __name__ == "__main__":
    unittest.main()
