// The tensors that JavaScript holds, by slot number, and how much memory they keep alive.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace umt {

class Slots {
 public:
  /** Takes a tensor over and returns its slot; -1 for one that is undefined. */
  int32_t put(at::Tensor tensor) {
    if (!tensor.defined()) return -1;
    if (owners_[storage_of(tensor)]++ == 0) bytes_ += bytes_of(tensor);
    live_++;
    if (free_.empty()) {
      tensors_.push_back(std::move(tensor));
      return static_cast<int32_t>(tensors_.size()) - 1;
    }
    const int32_t slot = free_.back();
    free_.pop_back();
    tensors_[slot] = std::move(tensor);
    return slot;
  }

  /** The tensor in a slot; -1 stands for an undefined one. */
  at::Tensor get(double slot) const {
    if (slot < 0) return at::Tensor();
    const auto index = static_cast<size_t>(slot);
    TORCH_CHECK(index < tensors_.size() && tensors_[index].defined(), "slot ", index, " holds no tensor");
    return tensors_[index];
  }

  void drop(double slot) {
    const at::Tensor tensor = get(slot);
    const auto owner = owners_.find(storage_of(tensor));
    if (--owner->second == 0) {
      owners_.erase(owner);
      bytes_ -= bytes_of(tensor);
    }
    live_--;
    tensors_[static_cast<size_t>(slot)] = at::Tensor();
    free_.push_back(static_cast<int32_t>(slot));
  }

  /**
   * Whether the tensor may be written in place: its memory belongs to this slot alone, no view or pending read shares it,
   * and no two of its elements are one (as in an expanded tensor).
   */
  bool is_sole_owner(double slot) const {
    const at::Tensor& tensor = tensors_.at(static_cast<size_t>(slot));
    return tensor.use_count() == 1 && tensor.storage().use_count() == 1 && tensor.is_contiguous();
  }

  void clear() {
    tensors_.clear();
    free_.clear();
    owners_.clear();
    live_ = bytes_ = 0;
  }

  int64_t live() const { return live_; }
  /** Bytes of storage; one that several slots share counts once. */
  int64_t bytes() const { return bytes_; }

 private:
  static c10::StorageImpl* storage_of(const at::Tensor& tensor) { return tensor.storage().unsafeGetStorageImpl(); }
  static int64_t bytes_of(const at::Tensor& tensor) { return static_cast<int64_t>(tensor.storage().nbytes()); }

  std::vector<at::Tensor> tensors_;
  std::vector<int32_t> free_;
  std::unordered_map<c10::StorageImpl*, int32_t> owners_;
  int64_t live_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace umt
