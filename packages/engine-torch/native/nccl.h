// Sums and gathers between GPUs through NCCL's C interface, which torch brings with its CUDA half. No headers are needed.
#pragma once

#include <c10/core/DeviceGuard.h>
#include <dlfcn.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string>

#include "transport.h"

namespace umt {

/** What one communicator is known by: rank 0 makes it, all join with it. NCCL passes it by value. */
struct NcclId {
  char bytes[128];
};

/** The functions of NCCL and of the driver that are called here. Numbers are NCCL's and CUDA's own constants. */
struct NcclLibrary {
  static constexpr int kFloat32 = 7, kInt8 = 0, kSum = 0;
  static constexpr unsigned kNonBlocking = 1, kDisableTiming = 2;

  int (*get_id)(NcclId*);
  int (*join)(void** communicator, int world, NcclId id, int rank);
  int (*sum)(const void* from, void* to, size_t count, int type, int operation, void* communicator, void* stream);
  int (*gather)(const void* from, void* to, size_t count, int type, void* communicator, void* stream);
  int (*async_error)(void* communicator, int* error);
  int (*abort)(void* communicator);
  const char* (*error_text)(int);
  int (*stream_create)(void** stream, unsigned flags);
  int (*stream_wait)(void* stream, void* event, unsigned flags);
  int (*event_create)(void** event, unsigned flags);
  int (*event_record)(void* event, void* stream);
  int (*event_query)(void* event);
  int (*event_destroy)(void* event);

  static const NcclLibrary& get() {
    static const NcclLibrary library;
    return library;
  }

  void check(int status, const char* what) const {
    TORCH_CHECK(status == 0, "NCCL: ", what, ": ", error_text(status));
  }

  static void check_driver(int status, const char* what) {
    TORCH_CHECK(status == 0, "CUDA: ", what, " failed with error ", status);
  }

 private:
  NcclLibrary() {
    // torch's CUDA half has loaded its own already, which this name then finds
    void* nccl = dlopen("libnccl.so.2", RTLD_NOW | RTLD_LOCAL);
    TORCH_CHECK(nccl, "NCCL is not there (", dlerror(), "); a torch of pip with CUDA brings it");
    void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    TORCH_CHECK(driver, "no NVIDIA driver: ", dlerror());
    find(nccl, "ncclGetUniqueId", get_id);
    find(nccl, "ncclCommInitRank", join);
    find(nccl, "ncclAllReduce", sum);
    find(nccl, "ncclAllGather", gather);
    find(nccl, "ncclCommGetAsyncError", async_error);
    find(nccl, "ncclCommAbort", abort);
    find(nccl, "ncclGetErrorString", error_text);
    find(driver, "cuStreamCreate", stream_create);
    find(driver, "cuStreamWaitEvent", stream_wait);
    find(driver, "cuEventCreate", event_create);
    find(driver, "cuEventRecord", event_record);
    find(driver, "cuEventQuery", event_query);
    find(driver, "cuEventDestroy_v2", event_destroy);
  }

  template <typename F>
  static void find(void* library, const char* name, F& function) {
    function = reinterpret_cast<F>(dlsym(library, name));
    TORCH_CHECK(function, name, " is not in its library");
  }
};

/**
 * NCCL on a stream of its own beside the default stream, on which torch computes here. A sum starts when the default stream
 * has got to where its tensor was made, and the default stream waits for it where its result is used.
 */
class Nccl : public Transport {
 public:
  Nccl(int rank, int world, c10::Device device, const NcclId& id)
      : library_(NcclLibrary::get()), rank_(rank), world_(world), device_(device), id_(id) {}

  ~Nccl() override { abort(); }

  void connect() override {
    const Current current(device_);
    void* communicator = nullptr;
    library_.check(library_.join(&communicator, world_, id_, rank_), "the ranks do not meet");
    library_.check_driver(library_.stream_create(&stream_, NcclLibrary::kNonBlocking), "making a stream");
    communicator_ = communicator;
  }

  void sum(at::Tensor& tensor, Mark* ready) override {
    const Current current(device_);
    wait_for(ready);
    const auto count = static_cast<size_t>(tensor.numel());
    library_.check(library_.sum(tensor.data_ptr(), tensor.data_ptr(), count, NcclLibrary::kFloat32, NcclLibrary::kSum,
                                communicator_, stream_),
                   "a sum failed");
  }

  void gather(at::Tensor& all, const at::Tensor& own, Mark* ready) override {
    const Current current(device_);
    wait_for(ready);
    library_.check(
        library_.gather(own.data_ptr(), all.data_ptr(), own.nbytes(), NcclLibrary::kInt8, communicator_, stream_),
        "a gather failed");
  }

  void abort() override {
    void* communicator = communicator_.exchange(nullptr);
    if (!communicator) return;
    const Current current(device_);
    library_.abort(communicator);
  }

  std::unique_ptr<Mark> mark() override { return record(nullptr); }
  std::unique_ptr<Mark> finished() override { return record(stream_); }

  void follow(Mark* mark) override {
    const Current current(device_);
    library_.check_driver(library_.stream_wait(nullptr, event_of(mark), 0), "waiting for NCCL");
  }

  bool has_passed(Mark* mark) override {
    const Current current(device_);
    return library_.event_query(event_of(mark)) == 0;
  }

 private:
  /** Makes the device's context the calling thread's. */
  struct Current {
    c10::DeviceGuard guard;
    explicit Current(c10::Device device) : guard(device) {}
  };

  struct Event : Mark {
    void* event = nullptr;
    ~Event() override {
      if (event) NcclLibrary::get().event_destroy(event);
    }
  };

  static void* event_of(Mark* mark) { return static_cast<Event*>(mark)->event; }

  std::unique_ptr<Mark> record(void* stream) {
    const Current current(device_);
    auto mark = std::make_unique<Event>();
    library_.check_driver(library_.event_create(&mark->event, NcclLibrary::kDisableTiming), "making an event");
    library_.check_driver(library_.event_record(mark->event, stream), "marking a stream");
    return mark;
  }

  void wait_for(Mark* ready) {
    TORCH_CHECK(communicator_, "NCCL was ended");
    int error = 0;
    library_.check(library_.async_error(communicator_, &error), "asking for errors");
    library_.check(error, "the connection to another rank broke");
    if (ready) library_.check_driver(library_.stream_wait(stream_, event_of(ready), 0), "waiting for gradients");
  }

  const NcclLibrary& library_;
  int rank_;
  int world_;
  c10::Device device_;
  NcclId id_;
  std::atomic<void*> communicator_{nullptr};
  void* stream_ = nullptr;
};

}  // namespace umt
