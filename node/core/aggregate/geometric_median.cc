#include "node/core/aggregate/geometric_median.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <limits>

#include "node/core/check.h"

#ifdef __FAST_MATH__
#error "Nodes must compute equal bits: build without -ffast-math."
#endif
static_assert(FLT_EVAL_METHOD == 0 && std::numeric_limits<double>::is_iec559,
              "doubles must be IEEE and rounded at every operation; on x86 build for SSE2");

namespace decentd::aggregate {
namespace {

constexpr int kMostSteps = 100;
constexpr int kMostHalvings = 10;
constexpr double kShortStep = 1e-7;
// Data points are whole numbers: nothing but one point and its rounding errors is this near to it.
constexpr double kSamePoint = 1e-7;
// The pull on a data point is known up to rounding: this much more than its weight is none more.
constexpr double kTie = 1e-9;
// Two sums of distances that differ by less, in proportion, are equal up to rounding.
constexpr double kRounding = 1e-12;

// What the data points do to a position: those elsewhere each pull with force 1.
struct Pull {
  std::vector<double> direction;  // sum of the unit vectors towards them
  double strength = 0;            // length of `direction`
  double inverse_distances = 0;
  double here = 0;  // how many are at the position itself
};

Pull PullAt(const double* position, const std::vector<double>& points, size_t dimensions) {
  Pull pull;
  pull.direction.assign(dimensions, 0.0);
  for (size_t row = 0; row < points.size(); row += dimensions) {
    double squares = 0;
    for (size_t c = 0; c < dimensions; ++c) {
      const double difference = points[row + c] - position[c];
      squares = squares + difference * difference;
    }
    const double distance = std::sqrt(squares);
    if (distance <= kSamePoint) {
      pull.here = pull.here + 1;
      continue;
    }
    const double inverse = 1 / distance;
    pull.inverse_distances = pull.inverse_distances + inverse;
    for (size_t c = 0; c < dimensions; ++c) {
      pull.direction[c] = pull.direction[c] + (points[row + c] - position[c]) * inverse;
    }
  }
  double squares = 0;
  for (double component : pull.direction) squares = squares + component * component;
  pull.strength = std::sqrt(squares);
  return pull;
}

std::vector<double> Mean(const std::vector<double>& points, size_t dimensions) {
  std::vector<double> mean(dimensions, 0.0);
  for (size_t row = 0; row < points.size(); row += dimensions) {
    for (size_t c = 0; c < dimensions; ++c) mean[c] = mean[c] + points[row + c];
  }
  const double count = static_cast<double>(points.size() / dimensions);
  for (double& component : mean) component = component / count;
  return mean;
}

double SumOfDistances(const std::vector<double>& points, const std::vector<double>& position) {
  double sum = 0;
  for (size_t row = 0; row < points.size(); row += position.size()) {
    double squares = 0;
    for (size_t c = 0; c < position.size(); ++c) {
      const double difference = points[row + c] - position[c];
      squares = squares + difference * difference;
    }
    sum = sum + std::sqrt(squares);
  }
  return sum;
}

// Second derivatives of the sum of distances, lower triangle, row-major. REQUIRES: no data point at
// the position.
std::vector<double> Curvature(const std::vector<double>& points,
                              const std::vector<double>& position) {
  const size_t d = position.size();
  std::vector<double> curvature(d * d, 0.0), unit(d);
  for (size_t row = 0; row < points.size(); row += d) {
    double squares = 0;
    for (size_t c = 0; c < d; ++c) {
      unit[c] = points[row + c] - position[c];
      squares = squares + unit[c] * unit[c];
    }
    const double distance = std::sqrt(squares);
    for (size_t c = 0; c < d; ++c) unit[c] = unit[c] / distance;
    for (size_t a = 0; a < d; ++a) {
      for (size_t b = 0; b <= a; ++b) {
        const double identity = a == b ? 1 : 0;
        curvature[a * d + b] = curvature[a * d + b] + (identity - unit[a] * unit[b]) / distance;
      }
    }
  }
  return curvature;
}

// Solves matrix * x = right by Cholesky's decomposition; false when the matrix (its lower triangle
// is given, and overwritten) is not positive definite. `right` becomes x.
bool Solve(std::vector<double>& matrix, std::vector<double>& right) {
  const size_t d = right.size();
  for (size_t a = 0; a < d; ++a) {
    for (size_t b = 0; b <= a; ++b) {
      double rest = matrix[a * d + b];
      for (size_t c = 0; c < b; ++c) rest = rest - matrix[a * d + c] * matrix[b * d + c];
      if (a == b && !(rest > 0)) return false;
      matrix[a * d + b] = a == b ? std::sqrt(rest) : rest / matrix[b * d + b];
    }
  }
  for (size_t a = 0; a < d; ++a) {
    for (size_t c = 0; c < a; ++c) right[a] = right[a] - matrix[a * d + c] * right[c];
    right[a] = right[a] / matrix[a * d + a];
  }
  for (size_t a = d; a-- > 0;) {
    for (size_t c = a + 1; c < d; ++c) right[a] = right[a] - matrix[c * d + a] * right[c];
    right[a] = right[a] / matrix[a * d + a];
  }
  return true;
}

std::vector<double> Moved(const std::vector<double>& position, const std::vector<double>& move) {
  std::vector<double> moved(position.size());
  for (size_t c = 0; c < position.size(); ++c) moved[c] = position[c] + move[c];
  return moved;
}

// Weiszfeld's step leads to position + direction / inverse_distances; data points at the position
// itself hold it back by their share (Vardi and Zhang).
std::vector<double> WeiszfeldMove(const Pull& pull) {
  const double share = 1 - pull.here / pull.strength;
  std::vector<double> move(pull.direction.size());
  for (size_t c = 0; c < move.size(); ++c) {
    move[c] = share * (pull.direction[c] / pull.inverse_distances);
  }
  return move;
}

// Newton's step, halved until it leads no less far down than Weiszfeld's; else Weiszfeld's.
std::vector<double> BestMove(const std::vector<double>& points, const std::vector<double>& position,
                             const Pull& pull) {
  std::vector<double> weiszfeld = WeiszfeldMove(pull);
  if (pull.here > 0) return weiszfeld;
  std::vector<double> curvature = Curvature(points, position);
  std::vector<double> newton = pull.direction;
  if (!Solve(curvature, newton)) return weiszfeld;
  const double to_beat = SumOfDistances(points, Moved(position, weiszfeld));
  for (int halvings = 0; halvings <= kMostHalvings; ++halvings) {
    const double sum = SumOfDistances(points, Moved(position, newton));
    if (sum <= to_beat + kRounding * to_beat) return newton;
    for (double& component : newton) component = component / 2;
  }
  return weiszfeld;
}

bool SameRows(const double* a, const double* b, size_t dimensions) {
  return std::equal(a, a + dimensions, b);
}

// The distinct data points that are medians: those that the others cannot pull away. One after the
// other, row-major.
std::vector<double> MediansAmong(const std::vector<double>& points, size_t dimensions) {
  std::vector<double> medians;
  for (size_t row = 0; row < points.size(); row += dimensions) {
    const double* point = &points[row];
    bool seen = false;
    for (size_t known = 0; known < medians.size(); known += dimensions) {
      seen = seen || SameRows(&medians[known], point, dimensions);
    }
    if (seen) continue;
    const Pull pull = PullAt(point, points, dimensions);
    if (pull.strength <= pull.here + kTie) medians.insert(medians.end(), point, point + dimensions);
  }
  return medians;
}

}  // namespace

std::vector<double> GeometricMedian(const std::vector<double>& points, size_t dimensions) {
  Require(dimensions > 0 && !points.empty() && points.size() % dimensions == 0,
          "a geometric median needs whole rows");
  // Asked first, because the iteration would only creep towards them. Medians are a convex set, so
  // the mean of some is one.
  const std::vector<double> medians = MediansAmong(points, dimensions);
  if (!medians.empty()) return Mean(medians, dimensions);

  std::vector<double> position = Mean(points, dimensions);
  for (int step = 0; step < kMostSteps; ++step) {
    const Pull pull = PullAt(position.data(), points, dimensions);
    if (pull.strength <= pull.here) break;
    const std::vector<double> move = BestMove(points, position, pull);
    position = Moved(position, move);
    double squares = 0;
    for (double component : move) squares = squares + component * component;
    if (std::sqrt(squares) <= kShortStep) break;
  }
  return position;
}

}  // namespace decentd::aggregate
