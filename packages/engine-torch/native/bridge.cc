// libtorch in Node: tensors in slots, any ATen operator by its schema, copies in and out. Everything else is TypeScript.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <malloc.h>
#include <torch/version.h>

#include <memory>

#include "collective-calls.h"
#include "cuda.h"
#include "loop-calls.h"
#include "napi.h"
#include "operators.h"
#include "read.h"
#include "slots.h"

namespace umt {
namespace {

/** What one engine holds. */
struct State {
  napi_env env = nullptr;
  Slots slots;
  std::vector<Operator> operators;
  std::vector<std::string> texts;
  /** Arguments and results, shared with JavaScript. */
  double* arguments = nullptr;
  double* results = nullptr;
  size_t capacity = 0;
  napi_ref kept[2] = {nullptr, nullptr};
  Collective collective;
  /** Bytes that V8 knows of. */
  int64_t reported = 0;

  ResultWriter writer() { return ResultWriter(results, capacity, slots); }

  /**
   * Tells V8 of memory that was never needed before, so that it collects when tensors leak. Not of every rise and fall: a
   * training step would cause collections without end.
   */
  void report_memory() {
    constexpr int64_t kStep = 16 << 20;
    if (slots.bytes() < reported + kStep) return;
    int64_t total = 0;
    napi_adjust_external_memory(env, slots.bytes() - reported, &total);
    reported = slots.bytes();
  }
};

template <size_t N>
using BridgeCall = Call<State, N>;

/** Wraps a function of a call into what Node calls. */
template <size_t N, napi_value (*function)(BridgeCall<N>&)>
napi_value entry(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const c10::InferenceMode inference;
    BridgeCall<N> call(env, info);
    return function(call);
  });
}

// findOperator(name, overload) -> number, -1 where this torch has no such operator
napi_value find_operator(BridgeCall<2>& call) {
  State& state = *call.state;
  const auto handle = c10::Dispatcher::singleton().findSchema({"aten::" + call.text(0), call.text(1)});
  if (!handle) return make_number(call.env, -1);
  state.operators.push_back(describe(*handle));
  return make_number(call.env, static_cast<double>(state.operators.size()) - 1);
}

// argumentKinds(operator) -> letters, see operators.h
napi_value argument_kinds(BridgeCall<1>& call) {
  return make_text(call.env, call.state->operators.at(static_cast<size_t>(call.number(0))).letters);
}

// text(string) -> its number, for arguments that are text
napi_value keep_text(BridgeCall<1>& call) {
  call.state->texts.push_back(call.text(0));
  return make_number(call.env, static_cast<double>(call.state->texts.size()) - 1);
}

// call(operator)
napi_value call_operator(BridgeCall<1>& call) {
  State& state = *call.state;
  const Operator& op = state.operators.at(static_cast<size_t>(call.number(0)));
  torch::jit::Stack stack;
  decode(op, state.arguments, state.slots, state.texts, stack);
  op.handle.callBoxed(stack);
  state.writer().write(stack);
  state.report_memory();
  return nullptr;
}

c10::Device device_of(double number) {
  if (number == 0) return c10::kCPU;
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(number - 1));
}

// upload(typedArray, dtype of the array, dtype, device), the shape in the arguments: a copy
napi_value upload(BridgeCall<4>& call) {
  State& state = *call.state;
  const double* p = state.arguments;
  const std::vector<int64_t> shape(p + 1, p + 1 + static_cast<size_t>(*p));
  const auto from = static_cast<at::ScalarType>(call.number(1));
  const auto to = static_cast<at::ScalarType>(call.number(2));
  const c10::Device device = device_of(call.number(3));
  // from pinned memory the copy runs beside what the GPU is at, and the host does not wait for it
  at::Tensor host = at::empty(shape, at::TensorOptions().dtype(from).pinned_memory(device.is_cuda()));
  size_t bytes = 0;
  const void* data = call.memory(0, &bytes);
  TORCH_CHECK(bytes == host.nbytes(), bytes, " bytes do not fill a tensor of ", host.nbytes());
  if (bytes > 0) std::memcpy(host.data_ptr(), data, bytes);
  if (device.is_cuda()) host = host.to(device, /*non_blocking=*/true);
  // a bool is what is not zero, whatever the bytes
  state.writer().tensor(to == at::kBool ? host.ne(0) : host.to(to));
  state.report_memory();
  return nullptr;
}

