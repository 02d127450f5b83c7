// Layer normalisation of float32 rows on the CPU. ATen takes the variance as the mean of squares less the square of the
// mean, and normalises as x a + b: where a row's mean is large beside its deviation both cancel. Here rows are centred
// first, while they are in the cache.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "vectorized.h"

namespace umt {

/** A mean in two parts: what float32 holds of it, and the rest. A row less both is the row centred, to its last bit. */
struct Mean {
  float large;
  float rest;
};

UMT_INLINE Mean mean_of(const float* x, int64_t width) {
  const double mean = sum_of(x, width) / static_cast<double>(width);
  const float large = static_cast<float>(mean);
  return {large, static_cast<float>(mean - static_cast<double>(large))};
}

struct LayerNormForward {
  const float* x;
  const float* scale;
  const float* shift;
  float* y;
  float* rstd;
  int64_t width;
  double epsilon;
};

UMT_VECTORIZED inline void layer_norm_rows(const LayerNormForward& a, int64_t begin, int64_t end) {
  const int64_t width = a.width;
  for (int64_t row = begin; row < end; row++) {
    const float* __restrict x = a.x + row * width;
    float* __restrict y = a.y + row * width;
    const Mean mean = mean_of(x, width);
    for (int64_t i = 0; i < width; i++) y[i] = (x[i] - mean.large) - mean.rest;
    const double variance = sum_of_products(y, y, width) / static_cast<double>(width);
    const float rstd = static_cast<float>(1 / std::sqrt(variance + a.epsilon));
    for (int64_t i = 0; i < width; i++) y[i] = y[i] * rstd * a.scale[i] + a.shift[i];
    a.rstd[row] = rstd;
  }
}

struct LayerNormBackward {
  const float* dy;
  const float* x;
  const float* scale;
  const float* rstd;
  float* dx;    // may be null
  float* sums;  // per piece of rows: the gradients of scale, then of shift
  int64_t width;
};

/** `normal` and `scaled` have room for a row each. */
UMT_VECTORIZED inline void layer_norm_rows_backward(const LayerNormBackward& a, int64_t begin, int64_t end,
                                                    float* __restrict scaleSum, float* __restrict shiftSum,
                                                    float* __restrict normal, float* __restrict scaled) {
  const int64_t width = a.width;
  for (int64_t row = begin; row < end; row++) {
    const float* __restrict x = a.x + row * width;
    const float* __restrict dy = a.dy + row * width;
    const Mean mean = mean_of(x, width);
    const float rstd = a.rstd[row];
    for (int64_t i = 0; i < width; i++) {
      normal[i] = ((x[i] - mean.large) - mean.rest) * rstd;
      scaled[i] = dy[i] * a.scale[i];
      scaleSum[i] += dy[i] * normal[i];
      shiftSum[i] += dy[i];
    }
    if (!a.dx) continue;
    float* __restrict dx = a.dx + row * width;
    const float average = static_cast<float>(sum_of(scaled, width) / static_cast<double>(width));
    const float along = static_cast<float>(sum_of_products(scaled, normal, width) / static_cast<double>(width));
    for (int64_t i = 0; i < width; i++) dx[i] = (scaled[i] - average - normal[i] * along) * rstd;
  }
}

/** x [.., D], scale and shift [D], all contiguous -> y, reciprocal deviation [rows]. */
inline std::vector<at::Tensor> layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                                          double epsilon) {
  const int64_t width = scale.numel();
  const int64_t rows = width == 0 ? 0 : x.numel() / width;
  const std::vector<at::Tensor> out{at::empty(x.sizes(), x.options()), at::empty({rows}, x.options())};
  const LayerNormForward a{x.data_ptr<float>(),      scale.data_ptr<float>(),  shift.data_ptr<float>(),
                           out[0].data_ptr<float>(), out[1].data_ptr<float>(), width, epsilon};
  at::parallel_for(0, rows, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, width)),
                   [&](int64_t begin, int64_t end) { layer_norm_rows(a, begin, end); });
  return out;
}

/** -> gradients of x (undefined unless `needsInput`), scale and shift. Rows are summed in pieces that no thread count changes. */
inline std::vector<at::Tensor> layer_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& scale,
                                                   const at::Tensor& rstd, bool needsInput) {
  constexpr int64_t kMostPieces = 16, kRowsPerPiece = 32;
  const int64_t width = scale.numel();
  const int64_t rows = rstd.numel();
  const int64_t pieces = std::min(kMostPieces, (rows + kRowsPerPiece - 1) / kRowsPerPiece);
  const at::Tensor sums = at::zeros({pieces, 2, width}, x.options());
  const at::Tensor dx = needsInput ? at::empty(x.sizes(), x.options()) : at::Tensor();
  const LayerNormBackward a{dy.data_ptr<float>(),   x.data_ptr<float>(),    scale.data_ptr<float>(),
                            rstd.data_ptr<float>(), needsInput ? dx.data_ptr<float>() : nullptr,
                            sums.data_ptr<float>(), width};
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> row(static_cast<size_t>(2 * width));
    for (int64_t piece = begin; piece < end; piece++) {
      float* sum = a.sums + piece * 2 * width;
      layer_norm_rows_backward(a, rows * piece / pieces, rows * (piece + 1) / pieces, sum, sum + width, row.data(),
                               row.data() + width);
    }
  });
  const at::Tensor total = sums.sum(0);
  return {dx, total.select(0, 0), total.select(0, 1)};
}

}  // namespace umt
