// What every Store promises, run against each implementation.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "storage/keyspace.h"
#include "storage/mem_store.h"
#include "storage/rocksdb_store.h"
#include "storage/store.h"
#include "tests/contract/temp_directory.h"

namespace decentd {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<Store>(const std::string& directory)> open;
};

class StoreContract : public ::testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    store_ = GetParam().open(directory_ / "db");
    ASSERT_NE(store_, nullptr);
  }

  void Write(const WriteBatch& batch) { ASSERT_TRUE(store_->WriteSynced(batch).ok()); }
  void Put(const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.Put(key, value);
    Write(batch);
  }
  Pairs Scan(std::string_view begin, std::string_view end, bool reverse = false) const {
    Pairs pairs;
    EXPECT_TRUE(store_
                    ->Scan(begin, end, reverse,
                           [&](std::string_view key, std::string_view value) {
                             pairs.emplace_back(key, value);
                             return true;
                           })
                    .ok());
    return pairs;
  }
  std::string Keys(std::string_view begin, std::string_view end, bool reverse = false) const {
    std::string keys;
    for (const auto& [key, value] : Scan(begin, end, reverse)) keys += key;
    return keys;
  }
  bool Has(const std::string& key) const { return store_->Get(key).ok(); }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContract, GetGivesWhatWasPut) {
  Put("a", "1");
  EXPECT_EQ(*store_->Get("a"), "1");
  Put("a", "2");
  EXPECT_EQ(*store_->Get("a"), "2");
}

TEST_P(StoreContract, AMissingKeyIsNotFound) {
  EXPECT_EQ(store_->Get("a").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->Get("").status().code(), absl::StatusCode::kNotFound);
}

TEST_P(StoreContract, ANewStoreIsEmpty) { EXPECT_TRUE(Scan("", "").empty()); }

TEST_P(StoreContract, AnEmptyValueAndAnEmptyKeyAreKept) {
  Put("a", "");
  Put("", "empty key");
  EXPECT_EQ(*store_->Get("a"), "");
  EXPECT_EQ(*store_->Get(""), "empty key");
  EXPECT_EQ(Scan("", ""), (Pairs{{"", "empty key"}, {"a", ""}}));
}

TEST_P(StoreContract, KeepsAnyBytes) {
  const std::string key("\0\xff\n\0", 4), value("\xfe\0\x80", 3);
  Put(key, value);
  EXPECT_EQ(*store_->Get(key), value);
}

TEST_P(StoreContract, ALargeValueIsKept) {
  std::mt19937_64 random(1);
  std::string value(1 << 20, '\0');
  for (char& c : value) c = static_cast<char>(random());
  for (int i = 0; i < 20; ++i) Put("large" + std::to_string(i), value);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(*store_->Get("large" + std::to_string(i)), value);
}

TEST_P(StoreContract, KeysSortAsUnsignedBytes) {
  for (const char* key : {"\x80", "\x7f", "\xff", "a", "\x01"}) Put(key, "");
  EXPECT_EQ(Keys("", ""),
            "\x01"
            "a\x7f\x80\xff");
}

TEST_P(StoreContract, AScanTakesTheFirstKeyAndLeavesOutTheEnd) {
  for (const char* key : {"a", "b", "c", "d"}) Put(key, "");
  EXPECT_EQ(Keys("b", "d"), "bc");
  EXPECT_EQ(Keys("b", ""), "bcd");
  EXPECT_EQ(Keys("", "b"), "a");
  EXPECT_EQ(Keys("bb", "cc"), "c");
}

TEST_P(StoreContract, AReverseScanIsTheSameRangeBackwards) {
  for (const char* key : {"a", "b", "c", "d"}) Put(key, "");
  EXPECT_EQ(Keys("b", "d", true), "cb");
  EXPECT_EQ(Keys("", "", true), "dcba");
  EXPECT_EQ(Keys("b", "", true), "dcb");
  EXPECT_EQ(Keys("bb", "cc", true), "c");
}

TEST_P(StoreContract, AnEmptyOrInvertedRangeHasNothing) {
  for (const char* key : {"a", "b", "c"}) Put(key, "");
  for (const bool reverse : {false, true}) {
    EXPECT_EQ(Keys("b", "b", reverse), "");
    EXPECT_EQ(Keys("c", "a", reverse), "");
    EXPECT_EQ(Keys("x", "z", reverse), "");
  }
  WriteBatch batch;
  batch.DeleteRange("c", "a");
  batch.DeleteRange("b", "b");
  Write(batch);
  EXPECT_EQ(Keys("", ""), "abc");
}

TEST_P(StoreContract, AScanStopsWhenTheVisitorHasEnough) {
  for (const char* key : {"a", "b", "c"}) Put(key, "");
  std::string seen;
  ASSERT_TRUE(store_
                  ->Scan("", "", false,
                         [&](std::string_view key, std::string_view) {
                           seen += key;
                           return seen.size() < 2;
                         })
                  .ok());
  EXPECT_EQ(seen, "ab");
}

