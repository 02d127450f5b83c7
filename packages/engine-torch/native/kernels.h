// Loops for float32 on the CPU: AdamW, which in ATen's operators is a dozen passes over memory, and sums in float64.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "vectorized.h"

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

/** Sums are made of pieces of one size, so that the number of threads changes no bit. */
constexpr int64_t kPiece = 1 << 16;

UMT_VECTORIZED inline double piece_sum(const float* __restrict x, int64_t count) { return sum_of(x, count); }

UMT_VECTORIZED inline double piece_squares(const float* __restrict x, int64_t count) {
  return sum_in_lanes<double>(count, [x](int64_t i) __attribute__((always_inline)) {
    return static_cast<double>(x[i]) * static_cast<double>(x[i]);
  });
}

/** Sums `rows` contiguous rows of `width` elements, by a function of one piece. */
template <typename PieceSum>
std::vector<double> sum_rows(const float* data, int64_t rows, int64_t width, PieceSum pieceSum) {
  const int64_t pieces = std::max<int64_t>(1, (width + kPiece - 1) / kPiece);
  std::vector<double> sums(static_cast<size_t>(rows * pieces));
  const int64_t grain = std::max<int64_t>(1, 32768 / std::max<int64_t>(1, std::min(width, kPiece)));
  at::parallel_for(0, rows * pieces, grain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; index++) {
      const int64_t start = index % pieces * kPiece;
      const float* x = data + index / pieces * width + start;
      sums[static_cast<size_t>(index)] = pieceSum(x, std::min(kPiece, width - start));
    }
  });
  for (int64_t row = 0; row < rows; row++) {
    double total = 0;
    for (int64_t piece = 0; piece < pieces; piece++) total += sums[static_cast<size_t>(row * pieces + piece)];
    sums[static_cast<size_t>(row)] = total;
  }
  sums.resize(static_cast<size_t>(rows));
  return sums;
}

/** The sum of squares of a contiguous tensor: the norm of a whole model is a sum over a hundred million terms. */
inline double sum_of_squares(const at::Tensor& x) {
  return sum_rows(x.data_ptr<float>(), 1, x.numel(), piece_squares)[0];
}

/** The sums of a contiguous tensor over its last axes, which hold `width` elements: -> [rows]. */
inline at::Tensor sum_last_axes(const at::Tensor& x, int64_t rows, int64_t width) {
  const at::Tensor out = at::empty({rows}, x.options());
  const std::vector<double> sums = sum_rows(x.data_ptr<float>(), rows, width, piece_sum);
  std::transform(sums.begin(), sums.end(), out.data_ptr<float>(), [](double sum) { return static_cast<float>(sum); });
  return out;
}

}  // namespace umt
