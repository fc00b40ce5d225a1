#include "node/gateway/chat_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using Json = nlohmann::json;

const Roster& OfFour() {
  static const testing::TestCluster cluster(4);
  return cluster.roster();
}

Json Minimal() {
  return {{"model", "decent"},
          {"messages", Json::array({{{"role", "user"}, {"content", "What is 17 + 25?"}}})}};
}

ChatRequest Parsed(const Json& body) {
  auto parsed = ParseChatRequest(OfFour(), body.dump());
  if (const auto* error = std::get_if<ApiError>(&parsed)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  return std::get<ChatRequest>(std::move(parsed));
}

ApiError RefusalOfText(const std::string& body) {
  auto parsed = ParseChatRequest(OfFour(), body);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
  ADD_FAILURE() << "taken: " << body.substr(0, 200);
  return {};
}

ApiError RefusalWith(const std::string& key, const Json& value) {
  Json body = Minimal();
  body[key] = value;
  return RefusalOfText(body.dump());
}

TEST(ChatRequest, CarriesWhatAQueryCarries) {
  Json body = Minimal();
  body["messages"] = Json::array({{{"role", "developer"}, {"content", "Be brief."}},
                                  {{"role", "user"}, {"content", "One?"}},
                                  {{"role", "assistant"}, {"content", "1"}, {"refusal", nullptr}},
                                  {{"role", "user"},
                                   {"content", Json::array({{{"type", "text"}, {"text", "a"}},
                                                            {{"type", "text"}, {"text", "b"}}})}}});
  body["temperature"] = 0.5;
  body["top_p"] = 1;
  body["seed"] = -3;
  body["max_completion_tokens"] = 7;
  body["stop"] = "END";
  body["response_format"] = {{"type", "json_object"}};
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  const ChatRequest request = Parsed(body);
  ASSERT_EQ(request.messages.size(), 4u);
  EXPECT_EQ(request.messages[0].role, "system");
  EXPECT_EQ(request.messages[2].content, "1");
  EXPECT_EQ(request.messages[3].content, "a\nb");
  EXPECT_EQ(request.sampling.temperature, 0.5);
  EXPECT_EQ(request.sampling.top_p, 1.0);
  EXPECT_EQ(request.sampling.seed, -3);
  EXPECT_EQ(request.sampling.max_tokens, 7u);
  EXPECT_EQ(request.sampling.stop, std::vector<std::string>{"END"});
  EXPECT_EQ(request.sampling.response_format, R"({"type":"json_object"})");
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.include_usage);
}

// Models write properties in the order of the schema.
TEST(ChatRequest, TheOrderOfAFormIsTheClients) {
  const std::string format =
      R"({"type":"json_schema","json_schema":{"schema":{"reasoning":1,"answer":{"z":0,"b":1}}}})";
  const std::string messages = R"("messages":[{"role":"user","content":"?"}])";
  for (const std::string& body :
       {R"({"model":"decent",)" + messages + R"(,"response_format":)" + format + "}",
        R"({"response_format":{"type":"text"},"model":"decent",)" + messages +
            R"(,"response_format": )" + format + "}"}) {
    auto parsed = ParseChatRequest(OfFour(), body);
    ASSERT_TRUE(std::holds_alternative<ChatRequest>(parsed)) << std::get<ApiError>(parsed).message;
    EXPECT_EQ(std::get<ChatRequest>(parsed).sampling.response_format, format);
  }
}

TEST(ChatRequest, AFormHasABoundedNumberOfProperties) {
  Json schema = Json::object();
  for (int i = 0; i < 4'990; ++i) schema[std::to_string(i)] = 0;
  const Json format = {{"type", "json_schema"}, {"json_schema", schema}};
  Json body = Minimal();
  body["response_format"] = format;
  EXPECT_FALSE(Parsed(body).sampling.response_format.empty());
  schema["inner"] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}, {"e", 1}, {"f", 1}, {"g", 1}, {"h", 1}};
  const ApiError error =
      RefusalWith("response_format", {{"type", "json_schema"}, {"json_schema", schema}});
  EXPECT_EQ(error.param, "response_format");
}