TEST_P(StoreContract, AScanSeesOneSnapshotWhileItsVisitorWrites) {
  for (const char* key : {"a", "b", "c"}) Put(key, "old");
  Pairs seen;
  ASSERT_TRUE(store_
                  ->Scan("", "", false,
                         [&](std::string_view key, std::string_view value) {
                           seen.emplace_back(key, value);
                           WriteBatch batch;
                           batch.Put("b", "new");
                           batch.Delete("c");
                           batch.Put("d", "new");
                           EXPECT_TRUE(store_->WriteSynced(batch).ok());
                           return true;
                         })
                  .ok());
  EXPECT_EQ(seen, (Pairs{{"a", "old"}, {"b", "old"}, {"c", "old"}}));
  EXPECT_EQ(Scan("", ""), (Pairs{{"a", "old"}, {"b", "new"}, {"d", "new"}}));
}

TEST_P(StoreContract, AScanBesideWritersSeesWholeBatches) {
  constexpr int kBatches = 50;
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      WriteBatch batch;
      batch.Put("x", std::to_string(i));
      batch.Put("y", std::to_string(i));
      EXPECT_TRUE(store_->WriteSynced(batch).ok());
    }
  });
  std::string last;
  while (last != std::to_string(kBatches - 1)) {
    const Pairs pairs = Scan("", "");
    if (pairs.empty()) continue;
    ASSERT_EQ(pairs.size(), 2u);
    ASSERT_EQ(pairs[0].second, pairs[1].second);
    last = pairs[0].second;
  }
  writer.join();
}

TEST_P(StoreContract, ABatchIsAppliedInItsOrder) {
  Put("c", "0");
  WriteBatch batch;
  batch.Put("a", "1");
  batch.Delete("a");
  batch.Put("a", "2");
  batch.Put("b", "1");
  batch.Delete("b");
  batch.Delete("c");
  batch.Put("c", "1");
  Write(batch);
  EXPECT_EQ(Scan("", ""), (Pairs{{"a", "2"}, {"c", "1"}}));
}

TEST_P(StoreContract, DeletingAMissingKeyIsNoError) {
  WriteBatch batch;
  batch.Delete("a");
  batch.DeleteRange("a", "z");
  Write(batch);
  EXPECT_TRUE(Scan("", "").empty());
}

TEST_P(StoreContract, DeleteRangeTakesTheFirstKeyAndLeavesTheEnd) {
  for (const char* key : {"a", "b", "bb", "c", "d"}) Put(key, "");
  WriteBatch batch;
  batch.DeleteRange("b", "c");
  Write(batch);
  EXPECT_EQ(Keys("", ""), "acd");
}

TEST_P(StoreContract, DeleteRangeWithoutAnEndTakesEverythingBehind) {
  for (const char* key : {"a", "b", "\xff\xff"}) Put(key, "");
  WriteBatch batch;
  batch.DeleteRange("b", "");
  Write(batch);
  EXPECT_EQ(Keys("", ""), "a");
}

TEST_P(StoreContract, DeleteRangeKeepsItsPlaceInTheBatch) {
  Put("b1", "old");
  WriteBatch batch;
  batch.Put("b2", "before");
  batch.Put("c", "outside");
  batch.DeleteRange("b", "c");
  batch.Put("b3", "after");
  Write(batch);
  EXPECT_EQ(Scan("", ""), (Pairs{{"b3", "after"}, {"c", "outside"}}));
}

