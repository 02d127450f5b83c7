// Products of small bfloat16 matrices in a processor's own instructions (AVX512-BF16), which take elements in pairs: the
// two that meet in a sum lie side by side, in 32 bits.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__x86_64__) && defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 11)
#define UMT_HAS_PAIR_PRODUCTS 1
#include <immintrin.h>
#define UMT_PAIRS __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

namespace umt {

/** Elements of a vector of float32, and pairs of bfloat16. */
constexpr int64_t kVector = 16;

inline int64_t whole_vectors(int64_t count) { return (count + kVector - 1) / kVector * kVector; }

/** Whether the processor has the instructions. */
inline bool has_pair_products() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

/** Memory of one thread, handed out in pieces that start at a cache line. */
class Scratch {
 public:
  explicit Scratch(int64_t bytes) : memory_(static_cast<char*>(std::aligned_alloc(64, rounded(bytes)))) {
    if (!memory_) throw std::bad_alloc();
    next_ = memory_;
  }
  ~Scratch() { std::free(memory_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /** All of it is free again. */
  void reset() { next_ = memory_; }

  template <typename T>
  T* take(int64_t count) {
    char* piece = next_;
    next_ += rounded(count * static_cast<int64_t>(sizeof(T)));
    return reinterpret_cast<T*>(piece);
  }

  static size_t rounded(int64_t bytes) { return static_cast<size_t>((bytes + 63) / 64 * 64); }

 private:
  char* memory_;
  char* next_;
};

/** The left side of a product: the pair of row r and step s is at[r * row + s * step]. */
struct LeftPairs {
  const uint32_t* at;
  int64_t row;
  int64_t step;
};

/** The right side: steps of `columns` pairs, a whole number of vectors. */
struct RightPairs {
  const uint32_t* at;
  int64_t columns;
};

/** A product in float32. */
struct Sums {
  float* at;
  int64_t row;
};

template <int Rows, int Vectors>
UMT_PAIRS inline void multiply_tile(LeftPairs a, RightPairs b, int64_t steps, Sums c, bool isAdded) {
  __m512 sums[Rows][Vectors];
#pragma GCC unroll 8
  for (int r = 0; r < Rows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; v++) {
      sums[r][v] = isAdded ? _mm512_loadu_ps(c.at + r * c.row + v * kVector) : _mm512_setzero_ps();
    }
  }
  for (int64_t s = 0; s < steps; s++) {
    __m512bh right[Vectors];
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; v++) {
      right[v] = (__m512bh)_mm512_loadu_si512(b.at + s * b.columns + v * kVector);
    }
#pragma GCC unroll 8
    for (int r = 0; r < Rows; r++) {
      const __m512bh left = (__m512bh)_mm512_set1_epi32(static_cast<int>(a.at[r * a.row + s * a.step]));
#pragma GCC unroll 8
      for (int v = 0; v < Vectors; v++) sums[r][v] = _mm512_dpbf16_ps(sums[r][v], left, right[v]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < Rows; r++) {
#pragma GCC unroll 8
    for (int v = 0; v < Vectors; v++) _mm512_storeu_ps(c.at + r * c.row + v * kVector, sums[r][v]);
  }
}

/** Six rows at a time, whose sums fill the registers beside four vectors of the right side. */
template <int Vectors>
UMT_PAIRS inline void multiply_columns(LeftPairs a, int64_t rows, RightPairs b, int64_t steps, Sums c, bool isAdded) {
  constexpr int kRows = 6;
  int64_t row = 0;
  for (; row + kRows <= rows; row += kRows) {
    multiply_tile<kRows, Vectors>({a.at + row * a.row, a.row, a.step}, b, steps, {c.at + row * c.row, c.row}, isAdded);
  }
  a.at += row * a.row;
  c.at += row * c.row;
  switch (rows - row) {
    case 5: return multiply_tile<5, Vectors>(a, b, steps, c, isAdded);
    case 4: return multiply_tile<4, Vectors>(a, b, steps, c, isAdded);
    case 3: return multiply_tile<3, Vectors>(a, b, steps, c, isAdded);
    case 2: return multiply_tile<2, Vectors>(a, b, steps, c, isAdded);
    case 1: return multiply_tile<1, Vectors>(a, b, steps, c, isAdded);
  }
}

/** c = a b, or c + a b. Columns are taken in parts of nearly one size, of at most four vectors. */
UMT_PAIRS inline void multiply(LeftPairs a, int64_t rows, RightPairs b, int64_t steps, Sums c, bool isAdded) {
  int64_t vectors = b.columns / kVector;
  int64_t column = 0;
  for (int64_t parts = (vectors + 3) / 4; parts > 0; parts--) {
    const int64_t own = (vectors + parts - 1) / parts;
    const RightPairs part{b.at + column, b.columns};
    const Sums to{c.at + column, c.row};
    switch (own) {
      case 1: multiply_columns<1>(a, rows, part, steps, to, isAdded); break;
      case 2: multiply_columns<2>(a, rows, part, steps, to, isAdded); break;
      case 3: multiply_columns<3>(a, rows, part, steps, to, isAdded); break;
      default: multiply_columns<4>(a, rows, part, steps, to, isAdded);
    }
    vectors -= own;
    column += own * kVector;
  }
}

/** Rows of bfloat16, by their bits, that need not lie next to each other. */
struct Rows {
  const uint16_t* at;
  int64_t row;
  const uint16_t* operator[](int64_t index) const { return at + index * row; }
};

/** Pairs along each row, for a right side whose columns are the rows: -> [width / 2, columns], zero beyond the rows. */
inline void pack_transposed(Rows x, int64_t rows, int64_t width, uint32_t* out, int64_t columns) {
  for (int64_t j = 0; j < columns; j++) {
    const auto* row = j < rows ? reinterpret_cast<const uint32_t*>(x[j]) : nullptr;
    for (int64_t pair = 0; pair < width / 2; pair++) out[pair * columns + j] = row ? row[pair] : 0;
  }
}

/** Pairs of neighbouring rows, for a sum over them: -> [(rows + 1) / 2, width], with zero for a row that is not there. */
UMT_PAIRS inline void pack_neighbours(Rows x, int64_t rows, int64_t width, uint32_t* out) {
  for (int64_t j = 0; j < rows; j += 2) {
    for (int64_t i = 0; i < width; i += kVector) {
      __m512i pairs = _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x[j] + i)));
      if (j + 1 < rows) {
        const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x[j + 1] + i));
        pairs = _mm512_or_si512(pairs, _mm512_slli_epi32(_mm512_cvtepu16_epi32(next), 16));
      }
      _mm512_storeu_si512(out + j / 2 * width + i, pairs);
    }
  }
}

/** Sixteen float32 as bfloat16, to the nearest. */
UMT_PAIRS inline __m256i rounded(__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); }

/** 2^x, to 3e-6 relative: 2 to the rest over a whole number by a fitted polynomial, shifted by that number. */
UMT_PAIRS inline __m512 power_of_2(__m512 x) {
  const __m512 rest = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  __m512 power = _mm512_set1_ps(0.01353414f);
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(0.05201152f));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(0.24144273f));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(0.69300383f));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(1.00000262f));
  return _mm512_scalef_ps(power, x);
}

}  // namespace umt
#endif
