"""A real Chromium without a window, and a server on loopback for the pages that it opens.

Tests derive from BrowserTest. Chromium is Debian's (DECENTD_CHROMIUM names another), driven by
Playwright from the environment that tests/python_packages makes; where either is missing every
test is skipped with the reason, and run_module.py ends with 77.
"""

import os
import pathlib
import shutil
import sys
import threading
import unittest
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "tools" / "dashboard"
REQUIREMENTS = ROOT / "tests" / "requirements.txt"
# Longer than anything takes on a busy machine: it ends a test that hangs, it measures nothing.
PATIENCE_MS = 120_000

sys.path.insert(0, str(ROOT / "tests" / "e2e"))  # clusters of real daemons
import python_packages  # noqa: E402  pylint: disable=wrong-import-position


def chromium():
    return shutil.which(os.environ.get("DECENTD_CHROMIUM", "chromium"))


def missing():
    """What keeps the tests from running, or None."""
    if chromium() is None:
        return "chromium is not installed (deploy/deps.sh test)"
    return python_packages.missing("playwright")


class FileServer:
    """Serves folders on loopback, which browsers take for a secure origin: WebCrypto is there.

    `folders`: {path prefix: directory}; the longest prefix that fits counts. `files`: {path:
    bytes}, which a test may change while pages are open.
    """

    def __init__(self, folders):
        self.files = {"/favicon.ico": b""}  # every browser asks for it
        owner = self

        class Handler(SimpleHTTPRequestHandler):
            extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}

            def do_GET(self):
                data = owner.files.get(self.path)
                if data is None:
                    super().do_GET()
                    return
                self.send_response(200)
                self.send_header("Content-Type", self.guess_type(self.path))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def translate_path(self, path):
                prefix = max((p for p in folders if path.startswith(p)), key=len)
                self.directory = str(folders[prefix])
                return super().translate_path("/" + path[len(prefix):])

            def end_headers(self):
                self.send_header("Cache-Control", "no-store")
                super().end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class BrowserTest(unittest.TestCase):
    """One Chromium and one server for the tests of a class; pages are the tests' own. A page that
    throws, writes an error to its console or asks another origin for anything fails its test."""

    folders = {"/": DASHBOARD}

    @classmethod
    def setUpClass(cls):
        cls.browser = None
        cls.why_not = missing()
        if cls.why_not:
            return  # setUp skips: a skipped class would count as no test at all
        from playwright.sync_api import sync_playwright  # pylint: disable=import-outside-toplevel
        cls.server = FileServer(cls.folders)
        cls.addClassCleanup(cls.server.close)
        cls.driver = sync_playwright().start()
        cls.addClassCleanup(cls.driver.stop)
        # Chromium's sandbox refuses to run as root.
        cls.browser = cls.driver.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox"] if os.geteuid() == 0 else [])
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        if self.why_not:
            self.skipTest(self.why_not)

    def open(self, path="/", origins=(), **options):
        """A page of its own (no cookies, no storage of others) at that path of the server.
        `origins`: where else it may ask, e.g. a gateway. Options are Playwright's for a context."""
        context = self.browser.new_context(**options)
        self.addCleanup(context.close)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        problems = []
        allowed = (*(f"{origin}/" for origin in (self.server.origin, *origins)), "blob:", "data:")
        page.on("pageerror", lambda error: problems.append(f"thrown: {error}"))
        page.on("console", lambda message: None if message.type != "error" else
                problems.append(f"console: {message.text} {message.location}"))
        page.on("request", lambda request: None if request.url.startswith(allowed)
                else problems.append(f"asks {request.url}"))
        self.addCleanup(lambda: self.assertEqual(problems, []))
        self.addCleanup(self._explain, page)
        page.goto(self.server.origin + path)
        return page

    def _explain(self, page):
        """What a page of a test that failed showed in the end."""
        if self._outcome.success or page.is_closed():
            return
        print(f"\n{page.url} shows:\n{page.locator('body').inner_text()[:2000]}", file=sys.stderr)
