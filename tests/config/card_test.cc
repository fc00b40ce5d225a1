#include "node/config/card.h"

#include "crypto/ed25519_signer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "node/config/text.h"

namespace decentd {
namespace {

using ::testing::HasSubstr;

RosterNode Alice() {
  RosterNode node;
  node.name = "alice";
  node.addresses = {"alice.example.org:7400", "[2001:db8::1]:7400"};
  node.owner = "Acme / Ltd: 100% = all";
  node.model_family = "qwen2.5";
  return node;
}

class CardTest : public ::testing::Test {
 protected:
  std::string Encode(const RosterNode& node) { return *EncodeCard(node, *identity_); }
  static std::string ErrorOf(std::string_view card) { return MessageOf(ParseCard(card).status()); }
  // `card` with another checksum, so that only the signature can object.
  static std::string WithFreshSum(const std::string& card) {
    const std::string before = card.substr(0, card.rfind('/') + 1);
    return before + Sha256(before).Hex().substr(0, 8);
  }

  std::unique_ptr<Ed25519Identity> identity_ = NewEd25519Signer();
};

TEST_F(CardTest, ComesBackAsItWasMade) {
  for (const auto& [worker, evaluator] : {std::pair(true, true), {true, false}, {false, true}}) {
    RosterNode node = Alice();
    node.worker = worker;
    node.evaluator = evaluator;
    const std::string card = Encode(node);
    EXPECT_EQ(card.find_first_of(" \t\n"), std::string::npos) << card;
    const absl::StatusOr<RosterNode> read = ParseCard(card);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->name, "alice");
    EXPECT_EQ(read->key, identity_->public_key());
    EXPECT_EQ(read->addresses, node.addresses);
    EXPECT_EQ(read->worker, worker);
    EXPECT_EQ(read->evaluator, evaluator);
    EXPECT_EQ(read->owner, node.owner);
    EXPECT_EQ(read->model_family, node.model_family);
    EXPECT_EQ(Encode(*read), card);
  }
}

TEST_F(CardTest, WhiteSpaceThatMailAddsDoesNoHarm) {
  std::string card = Encode(Alice());
  card.insert(70, "\r\n  ");
  EXPECT_TRUE(ParseCard("  " + card + "\n").ok());
}

TEST_F(CardTest, EveryChangedCharacterIsAnError) {
  const std::string card = Encode(Alice());
  for (size_t i = 0; i < card.size(); ++i) {
    for (char replacement : {'a', 'A', '0', '/', '-', '%', '~'}) {
      std::string changed = card;
      changed[i] = replacement;
      if (changed != card) {
        EXPECT_FALSE(ParseCard(changed).ok()) << i << " " << changed;
      }
    }
    std::string upper = card;
    upper[i] = static_cast<char>(toupper(upper[i]));
    if (upper != card) {
      EXPECT_FALSE(ParseCard(upper).ok()) << i;
    }
  }
}

TEST_F(CardTest, EveryTruncationIsAnErrorThatSaysSo) {
  const std::string card = Encode(Alice());
  for (size_t size = 0; size < card.size(); ++size) {
    EXPECT_FALSE(ParseCard(card.substr(0, size)).ok()) << size;
  }
  EXPECT_THAT(ErrorOf(card.substr(0, card.size() - 1)), HasSubstr("cut short"));
  EXPECT_THAT(ErrorOf(card.substr(0, card.size() / 2)), HasSubstr("copy the whole line"));
}

TEST_F(CardTest, NobodyEnrollsAKeyThatTheyDoNotHold) {
  const std::string card = Encode(Alice());
  const std::string own = identity_->public_key().Hex();
  std::string stolen = card;
  stolen.replace(stolen.find(own), own.size(), NewEd25519Signer()->public_key().Hex());
  EXPECT_THAT(ErrorOf(WithFreshSum(stolen)), HasSubstr("not signed by the key it names"));
}

TEST_F(CardTest, NobodyChangesAFieldOnItsWay) {
  std::string moved = Encode(Alice());
  moved.replace(moved.find("alice.example"), 5, "mally");
  EXPECT_THAT(ErrorOf(WithFreshSum(moved)), HasSubstr("not signed"));
}

TEST_F(CardTest, HasOneText) {
  std::string upper = Encode(Alice());
  const std::string own = identity_->public_key().Hex();
  std::string loud = own;
  for (char& c : loud) c = static_cast<char>(toupper(c));
  upper.replace(upper.find(own), own.size(), loud);
  EXPECT_THAT(ErrorOf(WithFreshSum(upper)), HasSubstr("not written as"));
}

TEST_F(CardTest, SaysWhatElseItGot) {
  EXPECT_THAT(ErrorOf("hello"), HasSubstr("this is not a card"));
  EXPECT_THAT(ErrorOf(""), HasSubstr("decentctl card"));
  EXPECT_THAT(ErrorOf("decentd-card/2/alice"), HasSubstr("version '2' is not known"));
  EXPECT_THAT(ErrorOf(std::string(10'000, 'x')), HasSubstr("longer than any card"));
}

TEST_F(CardTest, RefusesFieldsThatNoRosterTakes) {
  const auto error = [&](auto change) {
    RosterNode node = Alice();
    change(node);
    return MessageOf(EncodeCard(node, *identity_).status());
  };
  EXPECT_THAT(error([](auto& n) { n.name = "Alice"; }), HasSubstr("a-z"));
  EXPECT_THAT(error([](auto& n) { n.name = ""; }), HasSubstr("1 to 64"));
  EXPECT_THAT(error([](auto& n) { n.addresses = {}; }), HasSubstr("1 to 8 addresses"));
  EXPECT_THAT(error([](auto& n) { n.addresses = {"a:1", "a:1"}; }), HasSubstr("given twice"));
  EXPECT_THAT(error([](auto& n) { n.addresses = {"nowhere"}; }), HasSubstr("host:port"));
  EXPECT_THAT(error([](auto& n) { n.worker = n.evaluator = false; }), HasSubstr("a role"));
  EXPECT_THAT(error([](auto& n) { n.owner = "a\nb"; }), HasSubstr("owner"));
}

TEST_F(CardTest, AFileOfCardsMayHaveCommentsAndBrokenLines) {
  RosterNode bob = Alice();
  bob.name = "bob";
  std::string second = *EncodeCard(bob, *NewEd25519Signer());
  second.insert(100, "\n");
  const std::string file = "# from mail\n" + Encode(Alice()) + "\n\n  # bob\n" + second + "\n";
  const absl::StatusOr<std::vector<RosterNode>> nodes = ParseCards(file);
  ASSERT_TRUE(nodes.ok()) << nodes.status();
  ASSERT_EQ(nodes->size(), 2u);
  EXPECT_EQ((*nodes)[0].name, "alice");
  EXPECT_EQ((*nodes)[1].name, "bob");
  EXPECT_TRUE(ParseCards("# none\n")->empty());
  EXPECT_THAT(MessageOf(ParseCards(file + "decentd-card/1/x").status()),
              HasSubstr("card number 3"));
}

}  // namespace
}  // namespace decentd
