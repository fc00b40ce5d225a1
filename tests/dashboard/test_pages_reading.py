"""Proofs of councils larger than a test can run, checks that fail after others, browsers that keep
nothing, and what is typed or shown that nobody sees."""

import unittest

import forge
from played import Played
from proofs import concluded


class Reading(Played):
    def read(self, page, bundle):
        page.get_by_label("A bundle").set_input_files({
            "name": "a.bundle", "mimeType": "application/octet-stream", "buffer": bundle})
        page.get_by_role("heading", name="Under another rule").wait_for()

    def bundle(self, page, judges):
        marks = [[[(i * e * 7919) % 20001] * 5 for i in range(judges)] for e in range(judges)]
        return concluded(page, forge.council_of(marks)).encode()

    def test_a_failed_check_takes_back_what_an_earlier_one_found(self):
        page = self.visit("verify")
        self.read(page, self.bundle(page, 4))
        page.get_by_role("button", name="I compared it: trust this cluster").click()
        verify = page.get_by_role("button", name="Verify in this browser")
        verify.click()
        result = page.locator("section", has=page.get_by_role("heading", name="Result"))
        result.get_by_text("✓ Verified in this browser").wait_for()
        page.get_by_label("Cluster ids that you trust, one a line").fill("f" * 64)
        page.get_by_role("button", name="Keep").click()
        verify.click()
        self.wait_text(page, "The proof fails: roster.")
        result.get_by_text("Not verified").wait_for()
        self.assertNotIn("✓", result.inner_text())

    def test_a_browser_without_ed25519_says_that_nothing_was_checked(self):
        page = self.visit("verify", script="""
            const { importKey } = SubtleCrypto.prototype;
            SubtleCrypto.prototype.importKey = function (format, key, algorithm, ...more) {
              return algorithm.name === 'Ed25519'
                ? Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError'))
                : importKey.call(this, format, key, algorithm, ...more);
            };""")
        self.read(page, self.bundle(page, 4))
        page.get_by_role("button", name="Verify in this browser").click()
        self.wait_text(page, "Nothing was checked: this browser cannot check Ed25519 signatures")
        result = page.locator("section", has=page.get_by_role("heading", name="Result"))
        result.get_by_text("Not verified").wait_for()
        self.assertEqual(page.get_by_role("list", name="Checks").count(), 0)
        self.assertEqual(page.get_by_text("Do not rely on this decision").count(), 0)
        self.assertEqual(page.locator(".answer").count(), 4)

    def test_claims_of_usage_beyond_belief_are_unknown(self):
        most = (10**9, 10**9, 10**12, 10**12)  # tokens, micro-dollars, milliseconds
        claims = [[2**64 - 1] * 4, [bound + 1 for bound in most], most, [7, 5, 250, 1500]]
        page = self.visit("verify")
        forged = forge.council_of([[[e * i] for i in range(4)] for e in range(4)])
        forged.winner_author = None
        for slot, claim in zip(forged.slots_of(forge.ANSWERS), claims):
            usage = b"".join(forge.number(1 + tag, value) for tag, value in enumerate(claim))
            slot.proposal = forge.block(1, forged.round_id) + forge.block(
                3, forge.block(1, b"an answer") + forge.block(4, usage))
        self.read(page, concluded(page, forged.follow()).encode())
        shown = {f"node-{i}": page.locator(".answer").filter(has_text=f"node-{i}").inner_text()
                 for i in range(4)}
        unknown = "unknown + unknown tokens · cost unknown · time unknown"
        for name, text in (("node-0", unknown), ("node-1", unknown), (
                "node-2", "1,000,000,000 + 1,000,000,000 tokens · cost $1,000,000.00 · 11574 d"), (
                "node-3", "7 + 5 tokens · cost $0.00025 · 1.5 s")):
            self.assertIn(f"model unknown · {text}", shown[name])

    def test_rules_of_a_large_council_are_compared_when_asked_for(self):
        page = self.visit("verify")
        self.read(page, self.bundle(page, 16))
        page.get_by_role("table", name="The winner under each rule").wait_for()
        self.read(page, self.bundle(page, 17))
        rules = page.locator("section", has=page.get_by_role("heading",
                                                             name="Under another rule"))
        self.assertNotIn("Computing", rules.inner_text())
        button = rules.get_by_role("button", name="Compare the rules")
        button.focus()
        page.keyboard.press("Enter")
        rules.get_by_role("table", name="The winner under each rule").wait_for()
        self.assertEqual(rules.get_by_role("rowheader").count(), 8)
        self.assertEqual(button.count(), 0)
        self.assertTrue(rules.evaluate("rules => rules.contains(document.activeElement)"))

    def test_of_two_files_the_one_chosen_last_is_shown(self):
        for late in (b"no bundle", self.bundle(self.visit("verify"), 5)):
            page = self.visit("verify", script="""
                const read = Blob.prototype.arrayBuffer;
                const late = new Promise((done) => { window.arrive = done; });
                Blob.prototype.arrayBuffer = function () {
                  return this.name === 'late.bundle' ? late : read.call(this);
                };""")
            page.get_by_label("A bundle").set_input_files({
                "name": "late.bundle", "mimeType": "application/octet-stream", "buffer": late})
            self.wait_text(page, "Reading late.bundle")
            self.read(page, self.bundle(page, 4))
            # What is read here was begun later than what the page reads.
            page.evaluate("""async (data) => {
              const { readBundle } = await import('/dashboard/proof/verify.js');
              const bytes = Uint8Array.from(data);
              window.arrive(bytes.buffer);
              await readBundle(bytes).catch(() => {});
              await readBundle(bytes).catch(() => {});
            }""", list(late))
            self.wait_text(page, "From the file a.bundle")
            self.assertEqual(page.get_by_text("late.bundle").count(), 0)
            self.assertEqual(page.get_by_text("This is no bundle").count(), 0)

    def test_the_page_lives_while_rules_are_compared(self):
        page = self.visit("verify")
        # Before each rule, the task that was planned at the end of the one before has run.
        self.assertEqual(page.evaluate("""async (data) => {
          const { compareRules, readBundle } = await import('/dashboard/proof/verify.js');
          const report = await readBundle(Uint8Array.from(data));
          const ran = [];
          let planned = 0;
          await compareRules(report, ({ done, total }) => {
            ran.push(`${done} of ${total}, ${planned} planned`);
            setTimeout(() => { planned += 1; });
          });
          return ran;
        }""", list(self.bundle(page, 4))), [f"{i} of 8, {i} planned" for i in range(8)])


