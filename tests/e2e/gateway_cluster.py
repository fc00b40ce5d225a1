"""A cluster whose first node serves the gateway, and HTTP to it, plain enough to break its rules."""

import hashlib
import http.client
import json
import time

from cluster import Cluster
from ports import free_ports
from programs import PATIENCE_SECONDS

KEY = "a key for tests"
BUSY = b"the node is busy; try again"


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
        connection = self.open_unread(method, path, body, **headers)
        return connection, connection.getresponse()

    def open_unread(self, method, path, body=None, **headers):
        """The same before a reply has come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            body = body if isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, body, sent)
        return connection

    def call(self, method, path, body=None, **headers):
        """Status, headers and body, parsed where it is JSON. To look is asked again of a node that
        says that it is busy."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            connection, reply = self.open(method, path, body, **headers)
            data = reply.read()
            connection.close()
            if method != "GET" or BUSY not in data or time.monotonic() > deadline:
                break
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
    if not text.strip():
        return []
    return [dict(line.split(": ", 1) if not line.startswith(":") else ("", line[2:])
                 for line in block.split("\n")) for block in text.strip().split("\n\n")]
