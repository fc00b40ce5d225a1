#include "node/gateway/router.h"

#include <gtest/gtest.h>

namespace decentd {
namespace {

const Router& Example() {
  static const Router router({{"GET", "/", true, false, nullptr},
                              {"GET", "/files/{file*}", true, false, nullptr},
                              {"GET", "/v1/rounds", false, false, nullptr},
                              {"POST", "/v1/rounds", false, false, nullptr},
                              {"GET", "/v1/rounds/{id}", false, false, nullptr},
                              {"GET", "/v1/rounds/{id}/events", false, false, nullptr}});
  return router;
}

std::string Found(std::string_view method, std::string_view path, std::string* argument) {
  const Route* route = Example().Find(method, path, argument);
  return route == nullptr ? "" : route->pattern;
}

TEST(Router, FindsTheRouteAndItsArgument) {
  std::string argument;
  EXPECT_EQ(Found("GET", "/", &argument), "/");
  EXPECT_EQ(Found("POST", "/v1/rounds", &argument), "/v1/rounds");
  EXPECT_EQ(Found("GET", "/v1/rounds/abc", &argument), "/v1/rounds/{id}");
  EXPECT_EQ(argument, "abc");
  EXPECT_EQ(Found("GET", "/v1/rounds/abc/events", &argument), "/v1/rounds/{id}/events");
  EXPECT_EQ(argument, "abc");
  EXPECT_EQ(Found("GET", "/files/a/b.js", &argument), "/files/{file*}");
  EXPECT_EQ(argument, "a/b.js");
}

TEST(Router, WhatIsNotThereIsNotFound) {
  std::string argument;
  for (const char* path :
       {"", "//", "/v1", "/v1/rounds/", "/v1/rounds/a/", "/v1/rounds/a/b", "/v1/rounds//events",
        "/v1/rounds/a/events/b", "/files/", "/V1/rounds"}) {
    EXPECT_EQ(Found("GET", path, &argument), "") << path;
    EXPECT_EQ(Example().Allowed(path), "") << path;
  }
  EXPECT_EQ(Found("DELETE", "/v1/rounds", &argument), "");
  EXPECT_EQ(Example().Allowed("/v1/rounds"), "GET, HEAD, POST");
}

}  // namespace
}  // namespace decentd
