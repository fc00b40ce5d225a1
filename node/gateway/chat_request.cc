#include "node/gateway/chat_request.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/core/limits.h"
#include "node/gateway/chat_messages.h"
#include "node/gateway/council_models.h"
#include "node/gateway/json_request.h"

namespace decentd {
namespace {

using Json = nlohmann::json;

// What is not bounded here could exhaust the stack. The body is one deeper than a response_format.
constexpr int kMaxDepth = limits::kMaxResponseFormatDepth + 1;

// Parameters that a Query cannot carry, with the values that ask for nothing.
const std::vector<std::pair<std::string, std::vector<Json>>>& Unsupported() {
  static const auto* const list = new std::vector<std::pair<std::string, std::vector<Json>>>{
      {"n", {1}},
      {"tools", {Json::array()}},
      {"tool_choice", {"none"}},
      {"functions", {Json::array()}},
      {"function_call", {"none"}},
      {"parallel_tool_calls", {}},
      {"logprobs", {false}},
      {"top_logprobs", {}},
      {"logit_bias", {Json::object()}},
      {"frequency_penalty", {0}},
      {"presence_penalty", {0}},
      {"modalities", {Json::array({"text"})}},
      {"audio", {}},
      {"prediction", {}},
      {"reasoning_effort", {}},
      {"verbosity", {}},
      {"service_tier", {"auto", "default"}},
      {"store", {false}},
      {"metadata", {Json::object()}},
      {"user", {}},
      {"safety_identifier", {}},
      {"prompt_cache_key", {}},
      {"web_search_options", {}},
  };
  return *list;
}

const std::set<std::string>& Supported() {
  static const auto* const names = new std::set<std::string>{
      "model",          "messages", "stream",     "stream_options",        "seed",
      "temperature",    "top_p",    "max_tokens", "max_completion_tokens", "stop",
      "response_format"};
  return *names;
}

void RefuseUnsupported(const Json& body) {
  for (const auto& [name, neutral] : Unsupported()) {
    const Json* value = Find(body, name);
    if (value == nullptr) continue;
    if (std::find(neutral.begin(), neutral.end(), *value) != neutral.end()) continue;
    Refuse(name,
           absl::StrCat("'", name,
                        "' is not supported with this value: a council cannot pass it "
                        "on to its agents. Leave it out."),
           "unsupported_parameter");
  }
  for (const auto& [name, value] : body.items()) {
    if (Supported().contains(name) || value.is_null()) continue;
    bool known = false;
    for (const auto& [unsupported, neutral] : Unsupported()) known = known || unsupported == name;
    if (!known) Refuse(name, absl::StrCat("unknown parameter: '", name, "'"), "unknown_parameter");
  }
}

bool ReadBool(const Json& object, const std::string& key, const std::string& param) {
  const Json* value = Find(object, key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) Refuse(param, absl::StrCat("'", param, "' must be true or false"));
  return value->get<bool>();
}

std::optional<double> ReadNumber(const Json& body, const std::string& key, double most,
                                 bool zero_too) {
  const Json* value = Find(body, key);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : -1;
  if (number < 0 || number > most || (number == 0 && !zero_too)) {
    Refuse(key, absl::StrCat("'", key, "' must be a number ", zero_too ? "from" : "above", " 0 to ",
                             most));
  }
  return number;
}

std::optional<uint32_t> ReadTokens(const Json& body, const std::string& key) {
  const Json* value = Find(body, key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_unsigned() || value->get<uint64_t>() < 1 ||
      value->get<uint64_t>() > UINT32_MAX) {
    Refuse(key, absl::StrCat("'", key, "' must be an integer of at least 1"));
  }
  return static_cast<uint32_t>(value->get<uint64_t>());
}

std::optional<int64_t> ReadSeed(const Json& body) {
  const Json* value = Find(body, "seed");
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer() ||
      (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX)) {
    Refuse("seed", "'seed' must be an integer of 64 bits");
  }
  return value->get<int64_t>();
}

std::vector<std::string> ReadStop(const Json& body) {
  const Json* value = Find(body, "stop");
  if (value == nullptr) return {};
  const Json list = value->is_array() ? *value : Json::array({*value});
  std::vector<std::string> stop;
  if (list.size() > limits::kMaxStopStrings) {
    Refuse("stop", absl::StrCat("'stop' takes at most ", limits::kMaxStopStrings, " strings"));
  }
  for (const Json& text : list) {
    if (!text.is_string() || text.get_ref<const std::string&>().empty()) {
      Refuse("stop", "'stop' must be a string or a list of strings, none of them empty");
    }
    stop.push_back(text.get<std::string>());
  }
  return stop;
}

std::string ReadResponseFormat(const Json& body) {
  const Json* value = Find(body, "response_format");
  if (value == nullptr) return "";
  const Json* kind = value->is_object() ? Find(*value, "type") : nullptr;
  const std::string type = kind != nullptr && kind->is_string() ? kind->get<std::string>() : "";
  if (type == "text") return "";
  if (type == "json_object") return value->dump();
  const Json* schema = type == "json_schema" ? Find(*value, "json_schema") : nullptr;
  if (schema != nullptr && schema->is_object()) return value->dump();
  Refuse("response_format",
         "'response_format' must be an object whose type is text, json_object, or json_schema with "
         "a json_schema object");
}

uint32_t ReadModel(const Roster& roster, const Json& body, ChatRequest& request) {
  const Json* model = Find(body, "model");
  if (model == nullptr || !model->is_string()) {
    Refuse("model", absl::StrCat("'model' is missing; it is '", kModelName, "'"),
           "missing_parameter");
  }
  request.model = model->get<std::string>();
  const std::optional<uint32_t> committee = CommitteeOf(roster, request.model);
  if (committee) return *committee;
  ApiError error{.status = 404, .param = "model", .code = "model_not_found"};
  error.message =
      absl::StrCat("the model '", request.model, "' does not exist here; the council is '",
                   kModelName, "', see GET /v1/models");
  throw Refused{std::move(error)};
}

// The parameters of every kind of request.
ChatRequest ReadQuestion(const Roster& roster, const Json& body) {
  ChatRequest request;
  request.committee = ReadModel(roster, body, request);
  RefuseUnsupported(body);
  request.messages = ReadMessages(body);
  Sampling& sampling = request.sampling;
  sampling.temperature = ReadNumber(body, "temperature", 2, true);
  sampling.top_p = ReadNumber(body, "top_p", 1, false);
  const auto tokens = ReadTokens(body, "max_tokens");
  const auto completion = ReadTokens(body, "max_completion_tokens");
  if (tokens && completion && *tokens != *completion) {
    Refuse("max_tokens", "'max_tokens' and 'max_completion_tokens' differ; give one of them");
  }
  sampling.max_tokens = completion ? completion : tokens;
  sampling.seed = ReadSeed(body);
  sampling.stop = ReadStop(body);
  sampling.response_format = ReadResponseFormat(body);
  return request;
}

ChatRequest ReadChat(const Roster& roster, const Json& body) {
  ChatRequest request = ReadQuestion(roster, body);
  request.stream = ReadBool(body, "stream", "stream");
  if (const Json* options = Find(body, "stream_options")) {
    if (!request.stream || !options->is_object()) {
      Refuse("stream_options", "'stream_options' must be an object, and needs stream to be true");
    }
    request.include_usage = ReadBool(*options, "include_usage", "stream_options.include_usage");
    for (const auto& [key, value] : options->items()) {
      if (key == "include_usage" || value.is_null() || value == Json(false)) continue;
      Refuse("stream_options." + key, absl::StrCat("'stream_options.", key, "' is not supported"),
             "unsupported_parameter");
    }
  }
  return request;
}

ChatRequest ReadRound(const Roster& roster, const Json& body) {
  for (const char* chat_only : {"stream", "stream_options"}) {
    const Json* given = Find(body, chat_only);
    if (given == nullptr || *given == Json(false)) continue;
    Refuse(chat_only,
           absl::StrCat("'", chat_only, "' is not supported: GET the round's events instead"),
           "unsupported_parameter");
  }
  Json filled = body;
  if (Find(body, "model") == nullptr) filled["model"] = kModelName;
  if (const Json* question = Find(body, "question")) {
    if (Find(body, "messages") != nullptr) {
      Refuse("question", "give 'question' or 'messages', not both");
    }
    if (!question->is_string() || question->get_ref<const std::string&>().empty()) {
      Refuse("question", "'question' must be a string, and not empty");
    }
    filled["messages"] = Json::array({{{"role", "user"}, {"content", *question}}});
  }
  filled.erase("question");
  return ReadQuestion(roster, filled);
}

// What of a body would cost more than its bytes.
struct Shape {
  bool too_deep = false;
  size_t properties = 0;  // of a response_format, those given twice as well
};

// Looks at the text and builds nothing: with a callback the library looks, for each object that it
// builds, through all that stands beside it.
Shape ShapeOf(std::string_view body) {
  Shape shape;
  bool in_form = false;
  const auto look = [&](int depth, Json::parse_event_t event, const Json& parsed) {
    shape.too_deep = shape.too_deep || depth > kMaxDepth;
    if (event != Json::parse_event_t::key) return false;
    if (depth == 1) {
      in_form = parsed == "response_format";
    } else if (in_form) {
      ++shape.properties;
    }
    return false;
  };
  [[maybe_unused]] const auto nothing = Json::parse(body, look, false);
  return shape;
}

// The value of the last response_format in a body that is a JSON object.
std::string_view FormText(std::string_view body) {
  std::string_view form;
  size_t begin = 0;  // of a value that is one; none begins a body
  int depth = 0;
  for (size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (depth == 1 && (c == ',' || c == '}') && begin != 0) {
      form = body.substr(begin, i - begin);
      begin = 0;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const size_t quote = i++;
    while (body[i] != '"') i += body[i] == '\\' ? 2 : 1;
    const size_t colon = body.find_first_not_of(" \t\r\n", i + 1);
    if (depth != 1 || body[colon] != ':') continue;
    if (Json::parse(body.substr(quote, i + 1 - quote)) == "response_format") begin = colon + 1;
  }
  return form;
}

// As it was sent: the order of a schema's properties is the order in which models write them.
std::string ResponseFormatInOrder(std::string_view body) {
  return nlohmann::ordered_json::parse(FormText(body)).dump();
}

using Reader = ChatRequest (*)(const Roster&, const Json&);

std::variant<ChatRequest, ApiError> Parse(Reader read, const Roster& roster,
                                          std::string_view body) {
  const Shape shape = ShapeOf(body);
  if (shape.too_deep) return ApiError{.message = "the body's JSON is nested too deeply"};
  if (shape.properties > limits::kMaxResponseFormatProperties) {
    ApiError error{.param = "response_format", .code = "invalid_value"};
    error.message = absl::StrCat("'response_format' takes at most ",
                                 limits::kMaxResponseFormatProperties, " properties");
    return error;
  }
  // A problem of the text makes a discarded value.
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return ApiError{.message = "the body is not valid JSON in UTF-8"};
  if (!json.is_object()) return ApiError{.message = "the body must be a JSON object"};
  try {
    ChatRequest request = read(roster, json);
    std::string& format = request.sampling.response_format;
    if (!format.empty()) format = ResponseFormatInOrder(body);
    return request;
  } catch (Refused& refused) {
    return std::move(refused.error);
  }
}

}  // namespace

std::variant<ChatRequest, ApiError> ParseChatRequest(const Roster& roster, std::string_view body) {
  return Parse(ReadChat, roster, body);
}

std::variant<ChatRequest, ApiError> ParseRoundRequest(const Roster& roster, std::string_view body) {
  return Parse(ReadRound, roster, body);
}

}  // namespace decentd
