// operator new and delete that remember for whom: a line in front of each block names the account
// and the size. Over-aligned blocks are left alone.
#include "tests/sim/heap_account.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace decentd::sim {
namespace {

struct alignas(std::max_align_t) Head {
  int64_t account;
  int64_t size;
};

std::array<std::atomic<int64_t>, HeapAccount::kNobody + 1> held{};

void* Take(size_t size) noexcept {
  auto* head = static_cast<Head*>(std::malloc(sizeof(Head) + size));
  if (head == nullptr) return nullptr;
  *head = {HeapAccount::current(), static_cast<int64_t>(size)};
  held[static_cast<size_t>(head->account)].fetch_add(head->size, std::memory_order_relaxed);
  return head + 1;
}

void Give(void* block) noexcept {
  if (block == nullptr) return;
  Head* head = static_cast<Head*>(block) - 1;
  held[static_cast<size_t>(head->account)].fetch_sub(head->size, std::memory_order_relaxed);
  std::free(head);
}

}  // namespace

int64_t HeapAccount::Held(int node) {
  return held[static_cast<size_t>(node)].load(std::memory_order_relaxed);
}

}  // namespace decentd::sim

void* operator new(size_t size) {
  if (void* block = decentd::sim::Take(size)) return block;
  throw std::bad_alloc();
}
void* operator new[](size_t size) { return operator new(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return decentd::sim::Take(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return decentd::sim::Take(size);
}
void operator delete(void* block) noexcept { decentd::sim::Give(block); }
void operator delete[](void* block) noexcept { decentd::sim::Give(block); }
void operator delete(void* block, size_t) noexcept { decentd::sim::Give(block); }
void operator delete[](void* block, size_t) noexcept { decentd::sim::Give(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { decentd::sim::Give(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { decentd::sim::Give(block); }
