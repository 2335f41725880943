#include "tools/trace/zipf.h"

#include <algorithm>
#include <cmath>

#include "base/assert.h"

namespace larder::tools {

Zipf::Zipf(std::uint64_t n, double skew) : n_(n), skew_(skew) {
  LARDER_ASSERT(n >= 1);
  LARDER_ASSERT(n <= std::uint64_t{1} << 40);
  LARDER_ASSERT(skew >= 0);
  LARDER_ASSERT(skew <= skew_max);
  area_first_ = integral(1.5) - 1;
  area_last_ = integral(static_cast<double>(n) + 0.5);
  shortcut_ = 2 - integral_inverse(integral(2.5) - bar(2));
}

std::uint64_t Zipf::next(SplitMix64& random) const {
  for (;;) {
    const double area = area_last_ + random.next_unit() * (area_first_ - area_last_);
    const double x = integral_inverse(area);
    // Rounding errors may put x a hair outside.
    const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(n_));
    if (k - x <= shortcut_ || area >= integral(k + 0.5) - bar(k)) return static_cast<std::uint64_t>(k);
  }
}

// 1 / x^skew.
double Zipf::bar(double x) const { return portable_exp(-skew_ * portable_log(x)); }

// The area under bar() from 1 to x: (x^(1 - skew) - 1) / (1 - skew), and log(x) at skew 1.
double Zipf::integral(double x) const {
  const double log_x = portable_log(x);
  return portable_expm1_over((1 - skew_) * log_x) * log_x;
}

double Zipf::integral_inverse(double area) const {
  // At -1 the inverse has its pole; only rounding errors get there.
  const double t = std::max(area * (1 - skew_), -1 + 0x1p-50);
  return portable_exp(portable_log1p_over(t) * area);
}

}  // namespace larder::tools
