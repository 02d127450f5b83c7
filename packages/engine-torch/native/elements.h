// Elements of float32 and bfloat16 tensors as float32, in loops that compilers make vectors of.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <cstring>

#include "vectorized.h"

namespace umt {

/** A bfloat16 by its bits: the upper half of a float32. */
using BFloat16Bits = uint16_t;

UMT_INLINE uint32_t bits_of(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

UMT_INLINE float float_of(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

UMT_INLINE float widened(float x) { return x; }
UMT_INLINE float widened(BFloat16Bits x) { return float_of(static_cast<uint32_t>(x) << 16); }

UMT_INLINE void store(float* at, float x) { *at = x; }

/** To the nearest, halves to even. */
UMT_INLINE void store(BFloat16Bits* at, float x) {
  const uint32_t bits = bits_of(x);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  *at = static_cast<BFloat16Bits>(x != x ? 0x7fc0 : rounded);
}

template <typename T>
T* elements(const at::Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

/** Calls `f` with a null pointer of the type that holds the elements of `x`: float, or the bits of bfloat16. */
template <typename F>
auto by_element_type(const at::Tensor& x, F&& f) {
  TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16, "a loop for float32 and bfloat16 was given ",
              x.scalar_type());
  if (x.scalar_type() == at::kFloat) return f(static_cast<float*>(nullptr));
  return f(static_cast<BFloat16Bits*>(nullptr));
}

}  // namespace umt
