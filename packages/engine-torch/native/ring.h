// Sums and gathers on the CPU over a ring of TCP connections, where a torch comes without Gloo's headers.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <vector>

#include "sockets.h"
#include "transport.h"

namespace umt {

/**
 * The ring: each rank sends to the next and hears from the one before. A sum goes round twice: every chunk collects all
 * ranks' parts, in the same order for everyone, and is then handed on, so that all ranks hold the same bits.
 */
class Ring : public Transport {
 public:
  Ring(int rank, int world, Socket next, Socket previous)
      : rank_(rank), world_(world), next_(std::move(next)), previous_(std::move(previous)) {
    for (const Socket* socket : {&next_, &previous_}) {
      ::fcntl(socket->fd(), F_SETFL, ::fcntl(socket->fd(), F_GETFL) | O_NONBLOCK);
    }
  }

  void sum(at::Tensor& tensor, Mark*) override {
    auto* data = tensor.data_ptr<float>();
    const int64_t size = tensor.numel();
    const auto begin = [&](int chunk) { return chunk * size / world_; };
    const auto length = [&](int chunk) { return begin(chunk + 1) - begin(chunk); };
    std::vector<float> received(static_cast<size_t>((size + world_ - 1) / world_));
    for (int step = 0; step < world_ - 1; step++) {
      const int outgoing = wrap(rank_ - step), incoming = wrap(rank_ - step - 1);
      exchange(data + begin(outgoing), length(outgoing), received.data(), length(incoming));
      float* target = data + begin(incoming);
      for (int64_t i = 0; i < length(incoming); i++) target[i] += received[static_cast<size_t>(i)];
    }
    for (int step = 0; step < world_ - 1; step++) {
      const int outgoing = wrap(rank_ + 1 - step), incoming = wrap(rank_ - step);
      exchange(data + begin(outgoing), length(outgoing), data + begin(incoming), length(incoming));
    }
  }

  void gather(at::Tensor& all, const at::Tensor& own, Mark*) override {
    auto* data = static_cast<char*>(all.data_ptr());
    const auto bytes = static_cast<int64_t>(own.nbytes());
    std::memcpy(data + rank_ * bytes, own.data_ptr(), static_cast<size_t>(bytes));
    for (int step = 0; step < world_ - 1; step++) {
      exchange(data + wrap(rank_ - step) * bytes, bytes, data + wrap(rank_ - step - 1) * bytes, bytes);
    }
  }

  void abort() override {
    next_.shut();
    previous_.shut();
  }

 private:
  int wrap(int rank) const { return (rank % world_ + world_) % world_; }

  /** Sends and receives at once, so that a ring of full buffers cannot stand still. */
  template <typename T>
  void exchange(const T* outgoing, int64_t outgoingCount, T* incoming, int64_t incomingCount) {
    auto out = reinterpret_cast<const char*>(outgoing);
    auto in = reinterpret_cast<char*>(incoming);
    size_t toSend = static_cast<size_t>(outgoingCount) * sizeof(T);
    size_t toReceive = static_cast<size_t>(incomingCount) * sizeof(T);
    while (toSend > 0 || toReceive > 0) {
      pollfd waited[2] = {{toSend > 0 ? next_.fd() : -1, POLLOUT, 0}, {toReceive > 0 ? previous_.fd() : -1, POLLIN, 0}};
      TORCH_CHECK(::poll(waited, 2, -1) >= 0 || errno == EINTR, "the ring broke: ", std::strerror(errno));
      if (waited[0].revents) step(::send(next_.fd(), out, toSend, MSG_NOSIGNAL), out, toSend);
      if (waited[1].revents) step(::recv(previous_.fd(), in, toReceive, 0), in, toReceive);
    }
  }

  template <typename P>
  static void step(ssize_t moved, P& p, size_t& left) {
    if (moved < 0 && (errno == EAGAIN || errno == EINTR)) return;
    TORCH_CHECK(moved > 0, "the connection to another rank broke");
    p += moved;
    left -= static_cast<size_t>(moved);
  }

  int rank_;
  int world_;
  Socket next_;
  Socket previous_;
};

}  // namespace umt