TEST_P(StoreContract, DeleteRangeTakesManyKeys) {
  // More than any implementation deletes one by one.
  WriteBatch fill;
  for (int i = 0; i < 10'000; ++i) fill.Put("k" + std::to_string(i), "x");
  fill.Put("j", "stays");
  fill.Put("l", "stays");
  Write(fill);
  WriteBatch batch;
  batch.Put("k-new", "before");
  batch.DeleteRange("k", "l");
  batch.Put("k-last", "after");
  Write(batch);
  EXPECT_EQ(Scan("", ""), (Pairs{{"j", "stays"}, {"k-last", "after"}, {"l", "stays"}}));
}

TEST_P(StoreContract, AnEmptyBatchIsWritten) { Write(WriteBatch()); }

TEST_P(StoreContract, AgreesWithAMapUnderRandomBatches) {
  std::mt19937_64 random(7);
  const auto key = [&] { return "k" + std::to_string(random() % 40); };
  std::map<std::string, std::string> oracle;
  for (int round = 0; round < 200; ++round) {
    WriteBatch batch;
    for (uint64_t i = random() % 6; i > 0; --i) {
      const std::string a = key(), b = key();
      switch (random() % 4) {
        case 0:
        case 1:
          batch.Put(a, b);
          oracle[a] = b;
          break;
        case 2:
          batch.Delete(a);
          oracle.erase(a);
          break;
        case 3:
          batch.DeleteRange(a, b);
          if (a < b) oracle.erase(oracle.lower_bound(a), oracle.lower_bound(b));
          break;
      }
    }
    Write(batch);
    ASSERT_EQ(Scan("", ""), Pairs(oracle.begin(), oracle.end())) << "round " << round;
    ASSERT_EQ(Scan("", "", true), Pairs(oracle.rbegin(), oracle.rend())) << "round " << round;
  }
}

// With neighbours on both sides that nobody may see or change.
class KeyspaceAmongOthers final : public Store {
 public:
  KeyspaceAmongOthers() : keyspace_(whole_, "n/1") {
    WriteBatch batch;
    for (const char* key : {"n/", "n/0\xff", "n/2", "o"}) batch.Put(key, "a neighbour");
    EXPECT_TRUE(whole_.WriteSynced(batch).ok());
  }
  ~KeyspaceAmongOthers() override {
    for (const char* key : {"n/", "n/0\xff", "n/2", "o"}) {
      EXPECT_EQ(whole_.Get(key).value_or("gone"), "a neighbour") << key;
    }
  }
  absl::Status WriteSynced(const WriteBatch& batch) override { return keyspace_.WriteSynced(batch); }
  absl::StatusOr<std::string> Get(std::string_view key) const override { return keyspace_.Get(key); }
  absl::Status Scan(
      std::string_view begin, std::string_view end, bool reverse,
      const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return keyspace_.Scan(begin, end, reverse, visit);
  }
  uint64_t ApproximateBytes() const override { return keyspace_.ApproximateBytes(); }

 private:
  MemStore whole_;
  Keyspace keyspace_;
};

INSTANTIATE_TEST_SUITE_P(
    Stores, StoreContract,
    ::testing::Values(Implementation{"Memory",
                                     [](const std::string&) -> std::unique_ptr<Store> {
                                       return std::make_unique<MemStore>();
                                     }},
                      Implementation{"Keyspace",
                                     [](const std::string&) -> std::unique_ptr<Store> {
                                       return std::make_unique<KeyspaceAmongOthers>();
                                     }},
                      Implementation{"RocksDb",
                                     [](const std::string& path) -> std::unique_ptr<Store> {
                                       RocksDbOptions options;
                                       options.path = path;
                                       auto store = OpenRocksDbStore(options);
                                       EXPECT_TRUE(store.ok()) << store.status();
                                       return store.ok() ? *std::move(store) : nullptr;
                                     }}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(WriteBatch, CountsItsBytesAndAppends) {
  WriteBatch one, two;
  EXPECT_TRUE(one.empty());
  one.Put("ab", "cde");
  two.Delete("f");
  two.DeleteRange("g", "hi");
  one.Append(std::move(two));
  EXPECT_EQ(one.bytes(), 9u);
  ASSERT_EQ(one.operations().size(), 3u);
  EXPECT_EQ(one.operations()[2].key, "g");
  EXPECT_EQ(one.operations()[2].value, "hi");
}

TEST(PrefixEnd, IsTheFirstKeyBehindEveryKeyWithThePrefix) {
  EXPECT_EQ(PrefixEnd("a"), "b");
  EXPECT_EQ(PrefixEnd("round/"), "round0");
  EXPECT_EQ(PrefixEnd(std::string("a\xff\xff")), "b");
  EXPECT_EQ(PrefixEnd(std::string("a\0", 2)), std::string("a\x01"));
  EXPECT_EQ(PrefixEnd("\x7f"), "\x80");
  EXPECT_EQ(PrefixEnd("\xff\xff"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

TEST(MemStore, AFailedWriteChangesNothingAndTheNextMaySucceed) {
  MemStore store;
  WriteBatch batch;
  batch.Put("a", "1");
  store.FailNextWrites(absl::ResourceExhaustedError("full"), 2);
  EXPECT_EQ(store.WriteSynced(batch).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(store.WriteSynced(batch).code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(store.Get("a").ok());
  EXPECT_TRUE(store.WriteSynced(batch).ok());
  EXPECT_EQ(store.writes(), 1u);
}

TEST(MemStore, AHookSeesEachBatchAndMayFailIt) {
  MemStore store;
  store.SetWriteHook([](const WriteBatch& batch) {
    return batch.bytes() > 3 ? absl::ResourceExhaustedError("full") : absl::OkStatus();
  });
  WriteBatch small, large;
  small.Put("a", "1");
  large.Put("b", "1234");
  EXPECT_TRUE(store.WriteSynced(small).ok());
  EXPECT_FALSE(store.WriteSynced(large).ok());
  EXPECT_FALSE(store.Get("b").ok());
}

TEST(MemStore, ACloneGoesItsOwnWay) {
  MemStore store;
  WriteBatch batch;
  batch.Put("a", "1");
  ASSERT_TRUE(store.WriteSynced(batch).ok());
  const auto clone = store.Clone();
  WriteBatch change;
  change.Delete("a");
  ASSERT_TRUE(store.WriteSynced(change).ok());
  EXPECT_EQ(*clone->Get("a"), "1");
}

}  // namespace
}  // namespace decentd
