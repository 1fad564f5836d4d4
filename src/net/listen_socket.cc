#include "net/listen_socket.h"

#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/udp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "net/socket_address.h"

namespace weir::net {
namespace {

bool set_option(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// Root may go beyond net.core.rmem_max. The kernel keeps twice of what is asked for: it counts its own overhead, too.
size_t set_receive_buffer(int fd, size_t bytes) {
  const int wanted = static_cast<int>(std::min(bytes, size_t{INT_MAX / 2}));
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted)) set_option(fd, SOL_SOCKET, SO_RCVBUF, wanted);
  int granted = 0;
  socklen_t size = sizeof granted;
  getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &size);
  return static_cast<size_t>(granted) / 2;
}

std::unexpected<Error> cannot_listen(const ListenAddress& address, int code, std::string_view protocol = "UDP") {
  const char* advice = "";
  if (code == EADDRINUSE) advice = "; another collector may be running (`ss -tulpn` shows who has the port)";
  if (code == EACCES) advice = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
  if (code == EADDRNOTAVAIL) advice = "; this machine has no such address (`ip address` lists them)";
  errno = code;
  std::unexpected<Error> failure = fail_errno(fmt::format("cannot listen on {} {}", protocol, address.to_string()));
  failure.error().message += advice;
  return failure;
}

// Both families through one IPv6 socket, where there is IPv6; one family where an address is given.
Result<ListenSocket> open_one(const ListenAddress& address, const SocketAddress& where, bool join,
                              const SocketOptions& options) {
  ListenSocket socket{Fd(::socket(where.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), address};
  const int fd = socket.fd.get();
  if (!socket.fd) return cannot_listen(address, errno);
  if (where.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.host.empty() ? 0 : 1);
  if (join && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) return cannot_listen(address, errno);
  // Not fatal where a sandbox knows it not: socket_drops() still asks.
  set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
  socket.granted_buffer_bytes = set_receive_buffer(fd, options.buffer_bytes);
  if (options.gro) set_option(fd, SOL_UDP, UDP_GRO, 1);  // kernels before 5.0 have it not, and nothing is lost
  if (bind(fd, where.get(), where.size()) != 0) return cannot_listen(address, errno);
  socket.address.port = SocketAddress::of_socket(fd).port();
  return socket;
}

// It may be compiled out (no such family) or disabled by sysctl (no such address).
bool has_ipv6() {
  const Fd fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress any = SocketAddress::any(AF_INET6, 0);
  return fd && bind(fd.get(), any.get(), any.size()) == 0;
}

// The first address of a name that this machine has: "::1 localhost" stands in /etc/hosts also where IPv6 is switched
// off. If it has none, the last: opening it says why.
const SocketAddress& first_of_ours(std::span<const SocketAddress> addresses) {
  for (const SocketAddress& address : addresses) {
    const Fd probe(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    SocketAddress any_port = address;
    any_port.set_port(0);
    if (probe && bind(probe.get(), any_port.get(), any_port.size()) == 0) return address;
  }
  return addresses.back();
}

Result<ListenSocket> open_first(const ListenAddress& address, const SocketOptions& options) {
  if (!address.host.empty()) {
    const auto where = SocketAddress::resolve(address.host, address.port);
    if (!where) return fail("cannot listen on UDP {}: {}", address.to_string(), where.error().message);
    return open_one(address, first_of_ours(*where), false, options);
  }
  const sa_family_t family = has_ipv6() ? AF_INET6 : AF_INET;
  return open_one(address, SocketAddress::any(family, address.port), false, options);
}

}  // namespace

Result<std::vector<ListenSocket>> open_listen_sockets(const ListenAddress& address, size_t count,
                                                      const SocketOptions& options) {
  std::vector<ListenSocket> sockets;
  sockets.push_back(TRY(open_first(address, options)));
  const int first_fd = sockets[0].fd.get();
  if (count > 1 && !set_option(first_fd, SOL_SOCKET, SO_REUSEPORT, 1)) return cannot_listen(address, errno);
  const SocketAddress where = SocketAddress::of_socket(first_fd);
  while (sockets.size() < count) {
    sockets.push_back(TRY(open_one(address, where, true, options)));
  }
  return sockets;
}

namespace {

Result<ListenSocket> open_stream(const ListenAddress& address, const SocketAddress& where, int backlog) {
  ListenSocket socket{Fd(::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)), address};
  const int fd = socket.fd.get();
  if (!socket.fd) return cannot_listen(address, errno, "TCP");
  if (where.family() == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.host.empty() ? 0 : 1);
  // Connections of a collector that has just ended do not keep its successor from the port.
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (bind(fd, where.get(), where.size()) != 0 || listen(fd, backlog) != 0) return cannot_listen(address, errno, "TCP");
  socket.address.port = SocketAddress::of_socket(fd).port();
  return socket;
}

}  // namespace

