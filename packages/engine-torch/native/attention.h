// Attention of bfloat16 on the CPU that keeps scores in the cache and in float32: torch's own is there only in newer versions,
// and without AMX takes several times as long as matrix products do.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <vector>

#include "pair-products.h"

#ifdef UMT_HAS_PAIR_PRODUCTS
namespace umt {

/** How heads attend. */
struct AttentionShape {
  int64_t batch, heads, queries, keys, width;  // width: of one head, a whole number of vectors
  float scale;
  bool isCausal;

  /** What brings products to powers of 2, which are cheaper than those of e. */
  float exponent_scale() const { return scale * 1.44269504f; }
};

/** [B, N, heads * width] by the head: its rows. */
class HeadRows {
 public:
  HeadRows(const at::Tensor& x, int64_t width)
      : at_(static_cast<uint16_t*>(x.data_ptr())), clip_(x.stride(0)), row_(x.stride(1)), width_(width) {}
  Rows of(int64_t clip, int64_t head) const { return {at_ + clip * clip_ + head * width_, row_}; }
  uint16_t* row(int64_t clip, int64_t head, int64_t index) const {
    return at_ + clip * clip_ + head * width_ + index * row_;
  }

 private:
  uint16_t* at_;
  int64_t clip_, row_, width_;
};

/** As it is where rows can be read in pairs, else a copy. */
inline at::Tensor with_rows_of_pairs(const at::Tensor& x) {
  const bool isFit = x.stride(2) == 1 && x.stride(1) % 2 == 0 && x.stride(0) % 2 == 0 && x.storage_offset() % 2 == 0;
  return isFit ? x : x.contiguous();
}

/** Most queries that are worked on together. */
constexpr int64_t kQueries = 96;

/** How many of all queries are worked on together: groups of one size, in the sixes that products take (rows meet in pairs). */
inline int64_t queries_at_once(int64_t queries) {
  const int64_t groups = (queries + kQueries - 1) / kQueries;
  return std::min(kQueries, (queries + 6 * groups - 1) / (6 * groups) * 6);
}

/** Keys that a query sees. */
inline int64_t visible_keys(const AttentionShape& a, int64_t query) {
  return a.isCausal ? std::min(a.keys, query + 1) : a.keys;
}

/** Which of a vector's elements come before `count`. */
UMT_PAIRS inline __mmask16 first_of(int64_t count) {
  return count >= kVector ? 0xffff : static_cast<__mmask16>((1u << count) - 1);
}

/**
 * Softmax of one row of products, times the scale; not yet divided by its sum. -> bfloat16 [columns], zero for what is not
 * visible; returns the sum, and in `largest` the exponent that was subtracted.
 */
UMT_PAIRS inline float weigh_row(const float* products, int64_t visible, int64_t columns, float exponentScale,
                                 uint16_t* weights, float* largest) {
  const __m512 factor = _mm512_set1_ps(exponentScale);
  __m512 top = _mm512_set1_ps(-INFINITY);
  for (int64_t j = 0; j < visible; j += kVector) {
    const __m512 exponents = _mm512_loadu_ps(products + j) * factor;
    top = _mm512_mask_max_ps(top, first_of(visible - j), top, exponents);
  }
  *largest = _mm512_reduce_max_ps(top);
  const __m512 subtracted = _mm512_set1_ps(*largest);
  __m512 sum = _mm512_setzero_ps();
  for (int64_t j = 0; j < columns; j += kVector) {
    const __mmask16 mask = visible > j ? first_of(visible - j) : 0;
    const __m512 exponents = _mm512_fmsub_ps(_mm512_loadu_ps(products + j), factor, subtracted);
    const __m512 weight = _mm512_maskz_mov_ps(mask, power_of_2(exponents));
    sum = sum + weight;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(weights + j), rounded(weight));
  }
  return _mm512_reduce_add_ps(sum);
}

UMT_PAIRS inline void store_rounded(const float* x, float factor, int64_t count, uint16_t* out) {
  for (int64_t i = 0; i < count; i += kVector) {
    const __m512 scaled = _mm512_loadu_ps(x + i) * _mm512_set1_ps(factor);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + i), rounded(scaled));
  }
}

