#include "net/receiver.h"

#include <netinet/udp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/check.h"
#include "net/gather_time.h"
#include "net/listen_socket.h"
#include "net/socket_address.h"

namespace weir::net {
namespace {

constexpr size_t kSlotBytes = 65535;  // no UDP datagram is longer, so none is ever cut
// Slots a multiple of 4 KiB apart would fall onto the same few lines of the first cache; 23 lines more spread them.
constexpr size_t kSlotStride = 65536 + 23 * 64;
constexpr size_t kMaxEvents = 16;
constexpr uint32_t kWakeEvent = UINT32_MAX;
// The least that the kernel takes from a socket's buffer for a datagram, with its own overhead.
constexpr size_t kLeastBufferBytes = 512;
// How often sockets that were not emptied are read before it is asked which others have something.
constexpr size_t kRoundsWithoutWait = 8;

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

// What control messages say: 32 bits each.
struct Control {
  std::optional<uint32_t> drops;     // SO_RXQ_OVFL: dropped when this was queued; comes only once there are any
  std::optional<uint32_t> datagram;  // UDP_GRO: bytes of each datagram but the last, which may be shorter
};
Control control_of(msghdr& header) {
  Control out;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
    uint32_t value;
    if (control->cmsg_len < CMSG_LEN(sizeof value)) continue;
    std::memcpy(&value, CMSG_DATA(control), sizeof value);
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SO_RXQ_OVFL) out.drops = value;
    if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) out.datagram = value;
  }
  return out;
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
  Impl(std::vector<ListenSocket> sockets, bool spread_as_asked, size_t batch);
  Result<> start();

  Result<std::span<const Datagram>> receive(std::chrono::milliseconds timeout);
  void let_nothing_in();
  uint64_t discard();
  void wake() const;
  uint64_t kernel_drops() const;
  size_t granted_buffer_bytes() const;
  std::vector<uint16_t> ports() const;
  bool spread_as_asked() const { return spread_as_asked_; }

 private:
  // All that recvmmsg writes about one datagram.
  struct alignas(64) Slot {
    sockaddr_in6 source;  // or a sockaddr_in
    iovec part;
    alignas(cmsghdr) std::array<char, 2 * CMSG_SPACE(sizeof(uint32_t))> control;  // of Control
  };

  // Which sockets have something, into ready_.
  Result<> wait(std::chrono::milliseconds timeout);
  Result<> take_from_ready();
  // Whether there may be more.
  Result<bool> take_from(size_t socket);
  // Lets datagrams come in, without looking at them; a wake() ends it.
  void gather();
  // How much of the buffers is taken: the fullest one, by what the kernel counts of each datagram.
  size_t waiting_bytes() const;
  void add_datagrams(size_t slot, std::optional<uint32_t> datagram_bytes);
  void ask_for_drops();

  std::vector<ListenSocket> sockets_;
  GatherTime gather_time_;
  std::vector<WrappingCounter> drops_;  // of each socket
  bool spread_as_asked_;
  bool shut_ = false;  // nothing comes in any more
  Fd epoll_;
  Fd wake_;
  std::vector<uint32_t> ready_;  // sockets that may have something, in the order of their turns
  size_t turn_ = 0;              // which of those that epoll tells comes first
  size_t rounds_ = 0;            // since epoll was asked
  bool emptied_ = false;         // the last call took something, and left nothing
  size_t gathered_ = 0;          // datagrams since the sockets were empty the last time
  size_t filled_ = 0;            // slots taken in this call
  std::unique_ptr<uint8_t[]> bytes_;
  std::vector<Slot> slots_;
  std::vector<mmsghdr> headers_;
  std::vector<Datagram> datagrams_;
};

