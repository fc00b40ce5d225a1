"""Who may ask a gateway, and what those learn who may not: keys, addresses, other sites' pages."""

import json
import unittest

from fake_model import FakeModel
from gateway_cluster import KEY, GatewayCluster, question
from programs import ROOT, decentctl, wait_until

CHAT = "/v1/chat/completions"
WRONG = "wrong-key-of-a-test"
MEMBER = {"Authorization": f"Bearer {KEY}"}


def operations(round_id):
    """Of the description: method, path with its parameters filled in, whether it wants a key."""
    document = json.loads((ROOT / "node" / "gateway" / "openapi.json").read_text())
    for path, methods in document["paths"].items():
        filled = path.replace("{id}", round_id).replace("{model}", "decent")
        for method, operation in methods.items():
            yield method.upper(), filled, operation.get("security") != []


class Access(unittest.TestCase):
    def test_keys_and_limits(self):
        options = ["requests_per_minute: 2"]
        with FakeModel() as models, GatewayCluster(models, True, options) as cluster:
            cluster.start()
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
            self.assertEqual(cluster.call("GET", "/v1/models")[0], 401)
            for node in cluster.nodes[2:]:
                node.stop()
            ready = wait_until(lambda: (lambda r: r if r[0] == 503 else None)(
                cluster.call("GET", "/readyz")), "not ready")
            self.assertEqual(ready[2], {"status": "not_ready"})  # why is not for strangers
            cluster.start(cluster.nodes[2:])
            wrong = cluster.call("GET", "/v1/models", Authorization=f"Bearer {WRONG}")
            self.assertEqual((wrong[0], wrong[2]["error"]["code"]), (401, "invalid_api_key"))
            self.assertEqual(cluster.call("GET", "/v1/models", **MEMBER)[0], 200)
            wait_until(lambda: cluster.call("GET", "/readyz")[0] == 200, "ready again")
            chat = ("POST", CHAT, question())
            replies = []
            while not replies or replies[-1][0] == 200:
                replies.append(cluster.call(*chat, **MEMBER))
            self.assertEqual(replies[0][0], 200)
            self.assertEqual(replies[-1][0], 429)
            self.assertGreater(int(replies[-1][1]["Retry-After"]), 0)

    def test_every_route_but_the_open_ones_wants_the_key(self):
        with FakeModel() as models, GatewayCluster(models, keys=True) as cluster:
            cluster.start()
            for method, path, keyed in operations("0" * 64):
                body = {} if method == "POST" else None
                for authorization in ({}, {"Authorization": f"Bearer {WRONG}"},
                                      {"Authorization": f"Basic {KEY}"}):
                    with self.subTest(path=path, authorization=authorization):
                        status, headers, reply = cluster.call(method, path, body, **authorization)
                        self.assertEqual(status == 401, keyed, reply)
                        self.assertEqual(headers["WWW-Authenticate"], "Bearer" if keyed else None)
                status, _, reply = cluster.call(method, path, body, **MEMBER)
                self.assertNotEqual(status, 401, reply)
            self.assertEqual(models.requests, [])

    def test_no_key_is_in_a_log_that_says_all(self):
        options = ["requests_per_minute: 1", "body_bytes: 2000"]
        with FakeModel() as models, GatewayCluster(models, True, options) as cluster:
            cluster.nodes[0].configure("level", "debug")
            cluster.start()
            while cluster.call("POST", CHAT, question(stream=True), **MEMBER)[0] != 429:
                pass
            for key, expected in (KEY, {200, 400, 404, 405, 413, 415}), (WRONG, {200, 401}):
                sent = {"Authorization": f"Bearer {key}"}
                seen = {cluster.call(*request, **sent)[0] for request in [
                    ("GET", "/healthz"), ("GET", "/v1/models"), ("GET", "/v1/none"), ("GET", CHAT),
                    ("GET", "/v1/rounds/" + "0" * 64), ("POST", CHAT, "no JSON"),
                    ("POST", CHAT, question("x" * 2000))]}
                seen.add(cluster.call("POST", CHAT, "text", Content_Type="text/plain", **sent)[0])
                self.assertEqual(seen, expected)
            self.assertEqual(cluster.nodes[0].stop(), 0)
            log = cluster.nodes[0].log_text()
            for told in (f"gateway: POST {CHAT} 200", "gateway: GET /v1/models 401",
                         "gateway: GET (none) 404"):
                self.assertIn(told, log)
            for key in (KEY, WRONG):
                self.assertNotIn(key, log)

    def test_a_page_of_another_site_is_told_nothing(self):
        """No browser gives a page a reply without these headers, or asks further without them."""
        for keys in (False, True):
            with FakeModel() as models, GatewayCluster(models, keys) as cluster:
                cluster.start()
                callers = ({}, MEMBER) if keys else ({},)
                asked = cluster.call("POST", CHAT, question(), **callers[-1])
                asked = asked[2]["decent"]["round_id"]
                replies = []
                for method, path, _ in [*operations(asked), ("GET", "/", False)]:
                    body = question() if method == "POST" else None
                    replies += [cluster.call(method, path, body, Origin="https://evil.example",
                                             **caller) for caller in callers]
                    # As a browser asks before it sends what the page wants: without a key.
                    refused = cluster.call("OPTIONS", path, Origin="https://evil.example",
                                           Access_Control_Request_Method=method)
                    self.assertEqual(refused[0], 401 if keys else 405, path)
                    replies.append(refused)
                for status, headers, _ in replies:
                    self.assertEqual([name for name in headers
                                      if name.lower().startswith("access-control-")], [], status)

    def test_refuses_an_open_address_without_keys(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            config = cluster.nodes[0].directory / "node.yaml"
            config.write_text(config.read_text().replace(f"127.0.0.1:{cluster.port}",
                                                         f"0.0.0.0:{cluster.port}"))
            done = decentctl("config", "check", "--config", config, expect=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("api_keys", done.stdout + done.stderr)
            cluster.nodes[0].start()
            self.assertEqual(cluster.nodes[0].wait_ended(), 78)


if __name__ == "__main__":
    unittest.main()