/** Bytes of scratch memory for one head. */
inline int64_t attend_bytes(const AttentionShape& a) {
  const int64_t columns = whole_vectors(a.keys);
  return 4 * (a.width / 2 * columns + (a.keys + 1) / 2 * a.width + kQueries * (columns + a.width)) +
         2 * kQueries * columns + 1024;
}

/** One head of one clip. `logSums` [queries]: the logarithm to base 2 of each row's sum. */
UMT_PAIRS inline void attend(const AttentionShape& a, Rows q, Rows k, Rows v, uint16_t* out, int64_t outRow,
                             float* logSums, Scratch& scratch) {
  const int64_t columns = whole_vectors(a.keys), keyPairs = (a.keys + 1) / 2;
  scratch.reset();
  auto* keys = scratch.take<uint32_t>(a.width / 2 * columns);
  auto* values = scratch.take<uint32_t>(keyPairs * a.width);
  auto* products = scratch.take<float>(kQueries * columns);
  auto* mixed = scratch.take<float>(kQueries * a.width);
  auto* weights = scratch.take<uint16_t>(kQueries * columns);
  pack_transposed(k, a.keys, a.width, keys, columns);
  pack_neighbours(v, a.keys, a.width, values);
  float sums[kQueries];
  const int64_t group = queries_at_once(a.queries);
  for (int64_t first = 0; first < a.queries; first += group) {
    const int64_t count = std::min(group, a.queries - first);
    const auto* rows = reinterpret_cast<const uint32_t*>(q[first]);
    multiply({rows, q.row / 2, 1}, count, {keys, columns}, a.width / 2, {products, columns}, false);
    for (int64_t i = 0; i < count; i++) {
      float largest = 0;
      sums[i] = weigh_row(products + i * columns, visible_keys(a, first + i), columns, a.exponent_scale(),
                          weights + i * columns, &largest);
      logSums[first + i] = largest + std::log2(sums[i]);
    }
    const LeftPairs left{reinterpret_cast<const uint32_t*>(weights), columns / 2, 1};
    multiply(left, count, {values, a.width}, keyPairs, {mixed, a.width}, false);
    for (int64_t i = 0; i < count; i++) {
      store_rounded(mixed + i * a.width, 1 / sums[i], a.width, out + (first + i) * outRow);
    }
  }
}

/** `products` becomes the weights, `weightGradients` the gradients of the scores but for the scale. */
UMT_PAIRS inline void score_gradients(const AttentionShape& a, int64_t query, float logSum, float* products,
                                      float* weightGradients, int64_t columns) {
  const int64_t visible = visible_keys(a, query);
  const __m512 factor = _mm512_set1_ps(a.exponent_scale()), subtracted = _mm512_set1_ps(logSum);
  __m512 along = _mm512_setzero_ps();
  for (int64_t j = 0; j < columns; j += kVector) {
    const __mmask16 mask = visible > j ? first_of(visible - j) : 0;
    const __m512 exponents = _mm512_fmsub_ps(_mm512_loadu_ps(products + j), factor, subtracted);
    const __m512 weight = _mm512_maskz_mov_ps(mask, power_of_2(exponents));
    along = _mm512_fmadd_ps(weight, _mm512_loadu_ps(weightGradients + j), along);
    _mm512_storeu_ps(products + j, weight);
  }
  const __m512 average = _mm512_set1_ps(_mm512_reduce_add_ps(along));
  for (int64_t j = 0; j < columns; j += kVector) {
    const __m512 weight = _mm512_loadu_ps(products + j);
    _mm512_storeu_ps(weightGradients + j, weight * (_mm512_loadu_ps(weightGradients + j) - average));
  }
}

/** Two rows of float32 as pairs of bfloat16, the upper row second; null for a row that is not there. */
UMT_PAIRS inline void pair_rows(const float* x, const float* next, int64_t columns, uint32_t* pairs) {
  for (int64_t j = 0; j < columns; j += kVector) {
    __m512i both = _mm512_cvtepu16_epi32(rounded(_mm512_loadu_ps(x + j)));
    if (next) {
      const __m512i upper = _mm512_cvtepu16_epi32(rounded(_mm512_loadu_ps(next + j)));
      both = _mm512_or_si512(both, _mm512_slli_epi32(upper, 16));
    }
    _mm512_storeu_si512(pairs + j, both);
  }
}

