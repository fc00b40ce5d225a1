#include "node/llm/openai.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cstdlib>

#include "nlohmann/json.hpp"
#include "node/llm/make_models.h"
#include "node/llm/exec_wire.h"
#include "node/llm/openai_wire.h"
#include "tests/llm/http_server.h"
#include "tests/llm/testing.h"

namespace decentd::llm {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using Response = HttpServer::Response;

constexpr char kKey[] = "sk-very-secret-0123456789";

std::string ReplyBody(const std::string& text) {
  return json{
      {"model", "tiny-1"},
      {"choices",
       {{{"message", {{"role", "assistant"}, {"content", text}}}, {"finish_reason", "stop"}}}},
      {"usage", {{"prompt_tokens", 1000}, {"completion_tokens", 500}}}}
      .dump();
}

const std::string kMarksBody =
    ReplyBody(R"({"factual_contradiction":1,"factual_fabrication":2,"instruction_inconsistency":3,)"
              R"("context_inconsistency":4,"logical_inconsistency":5})");

class OpenAiTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("no_proxy", "127.0.0.1", 1);  // the machine's proxy has no business here
    config_.model = "tiny";
    config_.api_key = kKey;
    config_.retry_delay = milliseconds(1);
  }
  void Serve(HttpServer::Handler handler) {
    server_ = std::make_unique<HttpServer>(std::move(handler));
    config_.url = server_->url();
  }
  std::shared_ptr<Backend> Make() {
    auto backend = MakeOpenAi(config_);
    EXPECT_TRUE(backend.ok()) << backend.status();
    return *backend;
  }
  CallResult Complete(ModelCall call = CallFor("Hello?")) {
    call.deadline = Clock::now() + config_.timeout;
    CallResult result = CompleteNow(*Make(), std::move(call));
    if (auto* failure = std::get_if<CallFailure>(&result)) {
      EXPECT_EQ(failure->abstain.detail.find(kKey), std::string::npos) << "the key leaks";
    }
    return result;
  }
  static std::string TextOf(const CallResult& result) {
    const auto* completion = std::get_if<Completion>(&result);
    return completion != nullptr ? completion->text : "failed: " + AbstainOf(result).detail;
  }

  OpenAiConfig config_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(OpenAiTest, SendsTheConversationAndReadsTheReply) {
  Serve([](const auto&, int) { return Response{200, ReplyBody("Hi!"), "", false}; });
  config_.usd_per_million_prompt_tokens = 0.5;
  config_.usd_per_million_completion_tokens = 2;
  ModelCall call = CallFor("Hello?");
  call.sampling.top_p = 0.5;
  call.sampling.seed = 7;
  call.sampling.stop = {"END"};
  call.sampling.response_format = R"({"type":"json_object"})";
  const auto completion = std::get<Completion>(Complete(call));
  EXPECT_EQ(completion.text, "Hi!");
  EXPECT_EQ(completion.model, "tiny-1");
  EXPECT_EQ(completion.finish_reason, "stop");
  EXPECT_EQ(completion.usage.prompt_tokens, 1000u);
  EXPECT_EQ(completion.usage.completion_tokens, 500u);
  EXPECT_EQ(completion.usage.cost_micro_usd, 1500u);
  const auto request = server_->requests().at(0);
  EXPECT_TRUE(request.head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_NE(request.head.find("Authorization: Bearer " + std::string(kKey)), std::string::npos);
  EXPECT_EQ(json::parse(request.body),
            (json{{"model", "tiny"},
                  {"stream", false},
                  {"messages", {{{"role", "user"}, {"content", "Hello?"}}}},
                  {"top_p", 0.5},
                  {"seed", 7},
                  {"stop", {"END"}},
                  {"response_format", {{"type", "json_object"}}}}));
}

// Models write properties in the order of the schema.
TEST_F(OpenAiTest, TheOrderOfAFormIsTheClients) {
  ModelCall call = CallFor("?");
  call.sampling.response_format =
      R"({"type":"json_schema","json_schema":{"name":"n","schema":{"reasoning":1,"answer":2}}})";
  EXPECT_THAT(ChatRequestBody(config_, call, false), ::testing::HasSubstr(call.sampling.response_format));
}

// Anybody's question may hold it: each node that answers would die of it.
TEST_F(OpenAiTest, AFormNestedWithoutEndIsNotPassedOn) {
  ModelCall call = CallFor("?");
  const std::string deep(200'000, '[');
  call.sampling.response_format = "{\"a\":" + deep + std::string(deep.size(), ']') + "}";
  EXPECT_FALSE(json::parse(ChatRequestBody(config_, call, false)).contains("response_format"));
  EXPECT_TRUE(json::parse(ExecRequest(call))["sampling"].empty());
  std::string wide = "{\"0\":0";
  for (int i = 1; i <= 5'000; ++i) wide += ",\"" + std::to_string(i) + "\":0";
  call.sampling.response_format = wide + "}";
  EXPECT_FALSE(json::parse(ChatRequestBody(config_, call, false)).contains("response_format"));
}

TEST_F(OpenAiTest, OperatorsLimitBoundsTheClients) {
  config_.max_tokens = 100;
  config_.temperature = 0.7;
  ModelCall call = CallFor("?");
  auto sent = [&](const ModelCall& c) { return json::parse(ChatRequestBody(config_, c, false)); };
  EXPECT_EQ(sent(call)["max_tokens"], 100);
  EXPECT_EQ(sent(call)["temperature"], 0.7);
  call.sampling.max_tokens = 5000;
  call.sampling.temperature = 0.1;
  EXPECT_EQ(sent(call)["max_tokens"], 100);
  EXPECT_EQ(sent(call)["temperature"], 0.1);
  call.sampling.max_tokens = 50;
  EXPECT_EQ(sent(call)["max_tokens"], 50);
  call.judge = JudgeTask{};
  call.sampling.max_tokens = 500;
  config_.max_tokens_field = "max_completion_tokens";
  EXPECT_EQ(sent(call)["max_completion_tokens"], 500);
}

TEST_F(OpenAiTest, UnknownUsageStaysUnknown) {
  Serve([](const auto&, int) {
    return Response{200, R"({"choices":[{"message":{"content":"x"}}]})", "", false};
  });
  config_.usd_per_million_prompt_tokens = config_.usd_per_million_completion_tokens = 1;
  const auto completion = std::get<Completion>(Complete());
  EXPECT_EQ(completion.usage.prompt_tokens, std::nullopt);
  EXPECT_EQ(completion.usage.cost_micro_usd, std::nullopt);
  EXPECT_EQ(completion.model, "tiny");
}

TEST_F(OpenAiTest, BusyAndBrokenServersAreTriedAgain) {
  Serve([](const auto&, int number) {
    if (number == 0)
      return Response{429, R"({"error":{"message":"slow down"}})", "Retry-After: 0\r\n", false};
    if (number == 1) return Response{500, "oops", "", false};
    return Response{200, ReplyBody("at last"), "", false};
  });
  EXPECT_EQ(TextOf(Complete()), "at last");
  EXPECT_EQ(server_->requests().size(), 3u);
}

TEST_F(OpenAiTest, RetryAfterIsWaitedFor) {
  std::atomic<Clock::rep> first{0};
  std::atomic<bool> waited{false};
  Serve([&](const auto&, int number) {
    const auto now = Clock::now().time_since_epoch();
    if (number == 0) {
      first = now.count();
      return Response{429, "", "Retry-After: 1\r\n", false};
    }
    waited = now - Clock::duration(first.load()) >= milliseconds(900);
    return Response{200, ReplyBody("ok"), "", false};
  });
  EXPECT_EQ(TextOf(Complete()), "ok");
  EXPECT_TRUE(waited);
}

TEST_F(OpenAiTest, ARetryAfterTheDeadlineIsNotWaitedFor) {
  Serve([](const auto&, int) {
    return Response{503, "busy", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n", false};
  });
  EXPECT_EQ(TextOf(Complete()),
            "failed: HTTP 503 from the model server: busy (no time is left for another attempt)");
  EXPECT_EQ(server_->requests().size(), 1u);
}

TEST_F(OpenAiTest, RetriesEnd) {
  Serve([](const auto&, int) { return Response{502, "down", "", false}; });
  config_.retries = 2;
  EXPECT_EQ(TextOf(Complete()), "failed: HTTP 502 from the model server: down (3 attempts)");
  EXPECT_EQ(server_->requests().size(), 3u);
}

TEST_F(OpenAiTest, AServerThatIsNotThereFails) {
  {
    Serve([](const auto&, int) { return Response{}; });
  }
  server_.reset();
  config_.retries = 1;
  const Abstain abstain = AbstainOf(Complete());
  EXPECT_EQ(abstain.reason, AbstainReason::kModelFailed);
  EXPECT_TRUE(abstain.detail.starts_with("cannot reach the model server: ")) << abstain.detail;
}

TEST_F(OpenAiTest, RefusedRequestsFailAtOnceWithTheServersWords) {
  Serve([](const auto&, int) {
    return Response{400,
                    json{{"error",
                          {{"message", std::string("too long\r\n\x1B[31m for ") + kKey +
                                           std::string(2000, 'x')}}}}
                        .dump(),
                    "", false};
  });
  const CallResult result = Complete();
  EXPECT_TRUE(std::get<CallFailure>(result).prompt_rejected);
  EXPECT_TRUE(AbstainOf(result).detail.starts_with(
      "HTTP 400 from the model server: too long [31m for [secret]xxx"));
  EXPECT_LT(AbstainOf(result).detail.size(), 400u);
  EXPECT_EQ(server_->requests().size(), 1u);
}

TEST_F(OpenAiTest, TheKeyIsNotInAnyFailure) {
  for (int status : {401, 403, 404, 429, 500}) {
    Serve([&](const auto& request, int) { return Response{status, request.head, "", false}; });
    config_.retries = 0;
    const Abstain abstain = AbstainOf(Complete());
    EXPECT_EQ(abstain.detail.find(kKey), std::string::npos);
    EXPECT_EQ(abstain.reason, AbstainReason::kModelFailed);
  }
}

TEST_F(OpenAiTest, RedirectsAreNotFollowed) {
  HttpServer elsewhere([](const auto&, int) { return Response{200, ReplyBody("x"), "", false}; });
  Serve([&](const auto&, int) {
    return Response{307, "", "Location: " + elsewhere.url() + "\r\n", false};
  });
  EXPECT_TRUE(TextOf(Complete()).starts_with("failed: HTTP 307"));
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST_F(OpenAiTest, AServerThatNeverRepliesTimesOut) {
  Serve([](const auto&, int) { return Response{200, "", "", true}; });
  config_.timeout = milliseconds(2'000);
  EXPECT_EQ(AbstainOf(Complete()).reason, AbstainReason::kModelTimedOut);
  server_->WaitForHangUps(server_->requests().size());
}

TEST_F(OpenAiTest, UnreadableRepliesAreUnusable) {
  const std::string bodies[] = {"{\"choices\":[",
                                "[]",
                                R"({"choices":[]})",
                                R"({"choices":[{"message":{"content":null}}]})",
                                "{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}",
                                std::string(2 << 20, 'x')};
  for (const std::string& body : bodies) {
    Serve([&](const auto&, int) { return Response{200, body, "", false}; });
    EXPECT_EQ(AbstainOf(Complete()).reason, AbstainReason::kReplyUnusable) << body.substr(0, 50);
  }
}

TEST_F(OpenAiTest, AskedForMarksWithASchemaUntilTheServerRefusesIt) {
  Serve([](const auto& request, int) {
    if (json::parse(request.body).contains("response_format")) {
      return Response{400, R"({"error":"unknown field response_format"})", "", false};
    }
    return Response{200, kMarksBody, "", false};
  });
  auto models = ComposeModels(nullptr, Make(), "", {}, BuiltInPrompts());
  for (int i = 0; i < 2; ++i) {
    const auto judgement = std::get<Judgement>(JudgeNow(*models, JudgeOf({"4"})));
    EXPECT_EQ(judgement.entries[0].scores, (std::vector<uint32_t>{1000, 2000, 3000, 4000, 5000}));
  }
  const auto requests = server_->requests();
  ASSERT_EQ(requests.size(), 3u) << "refused once, then remembered";
  const auto format = json::parse(requests[0].body)["response_format"];
  EXPECT_EQ(format["type"], "json_schema");
  EXPECT_EQ(format["json_schema"]["schema"]["required"], json({"A1"}));
}

TEST_F(OpenAiTest, RequiredSchemasDoNotFallBack) {
  Serve([](const auto&, int) { return Response{400, "no json_schema here", "", false}; });
  config_.structured_output = StructuredOutput::kJsonSchema;
  auto models = ComposeModels(nullptr, Make(), "", {}, BuiltInPrompts());
  EXPECT_EQ(std::get<Abstain>(JudgeNow(*models, JudgeOf({"4"}))).detail,
            "HTTP 400 from the model server: no json_schema here");
}

TEST_F(OpenAiTest, NoMoreCallsAtOnceThanAllowed) {
  std::atomic<int> now{0}, most{0};
  Serve([&](const auto&, int) {
    most = std::max(most.load(), ++now);
    std::this_thread::sleep_for(milliseconds(2));  // gives a second call the chance to be wrong
    --now;
    return Response{200, ReplyBody("x"), "", false};
  });
  config_.concurrency = 1;
  auto backend = Make();
  std::vector<CallPromise> promises(8);
  for (size_t i = 0; i < promises.size(); ++i) {
    backend->Complete(i + 1, CallFor("?"), promises[i].Setter());
  }
  for (auto& promise : promises) EXPECT_EQ(TextOf(promise.Wait()), "x");
  EXPECT_EQ(most, 1);
}

TEST_F(OpenAiTest, AFullQueueIsOverBudget) {
  Serve([](const auto&, int) { return Response{200, "", "", true}; });
  config_.concurrency = 1;
  config_.max_queue = 1;
  auto backend = Make();
  CallPromise running, waiting, refused;
  backend->Complete(1, CallFor("?"), running.Setter());
  backend->Complete(2, CallFor("?"), waiting.Setter());
  backend->Complete(3, CallFor("?"), refused.Setter());
  EXPECT_EQ(AbstainOf(refused.Wait()).reason, AbstainReason::kOverBudget);
  EXPECT_FALSE(waiting.IsSet());
  backend.reset();
  EXPECT_EQ(AbstainOf(running.Wait()).reason, AbstainReason::kShuttingDown);
  EXPECT_EQ(AbstainOf(waiting.Wait()).reason, AbstainReason::kShuttingDown);
}

TEST_F(OpenAiTest, CancelHangsUpAndLetsTheNextCallGo) {
  Serve([](const auto&, int number) {
    return number == 0 ? Response{200, "", "", true} : Response{200, ReplyBody("x"), "", false};
  });
  config_.concurrency = 1;
  auto backend = Make();
  CallPromise first, second, third;
  backend->Complete(1, CallFor("?"), first.Setter());
  backend->Complete(2, CallFor("?"), second.Setter());
  backend->Complete(3, CallFor("?"), third.Setter());
  server_->WaitForRequests(1);
  backend->Cancel(2);
  EXPECT_EQ(AbstainOf(second.Wait()).detail, Cancelled().abstain.detail);
  backend->Cancel(1);
  EXPECT_EQ(AbstainOf(first.Wait()).detail, Cancelled().abstain.detail);
  EXPECT_EQ(TextOf(third.Wait()), "x");
  server_->WaitForHangUps(1);
}

TEST_F(OpenAiTest, WaitingCallsTimeOutInTheQueue) {
  Serve([](const auto&, int) { return Response{200, "", "", true}; });
  config_.concurrency = 1;
  auto backend = Make();
  CallPromise running, waiting;
  backend->Complete(1, CallFor("?"), running.Setter());
  backend->Complete(2, CallFor("?", milliseconds(20)), waiting.Setter());
  EXPECT_EQ(AbstainOf(waiting.Wait()).reason, AbstainReason::kModelTimedOut);
  EXPECT_FALSE(running.IsSet());
}

TEST(OpenAiConfigTest, AddressesAreCompletedOrRefused) {
  EXPECT_EQ(*ChatCompletionsUrl("http://127.0.0.1:8080/v1"),
            "http://127.0.0.1:8080/v1/chat/completions");
  EXPECT_EQ(*ChatCompletionsUrl("https://host/v1/"), "https://host/v1/chat/completions");
  EXPECT_EQ(*ChatCompletionsUrl("https://host/x?api-version=1"),
            "https://host/x/chat/completions?api-version=1");
  for (const char* bad : {"", "host", "ftp://host/", "file:///etc/passwd", "http://",
                          "https://user:secret@host/v1"}) {
    const auto url = ChatCompletionsUrl(bad);
    EXPECT_FALSE(url.ok()) << bad << " gave " << *url;
    EXPECT_EQ(url.status().ToString().find("secret"), std::string::npos);
  }
}

TEST(OpenAiConfigTest, WrongSettingsAreNamedWithoutTheKey) {
  OpenAiConfig good;
  good.url = "http://127.0.0.1:1/v1";
  good.model = "m";
  auto message = [](OpenAiConfig config) {
    ModelsConfig models;
    models.answer = config;
    return std::string(MakeModels(models).status().message());
  };
  EXPECT_EQ(message(good), "");
  OpenAiConfig config = good;
  config.api_key = "broken\r\nX-Header: 1";
  EXPECT_NE(message(config).find("answering model: API key"), std::string::npos);
  EXPECT_EQ(message(config).find("broken"), std::string::npos);
  config = good;
  config.model = "";
  EXPECT_NE(message(config).find("model: expected"), std::string::npos);
  config = good;
  config.concurrency = 0;
  EXPECT_NE(message(config).find("concurrency: expected"), std::string::npos);
}

}  // namespace
}  // namespace decentd::llm
