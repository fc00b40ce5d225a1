"""OpenAI's official client against a gateway: what it gets, and which of its errors it raises. With
the real small model where the plumbing as a whole counts, with held and failing ones for the rest."""

import unittest

import python_packages
import small_model
from fake_model import ANSWER, FakeModel
from gateway_cluster import KEY, GatewayCluster

MISSING = python_packages.missing("openai")
HELLO = [{"role": "user", "content": "What is the capital of France?"}]


def client_of(cluster, key="none", **options):
    import openai  # pylint: disable=import-outside-toplevel
    return openai.OpenAI(base_url=f"http://127.0.0.1:{cluster.port}/v1", api_key=key, timeout=600,
                         **options)


@unittest.skipIf(MISSING, MISSING)
class OfficialClient(unittest.TestCase):
    @unittest.skipIf(small_model.MISSING, small_model.MISSING)
    def test_asks_a_council_of_real_models(self):
        with small_model.SmallModel(max_tokens=24) as model, GatewayCluster(model.backend) as cluster:
            cluster.start()
            client = client_of(cluster)
            self.assertEqual([m.id for m in client.models.list()][0], "decent")
            self.assertEqual(client.models.retrieve("decent-2").id, "decent-2")
            self.check_plain(client)
            self.check_stream(client)
            self.check_conversation(client)

    def check_plain(self, client):
        reply = client.chat.completions.create(model="decent", messages=HELLO, temperature=0,
                                               seed=7, max_tokens=24)
        choice, = reply.choices
        self.assertTrue(choice.message.content.strip())
        self.assertIn(choice.finish_reason, ("stop", "length"))
        self.assertEqual(reply.usage.total_tokens,
                         reply.usage.prompt_tokens + reply.usage.completion_tokens)
        self.assertGreater(reply.usage.completion_tokens, 0)
        decent = reply.decent  # the client keeps what it does not know
        self.assertEqual((decent["status"], decent["certificate"]), ("decided", True))
        self.assertEqual(decent["answers"]["expected"], 4)
        # In every field what the client's own types say.
        type(reply).model_validate(reply.model_dump(), strict=True)

    def check_stream(self, client):
        text, finished, usage = "", [], None
        with client.chat.completions.create(
                model="decent-2", messages=HELLO, stream=True, max_tokens=24,
                stream_options={"include_usage": True}) as chunks:
            for chunk in chunks:
                self.assertEqual(chunk.object, "chat.completion.chunk")
                for choice in chunk.choices:
                    text += choice.delta.content or ""
                    finished.append(choice.finish_reason)
                usage = chunk.usage or usage
        self.assertTrue(text.strip())
        self.assertIn(finished[-1], ("stop", "length"))
        self.assertGreater(usage.total_tokens, 0)

    def check_conversation(self, client):
        reply = client.chat.completions.create(model="decent-2", max_completion_tokens=24, messages=[
            {"role": "developer", "content": "Answer with one word."}, *HELLO,
            {"role": "assistant", "content": "Paris."},
            {"role": "user", "content": [{"type": "text", "text": "And of Spain?"}]}])
        self.assertTrue(reply.choices[0].message.content.strip())
        self.assertEqual(reply.decent["answers"]["expected"], 2)

    def test_raises_its_own_errors(self):
        import openai  # pylint: disable=import-outside-toplevel
        with FakeModel() as models, GatewayCluster(models, options=["rounds_in_flight: 1"]) as cluster:
            cluster.start()
            client = client_of(cluster, max_retries=0)  # they would hide the first error
            create = client.chat.completions.create

            def raised(kind, code, **request):
                with self.assertRaises(kind) as caught:
                    create(**{"model": "decent", "messages": HELLO, **request})
                self.assertEqual(caught.exception.code, code)
                return caught.exception

            tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
            for param, value in [("n", 2), ("tools", [tool]), ("logprobs", True),
                                 ("logit_bias", {"1": 5}), ("presence_penalty", 1)]:
                error = raised(openai.BadRequestError, "unsupported_parameter", **{param: value})
                self.assertEqual(error.param, param)
            self.assertEqual(raised(openai.BadRequestError, "invalid_value", temperature=3).param,
                             "temperature")
            raised(openai.NotFoundError, "model_not_found", model="gpt-4o")
            large = [{"role": "user", "content": "x" * 4_000_000}]
            with self.assertRaises(openai.APIStatusError) as caught:
                create(model="decent", messages=large)
            self.assertEqual(caught.exception.status_code, 413)
            for node in range(4):
                models.fail(node, ANSWER)
            failed = raised(openai.InternalServerError, "too_few_answers")
            self.assertEqual(failed.status_code, 502)
            self.assertRegex(failed.body["round_id"], "^[0-9a-f]{64}$")
            with self.assertRaises(openai.APIError) as streamed:
                list(create(model="decent", messages=HELLO, stream=True))
            self.assertEqual(streamed.exception.code, "too_few_answers")
            models.hold(0, ANSWER)
            stream = create(model="decent", messages=HELLO, stream=True)
            raised(openai.RateLimitError, "rate_limit_exceeded")
            models.release()
            stream.close()  # hangs up
            cluster.nodes[0].stop()
            with self.assertRaises(openai.APIConnectionError):
                create(model="decent", messages=HELLO)

    def test_does_not_ask_again_for_a_round_that_failed(self):
        import openai  # pylint: disable=import-outside-toplevel
        with FakeModel() as models, GatewayCluster(models) as cluster:
            for node in range(4):
                models.fail(node, ANSWER)
            cluster.start()
            with self.assertRaises(openai.InternalServerError):
                client_of(cluster).chat.completions.create(model="decent", messages=HELLO)
            self.assertEqual(len(cluster.call("GET", "/v1/rounds")[2]["data"]), 1)
            self.assertEqual(len(models.requests), 4)

    def test_needs_the_key_that_the_operator_gave(self):
        import openai  # pylint: disable=import-outside-toplevel
        with FakeModel() as models, GatewayCluster(models, keys=True) as cluster:
            cluster.start()
            with self.assertRaises(openai.AuthenticationError):
                client_of(cluster, "another").models.list()
            reply = client_of(cluster, KEY).chat.completions.create(model="decent", messages=HELLO)
            self.assertEqual(reply.choices[0].message.content, models.answer_of(0))


if __name__ == "__main__":
    unittest.main()
