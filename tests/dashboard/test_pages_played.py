"""Lists of rounds that grow for days, in which rounds vanish, and that begin with old open ones."""

import time
import unittest

from played import Node, Played, a_round

DAY_MS = 86_400_000


class Rounds(Played):
    def test_a_list_open_for_days_keeps_as_much_as_was_loaded(self):
        node = Node([a_round(i) for i in range(120)])
        page = self.visit("rounds", node)
        self.wait_text(page, "The latest 50 rounds.")
        page.get_by_role("button", name="Load older rounds").click()
        self.wait_text(page, "The latest 100 rounds.")
        node.rounds += [a_round(i) for i in range(120, 150)]
        page.get_by_role("link", name="Question number 149?").wait_for()
        self.wait_text(page, "The latest 100 rounds.")
        self.assertEqual(page.get_by_role("rowheader").count(), 100)
        page.get_by_role("button", name="Load older rounds").click()
        self.wait_text(page, "All 150 rounds.")
        # All were loaded once; then the list grows past what was asked for.
        node.rounds.append(a_round(150))
        self.wait_text(page, "The latest 150 rounds.")
        page.get_by_role("button", name="Load older rounds").click()
        self.wait_text(page, "All 151 rounds.")
        for number in (0, 1, 19, 20, 49, 50, 51, 149, 150):
            page.get_by_role("link", name=f"Question number {number}?").wait_for()

    def test_a_round_given_up_leaves_the_list(self):
        node = Node([a_round(1), a_round(2, status="running"), a_round(3, status="running")])
        page = self.visit("rounds", node)
        self.wait_text(page, "All 3 rounds.")
        node.rounds[1:] = [a_round(3)]
        self.wait_text(page, "All 2 rounds.")
        self.assertEqual(page.get_by_role("link", name="Question number 2?").count(), 0)
        page.get_by_label("State").select_option("running")
        self.wait_text(page, "0 of all 2 rounds searched.")

    def test_more_open_rounds_than_a_page_holds_stay(self):
        node = Node([a_round(i, status="running") for i in range(60)] + [a_round(60)])
        page = self.visit("rounds", node)
        page.get_by_role("button", name="Load older rounds").click()
        self.wait_text(page, "All 61 rounds.")
        asked = len(node.asked)
        page.wait_for_event("response", lambda _: len(node.asked) > asked + 1)
        self.wait_text(page, "All 61 rounds.")

    def test_rounds_that_ended_unseen_are_behind_load_older(self):
        """60 end between two looks, 40 that were running and 20 new: the first page lacks ten."""
        node = Node([a_round(0)] + [a_round(i, status="running") for i in range(1, 41)])
        page = self.visit("rounds", node)
        self.wait_text(page, "All 41 rounds.")
        node.rounds[1:] = [a_round(i) for i in range(1, 61)]
        self.wait_text(page, "The latest 50 rounds.")
        page.get_by_role("button", name="Load older rounds").click()
        self.wait_text(page, "All 61 rounds.")
        self.assertEqual(page.get_by_text("running", exact=True).count(), 1)  # a choice of states

    def test_what_happens_twice_is_told_twice_and_nothing_is_lost(self):
        node = Node([a_round(1), a_round(2, status="running")])
        page = self.visit("rounds", node)
        self.wait_text(page, "All 2 rounds.")
        for number in (3, 4):
            node.rounds.append(a_round(number))
            page.get_by_role("link", name=f"Question number {number}?").wait_for()
        node.rounds[1:2] = [a_round(2), a_round(5)]
        page.get_by_role("link", name="Question number 5?").wait_for()
        page.wait_for_function("window.told.length === 3")
        self.assertEqual(page.evaluate("window.told"), [
            "1 new round.", "1 new round.",
            "1 new round. A round is decided: Question number 2?"])


class Cost(Played):
    def test_old_open_rounds_do_not_end_the_counting(self):
        agent = {"agent": "alice", "prompt_tokens": 10, "completion_tokens": 5, "cost_usd": 0.5,
                 "cost_known": True}
        now = int(1000 * time.time())
        spent = [a_round(i, now - 1000 * (300 - i), decent={"agents": [agent]})
                 for i in range(250)]
        # One open since last week, one that began before the range and ended in it, an old one.
        other = [a_round(900, now - 8 * DAY_MS, status="running"),
                 a_round(901, now - 8 * DAY_MS, now - 2 * DAY_MS, decent={"agents": [agent]}),
                 *[a_round(1000 + i, now - 9 * DAY_MS + i, decent={"agents": [agent]})
                   for i in range(250)]]
        node = Node(spent + other)
        page = self.visit("cost", node)
        self.wait_text(page, "250 rounds in the last 7 days.")
        tile = page.locator(".tile").filter(has_text="Prompt tokens").locator("dd")
        self.assertEqual(tile.inner_text(), "2,500")
        self.assertEqual(page.get_by_text("were read").count(), 0)
        self.assertEqual(len(node.asked), 3)  # not all 502: the third page reaches the old ones

    def test_claims_that_the_node_does_not_believe_are_unknown_not_nothing(self):
        unknown = {"agent": "alice", "prompt_tokens": None, "completion_tokens": None,
                   "cost_usd": None, "cost_known": False}
        half = {**unknown, "agent": "bob", "prompt_tokens": 7}
        now = int(1000 * time.time())
        page = self.visit("cost", Node([a_round(1, now - 1000, decent={
            "agents": [unknown, half]})]))
        self.wait_text(page, "1 round in the last 7 days.")
        self.assertEqual(page.locator(".tile dd").all_inner_texts(),
                         ["1", "unknown", "unknown", "unknown"])
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download as CSV").click()
        for line in saved.value.path().read_text().splitlines()[1:]:
            self.assertEqual(line.split(",")[2:], ["1", "unknown", "unknown", "1", "unknown", "1"])


if __name__ == "__main__":
    unittest.main()
