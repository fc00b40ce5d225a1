#include "node/core/aggregate/geometric_median.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/aggregate/panel.h"

namespace decentd::aggregate {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

double SumOfDistances(const std::vector<double>& points, const std::vector<double>& y) {
  double sum = 0;
  for (size_t row = 0; row < points.size(); row += y.size()) {
    double squares = 0;
    for (size_t c = 0; c < y.size(); ++c) squares += std::pow(points[row + c] - y[c], 2);
    sum += std::sqrt(squares);
  }
  return sum;
}

// The naive way: walk from `y` in random directions, shorter and shorter, as long as it helps.
std::vector<double> WalkDown(const std::vector<double>& points, std::vector<double> y,
                             IntegerGenerator& random) {
  double best = SumOfDistances(points, y);
  for (double step = 4096; step > 1e-6; step /= 2) {
    for (int failures = 0; failures < 40;) {
      std::vector<double> next = y;
      for (double& component : next) component += step * (random.Below(2001) / 1000.0 - 1);
      const double sum = SumOfDistances(points, next);
      if (sum < best) {
        best = sum;
        y = next;
        failures = 0;
      } else {
        ++failures;
      }
    }
  }
  return y;
}

TEST(GeometricMedian, CrossingDiagonalsOfAConvexQuadrilateral) {
  EXPECT_THAT(GeometricMedian({0, 0, 6000, 0, 9000, 9000, 0, 6000}, 2),
              ElementsAre(DoubleNear(3000, 1e-5), DoubleNear(3000, 1e-5)));
}

TEST(GeometricMedian, FermatPointOfAnEquilateralTriangleIsItsCentre) {
  const double height = 8660;  // 10000 * sqrt(3) / 2, almost
  const auto y = GeometricMedian({0, 0, 10000, 0, 5000, height}, 2);
  EXPECT_NEAR(y[0], 5000, 1e-5);
  EXPECT_NEAR(y[1], 5000 / std::sqrt(3.0), 1e-5);
}

TEST(GeometricMedian, AnObtuseCornerIsItselfExactly) {
  EXPECT_THAT(GeometricMedian({-10, 1, 0, 0, 10, 1}, 2), ElementsAre(0, 0));
}

TEST(GeometricMedian, HalfTheWeightInOnePointHoldsItExactly) {
  EXPECT_THAT(GeometricMedian({7, 7, 7, 7, 7, 7, 0, 20000, 20000, 0}, 2), ElementsAre(7, 7));
}

TEST(GeometricMedian, OddPointsOnALineGiveTheMiddle) {
  EXPECT_THAT(GeometricMedian({1, 1, 20000, 20000, 2, 2}, 2), ElementsAre(2, 2));
}

TEST(GeometricMedian, TwoPointsGiveTheirMidpoint) {
  EXPECT_THAT(GeometricMedian({0, 100, 20000, 300}, 2), ElementsAre(10000, 200));
}

TEST(GeometricMedian, EvenPointsOnALineGiveHalfWayBetweenTheMiddles) {
  EXPECT_THAT(GeometricMedian({0, 0, 1, 2, 9, 18, 20000, 40000}, 2), ElementsAre(5, 10));
  EXPECT_THAT(GeometricMedian({0, 0, 0, 20000}, 1), ElementsAre(0));
  EXPECT_THAT(GeometricMedian({0, 0, 10, 20000}, 1), ElementsAre(5));
}

TEST(GeometricMedian, ADataPointPulledWithExactlyItsWeightIsItself) {
  // Two pulls to the right, one to the left, one up and one down leave 1 at the origin, which
  // weighs 1: the case in which Weiszfeld's iteration alone would creep for ever.
  EXPECT_THAT(GeometricMedian({0, 0, 5, 0, 10, 0, -3, 0, 0, 7, 0, -7}, 2), ElementsAre(0, 0));
}

TEST(GeometricMedian, OnePointIsItself) {
  EXPECT_THAT(GeometricMedian({5, 6, 7}, 3), ElementsAre(5, 6, 7));
}

TEST(GeometricMedian, LeavesADataPointThatIsTheMeanButNotTheMedian) {
  // The mean is the data point (0, 0), where Weiszfeld's own step would divide by zero.
  const std::vector<double> points{0, 0, 10, 1, 10, -1, 10, 0, -30, 0};
  const auto y = GeometricMedian(points, 2);
  EXPECT_GT(y[0], 9);
  EXPECT_LT(y[0], 10);
  EXPECT_NEAR(y[1], 0, 1e-9);
}

TEST(GeometricMedian, LeavesAMeanThatRoundsToNearADataPoint) {
  // Seven rows: the mean is 1/3-like in floating point and lands beside the data point (100, 100).
  const std::vector<double> points{100, 100, 110, 101, 110, 99, 110,
                                   100, 70,  100, 103, 100, 97, 100};
  IntegerGenerator random(3);
  const auto y = GeometricMedian(points, 2);
  EXPECT_LE(SumOfDistances(points, y),
            SumOfDistances(points, WalkDown(points, {100, 100}, random)) + 1e-6);
}

struct Shape {
  size_t rows, dimensions;
  uint32_t grain;
};

class GeometricMedianAgainstWalking : public ::testing::TestWithParam<Shape> {};

TEST_P(GeometricMedianAgainstWalking, FindsNoLongerSumOfDistances) {
  const auto [rows, dimensions, grain] = GetParam();
  IntegerGenerator random(rows * 100 + dimensions);
  for (int trial = 0; trial < 100; ++trial) {
    std::vector<double> points;
    for (size_t x = 0; x < rows * dimensions; ++x) {
      points.push_back(random.Below(20000 / grain + 1) * grain);
    }
    const auto y = GeometricMedian(points, dimensions);
    const double found = SumOfDistances(points, y);
    const double walked = SumOfDistances(points, WalkDown(points, y, random));
    EXPECT_LE(found, walked + 1e-7) << "trial " << trial;
    for (size_t row = 0; row < points.size(); row += dimensions) {
      const std::vector<double> point(
          points.begin() + static_cast<std::ptrdiff_t>(row),
          points.begin() + static_cast<std::ptrdiff_t>(row + dimensions));
      EXPECT_LE(found, SumOfDistances(points, point) + 1e-7) << "trial " << trial;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GeometricMedianAgainstWalking,
                         ::testing::Values(Shape{3, 2, 1}, Shape{4, 2, 1}, Shape{4, 2, 500},
                                           Shape{9, 2, 1}, Shape{9, 5, 1}, Shape{10, 5, 1000},
                                           Shape{5, 3, 5000}, Shape{6, 2, 10000},
                                           Shape{9, 3, 20000}, Shape{8, 1, 1000}));

}  // namespace
}  // namespace decentd::aggregate
