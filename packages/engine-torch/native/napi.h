// What the bridge needs of Node's C interface: reading arguments, making values, and C++ errors as JavaScript errors.
#pragma once

#include <node_api.h>

#include <c10/util/Exception.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace umt {

/** A call of Node's interface failed; what went wrong is already pending in JavaScript, or said here. */
struct NapiError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void check(napi_env env, napi_status status) {
  if (status == napi_ok) return;
  const napi_extended_error_info* info = nullptr;
  napi_get_last_error_info(env, &info);
  throw NapiError(info && info->error_message ? info->error_message : "Node refused a call");
}

/** The first line of a message: c10 appends where it was thrown and traces. */
inline std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/** Runs `f` and returns its value; whatever it throws becomes a JavaScript Error of one line. */
template <typename F>
napi_value guarded(napi_env env, F&& f) {
  std::string message;
  try {
    return f();
  } catch (const c10::Error& error) {
    message = error.what_without_backtrace();
  } catch (const std::exception& error) {
    message = error.what();
  }
  bool isPending = false;
  napi_is_exception_pending(env, &isPending);
  if (!isPending) napi_throw_error(env, nullptr, first_line(message).c_str());
  return nullptr;
}

/** The arguments of one call, and the state the function was made with. */
template <typename State, size_t N>
struct Call {
  napi_env env;
  napi_value values[N > 0 ? N : 1];
  State* state = nullptr;

  Call(napi_env env, napi_callback_info info) : env(env) {
    size_t count = N;
    void* data = nullptr;
    check(env, napi_get_cb_info(env, info, &count, values, nullptr, &data));
    state = static_cast<State*>(data);
  }

  double number(size_t index) const {
    double value = 0;
    check(env, napi_get_value_double(env, values[index], &value));
    return value;
  }

  std::string text(size_t index) const {
    size_t length = 0;
    check(env, napi_get_value_string_utf8(env, values[index], nullptr, 0, &length));
    std::string value(length, '\0');
    check(env, napi_get_value_string_utf8(env, values[index], &value[0], length + 1, &length));
    return value;
  }

  /** The memory of a typed array. */
  void* memory(size_t index, size_t* bytes) const {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    check(env, napi_get_typedarray_info(env, values[index], &type, &length, &data, nullptr, nullptr));
    const size_t width = type == napi_float64_array ? 8 : type == napi_uint8_array ? 1 : 4;
    *bytes = length * width;
    return data;
  }
};

inline napi_value make_text(napi_env env, const std::string& text) {
  napi_value value;
  check(env, napi_create_string_utf8(env, text.data(), text.size(), &value));
  return value;
}

inline napi_value make_number(napi_env env, double number) {
  napi_value value;
  check(env, napi_create_double(env, number, &value));
  return value;
}

}  // namespace umt
