#include "tools/decentctl/live_view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/decentctl/terminal_text.h"

namespace decentd {
namespace {

constexpr std::chrono::milliseconds kRefresh{200};

size_t TerminalWidth() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace

LiveView::Mode LiveView::ModeFor(const std::ostream& err) {
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  return &err == &std::cerr && isatty(STDERR_FILENO) && !dumb ? Mode::kPicture : Mode::kLines;
}

LiveView::LiveView(std::ostream& err, Mode mode, const Roster* roster)
    : err_(err), mode_(mode), progress_(roster) {
  if (mode_ != Mode::kPicture) return;
  ticker_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
      Draw();
      wake_.wait_for(lock, kRefresh);
    }
  });
}

LiveView::~LiveView() { Stop(); }

void LiveView::OnEvent(const client::v1::RoundEvent& event) {
  std::lock_guard lock(mutex_);
  progress_.Apply(event);
  if (mode_ == Mode::kPicture) {
    wake_.notify_one();
  } else if (mode_ == Mode::kLines) {
    if (const std::string line = progress_.Describe(event);
        !line.empty() && said_.insert(line).second) {
      err_ << DurationText(elapsed()) << "  " << line << std::endl;
    }
  }
}

void LiveView::Note(const std::string& text) {
  std::lock_guard lock(mutex_);
  if (mode_ == Mode::kQuiet) return;
  Erase();
  err_ << DurationText(elapsed()) << "  " << PrintableLine(text) << std::endl;
}

void LiveView::Restart() {
  std::lock_guard lock(mutex_);
  progress_.Restart();
}

uint64_t LiveView::last_seq() {
  std::lock_guard lock(mutex_);
  return progress_.last_seq();
}

bool LiveView::certified() {
  std::lock_guard lock(mutex_);
  return progress_.certified();
}

bool LiveView::given_up() {
  std::lock_guard lock(mutex_);
  return progress_.given_up();
}

void LiveView::Erase() {
  if (drawn_ == 0) return;
  // To the first line of the picture, then clear to the end of the screen.
  err_ << "\x1b[" << std::exchange(drawn_, 0) << "A\r\x1b[J";
}

void LiveView::Draw() {
  // One column stays free: a full line makes some terminals wrap, and the picture would creep.
  const size_t width = std::max<size_t>(TerminalWidth(), 20) - 1;
  Erase();
  for (const std::string& line : progress_.Picture(elapsed(), width)) {
    err_ << line << '\n';
    ++drawn_;
  }
  err_.flush();
}

void LiveView::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
    wake_.notify_one();
  }
  if (ticker_.joinable()) {
    ticker_.join();
    std::lock_guard lock(mutex_);
    Draw();
    drawn_ = 0;
  }
}

}  // namespace decentd
