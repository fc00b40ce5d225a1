"""Lists of rounds that grow for days, in which rounds vanish, and that begin with old open ones;
councils that lack nodes; and what is known of money, of other rosters and of numbers too large."""

import datetime
import json
import time
import unittest

from played import Node, Played, a_council, a_member, a_round, an_event, round_id

DAY_MS = 86_400_000


def certified(number, winner="alice"):
    """A round in which alice and bob gave all."""
    answer = {"status": "usable", "robust_score": 10.0, "elapsed_ms": 1000}
    sheet = {"status": "usable", "outlier": False}
    return a_round(number, decent={"winner": winner, "dissent": {"agents": []}, "agents": [
        {"agent": name, "index": index, "answer": answer, "sheet": sheet}
        for index, name in enumerate(("alice", "bob"))]})


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


class Nodes(Played):
    MEMBERS = [a_member(0, "alice"), a_member(1, "bob"), a_member(2, "carol", up=False)]

    def cells(self, page, table, name):
        """The texts of a row by their columns' labels."""
        row = page.get_by_role("table", name=table).get_by_role("row").filter(
            has=page.get_by_role("rowheader", name=name))
        row.wait_for()
        return {cell.get_attribute("data-label"): cell.inner_text()
                for cell in row.locator("td").all()}

    def test_a_quorum_that_is_too_few_for_a_round_is_said_to_be_too_few(self):
        """Two of three can sign, but none of three may lie: a round needs them all."""
        answers = a_council(self.MEMBERS)
        status = answers["/v1/nodes"]["node"]
        self.assertEqual((status["reachable"], status["quorum"], status["needed"]), (2, 2, 3))
        page = self.visit("nodes", Node([], answers))
        self.wait_text(page, "2 of 3 are reachable, 3 are needed")
        status["reachable"] = 3
        page.get_by_text("Too few nodes.").wait_for(state="detached")
        self.wait_text(page, "3 of 3, 3 needed, quorum 2, 0 may lie")

    def test_links_a_node_that_is_down_and_faults(self):
        down = {"up": False, "state": "waiting", "detail": "connection refused", "version": None,
                "round_trip_ms": None, "clock_offset_ms": None, "last_seen_unix_ms": 10**12,
                "frames_dropped": 1}
        faulty = {"faults": {"bad_signature": 3, "equivocation": 0, "flood": 1200},
                  "frames_dropped": 7, "version": "1.2.4", "round_trip_ms": 12.34}
        page = self.visit("nodes", Node([], a_council([
            a_member(0, "alice"), a_member(1, "bob", **faulty), a_member(2, "carol", **down)])))
        alice, bob, carol = (self.cells(page, "Nodes of the roster", name)
                             for name in ("alice", "bob", "carol"))
        self.assertEqual([one["Version"] for one in (alice, bob, carol)],
                         ["1.2.3", "1.2.4", "unknown"])
        self.assertEqual([one["Round trip"] for one in (alice, bob, carol)],
                         ["–", "12.3 ms", "unknown"])
        self.assertEqual(bob["Faults"].splitlines(),
                         ["▲ bad signature 3, ▲ flood 1,200", "7 frames dropped"])
        self.assertEqual(alice["Faults"], "none")
        self.assertEqual(carol["Faults"].splitlines(), ["none", "1 frame dropped"])
        self.assertIn("up", bob["State"])
        for text in ("down", "connection refused", "last seen"):
            self.assertIn(text, " ".join(carol["State"].split()))

    def test_rates_are_counted_again_when_a_round_ended_and_not_before(self):
        node = Node([certified(1)], a_council(self.MEMBERS))
        page = self.visit("nodes", node)
        self.wait_text(page, "Counted from 1 certified round of the latest 1.")
        for _ in range(2):
            page.wait_for_event("request", lambda one: one.url.endswith("/v1/nodes"))
        # Of two looks one at least is over, with all that it asked for.
        self.assertEqual(len(node.asked), 1)
        # As many are stored as before: retention discarded an older one.
        node.rounds.append(certified(2, winner="bob"))
        node.answers["/v1/nodes"]["node"]["store_bytes"] += 100
        self.wait_text(page, "Counted from 2 certified rounds of the latest 2.")
        bob = self.cells(page, "Agents over the latest rounds", "bob")
        self.assertEqual(bob["Wins"].splitlines(), ["50 %", "1 of 2"])

    def test_of_two_ranges_the_one_chosen_last_is_counted(self):
        node = Node([certified(i) for i in range(60)], a_council(self.MEMBERS))
        page = self.visit("nodes", node)
        self.wait_text(page, "of the latest 50.")
        late = []
        page.route("**/v1/rounds?limit=20&*", lambda route: late.append(route))
        choice = page.get_by_label("Over the latest rounds")
        with page.expect_request("**/v1/rounds?limit=20&*"):
            choice.select_option("20")
        choice.select_option("100")
        self.wait_text(page, "of the latest 60.")
        node.serve(late[0])
        # Whatever has arrived before this is shown now.
        page.evaluate("fetch('/dashboard/icon.svg').then(() => 0)")
        self.assertEqual(page.get_by_text("of the latest 60.").count(), 1)


