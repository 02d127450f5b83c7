// Loops that are compiled for several processors, of which the one at hand is taken when they run.
#pragma once

#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define UMT_VECTORIZED __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#elif defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define UMT_VECTORIZED __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define UMT_VECTORIZED
#endif

/** Part of the loop that calls it, and so compiled for the same processor. */
#define UMT_INLINE inline __attribute__((always_inline))

namespace umt {

/** Sums side by side, which a compiler may keep in vectors without changing their order. */
constexpr int64_t kLanes = 16;

template <typename Sum, typename Term>
UMT_INLINE double sum_in_lanes(int64_t count, Term term) {
  Sum lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; lane++) lanes[lane] += term(i + lane);
  }
  double sum = 0;
  for (; i < count; i++) sum += term(i);
  for (const Sum lane : lanes) sum += lane;
  return sum;
}

/** In float64: a mean that is large beside the deviations from it must not be rounded by its sum. */
UMT_INLINE double sum_of(const float* x, int64_t count) {
  return sum_in_lanes<double>(count, [x](int64_t i) __attribute__((always_inline)) { return static_cast<double>(x[i]); });
}

UMT_INLINE double sum_of_products(const float* x, const float* y, int64_t count) {
  return sum_in_lanes<float>(count, [x, y](int64_t i) __attribute__((always_inline)) { return x[i] * y[i]; });
}

}  // namespace umt
