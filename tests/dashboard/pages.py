"""Rounds of a real council, and its dashboard in a real browser, for the tests of the pages."""

import hashlib
import os
import pathlib
from types import SimpleNamespace

from browser import PATIENCE_MS, ROOT, BrowserTest
from fake_model import ANSWER, JUDGE, FakeModel
from gateway_cluster import GatewayCluster

# Everything that a text could try to be, but for a text.
HOSTILE = ("<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>"
           "[click](javascript:window.pwned=1) \u202egnirts desrever\u202c\u0007\u200b ")
LONG_WORD = "W" * 4000
# What a page must not do, noted by the page itself before any script of it runs.
WATCH = """window.violations = [];
document.addEventListener('securitypolicyviolation', (e) => window.violations.push(
    `${e.violatedDirective} ${e.blockedURI}`));"""


class PagesTest(BrowserTest):
    """A council of four whose first node, alice, serves the gateway; the tests of a class share it.
    `rounds`: ids by the names that ask_all() gives them."""

    # Dave's sheet is waited for until the first; a stall of the disk is no reason to miss another.
    deadlines = {"soft": "10s", "hard": "15m"}
    keys = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.why_not:
            return
        cls.models = cls.enterClassContext(FakeModel())
        cls.cluster = GatewayCluster(cls.models, cls.keys, deadlines=cls.deadlines)
        cls.prepare()
        cls.enterClassContext(cls.cluster)
        cls.cluster.start()
        cls.server = SimpleNamespace(origin=f"http://127.0.0.1:{cls.cluster.port}")
        cls.rounds = {}
        cls.ask_all()

    @classmethod
    def prepare(cls):
        """Before the nodes start."""
        cls.cluster.let_clients_ask()

    @classmethod
    def ask_all(cls):
        """Carol lies in all but the first round; in the second dave does not score in time."""
        cls.ask("plain", "What is 17 + 25?")
        cls.models.lie(2)
        cls.models.hold(3, JUDGE)
        cls.ask("liar", "Which is heavier, a kilogram of feathers or one of iron?")
        cls.models.release()

    @classmethod
    def ask(cls, name, text, nodes=None):
        """Asks through the gateway and waits until alice has the proof; keeps the round's id."""
        status, _, asked = cls.cluster.call("POST", "/v1/rounds", {
            "model": "decent", "messages": [{"role": "user", "content": text}]})
        assert status == 202, asked
        cls.rounds[name] = asked["id"]
        cls.cluster.wait_decided(asked["id"], nodes or cls.cluster.nodes[:1])

    @classmethod
    def fail_all_answers(cls, message):
        for node in range(4):
            cls.models.fail(node, ANSWER, message)

    def visit(self, path="rounds", **options):
        """A page of the dashboard, e.g. "nodes", or that of a round by its name."""
        name = f"rounds/{self.rounds[path]}" if path in self.rounds else path
        page = self.open(f"/#/{name}", **options)
        # Loaded once without, because a page cannot be watched before it is made.
        page.add_init_script(WATCH)
        page.reload()
        page.get_by_role("heading", level=1).wait_for()
        return page

    @staticmethod
    def screenshots():
        """The directory that they are written to."""
        directory = pathlib.Path(os.environ.get("DECENTD_SCREENSHOTS")
                                 or ROOT / "build" / "screenshots")
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def proof_of(self, name):
        """A round's bundle as bytes."""
        return self.cluster.call("GET", f"/v1/rounds/{self.rounds[name]}/bundle")[2]

    def cluster_id(self):
        return self.cluster.call("GET", "/v1/roster")[2]["cluster_id"]

    def wait_text(self, page, text):
        page.get_by_text(text).first.wait_for(timeout=PATIENCE_MS)


def row(page, name):
    """The row of a table that this name begins."""
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def with_digest(data):
    """A bundle whose last digest fits its bytes again."""
    return data[:-32] + hashlib.sha256(data[:-32]).digest()


def query_signature_changed(data):
    """The bundle with one bit of its question's signature turned round, else well-formed."""
    roster = int.from_bytes(data[16:20], "big")
    signature = 16 + 4 + roster + 4 + 1 + 4  # mark, roster, count, kind and author of the first
    changed = bytearray(data)
    changed[signature + 3] ^= 1
    return with_digest(bytes(changed))