/** Bytes of scratch memory for one head. */
inline int64_t attend_backward_bytes(const AttentionShape& a) {
  const int64_t columns = whole_vectors(a.keys);
  return 4 * (a.width * columns + (a.keys + 1) / 2 * a.width + 3 * kQueries * columns + 2 * kQueries * a.width +
              2 * a.keys * a.width) +
         2 * kQueries * columns + 2048;
}

/** One head of one clip; `rowOf` is the distance of rows in all three gradients. */
UMT_PAIRS inline void attend_backward(const AttentionShape& a, Rows q, Rows k, Rows v, Rows dy, const float* logSums,
                                      uint16_t* dq, uint16_t* dk, uint16_t* dv, int64_t rowOf, Scratch& scratch) {
  const int64_t columns = whole_vectors(a.keys), keyPairs = (a.keys + 1) / 2, pairs = kQueries / 2;
  const int64_t packed = a.width / 2 * columns;
  scratch.reset();
  auto* keys = scratch.take<uint32_t>(packed);
  auto* values = scratch.take<uint32_t>(packed);
  auto* keysInPairs = scratch.take<uint32_t>(keyPairs * a.width);
  auto* products = scratch.take<float>(kQueries * columns);
  auto* slopes = scratch.take<float>(kQueries * columns);
  auto* weightPairs = scratch.take<uint32_t>(pairs * columns);
  auto* slopePairs = scratch.take<uint32_t>(pairs * columns);
  auto* slopeRows = scratch.take<uint16_t>(kQueries * columns);
  auto* queryPairs = scratch.take<uint32_t>(pairs * a.width);
  auto* gradientPairs = scratch.take<uint32_t>(pairs * a.width);
  auto* towardsQueries = scratch.take<float>(kQueries * a.width);
  auto* towardsKeys = scratch.take<float>(a.keys * a.width);
  auto* towardsValues = scratch.take<float>(a.keys * a.width);
  pack_transposed(k, a.keys, a.width, keys, columns);
  pack_transposed(v, a.keys, a.width, values, columns);
  pack_neighbours(k, a.keys, a.width, keysInPairs);
  const int64_t group = queries_at_once(a.queries);
  for (int64_t first = 0; first < a.queries; first += group) {
    const int64_t count = std::min(group, a.queries - first), rowPairs = (count + 1) / 2;
    const Rows ownQueries{q[first], q.row}, ownGradients{dy[first], dy.row};
    const auto* queryRows = reinterpret_cast<const uint32_t*>(ownQueries.at);
    const auto* gradientRows = reinterpret_cast<const uint32_t*>(ownGradients.at);
    multiply({queryRows, q.row / 2, 1}, count, {keys, columns}, a.width / 2, {products, columns}, false);
    multiply({gradientRows, dy.row / 2, 1}, count, {values, columns}, a.width / 2, {slopes, columns}, false);
    for (int64_t i = 0; i < count; i++) {
      score_gradients(a, first + i, logSums[first + i], products + i * columns, slopes + i * columns, columns);
      store_rounded(slopes + i * columns, 1, columns, slopeRows + i * columns);
    }
    for (int64_t i = 0; i < count; i += 2) {
      const int64_t next = i + 1 < count ? columns : 0;
      pair_rows(products + i * columns, next ? products + i * columns + next : nullptr, columns,
                weightPairs + i / 2 * columns);
      pair_rows(slopes + i * columns, next ? slopes + i * columns + next : nullptr, columns, slopePairs + i / 2 * columns);
    }
    pack_neighbours(ownQueries, count, a.width, queryPairs);
    pack_neighbours(ownGradients, count, a.width, gradientPairs);
    multiply({weightPairs, 1, columns}, a.keys, {gradientPairs, a.width}, rowPairs, {towardsValues, a.width}, first > 0);
    multiply({slopePairs, 1, columns}, a.keys, {queryPairs, a.width}, rowPairs, {towardsKeys, a.width}, first > 0);
    const LeftPairs left{reinterpret_cast<const uint32_t*>(slopeRows), columns / 2, 1};
    multiply(left, count, {keysInPairs, a.width}, keyPairs, {towardsQueries, a.width}, false);
    for (int64_t i = 0; i < count; i++) {
      store_rounded(towardsQueries + i * a.width, a.scale, a.width, dq + (first + i) * rowOf);
    }
  }
  for (int64_t j = 0; j < a.keys; j++) {
    store_rounded(towardsKeys + j * a.width, a.scale, a.width, dk + j * rowOf);
    store_rounded(towardsValues + j * a.width, 1, a.width, dv + j * rowOf);
  }
}

