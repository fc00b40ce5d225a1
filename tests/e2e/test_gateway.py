"""The gateway over HTTP: what OpenAI's clients send and get, errors, streams, hang-ups."""

import json
import unittest

from fake_model import ANSWER, JUDGE, FakeModel
from gateway_cluster import GatewayCluster, events, question
from programs import wait_until


class Gateway(unittest.TestCase):
    def test_answers_watches_and_proves_a_round(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            self.assertEqual(cluster.call("GET", "/healthz")[0], 200)
            self.assertEqual(cluster.call("GET", "/readyz")[2], {"status": "ready"})
            self.assertEqual([m["id"] for m in cluster.call("GET", "/v1/models")[2]["data"]],
                             ["decent", "decent-3", "decent-2", "decent-1"])
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
        self.assertEqual(usage, decent["usage"])
        self.assertEqual(decent["dissent"], {"sheets": 0, "agents": []})
        self.assertEqual([a["agent"] for a in decent["agents"]], ["alice", "bob", "carol", "dave"])
        for agent in decent["agents"]:
            self.assertEqual((agent["answer"]["status"], agent["sheet"]["status"]),
                             ("usable", "usable"))
            self.assertGreater(agent["prompt_tokens"], 0)
            self.assertIsNone(agent["cost_usd"])  # no prices: unknown, not nothing
            self.assertEqual(agent["sheet"]["prefers"], ["alice"])
        self.assertEqual(sorted(a["answer"]["rank"] for a in decent["agents"]), [1, 2, 3, 4])
        self.assertTrue(decent["usage_known"])
        self.assertFalse(decent["cost_known"])
        self.assertEqual(decent["missing_agents"], [])

    def check_rounds(self, cluster, round_id):
        one = cluster.call("GET", f"/v1/rounds/{round_id}")[2]
        self.assertEqual((one["id"], one["status"]), (round_id, "decided"))
        self.assertEqual((one["decent"]["winner"], one["evidence"]), ("alice", []))
        second = cluster.chat("Another?")[2]["decent"]["round_id"]
        first_page = cluster.call("GET", "/v1/rounds?limit=1")[2]
        self.assertEqual([r["id"] for r in first_page["data"]], [second])
        self.assertTrue(first_page["has_more"])
        rest = cluster.call("GET", f"/v1/rounds?after={second}")[2]
        self.assertEqual([r["id"] for r in rest["data"]], [round_id])
        self.assertNotIn("decent", rest["data"][0])
        expanded = cluster.call("GET", f"/v1/rounds?after={second}&expand=decent")[2]
        self.assertEqual(expanded["data"][0]["decent"], one["decent"])
        short = cluster.call("GET", f"/v1/rounds?after={second}&expand=result")[2]["data"][0]
        self.assertEqual(short["result"], {key: value for key, value in one["decent"].items()
                                           if key not in ("agents", "missing_agents")})
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
        said = [json.loads(e["data"]) for e in whole]
        self.assertEqual([one["seq"] for one in said], list(range(1, len(said) + 1)))
        self.assertEqual([one["type"] for one in said], names)
        for one in said:
            self.assertEqual(one["round_id"], round_id)
            self.assertGreater(one["ts"], 1_600_000_000_000)
        after = cluster.call("GET", path, Last_Event_ID=whole[4]["id"])[2].decode()
        self.assertEqual(events(after), whole[5:])
        connection, over = cluster.open("GET", path, Last_Event_ID=whole[-1]["id"])
        self.assertEqual((over.status, over.read()), (204, b""))
        connection.close()

    def check_multi_turn(self, cluster, models):
        conversation = [{"role": "system", "content": "Be brief."},
                        {"role": "user", "content": "One?"},
                        {"role": "assistant", "content": "1"}, {"role": "user", "content": "And two?"}]
        sampling = {"temperature": 0.5, "top_p": 0.9, "seed": 1, "max_tokens": 50, "stop": ["END"],
                    "response_format": {"type": "json_object"}}
        status, _, reply = cluster.chat(*conversation, **sampling)
        self.assertEqual(status, 200, reply)
        # The agents are asked exactly that.
        asked = models.last_question
        self.assertEqual(asked["messages"], conversation)
        self.assertEqual({key: asked[key] for key in sampling}, sampling)

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

    def test_a_round_is_begun_and_not_waited_for(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            status, headers, begun = cluster.call("POST", "/v1/rounds",
                                                  {"question": "Why?", "stream": False})
            self.assertEqual((status, begun["status"], begun["question"]), (202, "running", "Why?"))
            self.assertIsNone(begun["decent"])
            self.assertEqual(begun["panel"], {"answer": [0, 1, 2, 3], "sheet": [0, 1, 2, 3]})
            self.assertEqual(headers["Location"], f"/v1/rounds/{begun['id']}")
            self.assertEqual(cluster.call("GET", headers["Location"] + "/bundle")[0], 404)
            models.release()
            cluster.wait_decided(begun["id"], cluster.nodes[:1])
            self.assertEqual(cluster.call("GET", headers["Location"])[2]["decent"]["status"],
                             "decided")

    def test_a_committee_answers_and_all_agree_on_it(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            status, _, reply = cluster.call("POST", "/v1/chat/completions",
                                            {**question(), "model": "decent-3"})
            self.assertEqual(status, 200, reply)
            self.assertEqual(reply["model"], "decent-3")
            decent = reply["decent"]
            self.assertEqual(decent["answers"], {"received": 3, "expected": 3})
            self.assertEqual(decent["sheets"], {"received": 3, "expected": 3})
            self.assertEqual(len(decent["agents"]), 3)
            self.assertEqual({kind for _, kind in models.requests}, {"answer", "judge"})
            self.assertEqual(len({node for node, _ in models.requests}), 3)
            cluster.agreed([decent["round_id"]])
            models.hold(0, ANSWER)
            models.hold(1, ANSWER)
            begun = cluster.call("POST", "/v1/rounds", {"question": "Who?", "model": "decent-3"})[2]
            self.assertEqual(len(begun["panel"]["answer"]), 3)
            models.release()
            asked = cluster.ask("And of one?", options=["--committee", "1"])
            self.assertEqual((asked["outcome"], asked["answers"]["panel"]), ("decided", 1))
            cluster.agreed([asked["round_id"]])

    def test_tells_of_nodes_roster_and_metrics(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            nodes = cluster.call("GET", "/v1/nodes")[2]
            self.assertEqual([n["name"] for n in nodes["data"]], ["alice", "bob", "carol", "dave"])
            self.assertEqual([n["self"] for n in nodes["data"]], [True, False, False, False])
            self.assertTrue(all(n["up"] and n["version"] for n in nodes["data"]), nodes)
            self.assertEqual([nodes["node"][name] for name in ("reachable", "needed", "quorum")],
                             [4, 3, 3])
            cluster.nodes[3].kill()
            wait_until(lambda: not cluster.call("GET", "/v1/nodes")[2]["data"][3]["up"], "dave goes")
            roster = cluster.call("GET", "/v1/roster")[2]
            self.assertEqual((roster["n"], roster["f"], roster["quorum"]), (4, 1, 3))
            self.assertEqual(roster["panels"]["sheet"],
                             {"size": 4, "faulty": 1, "gate": 3, "minimum": 3})
            self.assertEqual([r["state"] for r in roster["rosters"]], ["active"])
            self.assertEqual(roster["cluster_id"], roster["rosters"][0]["cluster_id"])
            text = cluster.call("GET", "/metrics")[2].decode()
            self.assertIn('decentd_gateway_replies_total{route="/v1/roster",status="200"} 1', text)

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
                    (400, "context_length_exceeded", ("POST", chat, question("x" * 600_000))),
                    (404, "unknown_url", ("GET", "/v1/other")),
                    (404, "round_not_found", ("GET", "/v1/rounds/" + "0" * 64)),
                    (404, "round_not_found", ("GET", f"/v1/rounds/{'0' * 64}/events")),
                    (400, "invalid_value", ("GET", "/v1/rounds/xyz")),
                    (400, "invalid_value", ("GET", "/v1/rounds?limit=0")),
                    (405, "method_not_allowed", ("GET", chat)),
                    (413, "request_too_large", ("POST", chat, b" " * (3 * (1 << 20) + 1)))]:
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

    def test_a_round_without_score_sheets_fails_as_all_agree(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            for node in range(4):
                models.fail(node, JUDGE)
            cluster.start()
            status, headers, body = cluster.chat()
            self.assertEqual((status, body["error"]["code"]), (502, "too_few_sheets"))
            self.assertEqual(headers["x-should-retry"], "false")
            self.check_failed_for_want_of_sheets(cluster, body["error"]["round_id"])
            parts = events(cluster.chat("Another?", stream=True)[2].decode())
            data = [json.loads(part["data"])["error"] for part in parts if "data" in part]
            self.assertEqual([error["code"] for error in data], ["too_few_sheets"])
            self.check_failed_for_want_of_sheets(cluster, data[0]["round_id"])

    def check_failed_for_want_of_sheets(self, cluster, round_id):
        shown = cluster.call("GET", f"/v1/rounds/{round_id}")[2]
        self.assertEqual((shown["status"], shown["decent"]["status"]), ("failed", "too_few_sheets"))
        self.assertEqual(shown["decent"]["answers"], {"received": 4, "expected": 4})
        self.assertEqual(shown["decent"]["sheets"], {"received": 0, "expected": 4})
        names = [one["event"] for one in
                 events(cluster.call("GET", f"/v1/rounds/{round_id}/events")[2].decode())]
        self.assertNotIn("round.decided", names)
        self.assertEqual(names[-2:], ["round.failed", "round.certified"])
        cluster.agreed([round_id])

    def test_a_node_is_ready_while_it_reaches_as_many_as_a_round_needs(self):
        with FakeModel() as models, GatewayCluster(models, n=6) as cluster:
            cluster.start()

            def reaches(count):
                said = cluster.call("GET", "/v1/nodes")[2].get("node", {})
                return said if said.get("reachable") == count else None

            cluster.nodes[5].stop()
            said = wait_until(lambda: reaches(5), "bob to erin are left")
            self.assertEqual((said["needed"], said["quorum"]), (5, 4))
            self.assertEqual(cluster.call("GET", "/readyz")[0], 200)
            self.assertEqual(cluster.chat()[0], 200)
            cluster.nodes[4].stop()
            wait_until(lambda: reaches(4), "bob to dave are left")  # a quorum, and one too few
            wait_until(lambda: cluster.call("GET", "/readyz")[0] == 503, "not ready")
            self.assertIn("4 of 6 nodes", cluster.call("GET", "/readyz")[2]["reason"])


if __name__ == "__main__":
    unittest.main()
