// GELU and QuickGELU on the CPU, each in one pass over memory, worked out in float32.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cstdint>

#include "elements.h"
#include "vectorized.h"

namespace umt {

/** e^x, to 1e-7 relative; x is brought into -87 .. 88, where neither it nor its reciprocal leaves float32. */
UMT_INLINE float exponential(float x) {
  constexpr float kLog2e = 1.44269504f, kLn2Large = 0.693359375f, kLn2Rest = -2.12194440e-4f;
  constexpr float kRoundsToWhole = 12582912.0f;  // 1.5 * 2^23: its last bit stands for 1
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shifted = x * kLog2e + kRoundsToWhole;
  const float whole = shifted - kRoundsToWhole;
  const float rest = (x - whole * kLn2Large) - whole * kLn2Rest;
  // the series of e^rest, |rest| <= ln 2 / 2, with its last terms fitted
  float sum = 1.98756915e-4f;
  sum = sum * rest + 1.39819995e-3f;
  sum = sum * rest + 8.33345191e-3f;
  sum = sum * rest + 4.16657959e-2f;
  sum = sum * rest + 1.66666655e-1f;
  sum = sum * rest + 5.00000012e-1f;
  sum = sum * rest * rest + rest + 1.0f;
  return sum * float_of((bits_of(shifted) << 23) + 0x3f800000u);
}

/** The normal distribution up to x, and e^(-x^2 / 2). */
struct Normal {
  float cumulative;
  float bell;
};

/**
 * The share beyond |x| is the bell times a polynomial in t = 1 / (1 + 0.27 |x|) without constant term, fitted to 3e-8
 * relative over 0 .. 14: that keeps its relative precision however small it is.
 */
UMT_INLINE Normal normal_at(float x) {
  const float size = x < 0 ? -x : x;
  const float t = 1.0f / (1.0f + 0.27f * size);
  float tail = 0.02934309f;
  tail = tail * t - 0.12831591f;
  tail = tail * t + 0.17350268f;
  tail = tail * t - 0.07337680f;
  tail = tail * t + 0.11063577f;
  tail = tail * t + 0.07088541f;
  tail = tail * t + 0.10209899f;
  tail = tail * t + 0.10750393f;
  tail = tail * t + 0.10772285f;
  const float bell = exponential(-0.5f * x * x);
  tail = tail * t * bell;
  return {x < 0 ? tail : 1.0f - tail, bell};
}

/** x Phi(x), and its slope Phi(x) + x phi(x). */
struct Gelu {
  static UMT_INLINE float value(float x) { return x * normal_at(x).cumulative; }
  static UMT_INLINE float slope(float x) {
    constexpr float kReciprocalRoot2Pi = 0.39894228f;
    const Normal normal = normal_at(x);
    return normal.cumulative + x * normal.bell * kReciprocalRoot2Pi;
  }
};

/** x sigmoid(1.702 x). */
struct QuickGelu {
  static constexpr float kSteepness = 1.702f;
  static UMT_INLINE float gate(float x) { return 1.0f / (1.0f + exponential(-kSteepness * x)); }
  static UMT_INLINE float value(float x) { return x * gate(x); }
  static UMT_INLINE float slope(float x) {
    const float open = gate(x);
    return open + kSteepness * x * open * (1.0f - open);
  }
};

template <typename Activation, typename T>
UMT_VECTORIZED void activate_range(const T* __restrict x, T* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; i++) store(y + i, Activation::value(widened(x[i])));
}

template <typename Activation, typename T>
UMT_VECTORIZED void activate_range_backward(const T* __restrict dy, const T* __restrict x, T* __restrict dx, int64_t count) {
  for (int64_t i = 0; i < count; i++) store(dx + i, widened(dy[i]) * Activation::slope(widened(x[i])));
}

/** Elements of one piece of work. */
constexpr int64_t kActivationGrain = 1 << 14;

template <typename Activation>
at::Tensor activate(const at::Tensor& x) {
  const at::Tensor y = at::empty(x.sizes(), x.options());
  by_element_type(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const T* from = elements<T>(x);
    T* to = elements<T>(y);
    at::parallel_for(0, x.numel(), kActivationGrain, [&](int64_t begin, int64_t end) {
      activate_range<Activation, T>(from + begin, to + begin, end - begin);
    });
  });
  return y;
}

template <typename Activation>
at::Tensor activate_backward(const at::Tensor& dy, const at::Tensor& x) {
  const at::Tensor dx = at::empty(x.sizes(), x.options());
  by_element_type(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const T *gradient = elements<T>(dy), *from = elements<T>(x);
    T* to = elements<T>(dx);
    at::parallel_for(0, x.numel(), kActivationGrain, [&](int64_t begin, int64_t end) {
      activate_range_backward<Activation, T>(gradient + begin, from + begin, to + begin, end - begin);
    });
  });
  return dx;
}

}  // namespace umt