// read(slot, typedArray, dtype of the array) -> Promise of the array
napi_value read(BridgeCall<3>& call) {
  auto read = std::make_unique<Read>();
  read->tensor = call.state->slots.get(call.number(0));
  read->dtype = static_cast<at::ScalarType>(call.number(2));
  read->target = call.memory(1, &read->bytes);
  napi_value promise, name = make_text(call.env, "engine-torch read");
  check(call.env, napi_create_reference(call.env, call.values[1], 1, &read->array));
  check(call.env, napi_create_promise(call.env, &read->deferred, &promise));
  check(call.env,
        napi_create_async_work(call.env, nullptr, name, Read::execute, Read::complete, read.get(), &read->work));
  check(call.env, napi_queue_async_work(call.env, read->work));
  (void)read.release();
  return promise;
}

// free(slot)
napi_value free_slot(BridgeCall<1>& call) {
  call.state->slots.drop(call.number(0));
  return nullptr;
}

// isSoleOwner(slot) -> boolean
napi_value is_sole_owner(BridgeCall<1>& call) {
  napi_value value;
  check(call.env, napi_get_boolean(call.env, call.state->slots.is_sole_owner(call.number(0)), &value));
  return value;
}

// memory(device) -> [tensors, bytes, reserved bytes]
napi_value memory(BridgeCall<1>& call) {
  State& state = *call.state;
  const c10::Device device = device_of(call.number(0));
  const double reserved = device.is_cuda() ? cuda_reserved_bytes(device.index()) : -1;
  ResultWriter out = state.writer();
  out.number(static_cast<double>(state.slots.live()));
  out.number(static_cast<double>(state.slots.bytes()));
  out.number(std::max(reserved, static_cast<double>(state.slots.bytes())));
  return nullptr;
}

template <size_t N, napi_value (*function)(BridgeCall<N>&)>
void define(napi_env env, napi_value exports, const char* name, State* state) {
  napi_value value;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, entry<N, function>, state, &value));
  check(env, napi_set_named_property(env, exports, name, value));
}

/** Frees all tensors, and tells V8. */
void clear(State& state) {
  state.collective.close();
  state.slots.clear();
  int64_t total = 0;
  if (state.reported > 0) napi_adjust_external_memory(state.env, -state.reported, &total);
  state.reported = 0;
}

// close(): frees every tensor
napi_value close(BridgeCall<0>& call) {
  clear(*call.state);
  return nullptr;
}

/** The engines of one environment of Node: of the main thread, or of a worker. */
struct Environment {
  std::vector<std::unique_ptr<State>> states;
};

template <size_t N>
using ModuleCall = Call<Environment, N>;

template <size_t N, napi_value (*function)(ModuleCall<N>&)>
napi_value module_entry(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    ModuleCall<N> call(env, info);
    return function(call);
  });
}

// open(arguments, results) -> the functions of one engine, whose calls pass through these Float64Arrays
napi_value open(ModuleCall<2>& call) {
  const napi_env env = call.env;
  auto owned = std::make_unique<State>();
  State* state = owned.get();
  state->env = env;
  size_t bytes = 0;
  state->arguments = static_cast<double*>(call.memory(0, &bytes));
  state->results = static_cast<double*>(call.memory(1, &bytes));
  state->capacity = bytes / sizeof(double);
  for (size_t i = 0; i < 2; i++) check(env, napi_create_reference(env, call.values[i], 1, &state->kept[i]));
  napi_value functions;
  check(env, napi_create_object(env, &functions));
  define<2, find_operator>(env, functions, "findOperator", state);
  define<1, argument_kinds>(env, functions, "argumentKinds", state);
  define<1, keep_text>(env, functions, "text", state);
  define<1, call_operator>(env, functions, "call", state);
  define<4, upload>(env, functions, "upload", state);
  define<3, umt::read>(env, functions, "read", state);
  define<1, free_slot>(env, functions, "free", state);
  define<1, is_sole_owner>(env, functions, "isSoleOwner", state);
  define<1, memory>(env, functions, "memory", state);
  using Loop = BridgeCall<0>;
  define<0, adamw_update<Loop>>(env, functions, "adamw", state);
  define<0, sum_of_squares_over<Loop>>(env, functions, "sumOfSquares", state);
  define<0, sum_over_last_axes<Loop>>(env, functions, "sumLastAxes", state);
  define<0, layer_norm_forward<Loop>>(env, functions, "layerNorm", state);
  define<0, layer_norm_gradients<Loop>>(env, functions, "layerNormBackward", state);
  define<0, activation<Loop, Gelu>>(env, functions, "gelu", state);
  define<0, activation<Loop, QuickGelu>>(env, functions, "quickGelu", state);
  define<0, activation_gradient<Loop, Gelu>>(env, functions, "geluBackward", state);
  define<0, activation_gradient<Loop, QuickGelu>>(env, functions, "quickGeluBackward", state);
  define<0, bias_addition<Loop>>(env, functions, "addBias", state);
#ifdef UMT_HAS_PAIR_PRODUCTS
  // only where the processor has what it takes: JavaScript looks whether it is there
  if (has_pair_products()) {
    define<0, attention_forward<Loop>>(env, functions, "attention", state);
    define<0, attention_gradients<Loop>>(env, functions, "attentionBackward", state);
  }
#endif
  define<5, open_store<BridgeCall<5>>>(env, functions, "openStore", state);
  define<2, store_set<BridgeCall<2>>>(env, functions, "storeSet", state);
  define<1, store_get<BridgeCall<1>>>(env, functions, "storeGet", state);
  define<1, listen_for_ranks<BridgeCall<1>>>(env, functions, "listenForRanks", state);
  define<0, new_nccl_id<BridgeCall<0>>>(env, functions, "newNcclId", state);
  define<0, has_gloo<BridgeCall<0>>>(env, functions, "hasGloo", state);
  define<6, join_ranks<BridgeCall<6>>>(env, functions, "joinRanks", state);
  define<0, start_sum<BridgeCall<0>>>(env, functions, "startSum", state);
  define<2, start_gather<BridgeCall<2>>>(env, functions, "startGather", state);
  define<1, is_job_done<BridgeCall<1>>>(env, functions, "isJobDone", state);
  define<1, finish_job<BridgeCall<1>>>(env, functions, "finishJob", state);
  define<0, lost_rank<BridgeCall<0>>>(env, functions, "lostRank", state);
  define<1, part_from_ranks<BridgeCall<1>>>(env, functions, "partFromRanks", state);
  define<0, close>(env, functions, "close", state);
  call.state->states.push_back(std::move(owned));
  return functions;
}

