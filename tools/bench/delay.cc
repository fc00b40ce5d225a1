#include "tools/bench/delay.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace decentd::bench {
namespace {

// Far below the roster's deadline for a phase, so that no round waits for one.
constexpr double kMostMs = 15'000;

std::optional<double> ParseMs(const std::string& text) {
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) return std::nullopt;
  const double ms = absl::ToDoubleMilliseconds(duration);
  if (!(ms >= 0 && ms <= kMostMs)) return std::nullopt;
  return ms;
}

}  // namespace

absl::StatusOr<Delay> ParseDelay(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const std::string value = colon == std::string::npos ? "" : text.substr(colon + 1);
  Delay delay{text, "", std::nullopt};
  if (kind == "constant" || kind == "exponential") {
    if (const auto ms = ParseMs(value)) {
      delay.script = absl::StrCat("{", kind, ": ", *ms, "}");
      if (kind == "constant") delay.constant_ms = *ms;
      return delay;
    }
  } else if (const size_t dash = value.find('-'); kind == "uniform" && dash != std::string::npos) {
    const auto least = ParseMs(value.substr(0, dash)), most = ParseMs(value.substr(dash + 1));
    if (least && most && *least <= *most) {
      delay.script = absl::StrCat("{uniform: [", *least, ", ", *most, "]}");
      return delay;
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no delay: expected constant:1s, uniform:200ms-900ms or ",
                   "exponential:400ms, each at most ", kMostMs / 1000, "s"));
}

}  // namespace decentd::bench