// Each costs a parser that is not prepared for it minutes, and with them a thread of the server.
TEST(ChatRequest, WhatIsManyTimesInABodyIsReadAtOnce) {
  std::string objects = "{}";
  for (int i = 1; i < 1'000'000; ++i) objects += ",{}";
  EXPECT_FALSE(
      RefusalOfText(R"({"model":"decent","messages":[)" + objects + "]}").message.empty());
  std::string keys = "\"0\":0";
  for (int i = 1; i < 200'000; ++i) keys += ",\"" + std::to_string(i) + "\":0";
  const std::string rest = R"(,"model":"decent","messages":[{"role":"user","content":"?"}]})";
  for (const std::string& form :
       {"{" + keys + R"(},"response_format":{"type":"json_object"})",
        R"({"type":"json_object","x":{)" + keys + R"(},"x":1})"}) {
    EXPECT_EQ(RefusalOfText(R"({"response_format":)" + form + rest).param, "response_format");
  }
  const std::string list = R"({"type":"json_object","x":[)" + objects.substr(0, 300'000) + "{}]}";
  auto parsed = ParseChatRequest(OfFour(), R"({"response\u005fformat":)" + list + rest);
  ASSERT_TRUE(std::holds_alternative<ChatRequest>(parsed)) << std::get<ApiError>(parsed).message;
  EXPECT_EQ(std::get<ChatRequest>(parsed).sampling.response_format, list);
}

TEST(ChatRequest, RefusesByNameWhatAQueryCannotCarry) {
  const Json tools = Json::array({{{"type", "function"}}});
  const std::vector<std::pair<std::string, Json>> unsupported = {
      {"tools", tools},
      {"tool_choice", "auto"},
      {"functions", tools},
      {"function_call", "auto"},
      {"n", 2},
      {"logprobs", true},
      {"top_logprobs", 3},
      {"logit_bias", {{"50256", -100}}},
      {"audio", {{"voice", "x"}}},
      {"modalities", Json::array({"text", "audio"})},
      {"frequency_penalty", 0.5},
      {"user", "someone"}};
  for (const auto& [name, value] : unsupported) {
    const ApiError error = RefusalWith(name, value);
    EXPECT_EQ(error.status, 400) << name;
    EXPECT_EQ(error.param, name);
    EXPECT_EQ(error.code, "unsupported_parameter") << name;
    EXPECT_NE(error.message.find(name), std::string::npos) << error.message;
  }
  EXPECT_EQ(RefusalWith("temprature", 1).code, "unknown_parameter");
}

TEST(ChatRequest, TakesValuesThatAskForNothing) {
  Json body = Minimal();
  body["n"] = 1;
  body["tools"] = Json::array();
  body["logprobs"] = false;
  body["presence_penalty"] = 0.0;
  body["logit_bias"] = nullptr;
  body["response_format"] = {{"type", "text"}};
  EXPECT_EQ(Parsed(body).sampling.response_format, "");
}

TEST(ChatRequest, RefusesWrongValuesByName) {
  const std::vector<std::pair<std::string, Json>> wrong = {
      {"temperature", 2.5},
      {"temperature", "hot"},
      {"top_p", 0},
      {"seed", 1.5},
      {"seed", UINT64_MAX},
      {"max_tokens", 0},
      {"max_tokens", -1},
      {"stop", Json::array({""})},
      {"stream", "yes"},
      {"stop", Json::array({1})},
      {"response_format", {{"type", "xml"}}},
      {"response_format", {{"type", "json_schema"}}},
      {"stream_options", {{"include_usage", true}}},
      {"messages", Json::array()},
      {"messages", "hello"},
      {"model", 3}};
  for (const auto& [name, value] : wrong) {
    const ApiError error = RefusalWith(name, value);
    EXPECT_EQ(error.status, 400) << name;
    EXPECT_EQ(error.param, name) << value;
  }
}

TEST(ChatRequest, RefusesMessagesThatAreNotAQuestion) {
  const auto refusal = [](const Json& message) {
    return RefusalWith("messages", Json::array({message}));
  };
  EXPECT_EQ(refusal({{"role", "assistant"}, {"content", "x"}}).param, "messages[0]");
  EXPECT_EQ(refusal({{"role", "user"}, {"content", ""}}).param, "messages[0]");
  EXPECT_EQ(refusal({{"role", "tool"}, {"content", "x"}}).code, "unsupported_parameter");
  EXPECT_EQ(refusal({{"role", "king"}, {"content", "x"}}).param, "messages[0].role");
  EXPECT_EQ(refusal({{"role", "user"}, {"content", nullptr}}).param, "messages[0].content");
  EXPECT_EQ(refusal({{"role", "user"}, {"content", "x"}, {"name", "n"}}).param, "messages[0].name");
  const Json image = Json::array({{{"type", "image_url"}, {"image_url", {{"url", "u"}}}}});
  EXPECT_EQ(refusal({{"role", "user"}, {"content", image}}).param, "messages[0].content[0]");
  EXPECT_EQ(refusal("x").param, "messages[0]");
}

TEST(ChatRequest, AnotherModelIsNotFound) {
  const ApiError error = RefusalWith("model", "gpt-4o");
  EXPECT_EQ(error.status, 404);
  EXPECT_EQ(error.code, "model_not_found");
}

TEST(ChatRequest, RefusesWhatIsNoJson) {
  for (const std::string body : {"", "{", "[]", "null", "\xff", "{\"model\": \"\xff\"}"}) {
    EXPECT_EQ(RefusalOfText(body).status, 400);
  }
  EXPECT_NE(RefusalOfText(std::string(500'000, '[')).message.find("nested"), std::string::npos);
}

TEST(ErrorReply, HasOpenAisShape) {
  const Json json = Json::parse(ErrorReply(RefusalWith("n", 2)).body);
  EXPECT_EQ(json["error"]["type"], "invalid_request_error");
  EXPECT_EQ(json["error"]["param"], "n");
  EXPECT_EQ(json["error"]["code"], "unsupported_parameter");
  EXPECT_TRUE(json["error"]["message"].is_string());
}

TEST(ChatRequest, AModelNamesTheCouncilOrACommittee) {
  EXPECT_EQ(Parsed(Minimal()).committee, 0u);
  Json body = Minimal();
  body["model"] = "decent-3";
  EXPECT_EQ(Parsed(body).committee, 3u);
  EXPECT_EQ(Parsed(body).model, "decent-3");
  for (const char* name : {"decent-0", "decent-4", "decent-03", "decent-", "decent-3x", "gpt-4"}) {
    const ApiError error = RefusalWith("model", name);
    EXPECT_EQ(error.status, 404) << name;
    EXPECT_EQ(error.code, "model_not_found") << name;
  }
}

TEST(ChatRequest, ARefusalQuotesNoMoreThanAPersonReads) {
  const std::string name(100'000, 'x');
  for (const ApiError& error : {RefusalWith("model", name), RefusalWith(name, 1)}) {
    EXPECT_LT(ErrorJson(error).size(), 3'000u);
  }
}

std::variant<ChatRequest, ApiError> Round(const Json& body) {
  return ParseRoundRequest(OfFour(), body.dump());
}

TEST(RoundRequest, IsAQuestionOrAConversation) {
  const auto short_form = Round({{"question", "Why?"}, {"model", "decent-2"}, {"seed", 7}});
  ASSERT_TRUE(std::holds_alternative<ChatRequest>(short_form))
      << std::get<ApiError>(short_form).message;
  const auto& request = std::get<ChatRequest>(short_form);
  ASSERT_EQ(request.messages.size(), 1u);
  EXPECT_EQ(request.messages[0].role, "user");
  EXPECT_EQ(request.messages[0].content, "Why?");
  EXPECT_EQ(request.committee, 2u);
  EXPECT_EQ(request.sampling.seed, 7);
  Json body = Minimal();
  body.erase("model");
  EXPECT_TRUE(std::holds_alternative<ChatRequest>(Round(body)));
}

TEST(RoundRequest, RefusesBothFormsAndStreams) {
  Json both = Minimal();
  both["question"] = "Why?";
  EXPECT_EQ(std::get<ApiError>(Round(both)).param, "question");
  Json streamed = Minimal();
  streamed["stream"] = true;
  EXPECT_EQ(std::get<ApiError>(Round(streamed)).param, "stream");
  EXPECT_EQ(std::get<ApiError>(Round({{"question", ""}})).param, "question");
  EXPECT_EQ(std::get<ApiError>(Round(Json::object())).param, "messages");
}

}  // namespace
}  // namespace decentd
