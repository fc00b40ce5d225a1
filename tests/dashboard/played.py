"""The dashboard's pages with a node that the test plays: what no council does within a test."""

from urllib.parse import parse_qs, urlsplit

from browser import DASHBOARD, BrowserTest

# What the page's readers of the screen are told, noted from the start.
LISTEN = """window.told = [];
addEventListener('DOMContentLoaded', () => new MutationObserver((all) => all.forEach((one) =>
    one.addedNodes.forEach((node) => window.told.push(node.data))))
    .observe(document.getElementById('announcer'), { childList: true }));"""


def round_id(number):
    return f"{number:064x}"


def a_round(number, started=None, finished=None, status="decided", **more):
    """Round `number` took half a second, or is running; without times they follow the numbers."""
    started = 1_700_000_000_000 + 1000 * number if started is None else started
    finished = None if status == "running" else started + 500 if finished is None else finished
    return {"id": round_id(number), "object": "round", "status": status,
            "started_unix_ms": started, "finished_unix_ms": finished,
            "question": f"Question number {number}?", "result": None, "decent": None, **more}


class Node:
    """Lists rounds as the gateway does: first the open ones, then by the end, latest first."""

    def __init__(self, rounds):
        self.rounds = rounds
        self.asked = []

    def serve(self, route):
        address = urlsplit(route.request.url)
        if address.path != "/v1/rounds":
            route.fulfill(status=404, json={"error": {"message": "not played here"}})
            return
        query = {name: value for name, (value,) in parse_qs(address.query).items()}
        self.asked.append(query)
        order = sorted(self.rounds, reverse=True, key=lambda one: (
            one["status"] == "running", one["finished_unix_ms"] or one["started_unix_ms"]))
        ids = [one["id"] for one in order]
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        page = order[start:start + int(query["limit"])]
        route.fulfill(json={"object": "list", "data": page, "first_id": None,
                            "last_id": page[-1]["id"] if page else None,
                            "has_more": start + len(page) < len(order)})


class Played(BrowserTest):
    folders = {"/": DASHBOARD, "/dashboard/": DASHBOARD}

    def visit(self, name, node=None, script=LISTEN):
        """A page of the dashboard, whose node is that one."""
        self.server.files["/blank.html"] = b"<!doctype html><title>blank</title>"
        page = self.open("/blank.html")
        page.route("**/v1/**", (node or Node([])).serve)
        page.add_init_script(script)
        page.goto(f"{self.server.origin}/#/{name}")
        page.get_by_role("heading", level=1).wait_for()
        return page

    def wait_text(self, page, text):
        page.get_by_text(text).first.wait_for()
