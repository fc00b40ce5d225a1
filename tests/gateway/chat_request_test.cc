#include "node/gateway/chat_request.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace decentd {
namespace {

using Json = nlohmann::json;

Json Minimal() {
  return {{"model", "decent"},
          {"messages", Json::array({{{"role", "user"}, {"content", "What is 17 + 25?"}}})}};
}

ChatRequest Parsed(const Json& body) {
  auto parsed = ParseChatRequest(body.dump());
  if (const auto* error = std::get_if<ApiError>(&parsed)) {
    ADD_FAILURE() << error->message;
    return {};
  }
  return std::get<ChatRequest>(std::move(parsed));
}

ApiError RefusalOfText(const std::string& body) {
  auto parsed = ParseChatRequest(body);
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
      {"temperature", 2.5}, {"temperature", "hot"},   {"top_p", 0},
      {"seed", 1.5},        {"seed", UINT64_MAX},     {"max_tokens", 0},
      {"max_tokens", -1},   {"stop", Json::array({""})}, {"stream", "yes"},
      {"stop", Json::array({1})},  {"response_format", {{"type", "xml"}}},
      {"response_format", {{"type", "json_schema"}}}, {"stream_options", {{"include_usage", true}}},
      {"messages", Json::array()}, {"messages", "hello"}, {"model", 3}};
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

}  // namespace
}  // namespace decentd
