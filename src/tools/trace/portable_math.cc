// Compiled without contraction (see CMakeLists.txt): a fused multiply-add rounds once where the formula says
// twice.
#include "tools/trace/portable_math.h"

#include <cmath>

namespace larder::tools {
namespace {

constexpr double ln2 = 0x1.62e42fefa39efp-1;
// ln 2 in two parts. The first has 21 zero bits at its end, so that its product with an exponent is exact.
constexpr double ln2_high = 0x1.62e42feep-1;
constexpr double ln2_low = 0x1.a39ef35793c76p-33;
constexpr double sqrt_half = 0x1.6a09e667f3bcdp-1;

// Below this the series are exact to the last bits, and the direct formulas would lose some to cancellation.
constexpr double small = 0.25;

// atanh(s) / s by its series, for |s| < 0.18: 1 + s^2/3 + s^4/5 + ...
double atanh_over(double s) {
  const double square = s * s;
  double sum = 0;
  for (int n = 25; n >= 1; n -= 2) sum = sum * square + 1.0 / n;
  return sum;
}

// 1 + x/2 + x^2/6 + ..., the series of (e^x - 1) / x, for |x| < 0.35.
double expm1_over_series(double x) {
  double sum = 1;
  for (int n = 16; n >= 2; --n) sum = 1 + sum * x / n;
  return sum;
}

}  // namespace

double portable_log(double x) {
  // x = m * 2^exponent with m around 1, and log(m) = 2 atanh((m - 1) / (m + 1)).
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < sqrt_half) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  return exponent * ln2_high + (exponent * ln2_low + 2 * s * atanh_over(s));
}

double portable_exp(double x) {
  // x = exponent * ln 2 + rest with |rest| at most half of ln 2.
  const double exponent = std::floor(x / ln2 + 0.5);
  const double rest = (x - exponent * ln2_high) - exponent * ln2_low;
  return std::ldexp(1 + rest * expm1_over_series(rest), static_cast<int>(exponent));
}

double portable_expm1_over(double x) {
  return std::fabs(x) < small ? expm1_over_series(x) : (portable_exp(x) - 1) / x;
}

double portable_log1p_over(double x) {
  // log(1 + x) = 2 atanh(x / (2 + x)).
  if (std::fabs(x) < small) return 2 / (2 + x) * atanh_over(x / (2 + x));
  return portable_log(1 + x) / x;
}

}  // namespace larder::tools