class Kept(Played):
    NO_STORAGE = """Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };"""

    def test_trusted_ids_that_cannot_be_kept_count_while_the_page_is_open(self):
        before = f"localStorage['decentd.trusted-clusters'] = JSON.stringify(['{'a' * 64}']);"
        page = self.visit("verify", script=before + self.NO_STORAGE)
        self.assertEqual(page.evaluate("""async (id) => {
          const { trust, trustedClusters } = await import('/dashboard/trusted.js');
          const first = trustedClusters();
          const { kept } = trust([id]);
          return [first, kept, trustedClusters()];
        }""", "b" * 64), [["a" * 64], False, ["b" * 64]])

    def test_a_key_that_no_header_can_carry_is_refused_where_it_is_typed(self):
        page = self.visit("verify")
        page.evaluate("""() => {
          window.given = import('/dashboard/session.js').then(({ askForKey, key }) =>
              askForKey(null).then(() => key()));
        }""")
        key = page.get_by_role("textbox", name="API key")
        for bad in ("schlüssel", "ключ", "key\u200bkey", "\U0001f511"):
            key.fill(bad)
            page.keyboard.press("Enter")
            page.get_by_role("alert").get_by_text("This cannot be a key").wait_for()
            self.assertIsNone(page.evaluate("sessionStorage.getItem('decentd.api-key')"))
            self.assertEqual(key.input_value(), bad)
        key.fill(" a good key~ ")
        page.keyboard.press("Enter")
        self.assertEqual(page.evaluate("window.given"), "a good key~")

    def test_characters_that_nobody_sees_are_named(self):
        page = self.visit("verify")
        shown = page.evaluate("""async (text) => {
          const { visible } = await import('/dashboard/dom.js');
          const box = document.createElement('p');
          box.append(...visible(text));
          return box.textContent;
        }""", "a\U000e0100\U000e01efb\u115f\u1160\u3164\uffa0c ❤\ufe0f 한글")
        self.assertEqual(shown, "aU+E0100U+E01EFbU+115FU+1160U+3164U+FFA0c ❤\ufe0f 한글")


if __name__ == "__main__":
    unittest.main()