Result<ListenSocket> open_stream_socket(const ListenAddress& address, int backlog) {
  if (address.host.empty()) {
    return open_stream(address, SocketAddress::any(has_ipv6() ? AF_INET6 : AF_INET, address.port), backlog);
  }
  const auto where = SocketAddress::resolve(address.host, address.port);
  if (!where) return fail("cannot listen on TCP {}: {}", address.to_string(), where.error().message);
  return open_stream(address, first_of_ours(*where), backlog);
}

Fd accept_stream(int listening, SocketAddress& from) { return Fd(from.accept(listening)); }

namespace {

// The programs see the datagram's payload from byte 0 on, and its IP header at SKF_NET_OFF. They return the number of
// the socket; a load from beyond the end ends them with 0.
using Program = std::vector<sock_filter>;

// By the source address: IPv4 has it at byte 12 of its header, IPv6 at 8 to 23.
//   hash = 0; for every word of the source: hash = (hash ^ word) * constant; return (hash >> 16) % sockets
void add_by_address(Program& program, uint32_t sockets) {
  constexpr auto net = [](int offset) { return static_cast<uint32_t>(SKF_NET_OFF + offset); };
  constexpr uint32_t kMultiplier = 0x9e3779b1;  // 2^32 divided by the golden ratio
  const size_t start = program.size();
  program.insert(
      program.end(),
      {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, net(0)), BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
       BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 3, 0), BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net(12)),
       BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, kMultiplier), BPF_STMT(BPF_JMP | BPF_JA, 0),  // to the end: set below
       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net(8)), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, kMultiplier)});
  for (const int offset : {12, 16, 20}) {
    program.push_back(BPF_STMT(BPF_MISC | BPF_TAX, 0));
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, net(offset)));
    program.push_back(BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0));
    program.push_back(BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, kMultiplier));
  }
  const size_t jump = start + 5;
  program[jump].k = static_cast<uint32_t>(program.size() - jump - 1);
  program.push_back(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16));
  program.push_back(BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, sockets));
  program.push_back(BPF_STMT(BPF_RET | BPF_A, 0));
}

// Every datagram to any socket, but for sFlow, whose numbers count on within one exporter and are not shared.
void add_random(Program& program, uint32_t sockets) {
  constexpr uint32_t kSflow5 = 5;
  program.insert(program.end(),
                 {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSflow5, 3, 0),
                  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
                  BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, sockets), BPF_STMT(BPF_RET | BPF_A, 0)});
  add_by_address(program, sockets);
}

}  // namespace

bool spread(std::span<const ListenSocket> sockets, Spread spread) {
  Program program;
  const auto count = static_cast<uint32_t>(sockets.size());
  if (spread == Spread::datagram)
    add_random(program, count);
  else
    add_by_address(program, count);
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(sockets[0].fd.get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) == 0;
}

bool let_nothing_in(int fd) {
  sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);  // of each datagram, no byte is kept
  const sock_fprog filter{1, &none};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) == 0;
}

namespace {

std::array<uint32_t, SK_MEMINFO_VARS> socket_memory(int fd) {
  std::array<uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.data(), &size) != 0) info = {};
  return info;
}

}  // namespace

uint32_t socket_drops(int fd) { return socket_memory(fd)[SK_MEMINFO_DROPS]; }
size_t socket_waiting_bytes(int fd) { return socket_memory(fd)[SK_MEMINFO_RMEM_ALLOC]; }

}  // namespace weir::net
