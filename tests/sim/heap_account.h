// Whose work a thread is doing: what it asks of the heap meanwhile is held by that node. Only in a
// program that heap_account.cc is part of does anybody count.
#pragma once

#include <cstdint>

namespace decentd::sim {

class HeapAccount {
 public:
  static constexpr int kNobody = 128;  // after the last node of the largest council

  explicit HeapAccount(int node) : before_(of_) { of_ = node; }
  ~HeapAccount() { of_ = before_; }
  HeapAccount(const HeapAccount&) = delete;
  HeapAccount& operator=(const HeapAccount&) = delete;

  static int current() { return of_; }
  // Bytes that were asked for in this node's name and not given back yet, by whomever.
  static int64_t Held(int node);

 private:
  static inline thread_local int of_ = kNobody;
  const int before_;
};

}  // namespace decentd::sim
