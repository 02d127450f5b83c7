// What JavaScript calls to have the processes of a run compute together: the meeting point, joining, sums and gathers.
#pragma once

#if __has_include(<torch/csrc/distributed/c10d/TCPStore.hpp>)
#define UMT_HAS_C10D 1
#ifndef USE_DISTRIBUTED
#define USE_DISTRIBUTED 1
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#endif

#include <torch/version.h>

#include <map>

#include "gloo.h"
#include "group.h"
#include "nccl.h"
#include "ring.h"
#include "slots.h"
#include "sockets.h"

namespace umt {

/** One rank's part in a run of several. */
class Collective {
 public:
  /** Opens the meeting point, as its server or not. Keys begin with `prefix` where there is one. */
  void open_store(const std::string& host, int port, bool isServer, const std::string& prefix, double timeoutSeconds) {
#ifdef UMT_HAS_C10D
    c10d::TCPStoreOptions options;
    options.port = static_cast<uint16_t>(port);
    options.isServer = isServer;
    options.waitWorkers = false;
    options.timeout = std::chrono::milliseconds(static_cast<int64_t>(1000 * timeoutSeconds));
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
    options.useLibUV = false;  // Node has a libuv of its own
#endif
    store_ = c10::make_intrusive<c10d::TCPStore>(host, options);
    if (!prefix.empty()) store_ = c10::make_intrusive<c10d::PrefixStore>(prefix, store_);
#else
    TORCH_CHECK(false, "this torch was built without c10d; one of pip or Debian has it");
#endif
  }

  void set(const std::string& key, const std::string& value) {
#ifdef UMT_HAS_C10D
    store_->set(key, std::vector<uint8_t>(value.begin(), value.end()));
#endif
  }

  /** The value of a key; empty while there is none. */
  std::string get(const std::string& key) {
#ifdef UMT_HAS_C10D
    if (!store_->check({key})) return "";
    const std::vector<uint8_t> value = store_->get(key);
    return std::string(value.begin(), value.end());
#else
    return "";
#endif
  }

  /** Opens the port on which other ranks connect. */
  int listen(int world) {
    auto [socket, port] = listen_anywhere(world + 8);
    listener_ = std::move(socket);
    return port;
  }

  /** A new id for NCCL's ranks to meet by, as text. */
  static std::string new_nccl_id() {
    NcclId id;
    NcclLibrary::get().check(NcclLibrary::get().get_id(&id), "making an id");
    std::string text;
    for (const char byte : id.bytes) {
      constexpr const char* kDigits = "0123456789abcdef";
      text += kDigits[(byte >> 4) & 15];
      text += kDigits[byte & 15];
    }
    return text;
  }

  /** Whether sums on the CPU can go through Gloo. */
  static bool has_gloo() {
#ifdef UMT_HAS_GLOO
    return true;
#else
    return false;
#endif
  }

