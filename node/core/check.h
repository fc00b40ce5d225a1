// For our own bugs only: a broken REQUIRES ends the process with a sentence that names it. Bytes of
// a peer or a user are checked, and refused, long before they could reach this.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace decentd {

inline void Require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "decentd: broken requirement: %.*s\n", static_cast<int>(what.size()),
               what.data());
  std::abort();
}

}  // namespace decentd
