"""Which errors OpenAI's official client raises of a gateway's, plain and in a stream, and when it asks
again by itself: never where a round has begun, for each question costs the whole council."""

import re
import unittest
from concurrent.futures import ThreadPoolExecutor

import python_packages
from fake_model import ANSWER, JUDGE, FakeModel
from gateway_cluster import GatewayCluster
from programs import wait_until
from test_gateway_clients import HELLO, client_of

MISSING = python_packages.missing("openai")
CHAT = "/v1/chat/completions"


def replies(cluster, status):
    """How many chats were answered with it."""
    metrics = cluster.call("GET", "/metrics")[2].decode()
    found = re.search(rf'(?m)^decentd_gateway_replies_total{{route="{CHAT}",status="{status}"}} (\d+)$',
                      metrics)
    return int(found[1]) if found else 0


@unittest.skipIf(MISSING, MISSING)
class ClientErrors(unittest.TestCase):
    def ask(self, cluster, text="Why?", **request):
        """Asks as patiently as a client does by itself; the reply or, of a stream, its chunks."""
        request = {"model": "decent", "messages": [{"role": "user", "content": text}], **request}
        client = client_of(cluster, **request.pop("client", {}))
        reply = client.chat.completions.create(**request)
        return list(reply) if request.get("stream") else reply

    def raised(self, kind, status, code, asked, *arguments, **request):
        """The error that this way of asking raises."""
        with self.assertRaises(kind) as caught:
            asked(*arguments, **request)
        error = caught.exception
        self.assertIs(type(error), kind)
        self.assertEqual(error.code, code, error)
        # In a stream the status is sent before the error.
        self.assertEqual(getattr(error, "status_code", None), status)
        return error

    def check_of_a_round(self, cluster, error):
        """It names one that the node has."""
        shown = cluster.call("GET", f"/v1/rounds/{error.body['round_id']}")
        self.assertEqual(shown[0], 200, shown[2])

    def test_of_what_is_not_supported_or_not_there(self):
        import openai  # pylint: disable=import-outside-toplevel
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
            for param, value in [("n", 2), ("tools", [tool]), ("logprobs", True),
                                 ("logit_bias", {"1": 5}), ("presence_penalty", 1)]:
                error = self.raised(openai.BadRequestError, 400, "unsupported_parameter", self.ask,
                                    cluster, **{param: value})
                self.assertEqual(error.param, param)
            error = self.raised(openai.BadRequestError, 400, "invalid_value", self.ask, cluster,
                                temperature=3)
            self.assertEqual(error.param, "temperature")
            self.raised(openai.NotFoundError, 404, "model_not_found", self.ask, cluster,
                        model="gpt-4o")
            error = self.raised(openai.BadRequestError, 400, "context_length_exceeded", self.ask,
                                cluster, "x" * 600_000)
            self.assertEqual(error.param, "messages")
            self.raised(openai.APIStatusError, 413, "request_too_large", self.ask, cluster,
                        "x" * 4_000_000)
            self.raised(openai.PermissionDeniedError, 403, "host_not_allowed", self.ask, cluster,
                        client={"default_headers": {"Host": "council.example"}})
            self.assertEqual(models.requests, [])
            cluster.nodes[0].stop()
            with self.assertRaises(openai.APIConnectionError):
                self.ask(cluster, client={"max_retries": 0})

    def test_of_a_round_that_failed_and_asks_for_no_other(self):
        import openai  # pylint: disable=import-outside-toplevel
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            for kind, code in (ANSWER, "too_few_answers"), (JUDGE, "too_few_sheets"):
                models.recover()
                for node in range(4):
                    models.fail(node, kind)
                before = len(cluster.call("GET", "/v1/rounds")[2]["data"])
                self.check_of_a_round(cluster, self.raised(
                    openai.InternalServerError, 502, code, self.ask, cluster))
                self.check_of_a_round(cluster, self.raised(
                    openai.APIError, None, code, self.ask, cluster, stream=True))
                self.assertEqual(len(cluster.call("GET", "/v1/rounds")[2]["data"]), before + 2)

    def test_of_a_round_that_takes_too_long_and_asks_for_no_other(self):
        import openai  # pylint: disable=import-outside-toplevel
        options = ["longest_wait: 15s"]
        with ThreadPoolExecutor(2) as both, FakeModel() as models, \
                GatewayCluster(models, options=options) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            plain = both.submit(self.ask, cluster)
            streamed = both.submit(self.ask, cluster, stream=True)
            self.check_of_a_round(cluster, self.raised(
                openai.InternalServerError, 504, "round_timed_out", plain.result))
            self.check_of_a_round(cluster, self.raised(
                openai.APIError, None, "round_timed_out", streamed.result))
            self.assertEqual(len(cluster.call("GET", "/v1/rounds")[2]["data"]), 2)

    def test_of_a_node_that_stops_and_asks_for_no_other_round(self):
        import openai  # pylint: disable=import-outside-toplevel
        with ThreadPoolExecutor(2) as both, FakeModel() as models, \
                GatewayCluster(models) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            plain = both.submit(self.ask, cluster)
            streamed = both.submit(self.ask, cluster, stream=True)
            wait_until(lambda: len(cluster.call("GET", "/v1/rounds")[2].get("data", [])) == 2,
                       "two rounds")
            wait_until(lambda: replies(cluster, 200) == 1, "the stream is begun")
            cluster.nodes[0].stop()
            # Whoever asked again would find nobody there, and raise that.
            errors = [self.raised(openai.InternalServerError, 503, "node_stopping", plain.result),
                      self.raised(openai.APIError, None, "node_stopping", streamed.result)]
            models.release()
            for error in errors:
                cluster.wait_decided(error.body["round_id"], cluster.nodes[1:])

    def test_of_its_own_limit(self):
        import openai  # pylint: disable=import-outside-toplevel
        with FakeModel() as models, GatewayCluster(models, options=["rounds_in_flight: 1"]) as cluster:
            models.hold(0, ANSWER)
            cluster.start()
            cluster.call("POST", "/v1/rounds", {"question": "Who?"})
            error = self.raised(openai.RateLimitError, 429, "rate_limit_exceeded", self.ask, cluster,
                                client={"max_retries": 0})
            self.assertNotIn("round_id", error.body)

    def test_of_a_busy_node_which_it_asks_again(self):
        import openai  # pylint: disable=import-outside-toplevel
        with ThreadPoolExecutor(1) as other, FakeModel() as models, \
                GatewayCluster(models) as cluster:
            cluster.nodes[0].configure("rounds_open", 1)
            models.hold(0, ANSWER)
            cluster.start()
            cluster.call("POST", "/v1/rounds", {"question": "Who?"})
            error = self.raised(openai.InternalServerError, 503, "node_unavailable", self.ask,
                                cluster, client={"max_retries": 0})
            self.assertNotIn("round_id", error.body)
            self.assertGreater(int(error.response.headers["Retry-After"]), 0)
            # A stream has not begun either, so it is an error like any other.
            self.raised(openai.InternalServerError, 503, "node_unavailable", self.ask, cluster,
                        stream=True, client={"max_retries": 0})
            before = replies(cluster, 503)
            asking = other.submit(self.ask, cluster, client={"max_retries": 9})
            wait_until(lambda: replies(cluster, 503) > before, "it is told so again")
            models.release()
            self.assertEqual(asking.result().choices[0].message.content, models.answer_of(0))


if __name__ == "__main__":
    unittest.main()
