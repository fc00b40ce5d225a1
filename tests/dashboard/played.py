"""The dashboard's pages with a node that the test plays: what no council does within a test."""

import json
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


def a_member(index, name, **more):
    """A node as /v1/nodes lists it: up, and of the first index the one that is asked."""
    return {"object": "node", "name": name, "index": index, "self": index == 0, "owner": None,
            "model_family": None, "worker": True, "evaluator": True, "up": True,
            "state": "linked", "detail": None, "version": "1.2.3", "round_trip_ms": 0.5,
            "clock_offset_ms": 0.25, "last_seen_unix_ms": None, "bytes_sent": 10,
            "bytes_received": 20, "frames_dropped": 0, "faults": {}, **more}


def a_council(members, **more):
    """What a node of such a council answers to the nodes page; `more`: of its status."""
    n, f = len(members), (len(members) - 1) // 3
    sizes = {"n": n, "f": f, "quorum": (n + f + 2) // 2}
    status = {"name": members[0]["name"], "version": "1.2.3", "voting": True,
              "not_voting_because": None, "reachable": sum(one["up"] for one in members), **sizes,
              "needed": n - f, "rounds_open": 0, "rounds_stored": 1, "store_bytes": 1000,
              "evidence": 0, "started_unix_ms": 1_700_000_000_000, **more}
    panel = {"size": n, "faulty": f, "gate": n - f, "minimum": n - f}
    deadlines = {"soft_ms": 1000, "hard_ms": 2000}
    roster = {"object": "roster", "cluster_id": "c" * 64, "epoch": 1, **sizes,
              "rule": "geometric_median", "criteria": ["clarity"], "answer": deadlines,
              "sheet": deadlines, "panels": {"answer": panel, "sheet": panel}, "rosters": [],
              "nodes": [{"name": one["name"], "index": one["index"], "public_key": "d" * 64,
                         "worker": True, "evaluator": True, "addresses": []}
                        for one in members]}
    return {"/v1/nodes": {"object": "list", "data": members, "node": status},
            "/v1/roster": roster}


def an_event(number, kind, **more):
    """The text of a round's event."""
    told = {"seq": number, "ts": 1_700_000_000_000 + number, "type": kind, **more}
    return f"id: {number}\nevent: {kind}\ndata: {json.dumps(told)}\n\n"


class Node:
    """Lists rounds as the gateway does: first the open ones, then by the end, latest first.
    `answers`: what it says to other paths, a text as a stream of events. Questions are taken, and kept in `posted`."""

    def __init__(self, rounds, answers=()):
        self.rounds = rounds
        self.answers = dict(answers)
        self.asked = []
        self.posted = []

    def serve(self, route):
        address = urlsplit(route.request.url)
        if route.request.method == "POST":
            self.posted.append(route.request.post_data)
            route.fulfill(status=202, json={"id": round_id(1)})
            return
        if address.path in self.answers:
            answer = self.answers[address.path]
            if isinstance(answer, str):
                route.fulfill(body=answer, content_type="text/event-stream")
            else:
                route.fulfill(json=answer)
            return
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
