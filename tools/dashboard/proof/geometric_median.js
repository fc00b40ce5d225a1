// The geometric median of a few points (docs/SPEC.md, section 8), operation by operation what
// node/core/aggregate/geometric_median.cc does, where the method is explained.
//
// JavaScript's numbers are IEEE 754 doubles; + - * / and Math.sqrt are correctly rounded each on
// its own, and no engine may contract a * b + c or reorder a sum. So equal order gives equal bits.
// Never use Math.hypot or ** here: how they round is the engine's own matter.

const MOST_STEPS = 100;
const MOST_HALVINGS = 10;
const SHORT_STEP = 1e-7;
// Data points are whole numbers: nothing but one point and its rounding errors is this near to it.
const SAME_POINT = 1e-7;
// The pull on a data point is known up to rounding: this much more than its weight is none more.
const TIE = 1e-9;
// Two sums of distances that differ by less, in proportion, are equal up to rounding.
const ROUNDING = 1e-12;

// What the data points do to a position: those elsewhere each pull with force 1. `here` counts
// those at the position itself.
function pullAt(position, points, d) {
  const pull = { direction: new Float64Array(d), strength: 0, inverseDistances: 0, here: 0 };
  for (let row = 0; row < points.length; row += d) {
    let squares = 0;
    for (let c = 0; c < d; ++c) {
      const difference = points[row + c] - position[c];
      squares = squares + difference * difference;
    }
    const distance = Math.sqrt(squares);
    if (distance <= SAME_POINT) {
      pull.here = pull.here + 1;
      continue;
    }
    const inverse = 1 / distance;
    pull.inverseDistances = pull.inverseDistances + inverse;
    for (let c = 0; c < d; ++c) {
      pull.direction[c] = pull.direction[c] + (points[row + c] - position[c]) * inverse;
    }
  }
  pull.strength = lengthOf(pull.direction);
  return pull;
}

function lengthOf(vector) {
  let squares = 0;
  for (const component of vector) squares = squares + component * component;
  return Math.sqrt(squares);
}

function mean(points, d) {
  const sum = new Float64Array(d);
  for (let row = 0; row < points.length; row += d) {
    for (let c = 0; c < d; ++c) sum[c] = sum[c] + points[row + c];
  }
  const count = points.length / d;
  return sum.map((component) => component / count);
}

function sumOfDistances(points, position) {
  const d = position.length;
  let sum = 0;
  for (let row = 0; row < points.length; row += d) {
    let squares = 0;
    for (let c = 0; c < d; ++c) {
      const difference = points[row + c] - position[c];
      squares = squares + difference * difference;
    }
    sum = sum + Math.sqrt(squares);
  }
  return sum;
}

// Second derivatives of the sum of distances, lower triangle, row-major. No data point is at the
// position.
function curvatureAt(position, points) {
  const d = position.length;
  const curvature = new Float64Array(d * d), unit = new Float64Array(d);
  for (let row = 0; row < points.length; row += d) {
    let squares = 0;
    for (let c = 0; c < d; ++c) {
      unit[c] = points[row + c] - position[c];
      squares = squares + unit[c] * unit[c];
    }
    const distance = Math.sqrt(squares);
    for (let c = 0; c < d; ++c) unit[c] = unit[c] / distance;
    for (let a = 0; a < d; ++a) {
      for (let b = 0; b <= a; ++b) {
        const identity = a === b ? 1 : 0;
        curvature[a * d + b] = curvature[a * d + b] + (identity - unit[a] * unit[b]) / distance;
      }
    }
  }
  return curvature;
}

// Solves matrix * x = right by Cholesky's decomposition; false when the matrix (its lower triangle
// is given, and overwritten) is not positive definite. `right` becomes x.
function solve(matrix, right) {
  const d = right.length;
  for (let a = 0; a < d; ++a) {
    for (let b = 0; b <= a; ++b) {
      let rest = matrix[a * d + b];
      for (let c = 0; c < b; ++c) rest = rest - matrix[a * d + c] * matrix[b * d + c];
      if (a === b && !(rest > 0)) return false;
      matrix[a * d + b] = a === b ? Math.sqrt(rest) : rest / matrix[b * d + b];
    }
  }
  for (let a = 0; a < d; ++a) {
    for (let c = 0; c < a; ++c) right[a] = right[a] - matrix[a * d + c] * right[c];
    right[a] = right[a] / matrix[a * d + a];
  }
  for (let a = d - 1; a >= 0; --a) {
    for (let c = a + 1; c < d; ++c) right[a] = right[a] - matrix[c * d + a] * right[c];
    right[a] = right[a] / matrix[a * d + a];
  }
  return true;
}

const moved = (position, move) => position.map((component, c) => component + move[c]);

// Weiszfeld's step leads to position + direction / inverseDistances; data points at the position
// itself hold it back by their share (Vardi and Zhang).
function weiszfeldMove(pull) {
  const share = 1 - pull.here / pull.strength;
  return pull.direction.map((component) => share * (component / pull.inverseDistances));
}

// Newton's step, halved until it leads no less far down than Weiszfeld's; else Weiszfeld's.
function bestMove(points, position, pull) {
  const weiszfeld = weiszfeldMove(pull);
  if (pull.here > 0) return weiszfeld;
  let newton = pull.direction.slice();
  if (!solve(curvatureAt(position, points), newton)) return weiszfeld;
  const toBeat = sumOfDistances(points, moved(position, weiszfeld));
  for (let halvings = 0; halvings <= MOST_HALVINGS; ++halvings) {
    const sum = sumOfDistances(points, moved(position, newton));
    if (sum <= toBeat + ROUNDING * toBeat) return newton;
    newton = newton.map((component) => component / 2);
  }
  return weiszfeld;
}

// The distinct data points that are medians: those that the others cannot pull away. One after the
// other, row-major.
function mediansAmong(points, d) {
  const medians = [];
  for (let row = 0; row < points.length; row += d) {
    const point = points.subarray(row, row + d);
    let seen = false;
    for (let known = 0; known < medians.length && !seen; known += d) {
      seen = point.every((component, c) => component === medians[known + c]);
    }
    if (seen) continue;
    const pull = pullAt(point, points, d);
    if (pull.strength <= pull.here + TIE) medians.push(...point);
  }
  return Float64Array.from(medians);
}

// The point with the least sum of Euclidean distances to the rows of `points`, a Float64Array of
// whole numbers, d to a row, at least one row.
export function geometricMedian(points, d) {
  // Asked first, because the iteration would only creep towards them. Medians are a convex set, so
  // the mean of some is one.
  const medians = mediansAmong(points, d);
  if (medians.length > 0) return mean(medians, d);

  let position = mean(points, d);
  for (let step = 0; step < MOST_STEPS; ++step) {
    const pull = pullAt(position, points, d);
    if (pull.strength <= pull.here) break;
    const move = bestMove(points, position, pull);
    position = moved(position, move);
    if (lengthOf(move) <= SHORT_STEP) break;
  }
  return position;
}
