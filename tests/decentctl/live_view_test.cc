#include "tools/decentctl/live_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "tests/codec/test_cluster.h"

namespace decentd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

client::v1::RoundEvent Answered(uint64_t seq, uint32_t node) {
  client::v1::RoundEvent event;
  event.set_seq(seq);
  event.set_type(client::v1::RoundEvent::TYPE_ANSWER_RECEIVED);
  event.set_node(node);
  return event;
}

TEST(LiveView, PlainLinesTellEachEventOnceAlsoWhenAnotherNodeTellsItAgain) {
  const testing::TestCluster cluster(4);
  std::ostringstream err;
  LiveView view(err, LiveView::Mode::kLines, &cluster.roster());
  view.OnEvent(Answered(1, 2));
  view.Restart();
  view.OnEvent(Answered(1, 2));
  view.OnEvent(Answered(2, 0));
  view.Stop();
  const std::string text = err.str();
  EXPECT_EQ(text.find("node-2 answered"), text.rfind("node-2 answered"));
  EXPECT_THAT(text, EndsWith("node-0 answered\n"));
}

TEST(LiveView, ThePictureKeepsNotesAndStaysAtTheEnd) {
  const testing::TestCluster cluster(4);
  std::ostringstream err;
  LiveView view(err, LiveView::Mode::kPicture, &cluster.roster());
  view.OnEvent(Answered(1, 2));
  view.Note("the node\x1b[2J died");
  view.Stop();
  const std::string text = err.str();
  EXPECT_THAT(text, HasSubstr("the node␛[2J died\n"));
  const std::string last =
      text.substr(text.rfind("\x1b[J") == std::string::npos ? 0 : text.rfind("\x1b[J"));
  EXPECT_THAT(last, HasSubstr("1 of 4 answered"));
  EXPECT_THAT(last, HasSubstr("◐ node-2"));
}

TEST(LiveView, QuietWritesNothing) {
  std::ostringstream err;
  LiveView view(err, LiveView::Mode::kQuiet, nullptr);
  view.OnEvent(Answered(1, 2));
  view.Note("nothing");
  view.Stop();
  EXPECT_EQ(err.str(), "");
}

}  // namespace
}  // namespace decentd
