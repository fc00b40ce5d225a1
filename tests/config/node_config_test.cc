#include "node/config/node_config.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/files.h"
#include "node/config/node_template.h"
#include "node/config/text.h"
#include "tests/config/temporary_folder.h"

namespace decentd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kMinimal =
    "name: alice\nidentity_key: identity.key\ndata_directory: data\nroster: roster.yaml\n";

absl::StatusOr<LoadedNodeConfig> Parse(std::string_view more) {
  return ParseNodeConfig(Concat(kMinimal, more), "/etc/decentd/node.yaml");
}

// The message without the file's name in front of each line.
std::string ErrorOf(std::string_view more) {
  std::string message = MessageOf(Parse(more).status());
  const std::string prefix = "/etc/decentd/node.yaml:";
  for (size_t at; (at = message.find(prefix)) != std::string::npos;)
    message.erase(at, prefix.size());
  return message;
}

Setting Find(const std::vector<Setting>& settings, std::string_view path) {
  const auto found = std::find_if(settings.begin(), settings.end(),
                                  [&](const Setting& s) { return s.path == path; });
  return found == settings.end() ? Setting{"(absent)", "", ""} : *found;
}

constexpr std::string_view kFull = R"(passphrase_file: /run/pass
peers: {listen: "[::]:7400"}
clients:
  listen: 0.0.0.0:7500
  tls_certificate: tls/c.pem
  tls_key: tls/k.pem
  allowed_keys: [d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a]
  requests_per_minute: 5
  rounds_in_flight: 2
models:
  system_prompt: Be brief.
  answer:
    backend: openai
    url: https://api.example.org/v1
    model: big
    temperature: 0.5
    max_tokens: 100
    max_completion_tokens: true
    tls_authority: ca.pem
    seed: -7
    timeout: 20s
    retries: 3
    concurrency: 4
    api_key_env: EXAMPLE_KEY
    prices: {prompt: 0.25, completion: 1}
  judge:
    backend: exec
    command: [./judge, --fast]
    timeout: 9s
    output_limit: 64KiB
    concurrency: 2
    method: per_answer
    extra_tokens: 900
    prompts: prompts
limits: {rounds_open: 10, model_calls_waiting: 3}
retention: {rounds: 50, age: 30d}
log: {level: debug, format: json}
)";

TEST(NodeConfigFile, SaysWhatItSays) {
  const absl::StatusOr<LoadedNodeConfig> loaded = Parse(kFull);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const NodeConfig& config = loaded->config;
  EXPECT_EQ(config.identity_key, "/etc/decentd/identity.key");
  EXPECT_EQ(config.passphrase_file, "/run/pass");
  EXPECT_EQ(config.peers_listen, "[::]:7400");
  EXPECT_EQ(config.clients.tls_key, "/etc/decentd/tls/k.pem");
  EXPECT_EQ(config.clients.allowed_keys.size(), 1u);
  EXPECT_EQ(config.clients.requests_per_minute, 5u);
  const auto& answer = std::get<OpenAiBackend>(*config.answer_model);
  EXPECT_EQ(answer.url, "https://api.example.org/v1");
  EXPECT_EQ(answer.temperature, 0.5);
  EXPECT_EQ(answer.max_tokens, 100u);
  EXPECT_EQ(answer.seed, -7);
  EXPECT_TRUE(answer.max_completion_tokens);
  EXPECT_EQ(answer.tls_authority, "/etc/decentd/ca.pem");
  EXPECT_EQ(config.judge_model->extra_tokens, 900u);
  EXPECT_EQ(config.system_prompt, "Be brief.");
  EXPECT_EQ(answer.timeout_ms, 20'000u);
  EXPECT_EQ(answer.retries, 3u);
  EXPECT_EQ(answer.api_key_env, "EXAMPLE_KEY");
  EXPECT_EQ(answer.prompt_price, 0.25);
  EXPECT_EQ(answer.completion_price, 1.0);
  const auto& judge = std::get<ExecBackend>(config.judge_model->backend);
  EXPECT_EQ(judge.command, (std::vector<std::string>{"./judge", "--fast"}));
  EXPECT_EQ(judge.output_limit, 65'536u);
  EXPECT_EQ(config.judge_model->method, JudgeMethod::kPerAnswer);
  EXPECT_EQ(config.judge_model->prompt_directory, "/etc/decentd/prompts");
  EXPECT_EQ(config.limits.rounds_open, 10u);
  EXPECT_EQ(config.retention.age_ms, 30ull * 86'400'000);
  EXPECT_EQ(config.log.level, LogLevel::kDebug);
  EXPECT_EQ(config.log.format, LogFormat::kJson);
}

TEST(NodeConfigFile, LeavesTheRestAtItsDefaults) {
  const absl::StatusOr<LoadedNodeConfig> loaded = Parse("");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->config.clients.listen, ClientApiConfig{}.listen);
  EXPECT_EQ(loaded->config.limits.model_calls_waiting, LimitsConfig{}.model_calls_waiting);
  EXPECT_FALSE(loaded->config.answer_model.has_value());
}

TEST(NodeConfigFile, TellsWhereEveryValueComesFrom) {
  const absl::StatusOr<LoadedNodeConfig> loaded = Parse("log: {level: debug}\n");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(Find(loaded->settings, "log.level").value, "debug");
  EXPECT_EQ(Find(loaded->settings, "log.level").origin, "/etc/decentd/node.yaml:5");
  EXPECT_EQ(Find(loaded->settings, "log.format").value, "text");
  EXPECT_EQ(Find(loaded->settings, "log.format").origin, "default");
  EXPECT_EQ(Find(loaded->settings, "data_directory").value, "/etc/decentd/data");
}

TEST(NodeConfigFile, AnInlineApiKeyIsRefusedWithTheWayOut) {
  const std::string error = ErrorOf(
      "models:\n  answer:\n    backend: openai\n    url: http://h/v1\n    model: m\n"
      "    api_key: sk-very-secret\n");
  EXPECT_THAT(error, AllOf(StartsWith("10:14: models.answer.api_key: a secret does not belong"),
                           HasSubstr("api_key_env"), HasSubstr("api_key_file"),
                           Not(HasSubstr("sk-very-secret"))));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: openai, url: 'http://me:pw@h/v1', model: m}}\n"),
              AllOf(HasSubstr("does not belong into the URL"), Not(HasSubstr("pw"))));
}

