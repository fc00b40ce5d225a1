#include "node/config/roster_line.h"

#include "crypto/ed25519_signer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/text.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

Roster MakeRoster() {
  std::vector<RosterNode> nodes;
  for (const char* name : {"alice", "bob", "carol", "dave"}) {
    RosterNode node;
    node.name = name;
    node.key = NewEd25519Signer()->public_key();
    node.owner = "Acme / Ltd: 100%";
    node.addresses = {Concat(name, ".example.org:7400"), "[2001:db8::1]:7400"};
    nodes.push_back(node);
  }
  nodes[3].addresses.clear();  // waits to be dialled
  RosterParameters parameters;
  parameters.criteria = PaperCriteria();
  return Roster(7, nodes, parameters);
}

std::string ErrorOf(std::string_view line) { return MessageOf(ParseRosterLine(line).status()); }

TEST(RosterLine, ComesBackAsItWasMade) {
  const Roster roster = MakeRoster();
  const std::string line = EncodeRosterLine(roster);
  EXPECT_EQ(line.find_first_of(" \t\n'\"$"), std::string::npos) << line;
  const absl::StatusOr<Roster> read = ParseRosterLine(line);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->cluster_id(), roster.cluster_id());
  for (int i = 0; i < roster.n(); ++i) {
    EXPECT_EQ(read->nodes()[i].addresses, roster.nodes()[i].addresses);
  }
  EXPECT_EQ(EncodeRosterLine(*read), line);
}

TEST(RosterLine, WhiteSpaceThatMailAddsDoesNoHarm) {
  std::string line = EncodeRosterLine(MakeRoster());
  line.insert(90, "\r\n  ");
  EXPECT_TRUE(ParseRosterLine("  " + line + "\n").ok());
}

TEST(RosterLine, WhatIsWrongWithItIsNamed) {
  const std::string line = EncodeRosterLine(MakeRoster());
  EXPECT_THAT(ErrorOf("decentd-card/1/x"), HasSubstr("this is none"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("this is none"));
  EXPECT_THAT(ErrorOf(line.substr(0, line.size() - 20)), HasSubstr("cut on its way"));
  EXPECT_THAT(ErrorOf("decentd-roster/2/x/y/z"), HasSubstr("version '2'"));
  const auto with_sum = [](const std::string& body) {
    return body + Sha256(body).Hex().substr(0, 8);
  };
  EXPECT_THAT(ErrorOf(with_sum("decentd-roster/1/AAAA/a:1/")), HasSubstr("no roster"));
  std::string other = line.substr(0, line.rfind('/') + 1);
  EXPECT_THAT(ErrorOf(with_sum(other.insert(other.size() - 1, ";x:1"))),
              HasSubstr("addresses for 5 nodes"));
  other = line.substr(0, line.rfind('/') + 1);
  EXPECT_THAT(ErrorOf(with_sum(other.insert(other.size() - 1, "no-port"))), HasSubstr("dave"));
}

// Whatever byte changes on its way: an error, never another roster.
TEST(RosterLine, NoChangedByteGoesUnnoticed) {
  const std::string line = EncodeRosterLine(MakeRoster());
  for (size_t i = 0; i < line.size(); i += 7) {
    std::string changed = line;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ParseRosterLine(changed).ok()) << i;
  }
}

}  // namespace
}  // namespace decentd
