// Shell completion, made from the tree of commands that the program parses with, so that it knows
// every command and option and nothing else.
#include <algorithm>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "tools/decentctl/commands.h"

namespace decentd {
namespace {

// Every word that may follow the command: its subcommands and the long names of its options.
std::string WordsOf(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(sub->get_name());
  }
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

void AddCases(const CLI::App& command, const std::string& path, std::string& script) {
  script += "    \"" + path + "\") words=\"" + WordsOf(command) + "\" ;;\n";
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    AddCases(*sub, path.empty() ? sub->get_name() : path + " " + sub->get_name(), script);
  }
}

void AddPaths(const CLI::App& command, const std::string& path, std::string& script) {
  for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
    const std::string below = path.empty() ? sub->get_name() : path + " " + sub->get_name();
    script += (script.empty() ? "" : "|") + ("\"" + below + "\"");
    AddPaths(*sub, below, script);
  }
}

// The words before the cursor are walked down the tree as far as they name commands. Where no
// word fits, bash falls back to file names, which is what most options and arguments take.
std::string BashScript(const CLI::App& app) {
  std::string paths, cases;
  AddPaths(app, "", paths);
  AddCases(app, "", cases);
  return "# bash completion for decentctl. Load it with:  source <(decentctl completion bash)\n"
         "_decentctl() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" path=\"\" next word words\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    next=\"${path:+$path }$word\"\n"
         "    case \"$next\" in\n"
         "      " +
         paths +
         ") path=\"$next\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n" +
         cases +
         "  esac\n"
         "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -o bashdefault -F _decentctl decentctl\n";
}

}  // namespace

void AddCompletionCommands(CLI::App& app, Context& context) {
  CLI::App* completion = app.add_subcommand("completion", "Print a shell completion script");
  completion->require_subcommand(1);
  CLI::App* bash = completion->add_subcommand("bash", "For bash");
  SetExamples(bash, {"source <(decentctl completion bash)",
                     "decentctl completion bash > /etc/bash_completion.d/decentctl"});
  SetAction(bash, context, [&app, &context] {
    context.out << BashScript(app);
    return ExitCode::kOk;
  });
}

}  // namespace decentd
