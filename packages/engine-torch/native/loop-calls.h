// The bridge's own loops on the CPU, as JavaScript calls them: slots and numbers stand in the arguments, in the order given
// here, and tensors come back in the results.
#pragma once

#include <utility>
#include <vector>

#include "activations.h"
#include "attention.h"
#include "bias.h"
#include "kernels.h"
#include "layer-norm.h"
#include "napi.h"

namespace umt {

/** Hands tensors to JavaScript. */
template <typename C>
napi_value give(C& call, std::vector<at::Tensor> results) {
  auto out = call.state->writer();
  for (at::Tensor& result : results) out.tensor(std::move(result));
  call.state->report_memory();
  return nullptr;
}

/** The tensor whose slot is argument `index`. */
template <typename C>
at::Tensor given(C& call, size_t index) {
  return call.state->slots.get(call.state->arguments[index]);
}

// adamw(): p, g, m, v, step, gradient scale, apply, learning rate, beta1, beta2, epsilon, weight decay; in place
template <typename C>
napi_value adamw_update(C& call) {
  const double* a = call.state->arguments;
  if (!given(call, 6).template item<bool>()) return give(call, {});
  const double step = given(call, 4).template item<double>();
  const double rate = a[7], beta1 = a[8], beta2 = a[9];
  AdamW numbers;
  numbers.decay = static_cast<float>(1 - rate * a[11]);
  numbers.scale = given(call, 5).template item<float>();
  numbers.beta1 = static_cast<float>(beta1);
  numbers.rest1 = static_cast<float>(1 - beta1);
  numbers.beta2 = static_cast<float>(beta2);
  numbers.rest2 = static_cast<float>(1 - beta2);
  numbers.stepSize = static_cast<float>(rate / -std::expm1(step * std::log(beta1)));
  numbers.rootBias = static_cast<float>(1 / std::sqrt(-std::expm1(step * std::log(beta2))));
  numbers.epsilon = static_cast<float>(a[10]);
  adamw(given(call, 0), given(call, 1).contiguous(), given(call, 2), given(call, 3), numbers);
  return give(call, {});
}

// sumOfSquares(): the number of slots, and the slots -> number
template <typename C>
napi_value sum_of_squares_over(C& call) {
  const auto count = static_cast<size_t>(call.state->arguments[0]);
  double sum = 0;
  for (size_t i = 1; i <= count; i++) sum += sum_of_squares(given(call, i).contiguous());
  return make_number(call.env, sum);
}

// sumLastAxes(): x, rows and elements of a row -> sums [rows]
template <typename C>
napi_value sum_over_last_axes(C& call) {
  const double* a = call.state->arguments;
  return give(call, {sum_last_axes(given(call, 0).contiguous(), static_cast<int64_t>(a[1]), static_cast<int64_t>(a[2]))});
}

// layerNorm(): x, scale, shift, epsilon -> y, reciprocal deviation
template <typename C>
napi_value layer_norm_forward(C& call) {
  return give(call, layer_norm(given(call, 0).contiguous(), given(call, 1).contiguous(), given(call, 2).contiguous(),
                               call.state->arguments[3]));
}

// layerNormBackward(): gradient, x, scale, reciprocal deviation, whether x needs a gradient -> three gradients
template <typename C>
napi_value layer_norm_gradients(C& call) {
  return give(call, layer_norm_backward(given(call, 0).contiguous(), given(call, 1).contiguous(),
                                        given(call, 2).contiguous(), given(call, 3).contiguous(),
                                        call.state->arguments[4] != 0));
}

// gelu(), quickGelu(): x -> y
template <typename C, typename Activation>
napi_value activation(C& call) {
  return give(call, {activate<Activation>(given(call, 0).contiguous())});
}

// geluBackward(), quickGeluBackward(): gradient, x -> gradient of x
template <typename C, typename Activation>
napi_value activation_gradient(C& call) {
  return give(call, {activate_backward<Activation>(given(call, 0).contiguous(), given(call, 1).contiguous())});
}

// addBias(): x, bias; in place
template <typename C>
napi_value bias_addition(C& call) {
  add_bias(given(call, 0), given(call, 1).contiguous());
  return give(call, {});
}

#ifdef UMT_HAS_PAIR_PRODUCTS
// attention(): q, k, v, heads, scale, whether it is causal -> output, log sums of the rows
template <typename C>
napi_value attention_forward(C& call) {
  const double* a = call.state->arguments;
  return give(call, attention(given(call, 0), given(call, 1), given(call, 2), static_cast<int64_t>(a[3]), a[4], a[5] != 0));
}

// attentionBackward(): q, k, v, gradient, log sums of the rows, heads, scale, whether it is causal -> three gradients
template <typename C>
napi_value attention_gradients(C& call) {
  const double* a = call.state->arguments;
  return give(call, attention_backward(given(call, 0), given(call, 1), given(call, 2), given(call, 3), given(call, 4),
                                       static_cast<int64_t>(a[5]), a[6], a[7] != 0));
}
#endif

}  // namespace umt
