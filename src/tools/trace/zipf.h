// tools/trace/zipf.h: numbers from 1 to n, k as often as 1 / k^skew says.
//
// Rejection-inversion: the bars 1 / k^skew are covered by a curve whose integral has an inverse. A uniform
// number is sent through that inverse to an x, x is rounded to k, and k is taken unless the number fell into
// the sliver between bar and curve, which happens rarely. Constant time and no table, whatever n is.
//
// Source: W. Hörmann, G. Derflinger, "Rejection-inversion to generate variates from monotone discrete
// distributions", ACM TOMACS 6(3), 1996; the form that also works at skew 1 is that of Apache Commons RNG.
#pragma once

#include <cstdint>

#include "tools/trace/portable_math.h"

namespace larder::tools {

/// A sampler; the same numbers on every machine for the same random bits.
class Zipf final {
 public:
  static constexpr double skew_max = 10;

  /// `n` from 1 to 2^40, `skew` from 0 (all alike) to skew_max.
  Zipf(std::uint64_t n, double skew);

  /// The next rank: 1 is the most frequent.
  std::uint64_t next(SplitMix64& random) const;

 private:
  [[nodiscard]] double bar(double x) const;
  [[nodiscard]] double integral(double x) const;
  [[nodiscard]] double integral_inverse(double area) const;

  std::uint64_t n_;
  double skew_;
  double area_first_;  // what the uniform numbers lie between
  double area_last_;
  double shortcut_;  // k - x up to here needs no look at the bar
};

}  // namespace larder::tools
