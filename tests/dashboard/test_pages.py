"""The dashboard's pages say what the council did, from a real node's gateway."""

import json
import re
import unittest

from pages import PagesTest, query_signature_changed, row


def cell(page, table, name, label):
    """Of the column of that label in a row of a table, as a locator."""
    found = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
    return found.locator(f'td[data-label="{label}"]')


def event(seq, kind, **fields):
    data = {"seq": seq, "ts": 1_700_000_000_000 + seq, "type": kind, **fields}
    return f"id: {seq}\nevent: {kind}\ndata: {json.dumps(data)}\n\n"


class Pages(PagesTest):
    @classmethod
    def ask_all(cls):
        super().ask_all()
        cls.fail_all_answers("the quota of this month is used up")
        cls.ask("failed", "Will this fail?")
        cls.models.recover()

    def test_rounds_are_listed_searched_filtered_and_sorted(self):
        page = self.visit()
        self.wait_text(page, "All 3 rounds.")
        liar = row(page, "Which is heavier")
        for text in ("decided", "alice", "20.00", "1 of 3"):
            self.assertIn(text, liar.inner_text())
        page.keyboard.press("/")
        page.keyboard.type("feathers")
        self.wait_text(page, "1 of all 3 rounds searched.")
        self.assertEqual(page.get_by_role("rowheader").count(), 1)
        page.get_by_label("Search").fill("no such words")
        self.wait_text(page, "No loaded round matches.")
        page.get_by_label("Search").fill("")
        page.get_by_label("State").select_option("failed")
        self.wait_text(page, "1 of all 3 rounds searched.")
        self.wait_text(page, "Will this fail?")
        page.get_by_label("State").select_option("")
        page.get_by_role("button", name="Took").click()
        heading = page.get_by_role("columnheader", name="Took")
        self.assertEqual(heading.get_attribute("aria-sort"), "descending")
        listed = self.cluster.call("GET", "/v1/rounds")[2]["data"]
        longest = max(listed, key=lambda one: one["finished_unix_ms"] - one["started_unix_ms"])
        self.assertIn(longest["question"], page.get_by_role("rowheader").first.inner_text())
        # What was typed is there again for who comes back.
        page.get_by_label("Search").fill("iron")
        page.get_by_role("link", name="Nodes").click()
        page.get_by_role("heading", name="Nodes", level=1).wait_for()
        page.go_back()
        self.assertEqual(page.get_by_label("Search").input_value(), "iron")

    def test_a_round_with_a_liar_and_a_silent_node(self):
        page = self.visit("liar")
        page.get_by_role("heading", name="Scores").wait_for()
        self.wait_text(page, "1 of 3 judges put another answer first: carol prefers dave.")
        self.wait_text(page, "1 of 3 counted score sheets would have to be rewritten")
        self.wait_text(page, "3 of 4: dave missing, nothing came before the phase closed")
        heat = page.get_by_role("table", name="Points of 20")
        carol = heat.get_by_role("columnheader", name="carol")
        self.assertIn("outlier", carol.inner_text())
        self.assertIn("missing", heat.get_by_role("columnheader", name="dave").inner_text())
        self.assertEqual(heat.locator("tbody tr").first.locator("td").all_inner_texts()[:3],
                         ["20.0\nown", "20.0", "0.0"])
        self.assertIn("17.00", heat.locator("tfoot").inner_text())
        page.get_by_label("Criterion").select_option("1")
        page.get_by_role("table", name="factual fabrication").wait_for()
        rules = page.get_by_role("table", name="The winner under each rule")
        rules.wait_for()
        self.assertEqual(rules.get_by_role("rowheader").count(), 8)
        self.assertIn("decided by", row(page, "geometric median decided by").inner_text())
        signed = page.get_by_role("table", name="Who signed")
        self.assertGreaterEqual(signed.get_by_role("rowheader").count(), 3)
        self.assertIn("enough at the soft deadline", signed.inner_text())
        events = page.get_by_role("list", name="Events of the round")
        events.get_by_text("certified: the proof is complete").wait_for()
        self.assertIn("carol scored", events.inner_text())
        self.assertNotIn("dave scored", events.inner_text())
        answers = page.locator(".answer")
        self.assertEqual(answers.count(), 4)
        self.assertIn("winner", answers.first.inner_text())
        self.assertIn("model fake-0", answers.first.inner_text())

    def test_pictures_for_the_readme(self):
        """docs/images holds them as they were when the pages looked like this."""
        for look, options in (("light", {}), ("dark", {"color_scheme": "dark"}),
                              ("phone", {"viewport": {"width": 360, "height": 740}})):
            page = self.visit("liar", **options)
            page.get_by_text("certified: the proof is complete").wait_for()
            self.wait_text(page, "1 of 3 judges put another answer first: carol prefers dave.")
            scores = page.locator("section", has=page.get_by_role("heading", name="Scores"))
            if look == "light":
                page.get_by_role("button", name="I compared it: trust this cluster").click()
                page.get_by_role("button", name="Verify in this browser").click()
                self.wait_text(page, "✓ Verified in this browser")
            scores.scroll_into_view_if_needed()
            path = self.screenshots() / f"scores-{look}.png"
            scores.screenshot(path=path)
            self.assertGreater(path.stat().st_size, 1000)
        page = self.visit(color_scheme="dark", viewport={"width": 1100, "height": 420})
        self.wait_text(page, "All 3 rounds.")
        page.screenshot(path=self.screenshots() / "rounds-list.png")
        page = self.visit("liar", viewport={"width": 1100, "height": 760})
        page.get_by_role("button", name="I compared it: trust this cluster").click()
        page.get_by_role("button", name="Verify in this browser").click()
        checks = page.locator("section", has=page.get_by_role("heading", name="Verify"))
        self.wait_text(page, "✓ Verified in this browser")
        checks.screenshot(path=self.screenshots() / "verified.png")

    def test_the_proof_is_verified_here_and_against_the_cluster_that_one_trusts(self):
        page = self.visit("liar")
        verify = page.get_by_role("button", name="Verify in this browser")
        verify.click()
        self.wait_text(page, "Consistent in itself, not authenticated.")
        checks = page.get_by_role("list", name="Checks").get_by_role("listitem")
        self.assertEqual(checks.count(), 11)
        ids = page.get_by_label("Cluster ids that you trust, one a line")
        ids.fill("f" * 64)
        page.get_by_role("button", name="Keep").click()
        verify.click()
        self.wait_text(page, "The proof fails: roster.")
        ids.fill(f"{'f' * 64}\n{self.cluster_id()}")
        page.get_by_role("button", name="Keep").click()
        verify.click()
        self.wait_text(page, "under a cluster that you trust: a quorum of it decided exactly this")
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download the bundle").click()
        self.assertEqual(saved.value.path().read_bytes(), self.proof_of("liar"))
        self.assertEqual(saved.value.suggested_filename, f"{self.rounds['liar']}.bundle")

    def test_a_bundle_from_a_file_and_one_with_a_byte_changed(self):
        page = self.visit("verify")
        sound = self.proof_of("liar")
        give = page.get_by_label("A bundle")

        def read(data):
            give.set_input_files({"name": "a.bundle", "mimeType": "application/octet-stream",
                                  "buffer": bytes(data)})

        read(sound)
        page.get_by_role("button", name="Verify in this browser").click()
        self.wait_text(page, "Consistent in itself")
        damaged = bytearray(sound)
        damaged[len(damaged) // 2] ^= 1
        read(damaged)
        self.wait_text(page, "This is no bundle that can be read: encoding")
        read(query_signature_changed(sound))
        page.get_by_role("button", name="Verify in this browser").click()
        self.wait_text(page, "The proof fails: query signature.")
        read(b"nothing of the kind")
        self.wait_text(page, "This is no bundle that can be read: encoding")

    def test_a_node_that_sends_the_proof_of_another_round_is_caught(self):
        page = self.open("/")
        other = self.proof_of("plain")
        page.route("**/bundle", lambda route: route.fulfill(
            body=other, content_type="application/octet-stream"))
        page.goto(f"{self.server.origin}/#/rounds/{self.rounds['liar']}")
        self.wait_text(page, "The node sent the proof of another round")

    def test_where_the_browser_offers_no_cryptography_the_nodes_word_is_shown_as_such(self):
        page = self.open("/")
        # As over plain HTTP from another machine.
        page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined });")
        page.goto(f"{self.server.origin}/#/rounds/{self.rounds['liar']}")
        page.reload()
        self.wait_text(page, "The proof cannot be read in this browser.")
        table = page.get_by_role("table", name="What each agent brought")
        self.assertIn("missing: nothing came before", table.inner_text())
        self.assertIn("outlier", table.inner_text())

    def test_a_failed_round_says_what_was_missing_and_by_whom(self):
        page = self.visit("failed")
        self.wait_text(page, "The council agreed that this round failed: too few answers.")
        self.wait_text(page, "bob gave no answer: its model failed")
        self.wait_text(page, "the quota of this month is used up")
        page.get_by_role("button", name="Verify in this browser").click()
        self.wait_text(page, "Consistent in itself")

    def test_a_round_given_up_undecided_says_so(self):
        page = self.open("/")
        # No council gives a round up within a test: a week has to pass.
        path = f"/v1/rounds/{self.rounds['plain']}"
        given_up = {**self.cluster.call("GET", path)[2], "status": "undecided", "decent": None,
                    "outcome": None, "bundle_bytes": 0, "waiting_for": "sheets of bob, carol"}
        page.route(f"**{path}", lambda route: route.fulfill(json=given_up))
        page.route(f"**{path}/events", lambda route: route.fulfill(
            content_type="text/event-stream", body=event(1, "round.admitted") + event(
                2, "round.given_up", detail="sheets of bob, carol")))
        page.goto(f"{self.server.origin}/#/rounds/{self.rounds['plain']}")
        self.wait_text(page, "Given up undecided.")
        self.wait_text(page, "it lacked sheets of bob, carol")
        self.wait_text(page, "given up undecided, without sheets of bob, carol")

    def test_nodes_links_and_rates(self):
        page = self.visit("nodes")
        self.wait_text(page, "4 of 4")
        page.get_by_role("heading", name="Roster").wait_for()
        self.assertIn(self.cluster_id(), page.get_by_role("main").inner_text())
        links = page.get_by_role("table", name="Nodes of the roster")
        self.assertEqual(links.get_by_text("up", exact=False).count() > 0, True)
        for name in ("alice", "bob", "carol", "dave"):
            links.get_by_role("rowheader", name=name).wait_for()
        agents = page.get_by_role("table", name="Agents over the latest rounds")
        carol = agents.get_by_role("row").filter(has=page.get_by_role("rowheader", name="carol"))
        carol.wait_for()
        # Of carol's two sheets one was a lie; of its five slots it abstained in one.
        self.assertIn("50 %", carol.inner_text())
        self.assertIn("1 of 5", carol.inner_text())
        # Of dave's five slots one stayed empty, and it abstained in one.
        for label in ("Abstained", "Missing"):
            self.assertEqual(cell(page, agents, "dave", label).inner_text().split("\n"),
                             ["20 %", "1 of 5"])
            self.assertEqual(cell(page, agents, "carol", label).inner_text().split("\n"),
                             ["20 %", "1 of 5"] if label == "Abstained" else ["0 %", "0 of 5"])
        version = self.cluster.call("GET", "/v1/nodes")[2]["node"]["version"]
        for name in ("alice", "bob", "carol", "dave"):
            self.assertEqual(cell(page, links, name, "Version").inner_text(), version)
            # A frame may be dropped while the links are made.
            faults = cell(page, links, name, "Faults").inner_text()
            self.assertEqual(faults.splitlines()[0], "none")
        for name in ("bob", "carol", "dave"):
            trip = cell(page, links, name, "Round trip")
            trip.filter(has_text=re.compile(r"^\d+\.\d ms$")).wait_for()
        page.get_by_label("Over the latest rounds").select_option("20")
        self.wait_text(page, "Counted from 3 certified rounds of the latest 3.")

    def test_cost_knows_what_it_does_not_know(self):
        page = self.visit("cost")
        self.wait_text(page, "3 rounds in the last 7 days.")
        tiles = page.locator(".tile")
        self.assertEqual(tiles.filter(has_text="Cost").locator("dd").inner_text(), "unknown")
        # The tokens of what failed or never came are unknown, and said to be.
        self.assertIn("and unknown in 2 of 3",
                      tiles.filter(has_text="Prompt tokens").inner_text())
        with page.expect_download() as saved:
            page.get_by_role("button", name="Download as CSV").click()
        lines = saved.value.path().read_text().splitlines()
        self.assertEqual(lines[0].split(",")[:4], ["day", "agent", "rounds", "prompt_tokens"])
        self.assertEqual([line.split(",")[1] for line in lines[1:]],
                         ["alice", "bob", "carol", "dave"])
        self.assertTrue(all(",unknown,3" in line for line in lines[1:]), lines)


if __name__ == "__main__":
    unittest.main()
