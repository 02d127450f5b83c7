// Sums and gathers on the CPU through torch's own Gloo, where its headers are installed.
#pragma once

#if __has_include(<gloo/rendezvous/store.h>) && __has_include(<torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>)
#define UMT_HAS_GLOO 1
#define USE_C10D_GLOO 1
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "transport.h"

namespace umt {

class Gloo : public Transport {
 public:
  Gloo(int rank, int world, std::string address, c10::intrusive_ptr<c10d::Store> store)
      : rank_(rank), world_(world), address_(std::move(address)), store_(std::move(store)) {}

  void connect() override {
    // ranks that are alive are waited for, however long another takes to write a checkpoint; `Watch` sees those that die
    auto options = c10d::ProcessGroupGloo::Options::create(std::chrono::hours(24 * 7));
    options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(address_));
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, rank_, world_, options);
  }

  void sum(at::Tensor& tensor, Mark*) override {
    std::vector<at::Tensor> tensors{tensor};
    group_->allreduce(tensors)->wait();
  }

  void gather(at::Tensor& all, const at::Tensor& own, Mark*) override {
    std::vector<std::vector<at::Tensor>> outputs{all.unbind(0)};
    std::vector<at::Tensor> inputs{own};
    group_->allgather(outputs, inputs)->wait();
  }

 private:
  int rank_;
  int world_;
  std::string address_;
  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace umt
#endif
