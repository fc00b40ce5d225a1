// Whom a request counts for, and how many are under way (docs/SECURITY.md, "The gateway").
#include "node/gateway/callers.h"

#include <gtest/gtest.h>

namespace decentd {
namespace {

HttpRequest By(const std::string& authorization, const std::string& host = "localhost:8480") {
  HttpRequest request;
  request.authorization = authorization;
  request.host = host;
  return request;
}

const std::map<Digest, GatewayLimits> kTwoKeys{
    {Sha256("one"), {.body_bytes = 100, .requests_at_once = 1}},
    {Sha256("two"), {.body_bytes = 200, .requests_at_once = 2}},
};

TEST(Callers, AKeyIsKnownByItsDigestAndHasItsOwnLimits) {
  const Callers callers(kTwoKeys, {});
  const auto one = callers.CallerOf(By("Bearer one")), two = callers.CallerOf(By("bearer  two "));
  ASSERT_TRUE(one && two);
  EXPECT_NE(*one, *two);
  EXPECT_EQ(callers.LimitsOf(one).body_bytes, 100u);
  EXPECT_EQ(callers.LimitsOf(two).body_bytes, 200u);
  EXPECT_EQ(callers.LimitsOf(std::nullopt).body_bytes, 0u);
  for (const char* authorization : {"", "Bearer", "Bearer ", "Bearer three", "Basic one", "one"}) {
    EXPECT_FALSE(callers.CallerOf(By(authorization))) << authorization;
    EXPECT_TRUE(callers.IsStranger(By(authorization))) << authorization;
  }
  EXPECT_FALSE(callers.IsStranger(By("Bearer one", "council.example.org")));
}

TEST(Callers, WithoutKeysEverybodyOnThisMachineIsOneCaller) {
  const Callers callers({}, {.body_bytes = 300});
  EXPECT_EQ(callers.CallerOf(By("")), callers.CallerOf(By("Bearer any")));
  EXPECT_EQ(callers.LimitsOf(callers.CallerOf(By(""))).body_bytes, 300u);
  for (const char* host : {"localhost", "localhost:1", "127.0.0.1:8480", "[::1]:8480", "[::1]"}) {
    EXPECT_FALSE(callers.IsStranger(By("", host))) << host;
  }
  for (const char* host : {"", ":", "[", "]", "example.org", "example.org:8480", "127.0.0.1.org"}) {
    EXPECT_TRUE(callers.IsStranger(By("", host))) << host;
  }
}

TEST(Callers, RequestsUnderWayCountByKeyUntilTheyEnd) {
  auto callers = std::make_unique<Callers>(kTwoKeys, GatewayLimits{});
  const PublicKey one = *callers->CallerOf(By("Bearer one"));
  const PublicKey two = *callers->CallerOf(By("Bearer two"));
  auto first = callers->Begin(one);
  EXPECT_TRUE(first);
  EXPECT_FALSE(callers->Begin(one));
  EXPECT_FALSE(callers->Begin(one)) << "what is refused counts for nothing";
  auto second = callers->Begin(two), third = callers->Begin(two);
  EXPECT_TRUE(second && third);
  EXPECT_FALSE(callers->Begin(two));
  first.reset();
  EXPECT_TRUE(callers->Begin(one));
  EXPECT_TRUE(callers->Begin(one)) << "the one before has ended again";
  third.reset();
  EXPECT_TRUE(callers->Begin(two));
  callers.reset();
  second.reset();  // a connection may outlive the gateway
}

TEST(Callers, WithoutAKeyOrALimitAnyNumberMayBeUnderWay) {
  const Callers keyless({}, {.requests_at_once = 1});
  const Callers unlimited({{Sha256("one"), {.requests_at_once = 0}}}, {});
  for (const Callers* callers : {&keyless, &unlimited}) {
    const PublicKey caller = *callers->CallerOf(By("Bearer one"));
    const auto first = callers->Begin(caller), second = callers->Begin(caller);
    EXPECT_TRUE(first && second);
  }
}

}  // namespace
}  // namespace decentd
