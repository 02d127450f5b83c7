// Who of a run is still there. Every rank holds a connection to rank 0 on which nothing is said but goodbye; one that breaks
// without it was lost, and rank 0 tells the others which.
#pragma once

#include <sys/eventfd.h>

#include <functional>
#include <thread>
#include <vector>

#include "sockets.h"

namespace umt {

class Watch {
 public:
  /**
   * @param peers rank 0: its connections by rank, with none at 0; other ranks: that to rank 0 alone
   * @param onLost called at most once, from a thread of the watch's own, with the rank that was lost
   */
  Watch(int rank, std::vector<Socket> peers, std::function<void(int)> onLost)
      : rank_(rank), peers_(std::move(peers)), wake_(::eventfd(0, EFD_CLOEXEC)), on_lost_(std::move(onLost)) {
    thread_ = std::thread([this] { run(); });
  }

  ~Watch() {
    const uint64_t one = 1;
    (void)!::write(wake_.fd(), &one, sizeof one);
    thread_.join();
  }

  /** Lets the others know that this rank ends in good order. */
  void say_goodbye() {
    for (const Socket& peer : peers_) {
      if (peer.is_open()) send_all(peer, &kGoodbye, sizeof kGoodbye);
    }
  }

 private:
  /** Messages are one number: the rank that was lost, or goodbye. */
  static constexpr int32_t kGoodbye = -1;

  void run() {
    std::vector<pollfd> waited;
    for (const Socket& peer : peers_) waited.push_back({peer.fd(), POLLIN, 0});
    waited.push_back({wake_.fd(), POLLIN, 0});
    while (true) {
      if (::poll(waited.data(), waited.size(), -1) < 0) continue;
      if (waited.back().revents) return;
      for (size_t index = 0; index < peers_.size(); index++) {
        if (!waited[index].revents) continue;
        int32_t message = 0;
        const bool came = receive_all(peers_[index], &message, sizeof message);
        waited[index].fd = -1;
        if (came && message == kGoodbye) continue;
        return lose(came ? message : static_cast<int>(index));
      }
    }
  }

  void lose(int lost) {
    const auto message = static_cast<int32_t>(lost);
    for (size_t index = 0; rank_ == 0 && index < peers_.size(); index++) {
      if (peers_[index].is_open()) send_all(peers_[index], &message, sizeof message);
    }
    on_lost_(lost);
  }

  int rank_;
  std::vector<Socket> peers_;
  Socket wake_;
  std::function<void(int)> on_lost_;
  std::thread thread_;
};

}  // namespace umt
