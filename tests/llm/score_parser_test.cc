#include "node/llm/score_parser.h"

#include "gtest/gtest.h"

namespace decentd::llm {
namespace {

using Rows = std::vector<std::vector<uint32_t>>;

const std::vector<std::string> kIds = {"A1", "A2"};
const std::vector<std::string> kTwo = {"first_thing", "second"};
const Rows kExpected = {{17000, 3000}, {20000, 0}};

TEST(ScoreParser, ReadsEveryFormThatModelsWrite) {
  for (const char* reply : {
           R"({"A1":{"first_thing":17,"second":3},"A2":{"first_thing":20,"second":0}})",
           R"({"answers":[{"id":"A2","scores":{"first_thing":20,"second":0}},
               {"id":"A1","scores":{"first_thing":17,"second":3}}]})",
           R"({"answers":[{"id":"a1","first_thing":17,"second":3},
               {"id":"a2","first_thing":20,"second":0}]})",
           R"({"scores":{"A1":{"First Thing":"17","second":"3/20"},
               "A2":{"first-thing":20.0,"SECOND":"0"}}})",
           "Sure! Here are {my} marks:\n```json\n"
           R"({"A1":[17,3],"A2":[20,0]})"
           "\n```\nHope this helps {really}.",
           R"({"result":{"A1":{"first_thing":17,"second":3},"A2":{"first_thing":20,"second":0}}})",
           R"(<think>{"A1":[1,1],"A2":[1,1]} is too harsh</think>{"A1":[17,3],"A2":[20,0]})",
           R"({"A1":{"first_thing":17,"second":3,"why":"a } in text \" {"},"A2":[20,0]})",
       }) {
    const auto rows = ParseScores(reply, kIds, kTwo);
    ASSERT_TRUE(rows.ok()) << reply << "\n" << rows.status();
    EXPECT_EQ(*rows, kExpected) << reply;
  }
}

TEST(ScoreParser, OneAnswerNeedsNoName) {
  for (const char* reply : {R"({"first_thing":16.5,"second":"0.0004"})",
                            R"({"scores":{"first_thing":16.5,"second":0}})",
                            R"({"A1":{"first_thing":16.5,"second":0}})"}) {
    const auto rows = ParseScores(reply, {"A1"}, kTwo);
    ASSERT_TRUE(rows.ok()) << reply << "\n" << rows.status();
    EXPECT_EQ(*rows, (Rows{{16500, 0}})) << reply;
  }
}

TEST(ScoreParser, SaysWhatIsWrong) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "it is empty"},
      {" \n", "it is empty"},
      {"I cannot judge these.", "it holds no JSON object"},
      {R"({"A1":{"first_thing":17)", "its JSON object does not end"},
      {R"({"A1":[17,3]})", "the marks of A2 are missing"},
      {R"({"A1":[17,3],"A2":[1]})", "A2 has 1 marks instead of 2"},
      {R"({"A1":[17,3],"A2":{"first_thing":1}})", "A2 lacks \"second\""},
      {R"({"A1":[17,21],"A2":[1,1]})", "A1 has \"second\": 21 instead of a number from 0 to 20"},
      {R"({"A1":[17,-1],"A2":[1,1]})", "A1 has \"second\": -1 instead of a number from 0 to 20"},
      {R"({"A1":[17,20.0001],"A2":[1,1]})",
       "A1 has \"second\": 20.0001 instead of a number from 0 to 20"},
      {R"({"A1":[17,"3/10"],"A2":[1,1]})",
       "A1 has \"second\": \"3/10\" instead of a number from 0 to 20"},
      {R"({"A1":[17,"nan"],"A2":[1,1]})",
       "A1 has \"second\": \"nan\" instead of a number from 0 to 20"},
      {R"({"A1":[17,null],"A2":[1,1]})",
       "A1 has \"second\": null instead of a number from 0 to 20"},
      {R"({"A1":[17,[[]]],"A2":[1,1]})",
       "A1 has \"second\": array instead of a number from 0 to 20"},
      {R"({"A1":7,"A2":[1,1]})", "A1 has no object of marks"},
      {R"({"answers":[{"id":"A1","scores":[1,1]},{"id":"A1","scores":[2,2]}]})",
       "A1 is there twice"},
  };
  for (const auto& [reply, problem] : cases) {
    const auto rows = ParseScores(reply, kIds, kTwo);
    ASSERT_FALSE(rows.ok()) << reply;
    EXPECT_EQ(rows.status().message(), problem) << reply;
  }
}

std::string Nested(const std::string& begin, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += begin;
  return text + "1" + std::string(static_cast<size_t>(times), '}');
}

TEST(ScoreParser, HostileRepliesAreRefusedAtOnce) {
  for (const std::string& reply :
       {std::string(60000, '{'), std::string(60000, '['),
        std::string("{\"A1\":") + std::string(50000, '[') + std::string(50000, ']') + "}",
        Nested("{\"scores\":", 10'000), std::string(1 << 20, ' ') + "x", std::string("{\"A1\":\xFF}")}) {
    EXPECT_FALSE(ParseScores(reply, kIds, kTwo).ok());
  }
}

}  // namespace
}  // namespace decentd::llm
