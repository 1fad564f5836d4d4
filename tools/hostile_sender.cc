// Sends what `./dev bench hostile` has written down, with the source addresses and ports that it wants:
//
//   hostile_sender FILE PORT MBIT SECONDS
//
// FILE has datagrams, one after the other, all numbers big-endian:
//
//   +----------------+-------------+---------------+-- - - --+
//   | source address | source port | length, bytes | payload |
//   | 4              | 2           | 2             | length  |
//   +----------------+-------------+---------------+-- - - --+
//
// They go to 127.0.0.1:PORT from the beginning to the end, again and again, until SECONDS are over, at MBIT Mbit/s
// as they would take on an Ethernet, with headers and gaps: a flood of small datagrams is as fast as a line of that
// speed carries it. Prints {"datagrams": N, "payload_bytes": N, "wire_bytes": N, "failed": N, "seconds": S}.
//
// Sources are forged with a raw socket, so this needs CAP_NET_RAW (status 3 without it). It refuses any source but
// 127/8 and sends nowhere but to loopback.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace weir {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kHeaders = sizeof(iphdr) + sizeof(udphdr);
constexpr int kNotPermitted = 3;
// Datagrams between two looks at the clock.
constexpr uint64_t kLookEvery = 16;

struct Forged {
  in_addr_t source{};  // network byte order, as are the ports
  in_port_t source_port{};
  std::span<const char> payload;
};

struct Sent {
  uint64_t datagrams = 0;
  uint64_t payload_bytes = 0;
  uint64_t wire_bytes = 0;
  uint64_t failed = 0;
  double seconds = 0;
};

// What a datagram takes on an Ethernet: preamble, header, checksum and gap are 38 bytes of each frame, which has 46 to
// 1500 bytes of IP; fragments have an IP header of their own.
uint64_t wire_bytes(size_t payload) {
  constexpr size_t kFrame = 38;
  constexpr size_t kMost = 1500;
  const size_t data = sizeof(udphdr) + payload;
  const size_t fragments = (data + kMost - sizeof(iphdr) - 1) / (kMost - sizeof(iphdr));
  return std::max<size_t>(46, data + fragments * sizeof(iphdr)) + fragments * kFrame;
}

// Nothing if the file is cut, or has a source outside of 127/8.
std::optional<std::vector<Forged>> take_apart(std::span<const char> bytes) {
  std::vector<Forged> all;
  while (!bytes.empty()) {
    if (bytes.size() < 8) return std::nullopt;
    Forged next;
    uint16_t length = 0;
    std::memcpy(&next.source, bytes.data(), 4);
    std::memcpy(&next.source_port, bytes.data() + 4, 2);
    std::memcpy(&length, bytes.data() + 6, 2);
    length = ntohs(length);
    if (bytes.size() - 8 < length || (ntohl(next.source) >> 24) != 127) return std::nullopt;
    next.payload = bytes.subspan(8, length);
    all.push_back(next);
    bytes = bytes.subspan(8 + size_t{length});
  }
  return all;
}

class Socket {
 public:
  explicit Socket(uint16_t port) : fd_(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)) {
    to_.sin_family = AF_INET;
    to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    udp_.dest = htons(port);
    ip_.version = 4;
    ip_.ihl = sizeof(iphdr) / 4;
    ip_.ttl = 64;
    ip_.protocol = IPPROTO_UDP;
    ip_.daddr = to_.sin_addr.s_addr;
  }
  bool is_open() const { return static_cast<bool>(fd_); }

  bool send(const Forged& forged) {
    const size_t length = kHeaders + forged.payload.size();
    if (length > packet_.size()) return false;
    ip_.saddr = forged.source;
    ip_.tot_len = htons(static_cast<uint16_t>(length));
    udp_.source = forged.source_port;
    udp_.len = htons(static_cast<uint16_t>(length - sizeof(iphdr)));
    std::memcpy(packet_.data(), &ip_, sizeof ip_);
    std::memcpy(packet_.data() + sizeof ip_, &udp_, sizeof udp_);  // without a checksum, which IPv4 allows
    std::memcpy(packet_.data() + kHeaders, forged.payload.data(), forged.payload.size());
    return sendto(fd_.get(), packet_.data(), length, 0, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) >= 0;
  }

 private:
  Fd fd_;
  sockaddr_in to_{};
  iphdr ip_{};
  udphdr udp_{};
  std::array<char, 65535> packet_{};
};

Sent send_all(Socket& socket, std::span<const Forged> all, double mbit, double seconds) {
  Sent sent;
  const auto start = Clock::now();
  const auto elapsed = [start] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  for (size_t at = 0;; at = at + 1 == all.size() ? 0 : at + 1) {
    if (socket.send(all[at])) {
      ++sent.datagrams;
      sent.payload_bytes += all[at].payload.size();
    } else {
      ++sent.failed;
    }
    sent.wire_bytes += wire_bytes(all[at].payload.size());
    if ((sent.datagrams + sent.failed) % kLookEvery != 0) continue;
    const double now = elapsed();
    if (now > seconds) break;
    const double ahead = static_cast<double>(sent.wire_bytes) * 8 / (mbit * 1e6) - now;
    if (ahead > 0.0005) std::this_thread::sleep_for(std::chrono::duration<double>(ahead));
  }
  sent.seconds = elapsed();
  return sent;
}

// 0: not a number.
double parse(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  return error == std::errc{} && end == text.end() ? value : 0;
}

int run(std::span<const std::string_view> arguments) {
  const auto number = [&](size_t index) { return arguments.size() == 4 ? parse(arguments[index]) : 0; };
  const double port = number(1), mbit = number(2), seconds = number(3);
  if (port < 1 || port > 65535 || mbit <= 0 || seconds <= 0) {
    fmt::print(stderr, "usage: hostile_sender FILE PORT MBIT SECONDS\n");
    return 2;
  }
  std::ifstream file{std::string(arguments[0]), std::ios::binary};
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto all = take_apart(bytes);
  if (!all || all->empty()) {
    fmt::print(stderr, "hostile_sender: {}: no datagrams, or one that is cut or not from 127/8\n", arguments[0]);
    return 2;
  }
  Socket socket(static_cast<uint16_t>(port));
  if (!socket.is_open()) {
    fmt::print(stderr, "hostile_sender: forging sources needs a raw socket: {} (CAP_NET_RAW)\n", std::strerror(errno));
    return kNotPermitted;
  }
  const Sent sent = send_all(socket, *all, mbit, seconds);
  fmt::print("{{\"datagrams\": {}, \"payload_bytes\": {}, \"wire_bytes\": {}, \"failed\": {}, \"seconds\": {:.6f}}}\n",
             sent.datagrams, sent.payload_bytes, sent.wire_bytes, sent.failed, sent.seconds);
  return 0;
}

}  // namespace
}  // namespace weir

int main(int count, char** values) {
  const std::vector<std::string_view> arguments(values + 1, values + count);
  return weir::run(arguments);
}
