// Preloaded into a daemon before libfaketime, which shows the process another time of day but does
// not show it to the kernel: a wait until a time of day in a futex, as Abseil's locks and so gRPC
// have it, would last hours too long, or not at all. Here it lasts until the faked clock is there,
// and follows its jumps as the kernel's own waits follow the jumps of a real clock.
#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>

namespace {

constexpr int64_t kSecond = 1'000'000'000;  // nanoseconds
constexpr int64_t kNoticeJumpWithin = 20'000'000;

using Syscall = long (*)(long, ...);

int64_t Read(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * kSecond + now.tv_nsec;
}

}  // namespace

extern "C" long syscall(long number, ...) {
  static const auto next = reinterpret_cast<Syscall>(dlsym(RTLD_NEXT, "syscall"));
  std::array<long, 6> a;
  va_list list;
  va_start(list, number);
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  const auto* deadline = reinterpret_cast<const timespec*>(a[3]);
  if (number != SYS_futex || (a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT_BITSET ||
      (a[1] & FUTEX_CLOCK_REALTIME) == 0 || deadline == nullptr) {
    return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
  for (;;) {
    const int64_t left =
        deadline->tv_sec * kSecond + deadline->tv_nsec - Read(CLOCK_REALTIME);
    if (left <= 0) {
      errno = ETIMEDOUT;
      return -1;
    }
    const int64_t until = Read(CLOCK_MONOTONIC) + std::min(left, kNoticeJumpWithin);
    const timespec part{until / kSecond, until % kSecond};
    const long result =
        next(SYS_futex, a[0], a[1] & ~long{FUTEX_CLOCK_REALTIME}, a[2], &part, a[4], a[5]);
    if (result == 0 || errno != ETIMEDOUT) return result;
  }
}
