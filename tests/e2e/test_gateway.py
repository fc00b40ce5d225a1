"""The gateway over HTTP: what OpenAI's clients send and get, errors, streams, hang-ups."""

import hashlib
import http.client
import json
import socket
import unittest
from importlib.util import find_spec

from cluster import Cluster
from fake_model import ANSWER, FakeModel
from node import free_ports
from programs import PATIENCE_SECONDS, decentctl, wait_until

KEY = "a key for tests"


class GatewayCluster(Cluster):
    """The first node serves the gateway. `keys`: whether it asks for API keys."""

    def __init__(self, models, keys=False, options=(), **how):
        super().__init__(models, **how)
        self.port = free_ports(1)[0]
        config = self.nodes[0].directory / "node.yaml"
        lines = [f"  listen: 127.0.0.1:{self.port}", *(f"  {line}" for line in options)]
        if keys:
            lines.append("  api_keys: gateway.keys")
            digest = hashlib.sha256(KEY.encode()).hexdigest()
            (config.parent / "gateway.keys").write_text(f"# for tests\n{digest}\n")
        config.write_text(config.read_text() + "\ngateway:\n" + "\n".join(lines) + "\n")

    def open(self, method, path, body=None, **headers):
        """Sends a request; the connection and the reply, whose body is not read yet."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, body, sent)
        return connection, connection.getresponse()

    def call(self, method, path, body=None, **headers):
        """Status, headers and body, parsed where it is JSON."""
        connection, reply = self.open(method, path, body, **headers)
        data = reply.read()
        connection.close()
        is_json = reply.headers.get("Content-Type") == "application/json"
        return reply.status, reply.headers, json.loads(data) if is_json else data

    def chat(self, *messages, **parameters):
        return self.call("POST", "/v1/chat/completions", question(*messages, **parameters))


def question(*messages, **parameters):
    messages = messages or ("What is 17 + 25?",)
    return {"model": "decent", **parameters, "messages": [
        {"role": "user", "content": one} if isinstance(one, str) else one for one in messages]}


def events(text):
    """The fields of each event of a stream; comments have the name ''."""
    return [dict(line.split(": ", 1) if not line.startswith(":") else ("", line[2:])
                 for line in block.split("\n")) for block in text.strip().split("\n\n")]


class Gateway(unittest.TestCase):
    def test_answers_watches_and_proves_a_round(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
            self.assertEqual(cluster.call("GET", "/readyz")[2], {"status": "ready"})
            self.assertEqual([m["id"] for m in cluster.call("GET", "/v1/models")[2]["data"]],
                             ["decent"])
            status, _, reply = cluster.chat()
            self.assertEqual(status, 200, reply)
            self.check_completion(reply, models)
            self.check_rounds(cluster, reply["decent"]["round_id"])
            self.check_multi_turn(cluster, models)
            self.check_stream(cluster, models)
            key = cluster.nodes[0].data / "gateway.key"
            self.assertEqual(key.stat().st_mode & 0o777, 0o600)
            before = key.read_bytes()
            self.assertEqual(cluster.nodes[0].stop(), 0)
            cluster.start(cluster.nodes[:1])
            self.assertEqual(cluster.chat()[0], 200)
            self.assertEqual(key.read_bytes(), before)

    def check_completion(self, reply, models):
        self.assertEqual(reply["object"], "chat.completion")
        self.assertEqual(reply["model"], "decent")
        choice, = reply["choices"]
        self.assertEqual(choice["message"]["content"], models.answer_of(0))
        self.assertEqual(choice["finish_reason"], "stop")
        usage, decent = reply["usage"], reply["decent"]
        self.assertGreater(usage["prompt_tokens"], 0)
        self.assertEqual(usage["total_tokens"], usage["prompt_tokens"] + usage["completion_tokens"])
        self.assertEqual(decent["answers"], {"received": 4, "expected": 4})
        self.assertEqual(decent["sheets"], {"received": 4, "expected": 4})
        self.assertEqual((decent["status"], decent["winner"]), ("decided", "alice"))
        self.assertTrue(decent["certificate"])
        self.assertTrue(decent["usage_known"])
        self.assertFalse(decent["cost_known"])
        self.assertEqual(decent["missing_agents"], [])

    def check_rounds(self, cluster, round_id):
        one = cluster.call("GET", f"/v1/rounds/{round_id}")[2]
        self.assertEqual((one["id"], one["status"]), (round_id, "decided"))
        second = cluster.chat("Another?")[2]["decent"]["round_id"]
        first_page = cluster.call("GET", "/v1/rounds?limit=1")[2]
        self.assertEqual([r["id"] for r in first_page["data"]], [second])
        self.assertTrue(first_page["has_more"])
        rest = cluster.call("GET", f"/v1/rounds?after={second}")[2]
        self.assertEqual([r["id"] for r in rest["data"]], [round_id])
        self.assertFalse(rest["has_more"])
        bundle = cluster.directory / "fetched.bundle"
        bundle.write_bytes(cluster.call("GET", f"/v1/rounds/{round_id}/bundle")[2])
        cluster.verify(bundle)
        path = f"/v1/rounds/{round_id}/events"
        whole = events(cluster.call("GET", path)[2].decode())
        self.assertEqual([int(e["id"]) for e in whole], list(range(1, len(whole) + 1)))
        names = [e["event"] for e in whole]
        for name in ("answer.received", "answer.certified", "sheet.received", "phase.closed",
                     "round.decided"):
            self.assertIn(name, names)
        self.assertEqual(names[-1], "round.certified")
        after = cluster.call("GET", path, Last_Event_ID=whole[4]["id"])[2].decode()
        self.assertEqual(events(after), whole[5:])
        self.assertEqual(cluster.call("GET", path, Last_Event_ID=whole[-1]["id"])[2], b"")

    def check_multi_turn(self, cluster, models):
        before = len(models.requests)
        status, _, reply = cluster.chat(
            {"role": "system", "content": "Be brief."}, "One?",
            {"role": "assistant", "content": "1"}, "And two?", temperature=0, seed=1, max_tokens=50,
            stop=["END"])
        self.assertEqual(status, 200, reply)
        self.assertGreater(len(models.requests), before)

    def check_stream(self, cluster, models):
        text = cluster.chat(stream=True, stream_options={"include_usage": True})[2].decode()
        parts = events(text)
        data = [part["data"] for part in parts if "data" in part]
        self.assertTrue([part for part in parts if part.get("") == "round.decided"], text)
        self.assertEqual(data[-1], "[DONE]")
        chunks = [json.loads(one) for one in data[:-1]]
        self.assertEqual({c["object"] for c in chunks}, {"chat.completion.chunk"})
        content = "".join(choice["delta"].get("content", "")
                          for chunk in chunks for choice in chunk["choices"])
        self.assertEqual(content, models.answer_of(0))
        self.assertGreater(chunks[-1]["usage"]["total_tokens"], 0)
        self.assertEqual(chunks[-2]["choices"][0]["finish_reason"], "stop")

    @unittest.skipUnless(find_spec("openai"), "the openai package is not installed")
    def test_the_official_client_is_served(self):
        import openai
        hello = [{"role": "user", "content": "What is 17 + 25?"}]
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            client = openai.OpenAI(base_url=f"http://127.0.0.1:{cluster.port}/v1", api_key="none")
            reply = client.chat.completions.create(model="decent", messages=hello)
            self.assertEqual(reply.choices[0].message.content, models.answer_of(0))
            chunks = client.chat.completions.create(model="decent", messages=hello, stream=True)
            self.assertEqual("".join(c.choices[0].delta.content or "" for c in chunks),
                             models.answer_of(0))
            self.assertEqual([m.id for m in client.models.list()], ["decent"])
            with self.assertRaises(openai.BadRequestError) as refused:
                client.chat.completions.create(model="decent", messages=hello, n=2)
            self.assertEqual(refused.exception.param, "n")

    def test_refuses_by_name_and_in_openais_format(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            chat = "/v1/chat/completions"
            for status, code, request in [
                    (400, "unsupported_parameter", ("POST", chat, question(tools=[{}]))),
                    (400, "unsupported_parameter", ("POST", chat, question(n=2))),
                    (400, "invalid_value", ("POST", chat, question(temperature=3))),
                    (400, None, ("POST", chat, "no JSON")),
                    (404, "model_not_found", ("POST", chat, {**question(), "model": "other"})),
                    (404, "unknown_url", ("GET", "/v1/other")),
                    (404, "round_not_found", ("GET", "/v1/rounds/" + "0" * 64)),
                    (404, "round_not_found", ("GET", f"/v1/rounds/{'0' * 64}/events")),
                    (400, "invalid_value", ("GET", "/v1/rounds/xyz")),
                    (400, "invalid_value", ("GET", "/v1/rounds?limit=0")),
                    (405, "method_not_allowed", ("GET", chat)),
                    (413, "request_too_large", ("POST", chat, b" " * (4 << 20)))]:
                with self.subTest(code=code, path=request[:2]):
                    got, _, body = cluster.call(*request)
                    self.assertEqual((got, body["error"]["code"]), (status, code), body)
                    self.assertEqual(set(body["error"]) - {"round_id"},
                                     {"message", "type", "param", "code"})
            got = cluster.call("POST", chat, json.dumps(question()), Content_Type="text/plain")
            self.assertEqual(got[0], 415)
            got = cluster.call("GET", "/v1/models", Host="evil.example")
            self.assertEqual(got[0], 403)
            self.assertEqual(models.requests, [])

    def test_a_round_that_fails_is_an_error_with_its_id(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            for node in range(4):
                models.fail(node, ANSWER)
            cluster.start()
            status, _, body = cluster.chat()
            self.assertEqual((status, body["error"]["code"]), (502, "too_few_answers"))
            shown = cluster.call("GET", f"/v1/rounds/{body['error']['round_id']}")[2]
            self.assertEqual(shown["status"], "failed")
            last = events(cluster.chat(stream=True)[2].decode())[-1]
            self.assertEqual(json.loads(last["data"])["error"]["code"], "too_few_answers")

    def test_keys_and_limits(self):
        options = ["requests_per_minute: 2"]
        with FakeModel() as models, GatewayCluster(models, True, options) as cluster:
            cluster.start()
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
            self.assertEqual(cluster.call("GET", "/v1/models")[0], 401)
            wrong = cluster.call("GET", "/v1/models", Authorization="Bearer wrong-key-of-a-test")
            self.assertEqual((wrong[0], wrong[2]["error"]["code"]), (401, "invalid_api_key"))
            allowed = {"Authorization": f"Bearer {KEY}"}
            self.assertEqual(cluster.call("GET", "/v1/models", **allowed)[0], 200)
            chat = ("POST", "/v1/chat/completions", question())
            replies = []
            while not replies or replies[-1][0] == 200:
                replies.append(cluster.call(*chat, **allowed))
            self.assertEqual(replies[0][0], 200)
            self.assertEqual(replies[-1][0], 429)
            self.assertGreater(int(replies[-1][1]["Retry-After"]), 0)
            for text in (KEY, "wrong-key-of-a-test"):
                self.assertNotIn(text, cluster.nodes[0].log_text())

    def test_a_client_that_goes_or_stalls_costs_its_own_connection_only(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            connection, reply = cluster.open("POST", "/v1/chat/completions", question(stream=True))
            round_id = reply.readline().decode().split()[-1]
            watcher, watched = cluster.open("GET", f"/v1/rounds/{round_id}/events")
            models.wait_for_held(0, ANSWER)
            reply.close()
            connection.close()
            with socket.create_connection(("127.0.0.1", cluster.port)) as slow:
                slow.sendall(b"GET /healthz HT")  # and never the rest
                self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
                models.release()
                seen = events(watched.read().decode())
                self.assertEqual(seen[-1]["event"], "round.certified")
                slow.settimeout(PATIENCE_SECONDS)
                self.assertIn(b" 408 ", slow.recv(4096))
            watcher.close()
            cluster.wait_decided(round_id, cluster.nodes[:1])

    def test_without_a_quorum_the_node_is_not_ready(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            for node in cluster.nodes[2:]:
                node.stop()
            wait_until(lambda: cluster.call("GET", "/readyz")[0] == 503, "not ready")
            self.assertIn("quorum", cluster.call("GET", "/readyz")[2]["reason"])

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
