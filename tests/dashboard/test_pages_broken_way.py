"""A network that fails while a page loads, and a node that is busy for a moment: what may pass is
tried again, what costs is asked once, and what stays away is said, with the way out."""

import unittest
from urllib.parse import urlsplit

from browser import PATIENCE_MS
from played import Node, Played, a_council, a_member, a_round, round_id

GIVEN_UP = a_round(1, status="undecided", evidence=[])


class BrokenWay(Played):
    def setUp(self):
        super().setUp()
        self.renew()

    def renew(self):
        """A page of a browser that knows nothing yet. The browser tells its console of each request
        that fails: not open()."""
        context = self.browser.new_context()
        self.addCleanup(context.close)
        context.set_default_timeout(PATIENCE_MS)
        self.page = context.new_page()
        self.asked = []
        self.page.route("**/v1/**", self.serve)

    def serve(self, route):
        path = urlsplit(route.request.url).path
        if path == f"/v1/rounds/{round_id(1)}":
            route.fulfill(json=GIVEN_UP)
        elif path == "/v1/models":
            route.fulfill(json={"object": "list", "data": [{"id": "decent"}]})
        else:
            Node([a_round(1)], a_council([a_member(0, "alice")])).serve(route)

    def break_off(self, path, times, **answer):
        """The first requests for that path get the answer, or none."""
        def handle(route):
            self.asked.append(route.request)
            if len(self.asked) > times:
                route.fallback()
            elif answer:
                route.fulfill(**answer)
            else:
                route.abort("connectionreset")
        self.page.route(f"**{path}", handle)

    def goto(self, name):
        self.page.goto(f"{self.server.origin}/#/{name}")

    def assert_round_shown(self):
        self.page.get_by_text("Given up undecided.").wait_for()
        self.assertEqual(self.page.get_by_role("alert").count(), 0)

    def test_every_part_of_a_page_may_fail_once(self):
        asked = set()
        self.page.on("request", lambda request: asked.add(urlsplit(request.url).path))
        self.goto(f"rounds/{round_id(1)}")
        self.assert_round_shown()
        parts = sorted(path for path in asked if path.startswith("/dashboard/"))
        self.assertIn("/dashboard/app.js", parts)
        self.assertIn("/dashboard/round.js", parts)
        for path in parts:
            with self.subTest(path):
                self.renew()
                self.break_off(path, 1)
                self.goto(f"rounds/{round_id(1)}")
                self.assert_round_shown()
                self.page.context.close()

    def test_an_answer_that_does_not_come_is_asked_for_again(self):
        self.break_off(f"/v1/rounds/{round_id(1)}", 2)
        self.goto(f"rounds/{round_id(1)}")
        self.assert_round_shown()

    def be_busy(self, times, seconds):
        self.break_off(f"/v1/rounds/{round_id(1)}", times, status=503,
                       headers={"Retry-After": str(seconds)},
                       json={"error": {"message": "the node is busy"}})

    def test_a_busy_node_is_asked_again_when_it_says_and_not_before(self):
        self.page.clock.install(time=0)
        self.page.clock.pause_at(1)
        self.page.add_init_script("""const set = window.setTimeout;
          window.waits = [];
          window.setTimeout = (task, time, ...more) => {
            window.waits.push(time);
            return set(task, time, ...more);
          };""")
        self.be_busy(1, 4)
        self.goto(f"rounds/{round_id(1)}")
        self.page.wait_for_function("window.waits.includes(4000)")
        self.page.clock.run_for(3999)
        # Whatever was asked before this has been asked now.
        self.page.evaluate("fetch('/dashboard/icon.svg').then(() => 0)")
        self.assertEqual(len(self.asked), 1)
        self.page.clock.run_for(1)
        self.assert_round_shown()
        self.assertEqual(len(self.asked), 2)

    def test_nobody_waits_an_hour_without_a_word(self):
        self.be_busy(1, 3600)
        self.goto(f"rounds/{round_id(1)}")
        self.page.get_by_role("alert").get_by_text("the node is busy").wait_for()

    def test_what_a_page_can_do_without_keeps_nothing_back(self):
        self.break_off("/v1/roster", 1000)
        self.goto(f"rounds/{round_id(1)}")
        self.assert_round_shown()
        self.page.get_by_role("heading", name="Timeline").wait_for()
        self.assertEqual(len(self.asked), 1)

    def test_an_answer_that_is_not_the_nodes_is_told_at_once(self):
        self.break_off(f"/v1/rounds/{round_id(1)}", 9, content_type="text/html", body="<p>Log in!")
        self.goto(f"rounds/{round_id(1)}")
        self.page.get_by_role("alert").get_by_text("something else than the node").wait_for()
        self.assertEqual(len(self.asked), 1)

    def test_rates_that_could_not_be_counted_are_counted_at_the_next_look(self):
        self.break_off("/v1/rounds?*", 1)
        self.goto("nodes")
        alert = self.page.get_by_role("alert")
        alert.get_by_text("the node does not answer").wait_for()
        self.page.get_by_text("No certified round yet: rates are unknown.").wait_for()
        alert.wait_for(state="detached")
        self.assertEqual(len(self.asked), 2)

    def test_what_was_one_request_too_many_is_asked_for_again(self):
        self.break_off(f"/v1/rounds/{round_id(1)}", 1, status=429, headers={"Retry-After": "1"},
                       json={"error": {"message": "this API key has 64 requests under way"}})
        self.goto(f"rounds/{round_id(1)}")
        self.assert_round_shown()
        self.assertEqual(len(self.asked), 2)

    def test_a_refusal_is_not_asked_again(self):
        self.break_off(f"/v1/rounds/{round_id(1)}", 9, status=404,
                       json={"error": {"message": "no such round"}})
        self.goto(f"rounds/{round_id(1)}")
        self.page.get_by_role("alert").get_by_text("no such round").wait_for()
        self.assertEqual(len(self.asked), 1)

    def test_a_question_is_sent_once(self):
        self.break_off("/v1/rounds", 9)
        self.goto("ask")
        self.page.get_by_role("textbox", name="Question").fill("What is 17 + 25?")
        self.page.get_by_role("button", name="Ask the council").click()
        alert = self.page.get_by_role("alert")
        alert.get_by_text("The council may have the question all the same").wait_for()
        self.assertEqual([request.method for request in self.asked], ["POST"])

    def test_a_node_that_stays_away_is_said_with_the_way_out(self):
        self.break_off(f"/v1/rounds/{round_id(1)}", 4)
        self.goto(f"rounds/{round_id(1)}")
        self.page.get_by_role("alert").get_by_text("the node does not answer").wait_for()
        self.page.get_by_role("button", name="Try again").click()
        self.assert_round_shown()

    def test_a_part_that_stays_away_is_said_with_the_way_out(self):
        for path in ("app.js", "dom.js", "style.css", "round.js"):
            with self.subTest(path):
                self.renew()
                pattern = f"/dashboard/{path}"
                self.break_off(pattern, 1000)
                self.goto(f"rounds/{round_id(1)}")
                self.page.get_by_role("alert").get_by_text("could not be loaded").wait_for()
                self.page.unroute(f"**{pattern}")
                self.page.get_by_role("button", name="again").click()
                self.assert_round_shown()


if __name__ == "__main__":
    unittest.main()