inline AttentionShape attention_shape(const at::Tensor& q, const at::Tensor& k, int64_t heads, double scale, bool isCausal) {
  return {q.size(0), heads, q.size(1), k.size(1), q.size(2) / heads, static_cast<float>(scale), isCausal};
}

/** q [B, Nq, D], k and v [B, Nk, D] -> [B, Nq, D] and, for backward, the rows' log sums [B * heads, Nq] in float32. */
inline std::vector<at::Tensor> attention(at::Tensor q, at::Tensor k, at::Tensor v, int64_t heads, double scale,
                                         bool isCausal) {
  for (at::Tensor* x : {&q, &k, &v}) *x = with_rows_of_pairs(*x);
  const AttentionShape a = attention_shape(q, k, heads, scale, isCausal);
  const at::Tensor out = at::empty(q.sizes(), q.options().memory_format(at::MemoryFormat::Contiguous));
  const at::Tensor logSums = at::empty({a.batch * heads, a.queries}, q.options().dtype(at::kFloat));
  const HeadRows qs(q, a.width), ks(k, a.width), vs(v, a.width), outs(out, a.width);
  float* sums = logSums.data_ptr<float>();
  at::parallel_for(0, a.batch * heads, 1, [&](int64_t begin, int64_t end) {
    Scratch scratch(attend_bytes(a));
    for (int64_t index = begin; index < end; index++) {
      const int64_t clip = index / heads, head = index % heads;
      attend(a, qs.of(clip, head), ks.of(clip, head), vs.of(clip, head), outs.row(clip, head, 0), out.stride(1),
             sums + index * a.queries, scratch);
    }
  });
  return {out, logSums};
}

/** -> gradients of q, k and v. Weights are worked out once more instead of being kept. */
inline std::vector<at::Tensor> attention_backward(at::Tensor q, at::Tensor k, at::Tensor v, at::Tensor dy,
                                                  const at::Tensor& logSums, int64_t heads, double scale,
                                                  bool isCausal) {
  for (at::Tensor* x : {&q, &k, &v, &dy}) *x = with_rows_of_pairs(*x);
  const AttentionShape a = attention_shape(q, k, heads, scale, isCausal);
  std::vector<at::Tensor> out;
  for (const at::Tensor* x : {&q, &k, &v}) {
    out.push_back(at::empty(x->sizes(), x->options().memory_format(at::MemoryFormat::Contiguous)));
  }
  const HeadRows qs(q, a.width), ks(k, a.width), vs(v, a.width), dys(dy, a.width);
  const HeadRows dqs(out[0], a.width), dks(out[1], a.width), dvs(out[2], a.width);
  const float* sums = logSums.data_ptr<float>();
  at::parallel_for(0, a.batch * heads, 1, [&](int64_t begin, int64_t end) {
    Scratch scratch(attend_backward_bytes(a));
    for (int64_t index = begin; index < end; index++) {
      const int64_t clip = index / heads, head = index % heads;
      attend_backward(a, qs.of(clip, head), ks.of(clip, head), vs.of(clip, head), dys.of(clip, head),
                      sums + index * a.queries, dqs.row(clip, head, 0), dks.row(clip, head, 0),
                      dvs.row(clip, head, 0), out[0].stride(1), scratch);
    }
  });
  return out;
}

}  // namespace umt
#endif
