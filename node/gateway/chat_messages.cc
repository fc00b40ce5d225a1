#include "node/gateway/chat_messages.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "node/core/limits.h"
#include "node/gateway/json_request.h"

namespace decentd {
namespace {

using Json = nlohmann::json;

std::string ReadContent(const Json& message, const std::string& at) {
  const std::string param = at + ".content";
  const Json* content = Find(message, "content");
  if (content != nullptr && content->is_string()) return content->get<std::string>();
  if (content == nullptr || !content->is_array() || content->empty()) {
    Refuse(param, absl::StrCat("'", param, "' must be a string or a list of text parts"));
  }
  std::string text;
  for (size_t i = 0; i < content->size(); ++i) {
    const Json& part = (*content)[i];
    const std::string part_at = absl::StrCat(param, "[", i, "]");
    const Json* type = part.is_object() ? Find(part, "type") : nullptr;
    if (type == nullptr || !type->is_string()) {
      Refuse(part_at, absl::StrCat("'", part_at, "' must be an object with a type"));
    }
    if (*type != "text") {
      Refuse(part_at,
             absl::StrCat("content of type '", type->get<std::string>(),
                          "' is not supported: only text is"),
             "unsupported_parameter");
    }
    const Json* words = Find(part, "text");
    if (words == nullptr || !words->is_string()) {
      Refuse(part_at + ".text", absl::StrCat("'", part_at, ".text' must be a string"));
    }
    absl::StrAppend(&text, i == 0 ? "" : "\n", words->get_ref<const std::string&>());
  }
  return text;
}

ChatMessage ReadMessage(const Json& message, const std::string& at) {
  if (!message.is_object()) Refuse(at, absl::StrCat("'", at, "' must be an object"));
  for (const auto& [key, value] : message.items()) {
    if (key == "role" || key == "content" || value.is_null()) continue;
    if (key == "tool_calls" && value == Json::array()) continue;
    const std::string param = absl::StrCat(at, ".", key);
    Refuse(param,
           absl::StrCat("'", param, "' is not supported: a message has a role and a content"),
           "unsupported_parameter");
  }
  const Json* role = Find(message, "role");
  std::string name = role != nullptr && role->is_string() ? role->get<std::string>() : "";
  if (name == "developer") name = "system";  // the newer word for it
  if (name == "tool" || name == "function") {
    Refuse(at + ".role",
           absl::StrCat("the role '", name, "' is not supported: agents call no tools"),
           "unsupported_parameter");
  }
  if (name != "system" && name != "user" && name != "assistant") {
    Refuse(at + ".role",
           absl::StrCat("'", at, ".role' must be system, developer, user or assistant"));
  }
  return {std::move(name), ReadContent(message, at)};
}

}  // namespace

std::vector<ChatMessage> ReadMessages(const Json& body) {
  const Json* list = Find(body, "messages");
  if (list == nullptr || !list->is_array() || list->empty()) {
    Refuse("messages", "'messages' must be a list of at least one message", "missing_parameter");
  }
  if (list->size() > limits::kMaxQueryMessages) {
    Refuse("messages", absl::StrCat("at most ", limits::kMaxQueryMessages, " messages are taken"));
  }
  std::vector<ChatMessage> messages;
  for (size_t i = 0; i < list->size(); ++i) {
    messages.push_back(ReadMessage((*list)[i], absl::StrCat("messages[", i, "]")));
  }
  if (messages.back().role != "user" || messages.back().content.empty()) {
    Refuse(absl::StrCat("messages[", messages.size() - 1, "]"),
           "the last message must be the user's, and not empty: it is what the council answers");
  }
  return messages;
}

}  // namespace decentd