  /**
   * Connects to the ranks whose addresses are given, each as "host port", and starts to meet them.
   * @param token what proves a connection to be of this run: 32 letters
   * @param ncclId the id that NCCL meets by; empty on the CPU
   * @param needsRing on the CPU: go over the ring, as all ranks must where one has no Gloo
   */
  int join(int rank, const std::vector<std::string>& addresses, const std::string& token, c10::Device device,
           const std::string& ncclId, bool needsRing) {
    const int world = static_cast<int>(addresses.size());
    Socket next, previous;
    std::vector<Socket> peers(rank == 0 ? static_cast<size_t>(world) : 1);
    // connections go out first: they wait in the other's queue until it takes them
    if (needsRing) next = greet(addresses[static_cast<size_t>((rank + 1) % world)], {token, kRing, rank});
    if (rank != 0) peers[0] = greet(addresses[0], {token, kWatch, rank});
    int missing = (needsRing ? 1 : 0) + (rank == 0 ? world - 1 : 0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (missing > 0) {
      Socket socket = accept_before(listener_, deadline);
      Greeting greeting;
      if (!receive_all(socket, &greeting, sizeof greeting) || !greeting.is_of(token)) continue;
      if (greeting.kind == kRing) previous = std::move(socket);
      else peers.at(static_cast<size_t>(greeting.rank)) = std::move(socket);
      missing--;
    }
    listener_ = Socket();
    std::unique_ptr<Transport> chosen;
    if (needsRing) chosen = std::make_unique<Ring>(rank, world, std::move(next), std::move(previous));
    else chosen = transport(rank, world, addresses, device, ncclId);
    group_ = std::make_unique<Group>(std::move(chosen), rank, std::move(peers));
    return keep({group_->start(Job::Kind::kConnect, {}, {}), {}});
  }

  /** Starts the sum of tensors of floating types. */
  int start_sum(const std::vector<at::Tensor>& tensors) {
    Pending pending;
    int64_t size = 0;
    for (const at::Tensor& tensor : tensors) size += tensor.numel();
    at::Tensor flat = plain_empty({size}, at::kFloat, tensors.at(0).device());
    int64_t offset = 0;
    for (const at::Tensor& tensor : tensors) {
      flat.narrow(0, offset, tensor.numel()).copy_(tensor.reshape({-1}));
      pending.parts.push_back({tensor.sizes().vec(), tensor.scalar_type()});
      offset += tensor.numel();
    }
    pending.job = group().start(Job::Kind::kSum, flat, {});
    return keep(std::move(pending));
  }

  /** Starts the gather of a tensor [B, ..] to [ranks x B, ..]. */
  int start_gather(const at::Tensor& tensor, int world) {
    const at::Tensor own = tensor.contiguous();
    std::vector<int64_t> shape = tensor.sizes().vec();
    shape.at(0) *= world;
    at::Tensor all = plain_empty({world, static_cast<int64_t>(own.nbytes())}, at::kByte, tensor.device());
    const at::Tensor bytes = own.reshape({-1}).view(at::kByte);
    Pending pending{group().start(Job::Kind::kGather, all, bytes), {{shape, tensor.scalar_type()}}};
    return keep(std::move(pending));
  }

  bool is_done(int number) { return group().is_done(*pending_.at(number).job); }

  /** Waits for a job and hands out its tensors. */
  std::vector<at::Tensor> finish(int number) {
    const Pending pending = std::move(pending_.at(number));
    pending_.erase(number);
    group().wait(*pending.job);
    std::vector<at::Tensor> results;
    int64_t offset = 0;
    for (const Part& part : pending.parts) {
      const bool isSum = pending.job->kind == Job::Kind::kSum;
      if (!isSum) {
        results.push_back(pending.job->result.view({-1}).view(part.type).view(part.shape));
        continue;
      }
      const int64_t size = c10::multiply_integers(part.shape);
      results.push_back(pending.job->result.narrow(0, offset, size).view(part.shape).to(part.type));
      offset += size;
    }
    return results;
  }

  /** The rank that was lost; -1 for none. */
  int lost() const { return group_ ? group_->lost() : -1; }

  void say_goodbye() { group().say_goodbye(); }

  /** Lets go of all connections. */
  void close() {
    pending_.clear();
    group_.reset();
    listener_ = Socket();
#ifdef UMT_HAS_C10D
    store_.reset();
#endif
  }

 private:
  static constexpr int32_t kRing = 1, kWatch = 2;

  /** The first message on a connection. */
  struct Greeting {
    char token[32] = {};
    int32_t kind = 0;
    int32_t rank = 0;

    Greeting() = default;
    Greeting(const std::string& text, int32_t kind, int32_t rank) : kind(kind), rank(rank) {
      std::memcpy(token, text.data(), std::min(text.size(), sizeof token));
    }
    bool is_of(const std::string& text) const { return text.compare(0, sizeof token, token, sizeof token) == 0; }
  };

  struct Part {
    std::vector<int64_t> shape;
    at::ScalarType type;
  };
  struct Pending {
    std::shared_ptr<Job> job;
    std::vector<Part> parts;
  };

  static Socket greet(const std::string& address, const Greeting& greeting) {
    const size_t space = address.find(' ');
    Socket socket = connect_to(address.substr(0, space), address.substr(space + 1));
    TORCH_CHECK(send_all(socket, &greeting, sizeof greeting), "the connection to ", address, " broke");
    return socket;
  }

  /** A tensor that code outside inference mode may write, such as Gloo's own threads. */
  static at::Tensor plain_empty(at::IntArrayRef shape, at::ScalarType type, c10::Device device) {
    const c10::InferenceMode plain(false);
    return at::empty(shape, at::TensorOptions().dtype(type).device(device));
  }

  std::unique_ptr<Transport> transport(int rank, int world, const std::vector<std::string>& addresses,
                                       c10::Device device, const std::string& ncclId) {
    if (!ncclId.empty()) {
      NcclId id;
      TORCH_CHECK(ncclId.size() == 2 * sizeof id.bytes, "an id of ", ncclId.size(), " letters is none of NCCL");
      for (size_t i = 0; i < sizeof id.bytes; i++) {
        id.bytes[i] = static_cast<char>(std::stoi(ncclId.substr(2 * i, 2), nullptr, 16));
      }
      return std::make_unique<Nccl>(rank, world, device, id);
    }
#ifdef UMT_HAS_GLOO
    const std::string& own = addresses[static_cast<size_t>(rank)];
    return std::make_unique<Gloo>(rank, world, own.substr(0, own.find(' ')), store_);
#else
    TORCH_CHECK(false, "this bridge was built without Gloo");
#endif
  }

  Group& group() {
    TORCH_CHECK(group_, "the ranks of this run have parted");
    return *group_;
  }

  int keep(Pending pending) {
    pending_.emplace(++last_, std::move(pending));
    return last_;
  }

#ifdef UMT_HAS_C10D
  c10::intrusive_ptr<c10d::Store> store_;
#endif
  Socket listener_;
  std::unique_ptr<Group> group_;
  std::map<int, Pending> pending_;
  int last_ = 0;
};

}  // namespace umt
