"""OpenAI's official client against a gateway: what it gets of the real small model, for there the
plumbing as a whole counts. Which of its errors it raises is in test_gateway_client_errors."""

import unittest

import python_packages
import small_model
from fake_model import FakeModel
from gateway_cluster import KEY, GatewayCluster

MISSING = python_packages.missing("openai")
HELLO = [{"role": "user", "content": "What is the capital of France?"}]


def client_of(cluster, key="none", **options):
    import openai  # pylint: disable=import-outside-toplevel
    return openai.OpenAI(base_url=f"http://127.0.0.1:{cluster.port}/v1", api_key=key, timeout=600,
                         **options)


def extras(model):
    """The names, at any depth but below them, that the client's own types do not know."""
    if isinstance(model, list):
        return set().union(*map(extras, model))
    if not hasattr(model, "model_extra"):
        return set()
    return set(model.model_extra).union(*(extras(getattr(model, name))
                                          for name in type(model).model_fields))


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
        self.assertEqual(extras(reply), {"decent"})

    def check_stream(self, client):
        text, finished, usage = "", [], None
        with client.chat.completions.create(
                model="decent-2", messages=HELLO, stream=True, max_tokens=24,
                stream_options={"include_usage": True}) as chunks:
            for chunk in chunks:
                self.assertEqual(chunk.object, "chat.completion.chunk")
                type(chunk).model_validate(chunk.model_dump(), strict=True)
                finishes = bool(chunk.choices and chunk.choices[0].finish_reason)
                self.assertEqual(extras(chunk), {"decent"} if finishes else set())
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
