// Reading a request's JSON member by member, up to the first problem. For the readers of bodies
// only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "node/gateway/error_reply.h"

namespace decentd {

// Thrown by readers, caught where the body was parsed.
struct Refused {
  ApiError error;
};

[[noreturn]] inline void Refuse(std::string param, std::string message,
                                std::string code = "invalid_value") {
  throw Refused{
      {.message = std::move(message), .param = std::move(param), .code = std::move(code)}};
}

// The member, or null where it is absent or null: OpenAI's clients send both.
inline const nlohmann::json* Find(const nlohmann::json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

}  // namespace decentd