class Round(Played):
    def test_evidence_of_another_roster_has_the_names_of_its_round(self):
        path = f"/v1/rounds/{round_id(1)}"
        evidence = [{"id": "e" * 64, "author_index": index, "author": None, "kind": "two_votes",
                     "unix_ms": 1_700_000_000_000} for index in (1, 7)]
        told = {**certified(1), "cluster_id": "b" * 64, "bundle_bytes": 0, "evidence": evidence}
        page = self.visit(f"rounds/{round_id(1)}", Node([], {
            **a_council([a_member(i, name) for i, name in enumerate(("dave", "erin"))]),
            path: told, f"{path}/events": {}}))
        self.wait_text(page, "against bob: two votes")
        self.wait_text(page, "against node 7: two votes")

    def test_what_was_told_of_nodes_without_names_is_told_again_with_them(self):
        path = f"/v1/rounds/{round_id(1)}"
        other = {"cluster_id": "b" * 64, "bundle_bytes": 0, "evidence": []}
        running = a_round(1, status="running", answers=1, sheets=0, waiting_for=None, **other)
        node = Node([], {
            **a_council([a_member(i, name) for i, name in enumerate(("dave", "erin"))]),
            path: running, f"{path}/events": an_event(1, "answer.received", node=1)})
        page = self.visit(f"rounds/{round_id(1)}", node)
        self.wait_text(page, "node 1 answered")
        node.answers[path] = {**certified(1), **other}
        node.answers[f"{path}/events"] = an_event(2, "round.certified")
        self.wait_text(page, "bob answered")
        self.assertEqual(page.get_by_text("node 1 answered").count(), 0)


class Ask(Played):
    def test_a_seed_that_would_be_rounded_is_refused_where_it_is_typed(self):
        path = f"/v1/rounds/{round_id(1)}"
        node = Node([], {
            **a_council([a_member(0, "alice")]), "/v1/models": {"data": [{"id": "decent"}]},
            path: a_round(1, status="undecided", evidence=[]), f"{path}/events": {}})
        page = self.visit("ask", node)
        page.get_by_role("textbox", name="Question").fill("What is 17 + 25?")
        options, seed = page.get_by_text("Options"), page.get_by_label("Seed")
        ask = page.get_by_role("button", name="Ask the council")
        for typed in (2**53, 2**53 + 1, -2**53, 2**63 - 1):
            with self.subTest(typed):
                options.click()
                seed.fill(str(typed))
                options.click()
                self.assertFalse(seed.is_visible())
                ask.click()
                page.wait_for_function("document.activeElement.type === 'number'")
                self.assertTrue(seed.is_visible())
                self.assertIn(str(2**53 - 1), seed.evaluate("one => one.validationMessage"))
                self.assertEqual(node.posted, [])
                options.click()
        for typed in (2**53 - 1, 1 - 2**53):
            with self.subTest(typed):
                page.goto(f"{self.server.origin}/#/ask")
                page.get_by_role("textbox", name="Question").fill("What is 17 + 25?")
                options.click()
                seed.fill(str(typed))
                ask.click()
                self.wait_text(page, "Given up undecided.")
                self.assertEqual(json.loads(node.posted[-1])["seed"], typed)


class Cost(Played):
    def test_money_and_tokens_are_summed_by_agent_and_by_day(self):
        now = int(1000 * time.time())
        alice = {"agent": "alice", "prompt_tokens": 1000, "completion_tokens": 200,
                 "cost_usd": 1.25, "cost_known": True}
        bob = {"agent": "bob", "prompt_tokens": 10, "completion_tokens": 5,
               "cost_usd": 0.000125, "cost_known": True}
        silent = {**bob, "cost_usd": None, "cost_known": False}
        page = self.visit("cost", Node([
            a_round(1, now - 1000, decent={"agents": [alice, bob]}),
            a_round(2, now - 2000, decent={"agents": [alice, silent]}),
            a_round(3, now - 2 * DAY_MS, decent={"agents": [alice]})]))
        self.wait_text(page, "3 rounds in the last 7 days.")
        self.assertEqual([tile.splitlines() for tile in page.locator(".tile dd").all_inner_texts()],
                         [["3"], ["3,020"], ["610"], ["$3.75", "and unknown in 1 of 3"]])

        def table(name):
            rows = page.get_by_role("table", name=name).locator("tbody tr").all()
            return [[cell.replace("\n", "; ") for cell in one.locator("th, td").all_inner_texts()]
                    for one in rows]

        # The fifth column is a bar.
        self.assertEqual(table("Tokens and cost by agent"), [
            ["alice", "3", "3,000", "600", "", "$3.75"],
            ["bob", "2", "20", "10", "", "$0.000125; and unknown in 1 of 2"]])
        dates = [datetime.date.fromtimestamp((now - back) / 1000).isoformat()
                 for back in (1000, 2 * DAY_MS)]
        self.assertEqual(table("Tokens and cost by day"), [
            [dates[0], "2", "2,020", "410", "", "$2.50; and unknown in 1 of 2"],
            [dates[1], "1", "1,000", "200", "", "$1.25"]])
        bars = page.get_by_role("table", name="Tokens and cost by agent").locator(".share")
        self.assertEqual([bar.get_attribute("title") for bar in bars.all()],
                         ["100 % of the largest", "1 % of the largest"])

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
