// A round of a test's cluster as the verifier passes it.
#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "node/proof/verify.h"
#include "tests/codec/test_cluster.h"
#include "tests/proof/bundle_maker.h"

namespace decentd {

inline CheckedBundle ProvenRound(const testing::TestCluster& cluster,
                                 testing::BundleOptions options = {}) {
  const testing::BundleMaker maker(cluster, std::move(options));
  auto checked = VerifyBundle(EncodeBundle(maker.Make()), &cluster.roster());
  EXPECT_TRUE(checked.ok()) << checked.status();
  return *std::move(checked);
}

}  // namespace decentd
