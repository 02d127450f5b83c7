// A bias added to the rows of a product on the CPU: ATen spreads it over the result before the product adds to that.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "elements.h"
#include "vectorized.h"

namespace umt {

template <typename T>
UMT_VECTORIZED void add_bias_rows(T* __restrict x, const T* __restrict bias, int64_t rows, int64_t width) {
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t i = 0; i < width; i++) store(x + row * width + i, widened(x[row * width + i]) + widened(bias[i]));
  }
}

/** In place: x [rows, D] += bias [D], both contiguous and of one type. */
inline void add_bias(const at::Tensor& x, const at::Tensor& bias) {
  const int64_t width = bias.numel();
  const int64_t rows = width == 0 ? 0 : x.numel() / width;
  by_element_type(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    at::parallel_for(0, rows, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, width)), [&](int64_t begin, int64_t end) {
      add_bias_rows<T>(elements<T>(x) + begin * width, elements<T>(bias), end - begin, width);
    });
  });
}

}  // namespace umt
