#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/files.h"
#include "tests/config/temporary_folder.h"
#include "tests/decentctl/run_decentctl.h"
#include "tools/decentctl/exit_codes.h"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int kOk = static_cast<int>(ExitCode::kOk);
constexpr int kUsage = static_cast<int>(ExitCode::kUsage);

// The names below "Subcommands:" of a --help.
std::vector<std::string> CommandsIn(const std::string& help) {
  std::vector<std::string> names;
  const size_t start = help.find("Subcommands:\n");
  if (start == std::string::npos) return names;
  std::istringstream lines(help.substr(start));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && !line.empty()) {
    if (line[2] != ' ') names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

TEST(Help, SaysEveryExitStatus) {
  const CommandResult help = RunDecentctl({"--help"});
  EXPECT_EQ(help.exit_code, kOk);
  for (const ExitCodeMeaning& entry : kExitCodeMeanings) {
    EXPECT_THAT(help.out, HasSubstr(std::string(entry.meaning)));
    EXPECT_THAT(help.out, HasSubstr(std::to_string(static_cast<int>(entry.code)) + "  "));
  }
}

TEST(Help, EveryCommandShowsExamples) {
  for (const std::string& group : CommandsIn(RunDecentctl({"--help"}).out)) {
    const std::string help = RunDecentctl({group, "--help"}).out;
    const std::vector<std::string> commands = CommandsIn(help);
    if (commands.empty()) {
      EXPECT_THAT(help, HasSubstr("Examples:\n  decentctl " + group));
    }
    for (const std::string& command : commands) {
      EXPECT_THAT(RunDecentctl({group, command, "--help"}).out,
                  AllOf(HasSubstr("Examples:\n"), HasSubstr("decentctl " + group + " " + command)));
    }
  }
}

TEST(Usage, AWrongLineSaysWhatWouldBeRight) {
  const CommandResult result = RunDecentctl({"init", "--nmae", "alice"});
  EXPECT_EQ(result.exit_code, kUsage);
  EXPECT_THAT(result.err,
              AllOf(StartsWith("decentctl: error: "), HasSubstr("'decentctl init --help'")));
  EXPECT_EQ(RunDecentctl({}).exit_code, kUsage);
  EXPECT_EQ(RunDecentctl({"frobnicate"}).exit_code, kUsage);
}

TEST(Completion, KnowsEveryCommandAndItsOptions) {
  const std::string script = RunDecentctl({"completion", "bash"}).out;
  for (const std::string& group : CommandsIn(RunDecentctl({"--help"}).out)) {
    EXPECT_THAT(script, HasSubstr("\"" + group + "\""));
    for (const std::string& command : CommandsIn(RunDecentctl({group, "--help"}).out)) {
      EXPECT_THAT(script, HasSubstr("\"" + group + " " + command + "\""));
    }
  }
  EXPECT_THAT(script, HasSubstr("--client-listen"));
}

// Loads the script into bash and asks it as the shell would.
TEST(Completion, CompletesInBash) {
  TemporaryFolder folder;
  const std::string script = RunDecentctl({"completion", "bash"}).out;
  ASSERT_TRUE(CreateFile(folder / "script",
                         script +
                             "COMP_WORDS=(decentctl roster cr); COMP_CWORD=2; _decentctl\n"
                             "echo \"${COMPREPLY[@]}\" > \"$1\"\n"
                             "COMP_WORDS=(decentctl roster show --j); COMP_CWORD=3; _decentctl\n"
                             "echo \"${COMPREPLY[@]}\" >> \"$1\"\n")
                  .ok());
  const std::string command = "bash '" + (folder / "script") + "' '" + (folder / "out") + "'";
  ASSERT_EQ(system(command.c_str()), 0);
  EXPECT_EQ(*ReadTextFile(folder / "out"), "create\n--json\n");
}

}  // namespace
}  // namespace decentd
