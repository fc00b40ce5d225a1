"""The gateway against its own OpenAPI description: schemathesis makes requests from it, good and bad
ones, and holds every answer to what is described; what it cannot see of a stream is held to it here."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import python_packages
from fake_model import ANSWER, FakeModel
from gateway_cluster import KEY, GatewayCluster, events
from programs import PATIENCE_SECONDS, ROOT

MISSING = python_packages.missing("schemathesis")

# What a schema cannot say of a question: that the last message is the user's, and not empty.
CONFIGURATION = """
[[operations]]
include-path-regex = "^/v1/rounds/"
parameters = {{ "id" = "{round_id}" }}

[[operations]]
include-operation-id = "getModel"
parameters = {{ "model" = "decent-3" }}

[[operations]]
include-method = "POST"
checks.positive_data_acceptance.enabled = false
"""


def description():
    return json.loads((ROOT / "node" / "gateway" / "openapi.json").read_text())


def without_defaults():
    """The description as it is but for `default`, by which every status would be described."""
    document = description()
    for methods in document["paths"].values():
        for operation in methods.values():
            del operation["responses"]["default"]
    return document


@unittest.skipIf(MISSING, MISSING)
class Description(unittest.TestCase):
    def test_is_served_as_it_is_in_the_source(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start(cluster.nodes[:1])
            source = description()
            self.assertEqual(cluster.call("GET", "/openapi.json")[2], source)
            self.assertEqual(source["openapi"], "3.1.0")

    def test_is_true_of_every_route(self):
        self.check_routes({}, "--max-examples", "40")

    def test_is_true_of_every_route_with_a_key(self):
        self.check_routes({"Authorization": f"Bearer {KEY}"}, "--max-examples", "5")

    def check_routes(self, authorization, *options):
        """With keys where there is something to send as one."""
        limits = ["requests_per_minute: 0", "rounds_in_flight: 0"]
        with FakeModel() as models, \
                GatewayCluster(models, bool(authorization), limits) as cluster, \
                tempfile.TemporaryDirectory() as folder:
            cluster.start()
            asked = cluster.call("POST", "/v1/rounds", {"question": "Why?"}, **authorization)[2]
            cluster.wait_decided(asked["id"], cluster.nodes[:1])
            configuration = pathlib.Path(folder) / "schemathesis.toml"
            configuration.write_text(CONFIGURATION.format(round_id=asked["id"]))
            document = pathlib.Path(folder) / "openapi.json"
            document.write_text(json.dumps(without_defaults()))
            headers = [part for name, value in authorization.items()
                       for part in ("--header", f"{name}: {value}")]
            done = subprocess.run(
                [python_packages.program("schemathesis"), "--config-file", configuration, "run",
                 document, "--url", f"http://127.0.0.1:{cluster.port}/", "--seed", "1",
                 "--phases", "coverage,fuzzing", "--continue-on-failure", *options, *headers,
                 "--request-timeout", str(PATIENCE_SECONDS), "--no-color"],
                cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)
            cluster.check_unharmed()

    def check(self, name, instance):
        """Holds it to the schema of that name."""
        import jsonschema_rs  # pylint: disable=import-outside-toplevel
        schema = {"$ref": f"#/components/schemas/{name}", "components": description()["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(instance)

    def test_is_true_of_each_event_of_a_stream(self):
        with FakeModel() as models, GatewayCluster(models) as cluster:
            cluster.start()
            for options in ({}, {"stream_options": {"include_usage": True}}):
                data = self.data_of(cluster, **options)
                self.assertEqual(data.pop(), "[DONE]")
                chunks = [json.loads(one) for one in data]
                for chunk in chunks:
                    self.check("ChatCompletionChunk", chunk)
                self.assertEqual(["usage" in chunk for chunk in chunks], [bool(options)] * len(chunks))
                finished, = (chunk for chunk in chunks
                             if chunk["choices"] and chunk["choices"][0]["finish_reason"])
                self.assertEqual([chunk for chunk in chunks if "decent" in chunk], [finished])
            path = f"/v1/rounds/{finished['decent']['round_id']}/events"
            for event in events(cluster.call("GET", path)[2].decode()):
                self.check("Event", json.loads(event["data"]))
            for node in range(4):
                models.fail(node, ANSWER)
            error, = self.data_of(cluster)
            self.check("Error", json.loads(error))

    def data_of(self, cluster, **options):
        parts = events(cluster.chat(stream=True, **options)[2].decode())
        return [part["data"] for part in parts if "data" in part]


if __name__ == "__main__":
    unittest.main()
