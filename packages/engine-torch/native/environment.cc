// Sets a variable of the process's own environment, before libraries that read it are loaded. In a worker thread
// process.env is a copy that they would not see. Links to nothing.
#include <node_api.h>

#include <cstdlib>
#include <string>

static std::string text(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return "";
  std::string result(length, '\0');
  napi_get_value_string_utf8(env, value, &result[0], length + 1, &length);
  return result;
}

/** setDefault(name, value): leaves alone what is set already. */
static napi_value set_default(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value values[2];
  if (napi_get_cb_info(env, info, &count, values, nullptr, nullptr) != napi_ok) return nullptr;
  setenv(text(env, values[0]).c_str(), text(env, values[1]).c_str(), 0);
  return nullptr;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "setDefault", NAPI_AUTO_LENGTH, set_default, nullptr, &function);
  napi_set_named_property(env, exports, "setDefault", function);
  return exports;
}
