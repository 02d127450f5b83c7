// The two loops that ATen has only as a dozen passes over memory on the CPU: AdamW, and the sum of squares.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define UMT_VECTORIZED __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define UMT_VECTORIZED
#endif

namespace umt {

/** Numbers of one AdamW update, worked out in float64. */
struct AdamW {
  float decay;         // 1 - learning rate * weight decay
  float scale;         // of the gradient
  float beta1, rest1;  // rest: 1 - beta
  float beta2, rest2;
  float stepSize;  // learning rate / (1 - beta1^step)
  float rootBias;  // 1 / sqrt(1 - beta2^step)
  float epsilon;
};

UMT_VECTORIZED inline void adamw_range(float* __restrict p, const float* __restrict g, float* __restrict m,
                                       float* __restrict v, int64_t count, const AdamW& a) {
  for (int64_t i = 0; i < count; i++) {
    const float gradient = g[i] * a.scale;
    const float first = m[i] * a.beta1 + gradient * a.rest1;
    const float second = v[i] * a.beta2 + gradient * gradient * a.rest2;
    m[i] = first;
    v[i] = second;
    p[i] = p[i] * a.decay - a.stepSize * first / (std::sqrt(second) * a.rootBias + a.epsilon);
  }
}

/** In place on contiguous float32 tensors of the CPU. */
inline void adamw(const at::Tensor& p, const at::Tensor& g, const at::Tensor& m, const at::Tensor& v, const AdamW& a) {
  float* pData = p.data_ptr<float>();
  const float* gData = g.data_ptr<float>();
  float* mData = m.data_ptr<float>();
  float* vData = v.data_ptr<float>();
  at::parallel_for(0, p.numel(), 16384, [&](int64_t begin, int64_t end) {
    adamw_range(pData + begin, gData + begin, mData + begin, vData + begin, end - begin, a);
  });
}

/** Sixteen sums side by side, in float64: the same on every processor. */
UMT_VECTORIZED inline double squares_range(const float* __restrict x, int64_t count) {
  constexpr int64_t kLanes = 16;
  double lanes[kLanes] = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; lane++) {
      const double value = x[i + lane];
      lanes[lane] += value * value;
    }
  }
  for (; i < count; i++) {
    const double value = x[i];
    lanes[0] += value * value;
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

/** The sum of squares of a contiguous float32 tensor of the CPU. Pieces are of one size, so that threads change no bit. */
inline double sum_of_squares(const at::Tensor& x) {
  constexpr int64_t kPiece = 1 << 16;
  const int64_t count = x.numel();
  const int64_t pieces = (count + kPiece - 1) / kPiece;
  const float* data = x.data_ptr<float>();
  std::vector<double> sums(static_cast<size_t>(pieces));
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; piece++) {
      const int64_t start = piece * kPiece;
      sums[static_cast<size_t>(piece)] = squares_range(data + start, std::min(kPiece, count - start));
    }
  });
  double sum = 0;
  for (const double piece : sums) sum += piece;
  return sum;
}

}  // namespace umt
