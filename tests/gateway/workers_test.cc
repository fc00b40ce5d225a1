#include "node/gateway/workers.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>

namespace decentd {
namespace {

TEST(WorkersTest, WhoeverPaidIsServedFirstAndInTheOrderOfComing) {
  Workers workers;
  // One worker is kept busy until all is queued, the other to the end.
  std::promise<void> go, end, all, begun[2];
  ASSERT_TRUE(workers.Run([&begun, queued = go.get_future().share()] {
    begun[0].set_value();
    queued.wait();
  }));
  ASSERT_TRUE(workers.Run([&begun, over = end.get_future().share()] {
    begun[1].set_value();
    over.wait();
  }));
  for (std::promise<void>& one : begun) one.get_future().get();
  std::string order;
  const auto note = [&](char name) {
    return [&order, &all, name] {
      order += name;
      if (order.size() == 4) all.set_value();
    };
  };
  EXPECT_TRUE(workers.Run(note('c')));
  EXPECT_TRUE(workers.Run(note('a'), Workers::Turn::kFirst));
  EXPECT_TRUE(workers.Run(note('d')));
  EXPECT_TRUE(workers.Run(note('b'), Workers::Turn::kFirst));
  go.set_value();
  all.get_future().get();
  EXPECT_EQ(order, "abcd");
  end.set_value();
}

TEST(WorkersTest, WhatWaitsIsBoundedAndDroppedAtTheEnd) {
  Workers workers;
  std::promise<void> go;
  const auto held = go.get_future().share();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(workers.Run([held] { held.wait(); }));
  const auto token = std::make_shared<int>(0);
  int taken = 0;
  while (taken < 10'000 && workers.Run([token] { FAIL() << "dropped tasks do not run"; })) ++taken;
  EXPECT_GE(taken, 254);  // a worker may not have begun yet
  EXPECT_LE(taken, 256);
  std::thread stopping([&] { workers.Stop(); });
  while (workers.Run([] {})) std::this_thread::yield();
  while (token.use_count() > 1) std::this_thread::yield();  // before the tasks under way end
  go.set_value();
  stopping.join();
  EXPECT_FALSE(workers.Run([] {}));
}

}  // namespace
}  // namespace decentd
