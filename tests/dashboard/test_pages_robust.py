"""The dashboard against hostile text, without a mouse or a key, in both themes and on a phone."""

import unittest

from browser import PATIENCE_MS
from fake_model import ANSWER, JUDGE
from gateway_cluster import KEY
from pages import HOSTILE, LONG_WORD, PagesTest
from programs import find_program, wait_until

PHONE = {"viewport": {"width": 360, "height": 740}}
ALL = ["rounds", "liar", "hostile", "nodes", "cost", "ask", "verify"]
# Every text that is seen, with less contrast against what is behind it than WCAG's AA asks for.
FAINT_TEXTS = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] === 255) return color;
    }
    return rgba(getComputedStyle(document.body).backgroundColor);
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim() !== '');
    if (!own || !element.checkVisibility() || element.closest('.visually-hidden')) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${element.textContent.slice(0, 40)}`);
  }
  return faint;
}"""


class Robust(PagesTest):
    @classmethod
    def ask_all(cls):
        super().ask_all()
        cls.models.answer_with(0, f"{HOSTILE} answer of model 0 {LONG_WORD}\n" + "a line\n" * 200)
        cls.models.fail(1, ANSWER, f"{HOSTILE} {'x' * 300}")
        cls.models.fail(3, JUDGE, HOSTILE)
        cls.ask("hostile", f"{HOSTILE} {LONG_WORD}")

    def load(self, name, **options):
        page = self.visit(name, **options)
        if name in self.rounds:
            page.get_by_role("heading", name="Certificate").wait_for()
            page.get_by_role("table", name="The winner under each rule").wait_for()
            page.get_by_text("certified: the proof is complete").wait_for()
        elif name == "rounds":
            self.wait_text(page, "All 3 rounds.")
        elif name == "nodes":
            page.get_by_role("heading", name="Roster").wait_for()
            self.wait_text(page, "Counted from")
        elif name == "cost":
            page.get_by_role("button", name="Download as CSV").wait_for()
        return page

    def assert_unharmed(self, page):
        self.assertIsNone(page.evaluate("window.pwned ?? null"))
        self.assertEqual(page.evaluate("window.violations"), [])
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"),
                             page.evaluate("innerWidth"), "the page scrolls sideways")

    def test_hostile_text_stays_text(self):
        dialogs = []
        for options in ({}, PHONE):
            for name in ("rounds", "hostile", "nodes", "cost"):
                with self.subTest(page=name, **options):
                    page = self.load(name, **options)
                    page.on("dialog", lambda dialog: (dialogs.append(dialog), dialog.dismiss()))
                    self.assert_unharmed(page)
                    self.assertEqual(page.locator("main img, main script").count(), 0)
                    links = page.locator("a").evaluate_all("all => all.map((a) => a.protocol)")
                    self.assertEqual(set(links), {"http:"})
                    page.context.close()
        self.assertEqual(dialogs, [])

    def test_hostile_text_is_shown_whole_bounded_and_with_its_tricks_named(self):
        page = self.load("hostile")
        answer = page.locator(".answer").filter(has_text="fake-0").locator(".untrusted")
        self.assertIn("<script>window.pwned=1</script>", answer.inner_text())
        self.assertIn("U+202E", answer.inner_text())
        self.assertLess(answer.bounding_box()["height"], 300)
        page.locator(".answer").get_by_role("button", name="Show all").click()
        self.assertGreater(answer.bounding_box()["height"], 1000)
        self.assert_unharmed(page)
        # A stranger's reversal of the direction ends where its text ends.
        self.assertNotIn("\u202e", page.locator("body").inner_text())
        page.get_by_role("button", name="Verify in this browser").click()
        self.wait_text(page, "Consistent in itself")

    def test_everything_is_done_by_the_keyboard_alone(self):
        page = self.load("rounds")
        press, focused = page.keyboard.press, lambda: page.evaluate(
            "document.activeElement.innerText || document.activeElement.id")

        def tab_to(text):
            for _ in range(80):
                press("Tab")
                self.assertNotEqual(page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle"), "none",
                    f"no visible focus on {focused()!r}")
                if text in focused():
                    return
            self.fail(f"no way to {text!r} by Tab")

        press("Tab")
        self.assertEqual(focused(), "Skip to the content")
        press("Enter")
        self.assertEqual(page.evaluate("document.activeElement.id"), "main")
        press("/")
        page.keyboard.type("kilogram")
        self.wait_text(page, "1 of all 3 rounds searched.")
        tab_to("Which is heavier")
        press("Enter")
        page.get_by_role("heading", name="Certificate").wait_for()
        self.assertIn("Round ", focused())
        tab_to("Certificate")
        press("Enter")
        self.assertEqual(page.evaluate("document.activeElement.tagName"), "H2")
        tab_to("Verify in this browser")
        press("Enter")
        self.wait_text(page, "Consistent in itself")
        page.go_back()
        page.get_by_role("heading", name="Rounds", level=1).wait_for()
        self.assertEqual(focused(), "Rounds")

    def test_texts_have_contrast_in_both_themes(self):
        for scheme in ("light", "dark"):
            for name in ALL:
                with self.subTest(page=name, scheme=scheme):
                    page = self.load(name, color_scheme=scheme)
                    self.assertEqual(page.evaluate(FAINT_TEXTS), [])
                    page.context.close()

    def test_the_theme_is_chosen_and_kept(self):
        page = self.visit("rounds", color_scheme="light")
        ground = "getComputedStyle(document.body).backgroundColor"
        light = page.evaluate(ground)
        page.get_by_role("button", name="Theme: system").click()
        page.get_by_role("button", name="Theme: light").click()
        page.get_by_role("button", name="Theme: dark").wait_for()
        self.assertNotEqual(page.evaluate(ground), light)
        page.reload()
        page.get_by_role("button", name="Theme: dark").wait_for()
        self.assertNotEqual(page.evaluate(ground), light)

    def test_nothing_scrolls_sideways_and_screenshots_are_taken(self):
        directory = self.screenshots()
        for look, options in (("light", {"color_scheme": "light"}),
                              ("dark", {"color_scheme": "dark"}),
                              ("phone", {**PHONE, "color_scheme": "light"})):
            for name in ALL:
                with self.subTest(page=name, look=look):
                    page = self.load(name, **options)
                    self.assert_unharmed(page)
                    page.screenshot(path=directory / f"{name}-{look}.png", full_page=True)
                    page.context.close()


class WithKeys(PagesTest):
    keys = True

    @classmethod
    def ask_all(cls):
        pass

    def test_a_key_is_asked_for_kept_for_the_tab_and_forgotten(self):
        context = self.browser.new_context()  # refusals are told to the console: not open()
        self.addCleanup(context.close)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        asked_for = []
        page.route("**/v1/models", lambda route: asked_for.append(route))
        with page.expect_request("**/v1/models"):
            page.goto(f"{self.server.origin}/#/ask")
        question = page.get_by_role("textbox", name="Question")
        question.fill("Typed before the key.")
        asked_for[0].continue_()  # to be refused
        page.unroute("**/v1/models")
        key = page.get_by_role("textbox", name="API key")
        key.wait_for()
        self.assertTrue(question.evaluate("one => one === document.activeElement"),
                        "the key's field took what is being typed in another")
        key.fill("not the key")
        page.keyboard.press("Enter")
        self.wait_text(page, "The node refused that key.")
        key.fill(KEY)
        page.keyboard.press("Enter")
        key.wait_for(state="detached")
        self.assertEqual(question.input_value(), "Typed before the key.")
        page.get_by_role("button", name="Ask the council").click()
        page.get_by_role("heading", name="Certificate").wait_for()
        page.reload()
        page.get_by_role("heading", name="Certificate").wait_for()
        page.get_by_role("button", name="Forget key").click()
        key.wait_for()


@unittest.skipUnless(find_program("decentd-drill"), "decentd-drill was not built")
class Contradiction(PagesTest):
    # Alice takes no evidence of a round that is over: no node may be left out of it for being slow.
    deadlines = {"soft": "30s", "hard": "15m"}

    @classmethod
    def prepare(cls):
        super().prepare()
        dave = cls.cluster.nodes[3]
        dave.daemon, dave.daemon_arguments = "decentd-drill", ["--attack", "fork"]

    @classmethod
    def ask_all(cls):
        cls.ask("forked", "What is 17 + 25?")
        path = f"/v1/rounds/{cls.rounds['forked']}"
        wait_until(lambda: cls.cluster.call("GET", path)[2]["evidence"],
                   "alice holds evidence against dave", explain=cls.cluster.nodes[0].last_log)

    def test_evidence_is_shown_with_its_round(self):
        page = self.visit("forked")
        page.get_by_role("heading", name="Evidence").wait_for()
        self.wait_text(page, "against dave")


if __name__ == "__main__":
    unittest.main()
