"""The dashboard while things happen: new rounds, a question asked, a stream of events that breaks."""

import json
import unittest

from cluster import TEST_DEADLINES
from fake_model import JUDGE
from pages import PagesTest


class ManyRounds(PagesTest):
    deadlines = TEST_DEADLINES

    @classmethod
    def ask_all(cls):
        for i in range(53):
            cls.ask(f"round {i}", f"Question number {i}?")

    def test_older_rounds_are_loaded_and_the_list_stays_live(self):
        page = self.visit()
        self.wait_text(page, "The latest 50 rounds.")
        page.get_by_label("Search").fill("number 1?")
        self.wait_text(page, "0 of the latest 50 rounds searched.")
        page.get_by_role("button", name="Load older rounds").click()
        self.wait_text(page, "1 of all 53 rounds searched.")
        page.get_by_role("link", name="Question number 1?").wait_for()
        page.get_by_label("Search").fill("")
        self.wait_text(page, "All 53 rounds.")
        self.assertTrue(page.get_by_role("button", name="Load older rounds").is_hidden())
        held = page.get_by_role("link", name="Question number 30?")
        held.focus()
        self.ask("late", "One more?")
        self.wait_text(page, "All 54 rounds.")
        page.get_by_role("link", name="One more?").wait_for()
        self.assertTrue(held.evaluate("link => link === document.activeElement"))


class Live(PagesTest):
    deadlines = TEST_DEADLINES

    @classmethod
    def ask_all(cls):
        cls.ask("plain", "What is 17 + 25?")

    def test_a_stream_of_events_that_breaks_is_taken_up_behind_its_last_event(self):
        page = self.open("/")
        asked = []
        path = f"/v1/rounds/{self.rounds['plain']}/events"
        whole = self.cluster.call("GET", path)[2].decode().split("\n\n")

        def serve(route):
            asked.append(route.request.headers.get("last-event-id"))
            if len(asked) == 1:
                route.fulfill(content_type="text/event-stream",
                              body="\n\n".join(whole[:3]) + "\n\n: and then the line goes d")
            elif len(asked) == 2:
                route.fulfill(content_type="text/event-stream", body=": awake\n\n")
            else:
                route.continue_()

        running = {**self.cluster.call("GET", f"/v1/rounds/{self.rounds['plain']}")[2],
                   "status": "running"}
        page.route(f"**/v1/rounds/{self.rounds['plain']}",
                   lambda route: route.fulfill(json=running))
        page.route(f"**{path}", serve)
        page.goto(f"{self.server.origin}/#/rounds/{self.rounds['plain']}")
        events = page.get_by_role("list", name="Events of the round")
        events.get_by_text("certified: the proof is complete").wait_for()
        self.assertEqual(asked, [None, "3", "3"])
        self.assertEqual(events.locator("li").count(), len(whole) - 1)

    def test_asking_leads_to_the_live_round_and_loses_nothing(self):
        page = self.visit("ask")
        page.get_by_text("Options").click()
        page.get_by_role("textbox", name="Question").fill("How many moons has Mars?")
        page.get_by_label("System prompt").fill("Be brief.")
        page.get_by_label("Temperature").fill("0.5")
        page.get_by_label("Council").select_option("decent")
        page.reload()
        self.assertEqual(page.get_by_role("textbox", name="Question").input_value(),
                         "How many moons has Mars?")
        self.assertEqual(page.get_by_label("System prompt").input_value(), "Be brief.")
        sent = []
        page.on("request", lambda request: sent.append(request.post_data)
                if request.method == "POST" else None)
        self.models.hold(1, JUDGE)
        try:
            page.get_by_role("button", name="Ask the council").click()
            self.wait_text(page, "Waits for sheets of bob")
            events = page.get_by_role("list", name="Events of the round")
            events.get_by_text("collecting scores").wait_for()
        finally:
            self.models.release()
        page.get_by_role("heading", name="Certificate").wait_for()
        self.wait_text(page, "Be brief.")
        request = json.loads(sent[0])
        self.assertEqual(request["temperature"], 0.5)
        self.assertEqual([m["role"] for m in request["messages"]], ["system", "user"])
        page.get_by_role("link", name="Ask", exact=True).click()
        self.assertEqual(page.get_by_role("textbox", name="Question").input_value(), "")


if __name__ == "__main__":
    unittest.main()