Receiver::Impl::Impl(std::vector<ListenSocket> sockets, bool spread_as_asked, size_t batch)
    : sockets_(std::move(sockets)),
      gather_time_(granted_buffer_bytes()),
      drops_(sockets_.size()),
      spread_as_asked_(spread_as_asked),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      bytes_(new uint8_t[batch * kSlotStride]),  // pages that no datagram touches are never made
      slots_(batch),
      headers_(batch) {
  ready_.reserve(sockets_.size());
  datagrams_.reserve(batch);
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
  filled_ = 0;
  datagrams_.clear();
  const bool goes_on = !ready_.empty() && ++rounds_ < kRoundsWithoutWait;
  if (goes_on) TRY(take_from_ready());
  if (datagrams_.empty()) {
    if (emptied_ && timeout > GatherTime::kLongest) gather();
    TRY(wait(timeout));
    TRY(take_from_ready());
  }
  gathered_ += datagrams_.size();
  emptied_ = !datagrams_.empty() && ready_.empty();
  const Timestamp now = wall_clock_now();
  for (Datagram& datagram : datagrams_) datagram.received = now;
  return datagrams_;
}

void Receiver::Impl::gather() {
  using Clock = std::chrono::steady_clock;
  const auto time = gather_time_.next(std::exchange(gathered_, 0));
  const Clock::time_point start = Clock::now();
  for (Clock::duration left = time; left > Clock::duration::zero(); left = time - (Clock::now() - start)) {
    const std::chrono::nanoseconds wait = std::min<Clock::duration>(left, gather_time_.slice(waiting_bytes()));
    if (wait.count() == 0) return;
    const timespec pause{wait.count() / 1'000'000'000, wait.count() % 1'000'000'000};
    pollfd woken{wake_.get(), POLLIN, 0};
    if (ppoll(&woken, 1, &pause, nullptr) != 0) return;
  }
}

size_t Receiver::Impl::waiting_bytes() const {
  size_t most = 0;
  for (const ListenSocket& socket : sockets_) most = std::max(most, socket_waiting_bytes(socket.fd.get()));
  return most;
}

Result<> Receiver::Impl::wait(std::chrono::milliseconds timeout) {
  rounds_ = 0;
  ready_.clear();
  std::array<epoll_event, kMaxEvents> events;
  const int timeout_ms = static_cast<int>(std::clamp<int64_t>(timeout.count(), 0, INT_MAX));
  const int count = epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms);
  if (count < 0 && errno != EINTR) return fail_errno("cannot wait for datagrams");
  if (count <= 0) {
    ask_for_drops();
    return {};
  }
  ++turn_;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const uint32_t source = events[(turn_ + i) % static_cast<size_t>(count)].data.u32;
    if (source != kWakeEvent) {
      ready_.push_back(source);
    } else {
      eventfd_t wakes;
      eventfd_read(wake_.get(), &wakes);
    }
  }
  return {};
}

// In turns; who had more than there is room for comes again, after the others.
Result<> Receiver::Impl::take_from_ready() {
  size_t served = 0;
  while (served < ready_.size() && filled_ < headers_.size()) {
    if (TRY(take_from(ready_[served]))) {
      ++served;
    } else {
      ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(served));
    }
  }
  std::ranges::rotate(ready_, ready_.begin() + static_cast<std::ptrdiff_t>(served));
  return {};
}

Result<bool> Receiver::Impl::take_from(size_t socket) {
  const size_t free = headers_.size() - filled_;
  for (size_t i = filled_; i < headers_.size(); ++i) {  // what recvmmsg has overwritten
    headers_[i].msg_hdr.msg_namelen = sizeof(Slot::source);
    headers_[i].msg_hdr.msg_controllen = sizeof(Slot::control);
  }
  const int taken =
      recvmmsg(sockets_[socket].fd.get(), &headers_[filled_], static_cast<unsigned>(free), MSG_DONTWAIT, nullptr);
  if (taken < 0 && passes(errno)) return false;
  if (taken < 0) return fail_errno("cannot receive on UDP " + sockets_[socket].address.to_string());
  for (int i = 0; i < taken; ++i, ++filled_) {
    // Mostly there are none.
    msghdr& header = headers_[filled_].msg_hdr;
    const Control control = header.msg_controllen == 0 ? Control{} : control_of(header);
    if (control.drops && i == taken - 1) drops_[socket].see(*control.drops);
    add_datagrams(filled_, control.datagram);
  }
  return static_cast<size_t>(taken) == free;
}

