"""The include checker finds what it is there to find, in small trees made for it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECKER = pathlib.Path(__file__).parents[2] / "tools" / "lint" / "include_directions.py"


class IncludeDirections(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            (root / "CMakeLists.txt").touch()
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            done = subprocess.run([sys.executable, str(CHECKER), str(root)], capture_output=True,
                                  text=True)
            return done.returncode, done.stdout

    def assert_allowed(self, path, line):
        self.assertEqual(self.check({path: line + "\n"}), (0, ""))

    def assert_caught(self, path, line, words):
        code, output = self.check({path: "// first line\n" + line + "\n"})
        self.assertEqual(code, 1)
        self.assertTrue(output.startswith(f"{path}:2: "), output)
        self.assertIn(words, output)

    def test_core_sees_only_digests_and_keys(self):
        self.assert_allowed("node/core/a.h", '#include "crypto/digest.h"')
        self.assert_allowed("node/core/a.h", '#include "node/core/aggregate/rules.h"')
        self.assert_caught("node/core/a.h", '#include "crypto/keyfile.h"', "must not include")
        self.assert_caught("node/core/sub/a.cc", '#include "node/codec/x.h"', "must not include")
        self.assert_caught("node/core/a.cc", '#include "decentd/types/v1/types.pb.h"', "stay pure")

    def test_core_stays_pure(self):
        for header in ("<chrono>", "<thread>", "<random>", "<unordered_map>", "<grpcpp/grpcpp.h>",
                       '"grpcpp/grpcpp.h"', '"rocksdb/db.h"', '"absl/container/flat_hash_map.h"'):
            self.assert_caught("node/core/a.cc", f"#include {header}", "must stay pure")
        self.assert_allowed("node/core/a.cc", "#include <map>")
        self.assert_allowed("node/runtime/a.cc", "#include <thread>")

    def test_shells_never_see_each_other(self):
        for shell in ("transport", "llm", "api", "config"):
            self.assert_allowed(f"node/{shell}/a.cc", f'#include "node/{shell}/b.h"')
            self.assert_allowed(f"node/{shell}/a.cc", '#include "node/core/roster.h"')
            self.assert_allowed(f"node/{shell}/a.cc", '#include "decentd/peer/v1/peer.pb.h"')
            self.assert_caught(f"node/{shell}/a.cc", '#include "node/core/round.h"',
                               "must not include")
            self.assert_caught(f"node/{shell}/a.cc", '#include "node/runtime/driver.h"',
                               "must not include")
            for other in {"transport", "llm", "api", "config"} - {shell}:
                self.assert_caught(f"node/{shell}/a.cc", f'#include "node/{other}/b.h"',
                                   "must not include")

    def test_runtime_sees_only_the_shells_interfaces(self):
        self.assert_allowed("node/runtime/a.cc", '#include "node/transport/links.h"')
        self.assert_allowed("node/runtime/a.cc", '#include "storage/store.h"')
        self.assert_caught("node/runtime/a.cc", '#include "node/transport/grpc_links.h"',
                           "must not include")

    def test_the_lowest_rooms_see_nothing(self):
        self.assert_caught("crypto/a.cc", '#include "storage/store.h"', "nothing of the project")
        self.assert_caught("storage/a.cc", '#include "node/core/ids.h"', "nothing of the project")
        self.assert_allowed("storage/a.cc", '#include "absl/status/status.h"')

    def test_main_tools_and_tests_wire_everything(self):
        for path in ("node/main.cc", "tools/decentctl/a.cc", "tests/sim/a.cc"):
            self.assert_allowed(path, '#include "node/transport/grpc_links.h"')

    def test_a_new_room_must_say_what_it_may_include(self):
        self.assert_caught("node/attic/a.cc", '#include "node/core/ids.h"', "MAY_INCLUDE")

    def test_includes_are_written_from_the_root(self):
        self.assert_caught("node/llm/a.cc", '#include "b.h"', "from the project root")

    def test_protos_import_only_the_shared_types(self):
        self.assert_allowed("proto/decentd/peer/v1/peer.proto",
                            'import "decentd/types/v1/types.proto";')
        self.assert_allowed("proto/decentd/peer/v1/peer.proto",
                            'import "decentd/peer/v1/more.proto";')
        self.assert_allowed("proto/decentd/peer/v1/peer.proto",
                            'import "google/protobuf/empty.proto";')
        self.assert_caught("proto/decentd/peer/v1/peer.proto",
                           'import "decentd/client/v1/client.proto";', "one audience")
        self.assert_caught("proto/decentd/types/v1/types.proto",
                           'import "decentd/peer/v1/peer.proto";', "one audience")

    def test_builds_are_skipped(self):
        self.assertEqual(self.check({"build/release/crypto/a.cc": '#include "node/core/ids.h"\n'}),
                         (0, ""))

    def test_a_folder_that_is_no_project_is_refused(self):
        with tempfile.TemporaryDirectory() as directory:
            done = subprocess.run([sys.executable, str(CHECKER), directory], capture_output=True,
                                  text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no CMakeLists.txt", done.stderr)


if __name__ == "__main__":
    unittest.main()
