// TCP between the processes of a run: listening, connecting, and messages of fixed length.
#pragma once

#include <c10/util/Exception.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

namespace umt {

/** A file descriptor that is closed with its owner. */
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  /** Ends both directions at once: whoever waits on it, here or there, hears of it. */
  void shut() const {
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }

 private:
  int fd_ = -1;
};

/** Small messages leave at once, and a machine that went silent is noticed after some ten seconds. */
inline void tune(const Socket& socket) {
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(socket.fd(), level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 4);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 10000);
}

/** Listens on a free port of all addresses; returns the port too. */
inline std::pair<Socket, int> listen_anywhere(int backlog) {
  for (const int family : {AF_INET6, AF_INET}) {
    Socket socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) continue;
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(family);
    int off = 0;
    if (family == AF_INET6) ::setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    socklen_t length = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (::bind(socket.fd(), reinterpret_cast<sockaddr*>(&address), length) != 0) continue;
    if (::listen(socket.fd(), backlog) != 0) continue;
    length = sizeof address;
    ::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &length);
    const in_port_t port = family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&address)->sin6_port
                                              : reinterpret_cast<sockaddr_in*>(&address)->sin_port;
    return {std::move(socket), ntohs(port)};
  }
  TORCH_CHECK(false, "no port to listen on: ", std::strerror(errno));
}

/** Connects to a numeric address. */
inline Socket connect_to(const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  TORCH_CHECK(status == 0, "'", host, "' is no address: ", gai_strerror(status));
  Socket socket(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int connected = ::connect(socket.fd(), found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  TORCH_CHECK(connected == 0, "no connection to ", host, " port ", port, ": ", std::strerror(errno));
  tune(socket);
  return socket;
}

/** The next connection that comes in before the deadline. */
inline Socket accept_before(const Socket& listener, std::chrono::steady_clock::time_point deadline) {
  using namespace std::chrono;
  pollfd waited{listener.fd(), POLLIN, 0};
  const auto left = duration_cast<milliseconds>(deadline - steady_clock::now()).count();
  TORCH_CHECK(::poll(&waited, 1, static_cast<int>(std::max<int64_t>(left, 0))) > 0,
              "another process of the run did not connect");
  Socket socket(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  TORCH_CHECK(socket.is_open(), "a connection failed: ", std::strerror(errno));
  tune(socket);
  return socket;
}

/** Sends all of a message; whether it could. */
inline bool send_all(const Socket& socket, const void* data, size_t bytes) {
  auto p = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t sent = ::send(socket.fd(), p, bytes, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    p += sent;
    bytes -= static_cast<size_t>(sent);
  }
  return true;
}

/** Waits for all of a message; whether it came. */
inline bool receive_all(const Socket& socket, void* data, size_t bytes) {
  auto p = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t got = ::recv(socket.fd(), p, bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    p += got;
    bytes -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace umt