// configure(threads, deterministic): threads of one operation on this thread of Node, and an allocator that keeps memory
napi_value configure(ModuleCall<2>& call) {
#ifdef __GLIBC__
  // freed tensors would go back to the system, and every new one would cost a page fault per 4 KiB
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 0x7fffffff);
#endif
  at::set_num_threads(static_cast<int>(call.number(0)));
  const bool isDeterministic = call.number(1) != 0;
  at::globalContext().setDeterministicAlgorithms(isDeterministic, /*warn_only=*/false);
  at::globalContext().setDeterministicCuDNN(isDeterministic);
  return make_number(call.env, at::get_num_threads());
}

// configuration() -> text: what torch was built with
napi_value configuration(ModuleCall<0>& call) { return make_text(call.env, at::show_config()); }

// cudaDevices() -> array of { name, capability }
napi_value list_cuda_devices(ModuleCall<0>& call) {
  napi_value list;
  check(call.env, napi_create_array(call.env, &list));
  uint32_t index = 0;
  for (const CudaDevice& device : cuda_devices()) {
    napi_value entry;
    check(call.env, napi_create_object(call.env, &entry));
    napi_value name = make_text(call.env, device.name);
    napi_value capability = make_number(call.env, device.major + device.minor / 10.0);
    check(call.env, napi_set_named_property(call.env, entry, "name", name));
    check(call.env, napi_set_named_property(call.env, entry, "capability", capability));
    check(call.env, napi_set_element(call.env, list, index++, entry));
  }
  return list;
}

// loadCuda(path of libtorch_cuda.so)
napi_value load_cuda_library(ModuleCall<1>& call) {
  load_cuda(call.text(0));
  return nullptr;
}

template <size_t N, napi_value (*function)(ModuleCall<N>&)>
void define_in_module(napi_env env, napi_value exports, const char* name, Environment* environment) {
  napi_value value;
  check(env, napi_create_function(env, name, NAPI_AUTO_LENGTH, module_entry<N, function>, environment, &value));
  check(env, napi_set_named_property(env, exports, name, value));
}

void end(napi_env, void* data, void*) {
  const std::unique_ptr<Environment> environment(static_cast<Environment*>(data));
  for (const auto& state : environment->states) clear(*state);
}

}  // namespace
}  // namespace umt

NAPI_MODULE_INIT() {
  using namespace umt;
  return guarded(env, [&] {
    auto* environment = new Environment();
    check(env, napi_set_instance_data(env, environment, end, nullptr));
    define_in_module<2, umt::open>(env, exports, "open", environment);
    define_in_module<2, configure>(env, exports, "configure", environment);
    define_in_module<0, configuration>(env, exports, "configuration", environment);
    define_in_module<0, list_cuda_devices>(env, exports, "cudaDevices", environment);
    define_in_module<1, load_cuda_library>(env, exports, "loadCuda", environment);
    napi_value version = make_text(env, TORCH_VERSION);
    check(env, napi_set_named_property(env, exports, "version", version));
    return exports;
  });
}
