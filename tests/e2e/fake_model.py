"""An OpenAI-compatible model server for tests, whose replies a test can hold back.

Every node has a URL of its own (url_of(i)), so that a test sees who asked and chooses what each
node's model answers. What a judge is asked for is recognised by the JSON schema in response_format;
the reply is made from that schema.
"""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from programs import PATIENCE_SECONDS

ANSWER, JUDGE = "answer", "judge"


class FakeModel:
    """Thread-safe. Use as a context manager. `host`: where it listens; `seen_as`: what nodes call
    that host."""

    def __init__(self, host="127.0.0.1", seen_as=None):
        self._seen_as = seen_as or host
        self._changed = threading.Condition()
        self._held = set()        # (node, kind)
        self._waiting = []        # the same, of requests that are held
        self._failing = {}        # (node, kind): what it says
        self._otherwise = set()   # nodes
        self._said = {}           # node: its answer, where a test chose it
        self._lying = set()       # nodes
        self.requests = []        # (node, kind), in the order in which they came
        self.last_question = None  # the body of the last request for an answer
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                owner._serve(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer((host, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def url_of(self, node):
        return f"http://{self._seen_as}:{self._server.server_address[1]}/node{node}/v1"

    def answer_of(self, node):
        """What node's model answers to every question. Judges prefer the lowest node."""
        if node in self._said:
            return self._said[node]
        again = " Asked again, it says something else." if node in self._otherwise else ""
        return f"The answer of model {node}.{again}"

    def answer_otherwise(self, node):
        """From now on that node's model does not repeat what it has answered so far."""
        self._otherwise.add(node)

    def answer_with(self, node, text):
        """From now on that node's model answers this."""
        self._said[node] = text

    def lie(self, node):
        """From now on that node's judge turns its marks round: what is worst it calls best."""
        self._lying.add(node)

    def hold(self, node, kind):
        """Requests of that node and kind get no reply until release()."""
        with self._changed:
            self._held.add((node, kind))

    def release(self):
        with self._changed:
            self._held.clear()
            self._changed.notify_all()

    def fail(self, node, kind, message="told to fail by the test"):
        """Requests of that node and kind get HTTP 400, which is not retried."""
        with self._changed:
            self._failing[node, kind] = message

    def recover(self):
        """No request fails any more."""
        with self._changed:
            self._failing.clear()

    def wait_for_held(self, node, kind):
        """Returns when a request of that node is being held: its node now waits for its model."""
        with self._changed:
            if not self._changed.wait_for(lambda: (node, kind) in self._waiting, PATIENCE_SECONDS):
                raise AssertionError(f"node {node} sent no {kind} request; seen: {self.requests}")

    def wait_for_requests(self, more):
        """Returns when so many more requests have come than now, of any node and kind."""
        with self._changed:
            goal = len(self.requests) + more
            if not self._changed.wait_for(lambda: len(self.requests) >= goal, PATIENCE_SECONDS):
                raise AssertionError(f"{len(self.requests)} requests came, not {goal}")

    def _serve(self, handler):
        length = int(handler.headers.get("Content-Length", 0))
        request = json.loads(handler.rfile.read(length))
        match = re.fullmatch(r"/node(\d+)/v1/chat/completions", handler.path)
        if not match:
            self._reply(handler, 404, {"error": {"message": "no such path"}})
            return
        schema = request.get("response_format", {}).get("json_schema", {}).get("schema")
        key = (int(match.group(1)), JUDGE if schema else ANSWER)
        with self._changed:
            self.requests.append(key)
            if key[1] == ANSWER:
                self.last_question = request
            self._waiting.append(key)
            self._changed.notify_all()
            self._changed.wait_for(lambda: key not in self._held, PATIENCE_SECONDS)
            self._waiting.remove(key)
            failure = self._failing.get(key)
        if failure is not None:
            self._reply(handler, 400, {"error": {"message": failure}})
            return
        prompt = "\n".join(message["content"] for message in request["messages"])
        text = json.dumps(marks(schema, prompt, key[0] in self._lying)) if schema \
            else self.answer_of(key[0])
        self._reply(handler, 200, {
            "id": "chatcmpl-test", "object": "chat.completion", "model": f"fake-{key[0]}",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": len(prompt) // 4, "completion_tokens": len(text) // 4,
                      "total_tokens": (len(prompt) + len(text)) // 4}})

    @staticmethod
    def _reply(handler, status, body):
        data = json.dumps(body).encode()
        try:
            handler.send_response(status)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the node was killed while it waited


def marks(schema, prompt, lying=False):
    """A reply that fits the judge's schema: {"A1": [mark, one a criterion], ...}. Model 0's answer
    gets 20 points everywhere, each further one 1 less; turned round for a liar."""
    def mark_of(shown_text):
        model = re.search(r"answer of model (\d+)", shown_text)
        mark = max(0, 20 - int(model.group(1))) if model else 0
        return 20 - mark if lying else mark

    shown = dict(re.findall(r"<<<BEGIN \w+ (A\d+)>>>\n(.*?)\n<<<END", prompt, re.S))
    return {name: [mark_of(shown.get(name, prompt))] * inner["minItems"]
            for name, inner in schema["properties"].items()}
