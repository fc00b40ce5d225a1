"""A gateway as its users reach it: by its URL, with the standard library and nothing of the project."""

import json
import urllib.error
import urllib.request

from programs import PATIENCE_SECONDS

# Whatever proxy the environment names, what is on loopback is asked directly.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(url, key=None, body=None):
    """Status, headers and body as text; a POST of JSON where `body` is given."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    if body is not None:
        headers["Content-Type"] = "application/json"
    request = urllib.request.Request(
        url, None if body is None else json.dumps(body).encode(), headers)
    try:
        with _OPENER.open(request, timeout=5 * PATIENCE_SECONDS) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def ask(url, question, key=None, model="decent"):
    """The council's answer; fails where there is none."""
    status, _, text = get(f"{url}/v1/chat/completions", key, {
        "model": model, "messages": [{"role": "user", "content": question}]})
    assert status == 200, f"{status} {text}"
    return json.loads(text)["choices"][0]["message"]["content"]


def check_dashboard(url):
    """The first page is there, and may run no script but this server's."""
    status, headers, page = get(f"{url}/")
    assert status == 200, f"{status} {page}"
    assert headers["Content-Type"].startswith("text/html"), headers
    assert "script-src 'self'" in headers["Content-Security-Policy"], headers
