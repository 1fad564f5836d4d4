#include "net/receiver.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>

#include "base/check.h"
#include "net/listen_socket.h"
#include "net/socket_address.h"

namespace weir::net {
namespace {

constexpr size_t kSlotBytes = 65535;  // no UDP datagram is longer, so none is ever cut
// Slots a multiple of 4 KiB apart would fall onto the same few lines of the first cache; 23 lines more spread them.
constexpr size_t kSlotStride = 65536 + 23 * 64;
constexpr size_t kMaxEvents = 16;
constexpr uint32_t kWakeEvent = UINT32_MAX;

// A count that the kernel keeps in 32 bits, read often enough to see each turn. A datagram carries the count of the
// time when it was queued, which may be older than what was seen already.
class WrappingCounter {
 public:
  void see(uint32_t now) {
    const uint32_t more = now - last_;
    if (more == 0 || more > INT32_MAX) return;
    total_.store(total_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    last_ = now;
  }
  uint64_t total() const { return total_.load(std::memory_order_relaxed); }

 private:
  uint32_t last_ = 0;
  std::atomic<uint64_t> total_{0};  // written by the owner of the receiver, read by anybody
};

// The control message of SO_RXQ_OVFL: how many had been dropped when this datagram was queued. Comes only once there
// are any.
std::optional<uint32_t> drops_in(msghdr& header) {
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SO_RXQ_OVFL) continue;
    uint32_t drops;
    std::memcpy(&drops, CMSG_DATA(control), sizeof drops);
    return drops;
  }
  return std::nullopt;
}

// What the network does to a socket now and then, and what passes.
bool passes(int code) {
  switch (code) {
    case EAGAIN:
    case EINTR:
    case ENOMEM:
    case ENOBUFS:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ECONNREFUSED:
      return true;
    default:
      return false;
  }
}

}  // namespace

class Receiver::Impl {
 public:
  Impl(std::vector<ListenSocket> sockets, bool sorted_by_address, size_t batch);
  Result<> start();

  Result<std::span<const Datagram>> receive(std::chrono::milliseconds timeout);
  void wake() const;
  uint64_t kernel_drops() const;
  size_t granted_buffer_bytes() const;
  std::vector<uint16_t> ports() const;
  bool sorted_by_address() const { return sorted_by_address_; }

 private:
  // All that recvmmsg writes about one datagram.
  struct alignas(64) Slot {
    sockaddr_in6 source;  // or a sockaddr_in
    iovec part;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(uint32_t))> control;
  };

  Result<> take_from(size_t socket);
  void ask_for_drops();

  std::vector<ListenSocket> sockets_;
  std::vector<WrappingCounter> drops_;  // of each socket
  bool sorted_by_address_;
  Fd epoll_;
  Fd wake_;
  size_t turn_ = 0;    // which of the ready sockets comes first
  size_t filled_ = 0;  // slots taken in this call
  std::unique_ptr<uint8_t[]> bytes_;
  std::vector<Slot> slots_;
  std::vector<mmsghdr> headers_;
  std::vector<Datagram> datagrams_;
};

Receiver::Impl::Impl(std::vector<ListenSocket> sockets, bool sorted_by_address, size_t batch)
    : sockets_(std::move(sockets)),
      drops_(sockets_.size()),
      sorted_by_address_(sorted_by_address),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      bytes_(new uint8_t[batch * kSlotStride]),  // pages that no datagram touches are never made
      slots_(batch),
      headers_(batch),
      datagrams_(batch) {
  for (size_t i = 0; i < batch; ++i) {
    Slot& slot = slots_[i];
    slot.part = {&bytes_[i * kSlotStride], kSlotBytes};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &slot.source;
    header.msg_iov = &slot.part;
    header.msg_iovlen = 1;
    header.msg_control = slot.control.data();
  }
}

Result<> Receiver::Impl::start() {
  if (!epoll_ || !wake_) return fail_errno("cannot wait for datagrams");
  for (size_t i = 0; i <= sockets_.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = i < sockets_.size() ? static_cast<uint32_t>(i) : kWakeEvent;
    const int fd = i < sockets_.size() ? sockets_[i].fd.get() : wake_.get();
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno("cannot wait for datagrams");
  }
  return {};
}

Result<std::span<const Datagram>> Receiver::Impl::receive(std::chrono::milliseconds timeout) {
  std::array<epoll_event, kMaxEvents> events;
  const int timeout_ms = static_cast<int>(std::clamp<int64_t>(timeout.count(), 0, INT_MAX));
  const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms);
  if (ready < 0 && errno != EINTR) return fail_errno("cannot wait for datagrams");
  if (ready <= 0) {
    ask_for_drops();
    return std::span<const Datagram>{};
  }
  filled_ = 0;
  ++turn_;
  for (size_t i = 0; i < static_cast<size_t>(ready) && filled_ < headers_.size(); ++i) {
    const uint32_t source = events[(turn_ + i) % static_cast<size_t>(ready)].data.u32;
    if (source == kWakeEvent) {
      eventfd_t count;
      eventfd_read(wake_.get(), &count);
    } else if (const Result<> taken = take_from(source); !taken) {
      return std::unexpected(taken.error());
    }
  }
  const Timestamp now = wall_clock_now();
  const std::span<Datagram> received = std::span(datagrams_).first(filled_);
  for (Datagram& datagram : received) datagram.received = now;
  return received;
}

