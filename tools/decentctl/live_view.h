// Shows a round while it runs: a picture that is drawn again and again on a terminal, plain lines
// elsewhere, or nothing.
#pragma once

#include <condition_variable>
#include <mutex>
#include <ostream>
#include <set>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tools/decentctl/round_progress.h"

namespace decentd {

class LiveView {
 public:
  enum class Mode { kQuiet, kLines, kPicture };

  // kPicture where `err` is a terminal that can move its cursor, else kLines.
  static Mode ModeFor(const std::ostream& err);

  LiveView(std::ostream& err, Mode mode, const Roster* roster);
  ~LiveView();  // as Stop

  void OnEvent(const client::v1::RoundEvent& event);
  // A line that stays: what happened to the watching, not to the round.
  void Note(const std::string& text);
  // The round is told from its start again, by another node.
  void Restart();
  uint64_t last_seq();
  bool certified();
  bool given_up();
  absl::Duration elapsed() const { return absl::Now() - start_; }

  // Draws the last picture and leaves it.
  void Stop();

 private:
  void Draw();   // REQUIRES: mutex_ held
  void Erase();  // REQUIRES: mutex_ held

  std::ostream& err_;
  const Mode mode_;
  const absl::Time start_ = absl::Now();
  std::mutex mutex_;
  std::condition_variable wake_;
  RoundProgress progress_;
  std::set<std::string> said_;  // plain lines: another node tells much of it again
  size_t drawn_ = 0;            // lines of the last picture
  bool stopped_ = false;
  std::thread ticker_;  // keeps the clock of the picture running
};

}  // namespace decentd
