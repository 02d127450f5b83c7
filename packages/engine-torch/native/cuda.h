// CUDA without its headers: libtorch_cuda is loaded beside the CPU library, and the driver is asked what there is.
#pragma once

#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <torch/version.h>

#include <string>
#include <vector>

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 9)
#include <c10/core/CachingDeviceAllocator.h>
#define UMT_HAS_DEVICE_STATS 1
#endif

namespace umt {

/** One GPU that the driver shows. */
struct CudaDevice {
  std::string name;
  int major = 0;
  int minor = 0;
};

/** What the driver shows; nothing where there is no driver or no GPU. Starts no context. */
inline std::vector<CudaDevice> cuda_devices() {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!driver) return {};
  const auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto count_of = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
  const auto name_of = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
  const auto attribute_of = reinterpret_cast<int (*)(int*, int, int)>(dlsym(driver, "cuDeviceGetAttribute"));
  int count = 0;
  if (!init || !count_of || !name_of || !attribute_of || init(0) != 0 || count_of(&count) != 0) return {};
  constexpr int kComputeMajor = 75, kComputeMinor = 76;
  std::vector<CudaDevice> devices(static_cast<size_t>(count));
  for (int index = 0; index < count; index++) {
    char name[256] = "";
    name_of(name, sizeof name, index);
    CudaDevice& device = devices[static_cast<size_t>(index)];
    device.name = name;
    attribute_of(&device.major, kComputeMajor, index);
    attribute_of(&device.minor, kComputeMinor, index);
  }
  return devices;
}

/** Loads torch's CUDA half, after which its kernels are registered. */
inline void load_cuda(const std::string& library) {
  TORCH_CHECK(dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL), "CUDA's half of torch does not load: ", dlerror());
}

/** Bytes that torch's CUDA allocator holds on a device, in use or kept for later; -1 where this torch does not say. */
inline double cuda_reserved_bytes(int index) {
#ifdef UMT_HAS_DEVICE_STATS
  const auto stats = at::getDeviceAllocator(at::kCUDA)->getDeviceStats(static_cast<c10::DeviceIndex>(index));
  return static_cast<double>(stats.reserved_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)].current);
#else
  (void)index;
  return -1;
#endif
}

}  // namespace umt