void Receiver::Impl::add_datagrams(size_t slot, std::optional<uint32_t> datagram_bytes) {
  const Slot& from = slots_[slot];
  Datagram datagram{};
  datagram.exporter = IpAddress::from_v4(0);
  if (from.source.sin6_family == AF_INET6) {
    std::memcpy(datagram.exporter.bytes.data(), &from.source.sin6_addr, 16);
  } else {
    sockaddr_in v4;
    std::memcpy(&v4, &from.source, sizeof v4);
    std::memcpy(&datagram.exporter.bytes[12], &v4.sin_addr, 4);
  }
  datagram.exporter_port = ntohs(from.source.sin6_port);  // at the same place in both families
  ByteView rest(&bytes_[slot * kSlotStride], headers_[slot].msg_len);
  const size_t each = datagram_bytes.value_or(0) == 0 ? rest.size() : *datagram_bytes;
  do {
    datagram.bytes = rest.first(std::min(each, rest.size()));
    datagrams_.push_back(datagram);
    rest = rest.subspan(datagram.bytes.size());
  } while (!rest.empty());
}

// Drops after the last datagram that was queued come with no datagram: when it is quiet, the sockets are asked.
void Receiver::Impl::ask_for_drops() {
  if (shut_) return;  // the kernel counts there what came after the end, too
  for (size_t i = 0; i < sockets_.size(); ++i) drops_[i].see(socket_drops(sockets_[i].fd.get()));
}

void Receiver::Impl::let_nothing_in() {
  ask_for_drops();
  shut_ = true;
  for (const ListenSocket& socket : sockets_) net::let_nothing_in(socket.fd.get());
}

uint64_t Receiver::Impl::discard() {
  uint64_t count = 0;
  for (size_t socket = 0; socket < sockets_.size(); ++socket) {
    size_t most = 2 * sockets_[socket].granted_buffer_bytes / kLeastBufferBytes;  // that can be there at this moment
    for (bool more = true; more && most > 0;) {
      filled_ = 0;
      datagrams_.clear();
      more = take_from(socket).value_or(false);
      count += datagrams_.size();
      most -= std::min(most, filled_);
    }
  }
  filled_ = 0;
  datagrams_.clear();
  return count;
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
  bool as_asked = true;
  for (const ListenAddress& address : addresses) {
    const SocketOptions wanted{.buffer_bytes = options.socket_buffer_bytes, .gro = options.gro};
    std::vector<ListenSocket> sockets = TRY(open_listen_sockets(address, count, wanted));
    if (count > 1) as_asked = spread(sockets, options.spread) && as_asked;
    for (size_t i = 0; i < count; ++i) sockets_of[i].push_back(std::move(sockets[i]));
  }
  std::vector<Receiver> receivers;
  for (std::vector<ListenSocket>& sockets : sockets_of) {
    auto impl = std::make_unique<Impl>(std::move(sockets), as_asked, options.batch);
    TRY(impl->start());
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
void Receiver::let_nothing_in() { impl_->let_nothing_in(); }
uint64_t Receiver::discard() { return impl_->discard(); }
void Receiver::wake() { impl_->wake(); }
uint64_t Receiver::kernel_drops() const { return impl_->kernel_drops(); }
size_t Receiver::granted_buffer_bytes() const { return impl_->granted_buffer_bytes(); }
std::vector<uint16_t> Receiver::ports() const { return impl_->ports(); }
bool Receiver::spread_as_asked() const { return impl_->spread_as_asked(); }

}  // namespace weir::net
