"""Proofs for the tests of the page's verifier: a real cluster's rounds, and the two verifiers that
have to agree on any file, the page's in Chromium and decentctl."""

import base64
import copy
import json
import pathlib
import tempfile

import forge
from browser import BrowserTest
from cluster import Cluster
from fake_model import ANSWER, JUDGE, FakeModel
from programs import decentctl

# A report, or what was thrown; Uint8Arrays of a report do not pass to Python.
_CALL = """async ([name, data, options]) => {
  const proof = await import('/proof/verify.js');
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  try {
    const report = await proof[name](bytes, options);
    return { report: JSON.parse(JSON.stringify(report)) };
  } catch (error) {
    if (!(error instanceof proof.ProofError)) throw error;
    return { check: error.check, detail: error.detail, message: error.message };
  }
}"""

# The result and the winner that the page computes of a bundle whose verdict has none yet.
_COMPUTE = """async (data) => {
  const module = (name) => import(`/proof/${name}.js`);
  const { decodeBundle } = await module('bundle');
  const { decodeRoster, panelsOf } = await module('roster');
  const { decodePropose } = await module('messages');
  const { aggregate } = await module('aggregate');
  const { sha256, digestOfSet } = await module('digest');
  const { toHex } = await module('bytes');
  const bundle = await decodeBundle(Uint8Array.from(data));
  const roster = await decodeRoster(bundle.roster);
  const [, { faulty }] = await panelsOf(roster, new Uint8Array(32), 0);
  const slots = await Promise.all(bundle.slots.map(async ({ phase, author, proposal }) => ({
    phase, author, digest: await sha256(proposal.body),
    sheet: decodePropose(roster, proposal.body).sheet,
  })));
  const sheets = slots.filter(({ phase }) => phase === 1);
  const result = await aggregate(roster, roster.rule, {
    answers: slots.filter(({ phase }) => phase === 0),
    sheets: sheets.map(({ author, sheet }) => (
      { author, scores: sheet.entries.map(({ scores }) => scores) })),
    sheetsDigest: await digestOfSet(sheets), faulty,
  });
  return [toHex(result.digest), result.ranking[0]];
}"""


def concluded(page, forged):
    """A council_of() whose verdict names the winner and the result that the page computes."""
    digest, winner = page.evaluate(_COMPUTE, list(forged.encode()))
    forged.verdict.result = bytes.fromhex(digest)
    forged.verdict.winner = forge.sha256(forged.slots_of(forge.ANSWERS)[winner].proposal)
    return forged


class ProofTest(BrowserTest):
    """`rounds`: the bundle of a decided round, of one in which a node abstained twice, and of one
    that failed as agreed; `cluster_id` and `roster` (a file) of the cluster that made them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.why_not:
            return
        directory = tempfile.TemporaryDirectory(prefix="decentd-proofs-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        cls.rounds = {}
        with FakeModel() as models, Cluster(models) as cluster:
            cluster.start()
            cls._ask(cluster, "decided", 0)
            models.fail(3, ANSWER)
            models.fail(3, JUDGE)
            cls._ask(cluster, "abstained", 0)
            for node in range(3):
                models.fail(node, ANSWER)
            cls._ask(cluster, "too_few_answers", 2)
            cls.roster = cls.directory / "roster.yaml"
            cls.roster.write_bytes(cluster.roster.read_bytes())
            cls.seeds = {node.index: forge.seed_of(node.directory / "identity.key")
                         for node in cluster.nodes}
            cls.seeds[forge.CLIENT] = forge.seed_of(cluster.client_config.parent / "client.key")
        cls.cluster_id = cls.decentctl("decided")["cluster_id"]

    @classmethod
    def _ask(cls, cluster, name, expect):
        asked = cluster.ask(f"A question for {name}: what is 17 + 25?", expect=expect)
        cluster.wait_decided(asked["round_id"])
        cls.rounds[name] = cluster.export(asked["round_id"]).read_bytes()

    def setUp(self):
        super().setUp()
        self.server.files["/blank.html"] = b"<!doctype html><title>proofs</title>"
        self.page = self.open("/blank.html")

    @classmethod
    def decentctl(cls, bundle, command=("verify",), roster=True):
        """What decentctl says of a bundle (its bytes, or a round's name) in JSON."""
        path = cls.directory / "bundle"
        path.write_bytes(cls.rounds.get(bundle, bundle) if isinstance(bundle, str) else bundle)
        options = ["--roster", cls.roster] if roster else []
        return json.loads(decentctl(command[0], path, *command[1:], *options, "--json",
                                    expect=None).stdout)

    def browser_says(self, bundle, call="verifyBundle", trusted=True):
        """{"report"} or {"check", "detail"}, of verifyBundle or readBundle."""
        data = self.rounds[bundle] if isinstance(bundle, str) else bundle
        options = {"trustedClusterId": self.cluster_id} if trusted else {}
        return self.page.evaluate(_CALL, [call, base64.b64encode(data).decode(), options])

    def assert_agree(self, bundle, check=None, trusted=True):
        """Both verifiers refuse the bundle with the same check and reason; `check`: with that one.
        Without `check` they may also both accept it. Returns decentctl's reason, None if valid."""
        theirs = self.decentctl(bundle, roster=trusted)
        ours = self.browser_says(bundle, trusted=trusted)
        if theirs["valid"]:
            self.assertIn("report", ours, f"decentctl accepts what the page refuses: {ours}")
            report = ours["report"]
            self.assertEqual(report["checks"], theirs["checks"])
            self.assertEqual(report["query"]["messages"], theirs["messages"])
            texts = {answer["name"]: answer["text"] for answer in report["answers"]}
            self.assertEqual([texts[one["node"]] for one in theirs["ranking"]],
                             [one["text"] for one in theirs["ranking"]])
            self.assertIsNone(check)
            return None
        self.assertNotIn("report", ours, f"decentctl: {theirs['failed_check']}: {theirs['detail']}")
        self.assertEqual(ours["check"], theirs["failed_check"], f"{theirs['detail']} / {ours}")
        self.assertEqual(ours["detail"], theirs["detail"])
        if check is not None:
            self.assertEqual(ours["check"], check, ours["detail"])
        return theirs["detail"]

    def forgery(self, name="decided"):
        return copy.deepcopy(self.taken_apart(name))

    def taken_apart(self, name):
        return forge.take_apart(self.rounds[name], self.seeds)
