// Receives UDP datagrams in batches (recvmmsg) from one or more sockets, IPv4 and IPv6, and reads how many the kernel
// dropped (SO_RXQ_OVFL). One thread owns a receiver; several receivers may listen on the same ports (SO_REUSEPORT),
// then the kernel spreads datagrams over them by source address, so that all of one exporter reach the same one, or
// at random, so that one exporter can keep all of them busy.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/datagram.h"
#include "base/result.h"

namespace weir::net {

// "192.0.2.1:2055", "[2001:db8::1]:2055", ":2055" or "2055" (all addresses, both families).
struct ListenAddress {
  std::string host;  // empty: all addresses
  uint16_t port = 0;
  static Result<ListenAddress> parse(std::string_view text);
  std::string to_string() const;
};

// How the kernel spreads datagrams over several receivers.
enum class Spread : uint8_t {
  exporter,  // all of one source address to the same one
  datagram,  // NetFlow and IPFIX at random; sFlow, which is known by its first word, by source address
};

struct ReceiverOptions {
  size_t socket_buffer_bytes = size_t{32} << 20;  // asked of the kernel for each socket; see granted_buffer_bytes()
  size_t batch = 64;                              // datagrams a call; with gro, packets of several datagrams each
  // Takes datagrams of one exporter that arrived in a row as one packet (UDP_GRO), where kernel and adapter join them.
  // Such a packet that the kernel drops counts as one in kernel_drops(), as the kernel does not say how many it held.
  bool gro = true;
  Spread spread = Spread::exporter;
};

class Receiver {
 public:
  // Opens `count` receivers that share the same addresses. Fails with the address and the reason (in use, say).
  static Result<std::vector<Receiver>> open(std::span<const ListenAddress> addresses, size_t count,
                                            const ReceiverOptions& options);
  Receiver(Receiver&&) noexcept;
  Receiver& operator=(Receiver&&) noexcept;
  ~Receiver();

  // Waits up to `timeout` for datagrams, then takes what is there, at most a batch. Empty after the timeout or a
  // wake(). The datagrams are good until the next call. Their time is the wall clock's at the call: they may have
  // waited in the socket for up to GatherTime::kLongest. Where datagrams trickle in, and the socket buffers can hold
  // them meanwhile, the next call waits a moment for more, so that a thread does not wake up for each
  // (net/gather_time.h).
  Result<std::span<const Datagram>> receive(std::chrono::milliseconds timeout);

  // Lets nothing more come in, for the end: what the sockets hold can still be received.
  void let_nothing_in();
  // Takes what the sockets hold without keeping it, and says how many datagrams that were. Ends also where somebody
  // goes on sending and let_nothing_in() could not help.
  uint64_t discard();

  // Makes a receive() in another thread return at once.
  void wake();

  // Datagrams that the kernel dropped on these sockets since they were opened.
  uint64_t kernel_drops() const;
  // The smallest buffer that the kernel granted; less than asked for means net.core.rmem_max is too low.
  size_t granted_buffer_bytes() const;
  // Ports as bound: for port 0, what the kernel chose.
  std::vector<uint16_t> ports() const;
  // False only if there are several and the kernel refused the program that chooses among them; then it goes by source
  // address and port: an exporter that changes its port may change its receiver, one that does not has one only.
  bool spread_as_asked() const;

 private:
  class Impl;
  explicit Receiver(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::net
