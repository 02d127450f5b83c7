// Copies of tensors to the host, off the thread that asked.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cstring>
#include <memory>
#include <string>

#include "napi.h"

namespace umt {

/** A copy to the host that runs on another thread: on CUDA it waits for all that was queued before. */
struct Read {
  at::Tensor tensor;
  at::ScalarType dtype;
  void* target = nullptr;
  size_t bytes = 0;
  std::string error;
  napi_deferred deferred = nullptr;
  napi_async_work work = nullptr;
  napi_ref array = nullptr;

  static void execute(napi_env, void* data) {
    Read& read = *static_cast<Read*>(data);
    try {
      const c10::InferenceMode inference;
      const at::Tensor host = read.tensor.to(at::kCPU, read.dtype).contiguous();
      TORCH_CHECK(read.bytes == host.nbytes(), "a tensor of ", host.nbytes(), " bytes does not fit ", read.bytes);
      if (read.bytes > 0) std::memcpy(read.target, host.data_ptr(), read.bytes);
    } catch (const c10::Error& error) {
      read.error = first_line(error.what_without_backtrace());
    } catch (const std::exception& error) {
      read.error = first_line(error.what());
    }
    read.tensor = at::Tensor();
  }

  static void complete(napi_env env, napi_status status, void* data) {
    const std::unique_ptr<Read> read(static_cast<Read*>(data));
    napi_value value = nullptr;
    napi_get_reference_value(env, read->array, &value);
    if (status == napi_ok && read->error.empty()) {
      napi_resolve_deferred(env, read->deferred, value);
    } else {
      napi_value message, error;
      const std::string text = read->error.empty() ? "the read was cancelled" : read->error;
      napi_create_string_utf8(env, text.data(), text.size(), &message);
      napi_create_error(env, nullptr, message, &error);
      napi_reject_deferred(env, read->deferred, error);
    }
    napi_delete_reference(env, read->array);
    napi_delete_async_work(env, read->work);
  }
};

}  // namespace umt
