// Layer normalisation of float32 and bfloat16 rows on the CPU, worked out in float32. ATen takes the variance as the mean of
// squares less the square of the mean, and normalises as x a + b: where a row's mean is large beside its deviation both
// cancel. Here rows are centred first, while they are in the cache.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "elements.h"
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

/** The row centred, in `centred`. */
template <typename T>
UMT_INLINE void centre(const T* __restrict x, float* __restrict centred, int64_t width) {
  for (int64_t i = 0; i < width; i++) centred[i] = widened(x[i]);
  const Mean mean = mean_of(centred, width);
  for (int64_t i = 0; i < width; i++) centred[i] = (centred[i] - mean.large) - mean.rest;
}

template <typename T>
struct LayerNormForward {
  const T* x;
  const float* scale;
  const float* shift;
  T* y;
  float* rstd;
  int64_t width;
  double epsilon;
};

/** `row` has room for one. */
template <typename T>
UMT_VECTORIZED void layer_norm_rows(const LayerNormForward<T>& a, int64_t begin, int64_t end, float* __restrict row) {
  const int64_t width = a.width;
  for (int64_t index = begin; index < end; index++) {
    T* __restrict y = a.y + index * width;
    centre(a.x + index * width, row, width);
    const double variance = sum_of_products(row, row, width) / static_cast<double>(width);
    const float rstd = static_cast<float>(1 / std::sqrt(variance + a.epsilon));
    for (int64_t i = 0; i < width; i++) store(y + i, row[i] * rstd * a.scale[i] + a.shift[i]);
    a.rstd[index] = rstd;
  }
}

template <typename T>
struct LayerNormBackward {
  const T* dy;
  const T* x;
  const float* scale;
  const float* rstd;
  T* dx;        // may be null
  float* sums;  // per piece of rows: the gradients of scale, then of shift
  int64_t width;
};

/** `normal` and `scaled` have room for a row each. */
template <typename T>
UMT_VECTORIZED void layer_norm_rows_backward(const LayerNormBackward<T>& a, int64_t begin, int64_t end,
                                             float* __restrict scaleSum, float* __restrict shiftSum,
                                             float* __restrict normal, float* __restrict scaled) {
  const int64_t width = a.width;
  for (int64_t row = begin; row < end; row++) {
    const T* __restrict dy = a.dy + row * width;
    const float rstd = a.rstd[row];
    centre(a.x + row * width, normal, width);
    for (int64_t i = 0; i < width; i++) {
      const float gradient = widened(dy[i]);
      normal[i] *= rstd;
      scaled[i] = gradient * a.scale[i];
      scaleSum[i] += gradient * normal[i];
      shiftSum[i] += gradient;
    }
    if (!a.dx) continue;
    T* __restrict dx = a.dx + row * width;
    const float average = static_cast<float>(sum_of(scaled, width) / static_cast<double>(width));
    const float along = static_cast<float>(sum_of_products(scaled, normal, width) / static_cast<double>(width));
    for (int64_t i = 0; i < width; i++) store(dx + i, (scaled[i] - average - normal[i] * along) * rstd);
  }
}

/** x [.., D], scale and shift [D], all contiguous -> y like x, reciprocal deviation [rows] in float32. */
inline std::vector<at::Tensor> layer_norm(const at::Tensor& x, const at::Tensor& scale, const at::Tensor& shift,
                                          double epsilon) {
  const int64_t width = scale.numel();
  const int64_t rows = width == 0 ? 0 : x.numel() / width;
  const at::Tensor y = at::empty(x.sizes(), x.options());
  const at::Tensor rstd = at::empty({rows}, x.options().dtype(at::kFloat));
  const at::Tensor wideScale = scale.to(at::kFloat), wideShift = shift.to(at::kFloat);
  by_element_type(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const LayerNormForward<T> a{elements<T>(x), wideScale.data_ptr<float>(), wideShift.data_ptr<float>(),
                                elements<T>(y), rstd.data_ptr<float>(),      width, epsilon};
    at::parallel_for(0, rows, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, width)), [&](int64_t begin, int64_t end) {
      std::vector<float> row(static_cast<size_t>(width));
      layer_norm_rows<T>(a, begin, end, row.data());
    });
  });
  return {y, rstd};
}

/**
 * -> gradients of x (undefined unless `needsInput`), scale and shift, like x and scale. Rows are summed in pieces that no
 * thread count changes.
 */
inline std::vector<at::Tensor> layer_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& scale,
                                                   const at::Tensor& rstd, bool needsInput) {
  constexpr int64_t kMostPieces = 16, kRowsPerPiece = 32;
  const int64_t width = scale.numel();
  const int64_t rows = rstd.numel();
  const int64_t pieces = std::min(kMostPieces, (rows + kRowsPerPiece - 1) / kRowsPerPiece);
  const at::Tensor sums = at::zeros({pieces, 2, width}, rstd.options());
  const at::Tensor dx = needsInput ? at::empty(x.sizes(), x.options()) : at::Tensor();
  const at::Tensor wideScale = scale.to(at::kFloat);
  by_element_type(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const LayerNormBackward<T> a{elements<T>(dy),        elements<T>(x),
                                 wideScale.data_ptr<float>(), rstd.data_ptr<float>(),
                                 needsInput ? elements<T>(dx) : nullptr, sums.data_ptr<float>(), width};
    at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> row(static_cast<size_t>(2 * width));
      for (int64_t piece = begin; piece < end; piece++) {
        float* sum = a.sums + piece * 2 * width;
        layer_norm_rows_backward<T>(a, rows * piece / pieces, rows * (piece + 1) / pieces, sum, sum + width, row.data(),
                                    row.data() + width);
      }
    });
  });
  const at::Tensor total = sums.sum(0).to(scale.scalar_type());
  return {dx, total.select(0, 0), total.select(0, 1)};
}

}  // namespace umt