TEST(NodeConfigFile, AnAddressThatOthersReachNeedsTls) {
  EXPECT_THAT(ErrorOf("clients: {listen: \"0.0.0.0:7401\"}\n"),
              AllOf(StartsWith("5:"), HasSubstr("there is no TLS"), HasSubstr("insecure: true")));
  EXPECT_TRUE(Parse("clients: {listen: \"0.0.0.0:7401\", insecure: true}\n").ok());
  EXPECT_THAT(ErrorOf("clients: {tls_key: k}\n"), HasSubstr("give both or none"));
}

TEST(NodeConfigFile, AnEmptyAllowListIsNotTakenForEveryone) {
  EXPECT_THAT(ErrorOf("clients: {allowed_keys: []}\n"),
              AllOf(HasSubstr("the list is empty"), HasSubstr("leave it out")));
  EXPECT_THAT(ErrorOf("clients: {allowed_keys: [abc]}\n"), HasSubstr("decentctl client init"));
}

TEST(NodeConfigFile, NamesTheWrongValueByLine) {
  EXPECT_THAT(ErrorOf("limits:\n  model_calls_waiting: 0\n"),
              HasSubstr("6:24: limits.model_calls_waiting: expected a whole number from 1 to"));
  EXPECT_THAT(ErrorOf("log: {level: loud}\n"), HasSubstr("one of debug, info, warn, error"));
  EXPECT_THAT(ErrorOf("log: {levle: info}\n"), HasSubstr("did you mean 'level'?"));
  EXPECT_THAT(ErrorOf("retention: {age: 30}\n"), HasSubstr("has no unit"));
  EXPECT_THAT(ErrorOf("peers: {}\n"), HasSubstr("the key 'peers.listen' is missing"));
  EXPECT_THAT(ErrorOf("models: {answer: {}}\n"), HasSubstr("'models.answer.backend' is missing"));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: opnai}}\n"), HasSubstr("did you mean 'openai'?"));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: exec, command: ls}}\n"),
              HasSubstr("expected a list of texts"));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: exec, command: [ls], url: x}}\n"),
              HasSubstr("unknown key 'models.answer.url'"));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: scripted, file: f, method: per_answer}}\n"),
              HasSubstr("unknown key 'models.answer.method'"));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: openai, url: h/v1, model: m}}\n"),
              HasSubstr("expected http:// or https://"));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: openai, url: 'http://h', model: m, "
                      "temperature: hot}}\n"),
              HasSubstr("expected a number from 0 to 2, found 'hot'"));
  EXPECT_THAT(ErrorOf("models: {answer: {backend: openai, url: 'http://h', model: m, "
                      "api_key_env: A, api_key_file: b}}\n"),
              HasSubstr("not both"));
}

TEST(NodeConfigFile, AFileThatIsTooLargeIsNotRead) {
  TemporaryFolder folder;
  ASSERT_TRUE(CreateFile(folder / "node.yaml", std::string(kMaxConfigBytes + 1, '#')).ok());
  EXPECT_THAT(MessageOf(LoadNodeConfig(folder / "node.yaml").status()), HasSubstr("larger than"));
}

TEST(NodeTemplateFile, IsAValidConfigurationAsItIs) {
  for (const auto& [worker, evaluator] :
       {std::pair(true, true), {true, false}, {false, true}, {false, false}}) {
    const NodeTemplate values{"alice", "0.0.0.0:7400", "127.0.0.1:8400", "", worker, evaluator,
                              true};
    const auto loaded = ParseNodeConfig(RenderNodeConfig(values), "node.yaml");
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->config.name, "alice");
    EXPECT_EQ(loaded->config.answer_model.has_value(), worker);
    EXPECT_EQ(loaded->config.judge_model.has_value(), evaluator);
  }
}