Result<> Receiver::Impl::take_from(size_t socket) {
  const auto free = static_cast<unsigned>(headers_.size() - filled_);
  for (size_t i = filled_; i < headers_.size(); ++i) {  // what recvmmsg has overwritten
    headers_[i].msg_hdr.msg_namelen = sizeof(Slot::source);
    headers_[i].msg_hdr.msg_controllen = sizeof(Slot::control);
  }
  const int taken = recvmmsg(sockets_[socket].fd.get(), &headers_[filled_], free, MSG_DONTWAIT, nullptr);
  if (taken < 0 && passes(errno)) return {};
  if (taken < 0) return fail_errno("cannot receive on UDP " + sockets_[socket].address.to_string());
  for (int i = 0; i < taken; ++i, ++filled_) {
    const Slot& slot = slots_[filled_];
    Datagram& datagram = datagrams_[filled_];
    datagram.bytes = ByteView(&bytes_[filled_ * kSlotStride], headers_[filled_].msg_len);
    datagram.exporter = IpAddress::from_v4(0);
    if (slot.source.sin6_family == AF_INET6) {
      std::memcpy(datagram.exporter.octets.data(), &slot.source.sin6_addr, 16);
    } else {
      sockaddr_in v4;
      std::memcpy(&v4, &slot.source, sizeof v4);
      std::memcpy(&datagram.exporter.octets[12], &v4.sin_addr, 4);
    }
    datagram.exporter_port = ntohs(slot.source.sin6_port);  // at the same place in both families
  }
  if (taken > 0) {
    if (const auto drops = drops_in(headers_[filled_ - 1].msg_hdr)) drops_[socket].see(*drops);
  }
  return {};
}

// Drops after the last datagram that was queued come with no datagram: when it is quiet, the sockets are asked.
void Receiver::Impl::ask_for_drops() {
  for (size_t i = 0; i < sockets_.size(); ++i) drops_[i].see(socket_drops(sockets_[i].fd.get()));
}

void Receiver::Impl::wake() const { eventfd_write(wake_.get(), 1); }

uint64_t Receiver::Impl::kernel_drops() const {
  uint64_t total = 0;
  for (const WrappingCounter& drops : drops_) total += drops.total();
  return total;
}

size_t Receiver::Impl::granted_buffer_bytes() const {
  size_t smallest = SIZE_MAX;
  for (const ListenSocket& socket : sockets_) smallest = std::min(smallest, socket.granted_buffer_bytes);
  return smallest;
}

std::vector<uint16_t> Receiver::Impl::ports() const {
  std::vector<uint16_t> ports;
  for (const ListenSocket& socket : sockets_) ports.push_back(socket.address.port);
  return ports;
}

Result<std::vector<Receiver>> Receiver::open(std::span<const ListenAddress> addresses, size_t count,
                                             const ReceiverOptions& options) {
  CHECK(!addresses.empty() && count > 0 && options.batch > 0);
  std::vector<std::vector<ListenSocket>> sockets_of(count);  // by receiver
  bool sorted = true;
  for (const ListenAddress& address : addresses) {
    auto sockets = open_listen_sockets(address, count, options.socket_buffer_bytes);
    if (!sockets) return std::unexpected(sockets.error());
    if (count > 1) sorted = spread_by_source_address(*sockets) && sorted;
    for (size_t i = 0; i < count; ++i) sockets_of[i].push_back(std::move((*sockets)[i]));
  }
  std::vector<Receiver> receivers;
  for (std::vector<ListenSocket>& sockets : sockets_of) {
    auto impl = std::make_unique<Impl>(std::move(sockets), sorted, options.batch);
    if (const Result<> started = impl->start(); !started) return std::unexpected(started.error());
    receivers.push_back(Receiver(std::move(impl)));
  }
  return receivers;
}

Receiver::Receiver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Receiver::Receiver(Receiver&&) noexcept = default;
Receiver& Receiver::operator=(Receiver&&) noexcept = default;
Receiver::~Receiver() = default;
Result<std::span<const Datagram>> Receiver::receive(std::chrono::milliseconds timeout) {
  return impl_->receive(timeout);
}
void Receiver::wake() { impl_->wake(); }
uint64_t Receiver::kernel_drops() const { return impl_->kernel_drops(); }
size_t Receiver::granted_buffer_bytes() const { return impl_->granted_buffer_bytes(); }
std::vector<uint16_t> Receiver::ports() const { return impl_->ports(); }
bool Receiver::sorted_by_address() const { return impl_->sorted_by_address(); }

}  // namespace weir::net
