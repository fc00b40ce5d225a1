// The point with the least sum of distances, found by brute patience: an oracle for
// node/core/aggregate/geometric_median.h in one to three dimensions. The sum is convex, and so is
// its least value over all y, as a function of x; so a ternary search inside a ternary search finds
// the least of all. In long double, whose rounding is far below what is compared.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace decentd::aggregate {

using Wide = long double;

class NaiveGeometricMedian {
 public:
  NaiveGeometricMedian(const std::vector<double>& points, size_t dimensions)
      : points_(points), d_(dimensions), best_(dimensions) {
    Search(0);
  }

  const std::vector<Wide>& position() const { return best_; }
  Wide sum() const { return SumAt(best_); }

  Wide SumAt(const std::vector<Wide>& position) const {
    Wide sum = 0;
    for (size_t row = 0; row < points_.size(); row += d_) {
      Wide squares = 0;
      for (size_t c = 0; c < d_; ++c) {
        const Wide difference = points_[row + c] - position[c];
        squares += difference * difference;
      }
      sum += std::sqrt(squares);
    }
    return sum;
  }

  // No two points are farther apart, up to rounding.
  Wide Diameter() const {
    Wide widest = 0;
    for (size_t a = 0; a < points_.size(); a += d_) {
      for (size_t b = 0; b < a; b += d_) {
        Wide squares = 0;
        for (size_t c = 0; c < d_; ++c) {
          squares += (points_[a + c] - points_[b + c]) * (points_[a + c] - points_[b + c]);
        }
        widest = std::max(widest, std::sqrt(squares));
      }
    }
    return widest;
  }

 private:
  // Sets components c and on of best_ to where the sum is least, those before being given.
  Wide Search(size_t c) {
    if (c == d_) return SumAt(best_);
    Wide low = points_[c], high = points_[c];
    for (size_t row = 0; row < points_.size(); row += d_) {
      low = std::min<Wide>(low, points_[row + c]);
      high = std::max<Wide>(high, points_[row + c]);
    }
    const auto at = [&](Wide x) {
      best_[c] = x;
      return Search(c + 1);
    };
    while (high - low > kNear) {
      const Wide third = (high - low) / 3;
      if (at(low + third) <= at(high - third)) {
        high -= third;
      } else {
        low += third;
      }
    }
    // Marks are whole numbers, and a median at one of them is met exactly.
    const Wide middle = (low + high) / 2, whole = std::round(middle);
    return at(at(whole) <= at(middle) ? whole : middle);
  }

  static constexpr Wide kNear = 1e-8L;
  const std::vector<double>& points_;
  const size_t d_;
  std::vector<Wide> best_;
};

}  // namespace decentd::aggregate
