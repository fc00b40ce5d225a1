#include "node/llm/exec.h"

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "nlohmann/json.hpp"
#include "node/llm/exec_wire.h"
#include "node/llm/make_models.h"
#include "tests/llm/testing.h"

namespace decentd::llm {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

// A named pipe that the test opens for reading and a program for writing: its end is the end of
// everyone who holds it.
class LifeLine {
 public:
  LifeLine() : path_(testing::TempDir() + "/life-" + std::to_string(::getpid())) {
    ::unlink(path_.c_str());
    EXPECT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  }
  ~LifeLine() {
    ::close(fd_);
    ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  // Waits until someone has opened the other end and written a line.
  void WaitForStart() {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    char byte = 0;
    do {
      EXPECT_EQ(::read(fd_, &byte, 1), 1);
    } while (byte != '\n');
  }
  void WaitForEnd() {
    char byte;
    while (::read(fd_, &byte, 1) > 0) {
    }
  }

 private:
  std::string path_;
  int fd_ = -1;
};

std::shared_ptr<Backend> Shell(const std::string& script, ExecConfig config = {}) {
  config.argv = {"/bin/sh", "-c", script};
  config.model = "program";
  auto backend = MakeExec(config);
  EXPECT_TRUE(backend.ok()) << backend.status();
  return *backend;
}

CallResult RunShell(const std::string& script, ExecConfig config = {}) {
  return CompleteNow(*Shell(script, config), CallFor("Hello?", config.timeout));
}

int OpenDescriptors() {
  int count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

TEST(Exec, TheProgramsReplyIsTheAnswer) {
  const auto completion = std::get<Completion>(RunShell(
      R"(read line; printf '{"text":"Hi!","finish_reason":"length","usage":{"prompt_tokens":3}}')"));
  EXPECT_EQ(completion.text, "Hi!");
  EXPECT_EQ(completion.model, "program");
  EXPECT_EQ(completion.finish_reason, "length");
  EXPECT_EQ(completion.usage.prompt_tokens, 3u);
  EXPECT_EQ(completion.usage.completion_tokens, std::nullopt);
}

TEST(Exec, TheRequestHoldsTheWholeCall) {
  ModelCall call = CallFor("Hello?");
  call.sampling.max_tokens = 9;
  EXPECT_EQ(json::parse(ExecRequest(call)),
            (json{{"type", "answer"},
                  {"round", TestRound().Hex()},
                  {"messages", {{{"role", "user"}, {"content", "Hello?"}}}},
                  {"sampling", {{"max_tokens", 9}}}}));
  call.sampling.response_format = R"({"type":"json_object","b":1,"a":2})";
  EXPECT_THAT(ExecRequest(call), ::testing::HasSubstr(call.sampling.response_format));
  call.judge = JudgeTask{"Q?", {{"A1", "yes"}}, {"x"}, R"({"type":"object"})"};
  const json judge = json::parse(ExecRequest(call));
  EXPECT_EQ(judge["type"], "judge");
  EXPECT_EQ(judge["answers"], (json{{{"id", "A1"}, {"text", "yes"}}}));
  EXPECT_EQ(judge["criteria"], json({"x"}));
  EXPECT_EQ(judge["schema"]["type"], "object");
}

TEST(Exec, ProgramsJudge) {
  auto models = ComposeModels(
      nullptr, Shell(R"(cat >/dev/null; echo '{"scores":{"A1":[1,2,3,4,5],"A2":[6,7,8,9,10]}}')"),
      "", {}, BuiltInPrompts());
  const auto judgement = std::get<Judgement>(JudgeNow(*models, JudgeOf({"a", "b"})));
  EXPECT_EQ(judgement.entries[0].scores.size(), 5u);
  EXPECT_TRUE(judgement.scorer.starts_with("program judge-"));
}

TEST(Exec, UnusableOutputAbstains) {
  for (const char* script : {"true", "echo hello", "echo '[]'", "echo '{}'", "echo '{\"text\":3}'",
                             R"(printf '{"text":"\377"}')"}) {
    EXPECT_EQ(AbstainOf(RunShell(script)).reason, AbstainReason::kReplyUnusable) << script;
  }
  const Abstain error = AbstainOf(RunShell(R"(echo '{"error":"no credit"}')"));
  EXPECT_EQ(error.reason, AbstainReason::kModelFailed);
  EXPECT_EQ(error.detail, "the model program reports: no credit");
}

TEST(Exec, FailuresShowTheEndOfStandardError) {
  const Abstain abstain =
      AbstainOf(RunShell("i=0; while [ $i -lt 5000 ]; do echo noise >&2; i=$((i+1)); done; "
                         "echo 'out of memory' >&2; exit 3"));
  EXPECT_EQ(abstain.reason, AbstainReason::kModelFailed);
  EXPECT_TRUE(abstain.detail.starts_with("the model program ended with exit status 3: "));
  EXPECT_TRUE(abstain.detail.ends_with("noise out of memory"));
  EXPECT_LT(abstain.detail.size(), 400u);
  EXPECT_EQ(AbstainOf(RunShell("kill -9 $$")).detail, "the model program ended with signal 9");
}

TEST(Exec, AProgramThatCannotStartFails) {
  ExecConfig config;
  config.argv = {"/nonexistent/program"};
  const Abstain abstain = AbstainOf(CompleteNow(**MakeExec(config), CallFor("?")));
  EXPECT_EQ(abstain.reason, AbstainReason::kModelFailed);
  EXPECT_NE(abstain.detail.find("/nonexistent/program"), std::string::npos);
}

TEST(Exec, TooMuchOutputEndsTheProgram) {
  ExecConfig config;
  config.max_output_bytes = 1000;
  const Abstain abstain = AbstainOf(RunShell("while :; do echo 0123456789; done", config));
  EXPECT_EQ(abstain.reason, AbstainReason::kReplyUnusable);
  EXPECT_NE(abstain.detail.find("1000 bytes"), std::string::npos);
}

TEST(Exec, CancelEndsTheWholeProcessGroup) {
  LifeLine life;
  // The grandchild ignores polite signals and holds the life line.
  auto backend = Shell("exec 9>" + life.path() +
                       "; (trap '' TERM HUP INT; sleep 1000; sleep 1000) & echo up >&9; wait");
  CallPromise promise;
  backend->Complete(1, CallFor("?"), promise.Setter());
  life.WaitForStart();
  backend->Cancel(1);
  EXPECT_EQ(AbstainOf(promise.Wait()).detail, Cancelled().abstain.detail);
  life.WaitForEnd();
}

TEST(Exec, AProgramThatNeverRepliesTimesOut) {
  ExecConfig config;
  config.timeout = milliseconds(50);
  EXPECT_EQ(AbstainOf(RunShell("sleep 1000", config)).reason, AbstainReason::kModelTimedOut);
}

TEST(Exec, WhatAProgramLeavesRunningEndsWithIt) {
  LifeLine life;
  auto backend =
      Shell("exec 9>" + life.path() + "; (sleep 1000) & echo up >&9; echo '{\"text\":\"done\"}'");
  CallPromise promise;
  backend->Complete(1, CallFor("?"), promise.Setter());
  life.WaitForStart();
  EXPECT_EQ(std::get<Completion>(promise.Wait()).text, "done");
  life.WaitForEnd();
}

TEST(Exec, ShutdownEndsProgramsAndCalls) {
  LifeLine life;
  auto backend = Shell("exec 9>" + life.path() + "; echo up >&9; sleep 1000");
  CallPromise promise;
  backend->Complete(1, CallFor("?"), promise.Setter());
  life.WaitForStart();
  backend.reset();
  EXPECT_EQ(AbstainOf(promise.Wait()).reason, AbstainReason::kShuttingDown);
  life.WaitForEnd();
}

TEST(Exec, LongInputsAndUnreadInputsAreNoTrouble) {
  ExecConfig config;
  auto counts = Shell(R"(n=$(wc -c); echo "{\"text\":\"$n\"}")", config);
  ModelCall call = CallFor(std::string(300000, 'x'));
  EXPECT_EQ(std::stoul(std::get<Completion>(CompleteNow(*counts, call)).text),
            ExecRequest(call).size());
  auto ignores = Shell(R"(exec <&-; echo '{"text":"not read"}')", config);
  EXPECT_EQ(std::get<Completion>(CompleteNow(*ignores, call)).text, "not read");
}

TEST(Exec, DescriptorsNeitherLeakNorReachThePrograms) {
  auto backend = Shell(R"(cat >/dev/null; echo "{\"text\":\"$(echo /proc/$$/fd/*)\"}")");
  const int leaky = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC, as a library might
  const int before = OpenDescriptors();
  for (CallId id = 1; id <= 5; ++id) {
    const auto completion = std::get<Completion>(CompleteNow(*backend, CallFor("?"), id));
    EXPECT_EQ(completion.text.find("/fd/" + std::to_string(leaky)), std::string::npos)
        << completion.text;
  }
  EXPECT_EQ(OpenDescriptors(), before);
  ::close(leaky);
}

TEST(Exec, NoMoreProgramsAtOnceThanAllowedAndTheRestWaits) {
  ExecConfig config;
  config.concurrency = 1;
  config.max_queue = 2;
  LifeLine life;
  auto backend = Shell("exec 9>" + life.path() + "; echo up >&9; sleep 1000", config);
  std::vector<CallPromise> promises(4);
  for (size_t i = 0; i < promises.size(); ++i) {
    backend->Complete(i + 1, CallFor("?"), promises[i].Setter());
  }
  EXPECT_EQ(AbstainOf(promises[3].Wait()).reason, AbstainReason::kOverBudget);
  life.WaitForStart();
  backend->Cancel(2);
  EXPECT_EQ(AbstainOf(promises[1].Wait()).detail, Cancelled().abstain.detail);
  EXPECT_FALSE(promises[0].IsSet());
}

TEST(Exec, WrongSettingsAreNamed) {
  EXPECT_NE(std::string(MakeExec({}).status().message()).find("argv: expected"), std::string::npos);
}

}  // namespace
}  // namespace decentd::llm
