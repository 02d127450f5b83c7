// What moves data between the ranks of a run: Gloo, NCCL, or a ring of sockets.
#pragma once

#include <ATen/ATen.h>

#include <memory>

namespace umt {

/**
 * Sums and gathers over ranks. All but `abort`, `mark` and those beside it are called from one thread, one at a time, in the
 * same order on all ranks. They throw when a rank is gone.
 */
class Transport {
 public:
  /** Where a device's own queue is, as seen from the calling thread; nothing on the CPU. */
  struct Mark {
    virtual ~Mark() = default;
  };

  virtual ~Transport() = default;

  /** Meets the other ranks. */
  virtual void connect() {}
  /** Sums a contiguous float32 tensor in place, once `ready` has passed on its device. */
  virtual void sum(at::Tensor& tensor, Mark* ready) = 0;
  /** Writes the ranks' tensors, contiguous and of bytes, into [ranks, bytes]. */
  virtual void gather(at::Tensor& all, const at::Tensor& own, Mark* ready) = 0;
  /** Ends, from any thread, what waits for ranks that will not answer. */
  virtual void abort() {}

  /** The calling thread's place in the queue of its device. */
  virtual std::unique_ptr<Mark> mark() { return nullptr; }
  /** The place after the last sum or gather. */
  virtual std::unique_ptr<Mark> finished() { return nullptr; }
  /** Makes the calling thread's queue wait for a place. */
  virtual void follow(Mark*) {}
  /** Whether a place was reached. */
  virtual bool has_passed(Mark*) { return true; }
};

}  // namespace umt
