#include "tests/decentctl/run_decentctl.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "node/config/files.h"
#include "tests/config/temporary_folder.h"

namespace decentd {
namespace {

[[noreturn]] void Become(std::vector<std::string> words, std::vector<std::string> variables,
                         const std::string& directory, const std::string& out,
                         const std::string& err) {
  std::vector<char*> argv, envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  setsid();  // no terminal to ask at
  const bool ready = chdir(directory.c_str()) == 0 && dup2(open("/dev/null", O_RDONLY), 0) == 0 &&
                     dup2(open(out.c_str(), O_WRONLY | O_CREAT, 0600), 1) == 1 &&
                     dup2(open(err.c_str(), O_WRONLY | O_CREAT, 0600), 2) == 2;
  if (ready) execve(argv[0], argv.data(), envp.data());
  _exit(127);
}

}  // namespace

CommandResult RunDecentctl(const std::vector<std::string>& arguments,
                           const std::map<std::string, std::string>& environment,
                           const std::string& working_directory) {
  TemporaryFolder folder;
  std::vector<std::string> words = {DECENTCTL_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = {"PATH=/usr/bin:/bin"};
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  const pid_t child = fork();
  if (child == 0) Become(words, variables, working_directory, folder / "out", folder / "err");
  CommandResult result;
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  result.out = ReadTextFile(folder / "out").value_or("");
  result.err = ReadTextFile(folder / "err").value_or("");
  return result;
}

}  // namespace decentd