// Off unless its section is there, and then for this machine alone.
TEST(NodeConfigFile, AGatewayWithoutAnAddressIsOnLoopback) {
  const std::string text = RenderNodeConfig({"alice"});
  const auto on = ParseNodeConfig(text + "\ngateway: {connections: 9}\n", "node.yaml");
  ASSERT_TRUE(on.ok()) << on.status();
  EXPECT_EQ(on->config.gateway.listen, "127.0.0.1:8480");
  const auto exposed = ParseNodeConfig(text + "\ngateway: {listen: '0.0.0.0:8480'}\n", "node.yaml");
  EXPECT_THAT(exposed.status().message(), HasSubstr("no API key is asked for"));
}

// OpenAI's clients give up after 600 s and ask again: what times out here must be told before.
TEST(NodeConfigFile, AChatIsAnsweredBeforeItsClientAsksAgain) {
  EXPECT_LT(NodeConfig().gateway.longest_wait_ms, 600'000u);
}

// What the comments offer must work when the '#' is taken away.
TEST(NodeTemplateFile, TheGatewayIsOffOrOnWithEveryOptionExplained) {
  NodeTemplate values{"alice"};
  auto off = ParseNodeConfig(RenderNodeConfig(values), "node.yaml");
  ASSERT_TRUE(off.ok()) << off.status();
  EXPECT_EQ(off->config.gateway.listen, "");
  values.gateway_listen = "127.0.0.1:9000";
  std::string text = RenderNodeConfig(values);
  auto on = ParseNodeConfig(text, "node.yaml");
  ASSERT_TRUE(on.ok()) << on.status();
  EXPECT_EQ(on->config.gateway.listen, "127.0.0.1:9000");
  for (const char* option : {"api_keys", "requests_per_minute", "rounds_in_flight", "longest_wait",
                             "body_bytes", "requests_at_once", "connections"}) {
    const std::string commented = Concat("#   ", option, ": ");
    const size_t at = text.find(commented);
    ASSERT_NE(at, std::string::npos) << option;
    text.erase(at, 2);  // "# ", the rest is indented as it should be
  }
  auto all = ParseNodeConfig(text, "node.yaml");
  ASSERT_TRUE(all.ok()) << all.status() << text;
  EXPECT_EQ(all->config.gateway.api_keys_file, "gateway.keys");
  EXPECT_EQ(all->config.gateway.longest_wait_ms, 570'000u);
}

TEST(NodeTemplateFile, ItsCommentedExamplesAreValidToo) {
  std::string text;
  const std::string rendered = RenderNodeConfig({"alice"});
  for (std::string_view line : Split(rendered, '\n')) {
    for (std::string_view example :
         {"# passphrase_file:", "# temperature:", "# max_tokens:", "# max_completion_tokens:",
          "# tls_authority:", "# system_prompt:", "# seed:", "# api_key_env:", "# prices:",
          "# prompts:"}) {
      const size_t at = line.find(example);
      if (at == std::string_view::npos) continue;
      Append(text, line.substr(0, at), line.substr(at + 2), "\n");
      line = "";
    }
    Append(text, line, "\n");
  }
  const auto loaded = ParseNodeConfig(text, "node.yaml");
  ASSERT_TRUE(loaded.ok()) << loaded.status() << text;
  EXPECT_EQ(std::get<OpenAiBackend>(*loaded->config.answer_model).api_key_env, "OPENAI_API_KEY");
}

class ApiKeyTest : public ::testing::Test {
 protected:
  Environment environment_ = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SET") return "sk-1";
    if (name == "EMPTY") return "";
    return std::nullopt;
  };
};

TEST_F(ApiKeyTest, ComesFromTheEnvironmentOrAFileOfTheOwner) {
  OpenAiBackend backend;
  EXPECT_EQ(*ResolveApiKey(backend, environment_), "");
  backend.api_key_env = "SET";
  EXPECT_EQ(*ResolveApiKey(backend, environment_), "sk-1");
  for (const char* name : {"EMPTY", "ABSENT"}) {
    backend.api_key_env = name;
    EXPECT_THAT(MessageOf(ResolveApiKey(backend, environment_).status()),
                AllOf(HasSubstr(name), HasSubstr("is not set")));
  }
  TemporaryFolder folder;
  backend = OpenAiBackend{};
  backend.api_key_file = folder / "key";
  ASSERT_TRUE(CreateFile(backend.api_key_file, "sk-2\n", 0600).ok());
  EXPECT_EQ(*ResolveApiKey(backend, environment_), "sk-2");
}

TEST_F(ApiKeyTest, IsNeverShown) {
  NodeConfig config;
  OpenAiBackend backend;
  backend.api_key_env = "SET";
  config.answer_model = backend;
  const std::vector<Setting> settings = SecretSettings(config, environment_);
  ASSERT_EQ(settings.size(), 1u);
  EXPECT_EQ(settings[0].value, "(set)");
  EXPECT_EQ(settings[0].origin, "environment SET");
}

}  // namespace
}  // namespace decentd
