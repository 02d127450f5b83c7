// Any ATen operator by its schema: arguments are decoded from an array of numbers, results written to another.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <string>
#include <vector>

#include "slots.h"

namespace umt {

/**
 * How an argument is written as numbers. JavaScript reads the letters.
 *
 *   t tensor: its slot, -1 for none          T tensors: count, slots (-1 for none)
 *   i integer                                I integers: count, values
 *   f float                                  F floats: count, values
 *   b bool: 0 or 1                           B bools: count, values
 *   n number: 1 where it is whole, value     s text: number of a text made before
 *   d device: 0 for the CPU, 1 + index for CUDA
 *
 * An optional argument comes after 1, or is a lone 0; that is written as '?' before the letter. A tensor needs neither.
 */
struct Operator {
  c10::OperatorHandle handle;
  std::vector<char> kinds;
  std::vector<bool> optional;
  std::string letters;
};

namespace detail {

inline char kind_of(const c10::Type& type) {
  switch (type.kind()) {
    case c10::TypeKind::TensorType: return 't';
    case c10::TypeKind::IntType: return 'i';
    case c10::TypeKind::FloatType: return 'f';
    case c10::TypeKind::BoolType: return 'b';
    case c10::TypeKind::NumberType: return 'n';
    case c10::TypeKind::StringType: return 's';
    case c10::TypeKind::DeviceObjType: return 'd';
    case c10::TypeKind::ListType: {
      const c10::Type& element = *type.containedType(0);
      const bool isOptional = element.kind() == c10::TypeKind::OptionalType;
      switch ((isOptional ? *element.containedType(0) : element).kind()) {
        case c10::TypeKind::TensorType: return isOptional ? 'O' : 'T';
        case c10::TypeKind::IntType: return 'I';
        case c10::TypeKind::FloatType: return 'F';
        case c10::TypeKind::BoolType: return 'B';
        default: return 0;
      }
    }
    default: return 0;
  }
}

template <typename T>
c10::List<T> list_of(const double*& p) {
  const auto count = static_cast<size_t>(*p++);
  c10::List<T> list;
  list.reserve(count);
  for (size_t i = 0; i < count; i++) list.push_back(static_cast<T>(*p++));
  return list;
}

inline c10::IValue decode(char kind, const double*& p, const Slots& slots, const std::vector<std::string>& texts) {
  switch (kind) {
    case 't': return slots.get(*p++);
    case 'T': {
      const auto count = static_cast<size_t>(*p++);
      c10::List<at::Tensor> list;
      list.reserve(count);
      for (size_t i = 0; i < count; i++) list.push_back(slots.get(*p++));
      return list;
    }
    case 'O': {
      const auto count = static_cast<size_t>(*p++);
      c10::List<c10::optional<at::Tensor>> list;
      list.reserve(count);
      for (size_t i = 0; i < count; i++, p++) {
        if (*p < 0) list.push_back(c10::optional<at::Tensor>());
        else list.push_back(slots.get(*p));
      }
      return list;
    }
    case 'i': return static_cast<int64_t>(*p++);
    case 'I': return list_of<int64_t>(p);
    case 'f': return *p++;
    case 'F': return list_of<double>(p);
    case 'b': return *p++ != 0;
    case 'B': return list_of<bool>(p);
    case 'n': {
      const bool isWhole = *p++ != 0;
      const double value = *p++;
      return isWhole ? c10::Scalar(static_cast<int64_t>(value)) : c10::Scalar(value);
    }
    case 's': return texts.at(static_cast<size_t>(*p++));
    case 'd': {
      const auto device = static_cast<int>(*p++);
      return device == 0 ? c10::Device(c10::kCPU) : c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(device - 1));
    }
    default: TORCH_CHECK(false, "an argument of a kind that the bridge does not pass");
  }
}

}  // namespace detail

/** Throws where an argument is of a kind that cannot be passed and has no default. */
inline Operator describe(const c10::OperatorHandle& handle) {
  Operator op{handle, {}, {}, ""};
  for (const c10::Argument& argument : handle.schema().arguments()) {
    const c10::Type& type = *argument.type();
    const bool isOptional = type.kind() == c10::TypeKind::OptionalType;
    const c10::Type& inner = isOptional ? *type.containedType(0) : type;
    const char kind = detail::kind_of(inner);
    TORCH_CHECK(kind != 0 || argument.default_value() || isOptional, handle.schema().name(), ": argument ",
                argument.name(), " is a ", type.annotation_str(), ", which the bridge cannot pass");
    op.kinds.push_back(kind);
    op.optional.push_back(isOptional);
    if (isOptional && kind != 't') op.letters += '?';
    op.letters += kind == 0 ? '-' : kind;
  }
  return op;
}

/** Puts the arguments on a stack: so many are given, the others take their defaults. */
inline void decode(const Operator& op, const double* p, const Slots& slots, const std::vector<std::string>& texts,
                   torch::jit::Stack& stack) {
  const auto given = static_cast<size_t>(*p++);
  const auto& arguments = op.handle.schema().arguments();
  stack.reserve(arguments.size());
  for (size_t i = 0; i < arguments.size(); i++) {
    if (i >= given) {
      TORCH_CHECK(arguments[i].default_value(), op.handle.schema().name(), ": argument ", arguments[i].name(),
                  " is missing");
      stack.push_back(*arguments[i].default_value());
    } else if (op.optional[i] && (op.kinds[i] == 't' ? *p < 0 : *p++ == 0)) {
      if (op.kinds[i] == 't') p++;
      stack.emplace_back();
    } else {
      stack.push_back(detail::decode(op.kinds[i], p, slots, texts));
    }
  }
}

/**
 * Writes results: their number, then for each tensor its slot, dtype, rank and lengths, where a lone number is -2 and its
 * value. Lists are written as their elements.
 */
class ResultWriter {
 public:
  ResultWriter(double* out, size_t capacity, Slots& slots) : out_(out), end_(out + capacity), p_(out + 1), slots_(slots) {
    *out = 0;
  }

  void write(torch::jit::Stack& stack) {
    for (c10::IValue& value : stack) {
      if (value.isTensor()) {
        tensor(std::move(value).toTensor());
      } else if (value.isTensorList()) {
        for (at::Tensor& element : value.toTensorVector()) tensor(std::move(element));
      } else if (value.isInt() || value.isDouble() || value.isBool()) {
        number(value.isInt() ? static_cast<double>(value.toInt()) : value.isBool() ? value.toBool() : value.toDouble());
      } else {
        TORCH_CHECK(false, "a result of type ", value.tagKind(), ", which the bridge cannot return");
      }
    }
  }

  void tensor(at::Tensor value) {
    const int64_t rank = value.defined() ? value.dim() : 0;
    TORCH_CHECK(p_ + 3 + rank <= end_, "too many results for one call");
    p_[1] = value.defined() ? static_cast<int>(value.scalar_type()) : -1;
    p_[2] = static_cast<double>(rank);
    for (int64_t axis = 0; axis < rank; axis++) p_[3 + axis] = static_cast<double>(value.size(axis));
    p_[0] = slots_.put(std::move(value));
    p_ += 3 + rank;
    *out_ += 1;
  }

  void number(double value) {
    TORCH_CHECK(p_ + 2 <= end_, "too many results for one call");
    *p_++ = -2;
    *p_++ = value;
    *out_ += 1;
  }

 private:
  double* out_;
  double* end_;
  double* p_;
  Slots& slots_;
};

}  // namespace umt
