"""What README.md tells a new user of OpenAI's API to type works as it stands, after a quickstart.

Python blocks are files, named by their first line; blocks of commands are run one after the other in
one shell, and the text behind one is what it prints: the shape of it, for models say what they like.
The council has the README's ports where they are free, else the URL in the blocks is replaced."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from ports import claim, free_base
from programs import PATIENCE_SECONDS, ROOT, program
from python_packages import missing
from python_packages import program as python_program
from test_quickstart import PORTS

BASE, URL = 7100, "http://127.0.0.1:7401"
_SECTION = re.compile(r"^## As OpenAI's API\n(.*?)^## ", re.MULTILINE | re.DOTALL)
_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_REASON = missing("openai") or (None if shutil.which("curl") else "there is no curl")


def blocks():
    """(language, contents) of each block of the section, in its order."""
    return _FENCE.findall(_SECTION.search((ROOT / "README.md").read_text()).group(1))


def shape(text):
    """What does not depend on the models: of each line, the names of its values."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r'(: )".*"(,?)$', r'\1"..."\2', line)
        line = re.sub(r"\b(alice|bob|carol|dave)\b", "somebody", line)
        line = re.sub(r"\b\d+(\.\d+)?", "0", line)
        lines.append("An answer." if re.fullmatch(r"[A-Z].*\.", line) else line)
    return lines


@unittest.skipIf(_REASON, _REASON)
class Readme(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="decentd-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory)
        programs = self.directory / "bin"
        programs.mkdir()
        for name in ("decentd", "decentctl"):
            (programs / name).symlink_to(program(name))
        is_free = claim([BASE + offset for offset in PORTS])
        base = BASE if is_free else free_base(PORTS)
        self.url = URL.replace("7401", str(base + 301))
        self.addCleanup(self.quickstart, "stop")
        self.said = self.quickstart("start", "--no-question", "--scripted", "--no-install", "--bin",
                                    programs, "--port-base", str(base))

    def quickstart(self, *arguments):
        done = subprocess.run(
            [ROOT / "deploy" / "quickstart", *arguments, "--dir", self.directory / "council"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=5 * PATIENCE_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def run_all(self, commands):
        """Runs blocks of commands in one shell; what each prints."""
        path = os.pathsep.join([str(python_program("python3").parent), os.environ["PATH"]])
        apart = "\nprintf '\\f'\n"
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", apart.join(commands)], cwd=self.directory,
            env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=5 * PATIENCE_SECONDS, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.split("\f")

    def test_openais_api_after_a_quickstart(self):
        commands, printed = [], {}
        for language, text in blocks():
            text = text.replace(URL, self.url)
            if language == "python":
                (self.directory / text.split()[1]).write_text(text)
            elif language == "sh":
                commands.append(text)
            else:
                self.assertEqual(language, "text")
                printed[len(commands) - 1] = text
        self.assertIn(commands[0].strip(), self.said, "quickstart says the same")
        said = self.run_all(commands)
        self.assertGreaterEqual(len(printed), 2)
        for number, text in printed.items():
            with self.subTest(commands[number]):
                self.assertEqual(shape(said[number]), shape(text))


if __name__ == "__main__":
    unittest.main()
