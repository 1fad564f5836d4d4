#include "net/stream_listener.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>
#include <climits>
#include <set>

#include "base/check.h"
#include "base/readable.h"
#include "net/listen_socket.h"
#include "net/sender.h"
#include "net/socket_address.h"
#include "net/stream_connection.h"

namespace weir::net {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kMaxEvents = 256;
constexpr std::chrono::milliseconds kCheckEvery{200};  // deadlines are whole seconds
// Numbers of connections begin behind those of the listening sockets and the wake-up in epoll's data.
constexpr uint64_t kWakeEvent = UINT64_MAX;
constexpr uint64_t kListenerBit = uint64_t{1} << 63;

void set_option(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

void set_keepalive(int fd) {
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

// What came and was not read yet.
uint64_t unread_bytes(int fd) {
  int bytes = 0;
  return ioctl(fd, FIONREAD, &bytes) == 0 ? static_cast<uint64_t>(std::max(bytes, 0)) : 0;
}

// Connections that the process's limit of open files leaves room for.
size_t descriptors_for_connections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  const size_t most = limit.rlim_cur;
  return most > 2 * kStreamSpareDescriptors ? most - kStreamSpareDescriptors : most / 2;
}

}  // namespace

std::string StreamPeer::to_string() const { return ListenAddress{address.to_string(), port}.to_string(); }

class StreamListener::Impl {
 public:
  struct Listening {
    ListenSocket socket;
    bool tls;
  };
  Impl(std::vector<Listening> sockets, std::optional<TlsContext> tls, const StreamLimits& limits)
      : sockets_(std::move(sockets)),
        tls_(std::move(tls)),
        limits_(limits),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        buffer_(kStreamReadBytes) {}
  Result<> start();

  Result<bool> poll(std::chrono::milliseconds timeout, StreamSink& sink);
  void close_all(StreamSink& sink);
  void wake() const { eventfd_write(wake_.get(), 1); }
  void set_tls(TlsContext context) { tls_ = std::move(context); }
  void set_limits(const StreamLimits& limits) { limits_ = limits; }
  const StreamCounters& counters() const { return counters_; }
  size_t most_connections() const { return std::min(limits_.connections, descriptors_); }
  std::vector<uint16_t> ports() const;

 private:
  // Connections of one address: how many, and which of them have not sent a message yet, the oldest first.
  struct Exporter {
    size_t connections = 0;
    std::set<uint64_t> unproven;
  };
  using Connections = boost::unordered_flat_map<uint64_t, std::unique_ptr<StreamConnection>>;

  void accept_from(const Listening& listening, StreamSink& sink);
  bool make_room(const StreamPeer& peer, StreamSink& sink);
  void add(Fd fd, const StreamPeer& peer, bool tls);
  void refuse(const StreamPeer& peer, StreamRefusal reason, StreamSink& sink);
  void pause_accepting(bool pause);
  void serve(uint64_t number, StreamSink& sink);
  bool begin(StreamConnection& connection, StreamSink& sink);
  bool take(StreamConnection& connection, ByteView bytes, StreamSink& sink);
  void watch(StreamConnection& connection, bool write) const;
  void free_buffers(StreamSink& sink);
  void check_deadlines(StreamSink& sink);
  void close(uint64_t number, StreamClose reason, StreamSink& sink, const std::string& detail = {});

  std::vector<Listening> sockets_;
  std::optional<TlsContext> tls_;
  StreamLimits limits_;
  size_t descriptors_ = descriptors_for_connections();
  Fd epoll_;
  Fd wake_;
  std::vector<uint8_t> buffer_;
  StreamCounters counters_;
  Connections connections_;
  boost::unordered_flat_map<IpAddress, Exporter, IpAddressHash> exporters_;
  std::set<uint64_t> unproven_;  // of all addresses, the oldest first
  std::vector<uint64_t> again_;  // that had more to read than their turn allowed
  size_t waiting_memory_ = 0;    // of messages that are not whole yet
  uint64_t last_number_ = 0;
  Clock::time_point now_ = Clock::now();
  Clock::time_point next_check_ = now_;
  std::optional<Clock::time_point> accept_again_;
  bool sigpipe_blocked_ = false;
};

Result<> StreamListener::Impl::start() {
  if (!epoll_ || !wake_) return fail_errno("cannot wait for connections");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeEvent;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0)
    return fail_errno("cannot wait for connections");
  for (size_t i = 0; i < sockets_.size(); ++i) {
    event.data.u64 = kListenerBit | i;
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, sockets_[i].socket.fd.get(), &event) != 0) {
      return fail_errno("cannot wait for connections");
    }
  }
  return {};
}

Result<bool> StreamListener::Impl::poll(std::chrono::milliseconds timeout, StreamSink& sink) {
  if (!std::exchange(sigpipe_blocked_, true)) block_sigpipe();
  std::array<epoll_event, kMaxEvents> events;
  const int timeout_ms = again_.empty() ? static_cast<int>(std::clamp<int64_t>(timeout.count(), 0, INT_MAX)) : 0;
  const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), timeout_ms);
  if (ready < 0 && errno != EINTR) return fail_errno("cannot wait for connections");
  now_ = Clock::now();
  bool busy = !again_.empty();
  for (const uint64_t number : std::exchange(again_, {})) {
    if (const auto found = connections_.find(number); found != connections_.end()) found->second->again = false;
    serve(number, sink);
  }
  for (const epoll_event& event : std::span(events).first(static_cast<size_t>(std::max(ready, 0)))) {
    if (event.data.u64 == kWakeEvent) {
      eventfd_t count;
      eventfd_read(wake_.get(), &count);
      continue;
    }
    busy = true;
    if ((event.data.u64 & kListenerBit) != 0) {
      accept_from(sockets_[event.data.u64 & ~kListenerBit], sink);
    } else {
      serve(event.data.u64, sink);
    }
  }
  if (now_ >= next_check_) check_deadlines(sink);
  return busy;
}

void StreamListener::Impl::accept_from(const Listening& listening, StreamSink& sink) {
  for (int i = 0; i < kStreamAcceptsPerTurn && !accept_again_; ++i) {
    SocketAddress address;
    Fd fd = accept_stream(listening.socket.fd.get(), address);
    const StreamPeer peer{address.ip(), address.port()};
    if (fd) {
      if (make_room(peer, sink)) add(std::move(fd), peer, listening.tls);
      continue;
    }
    if (errno == EAGAIN) return;
    const bool none_left = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    if (!none_left) continue;  // what went wrong with one connection (ECONNABORTED, EPERM, ...), or EINTR
    if (!readable(listening.socket.fd.get())) return;
    if (unproven_.empty()) {
      refuse({}, StreamRefusal::no_descriptor, sink);
      pause_accepting(true);
    } else {
      close(*unproven_.begin(), StreamClose::evicted, sink, "no file descriptor is left");
    }
  }
}

// False if the connection is refused. Those that have not sent a message yet go first, the oldest of them: it costs a
// peer nothing to connect, and an exporter sends its templates at once.
bool StreamListener::Impl::make_room(const StreamPeer& peer, StreamSink& sink) {
  const auto exporter = exporters_.find(peer.address);
  if (exporter != exporters_.end() && exporter->second.connections >= limits_.connections_per_exporter) {
    if (exporter->second.unproven.empty()) {
      refuse(peer, StreamRefusal::exporter_limit, sink);
      return false;
    }
    close(*exporter->second.unproven.begin(), StreamClose::evicted, sink, "too many connections of its address");
  }
  if (connections_.size() >= most_connections()) {
    if (unproven_.empty()) {
      refuse(peer, StreamRefusal::connection_limit, sink);
      return false;
    }
    close(*unproven_.begin(), StreamClose::evicted, sink, "too many connections");
  }
  return true;
}

void StreamListener::Impl::refuse(const StreamPeer& peer, StreamRefusal reason, StreamSink& sink) {
  ++counters_.refused[static_cast<size_t>(reason)];
  sink.on_refused(peer, reason);
}

void StreamListener::Impl::add(Fd fd, const StreamPeer& peer, bool tls) {
  set_keepalive(fd.get());
  const uint64_t number = ++last_number_;
  auto connection = std::make_unique<StreamConnection>(number, peer, std::move(fd), tls ? tls_ : std::nullopt, now_);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->fd(), &event) != 0) return;  // no memory: it is closed
  connections_.emplace(number, std::move(connection));
  unproven_.insert(number);
  Exporter& exporter = exporters_[peer.address];
  ++exporter.connections;
  exporter.unproven.insert(number);
  ++counters_.accepted;
  ++counters_.open;
}

void StreamListener::Impl::pause_accepting(bool pause) {
  accept_again_ = pause ? std::optional(now_ + kStreamAcceptPause) : std::nullopt;
  for (size_t i = 0; i < sockets_.size(); ++i) {
    epoll_event event{};
    event.events = pause ? 0U : uint32_t{EPOLLIN};
    event.data.u64 = kListenerBit | i;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, sockets_[i].socket.fd.get(), &event);
  }
}

// Reads what is there; may end with the connection gone.
void StreamListener::Impl::serve(uint64_t number, StreamSink& sink) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;  // closed since the event
  StreamConnection& connection = *found->second;
  if (connection.again) return;  // it had its turn in this round
  if (!connection.begun() && !begin(connection, sink)) return;
  for (int reads = 0; reads < kStreamReadsPerTurn; ++reads) {
    const Io io = connection.read(buffer_);
    switch (io.status) {
      case IoStatus::done:
        if (!take(connection, ByteView(buffer_).first(io.bytes), sink)) return;
        break;
      case IoStatus::want_read:
      case IoStatus::want_write:
        connection.note_read(now_);
        watch(connection, io.status == IoStatus::want_write);
        return;
      case IoStatus::end:
        close(number, connection.waiting_bytes() > 0 ? StreamClose::within_message : StreamClose::by_exporter, sink);
        return;
      case IoStatus::failed:
        close(number, StreamClose::failed, sink, connection.error());
        return;
    }
  }
  connection.again = true;
  again_.push_back(number);
}

// A step of the handshake. True once it is done.
bool StreamListener::Impl::begin(StreamConnection& connection, StreamSink& sink) {
  const Io io = connection.begin();
  switch (io.status) {
    case IoStatus::done:
      watch(connection, false);
      return true;
    case IoStatus::want_read:
    case IoStatus::want_write:
      watch(connection, io.status == IoStatus::want_write);
      return false;
    case IoStatus::end:
    case IoStatus::failed:
      break;
  }
  close(connection.number(), StreamClose::handshake_failed, sink, connection.error());
  return false;
}

// Bytes that were read. False if the connection is gone.
bool StreamListener::Impl::take(StreamConnection& connection, ByteView bytes, StreamSink& sink) {
  const uint64_t number = connection.number();
  const size_t memory_before = connection.memory();
  counters_.bytes += bytes.size();
  const Timestamp received = wall_clock_now();
  const bool was_proven = connection.has_sent_a_message();
  while (const auto message = connection.next(bytes)) {
    ++counters_.messages;
    sink.on_message({.bytes = *message,
                     .exporter = connection.peer().address,
                     .exporter_port = connection.peer().port,
                     .received = received,
                     .connection = number});
  }
  connection.note_read(now_);
  waiting_memory_ += connection.memory() - memory_before;
  if (!was_proven && connection.has_sent_a_message()) {
    unproven_.erase(number);
    exporters_[connection.peer().address].unproven.erase(number);
  }
  if (connection.broken()) {
    counters_.incomplete_bytes += bytes.size();
    close(number, StreamClose::not_ipfix, sink);
    return false;
  }
  if (waiting_memory_ > limits_.buffer_bytes) free_buffers(sink);
  return connections_.contains(number);
}

void StreamListener::Impl::watch(StreamConnection& connection, bool write) const {
  if (connection.wants_write == write) return;
  connection.wants_write = write;
  epoll_event event{};
  event.events = write ? EPOLLOUT : EPOLLIN;
  event.data.u64 = connection.number();
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.fd(), &event);
}

// Who has kept a part of a message for the longest time is the least likely to send the rest.
void StreamListener::Impl::free_buffers(StreamSink& sink) {
  while (waiting_memory_ > limits_.buffer_bytes) {
    const StreamConnection* slowest = nullptr;
    for (const auto& [number, connection] : connections_) {
      if (connection->memory() == 0 || !connection->waiting_since()) continue;
      if (slowest == nullptr || *connection->waiting_since() < *slowest->waiting_since()) slowest = connection.get();
    }
    if (slowest == nullptr) return;
    close(slowest->number(), StreamClose::buffer_limit, sink);
  }
}

void StreamListener::Impl::check_deadlines(StreamSink& sink) {
  next_check_ = now_ + kCheckEvery;
  if (accept_again_ && now_ >= *accept_again_) pause_accepting(false);
  std::vector<std::pair<uint64_t, StreamClose>> overdue;
  for (const auto& [number, connection] : connections_) {
    if (const auto reason = connection->overdue(limits_, now_)) overdue.emplace_back(number, *reason);
  }
  for (const auto& [number, reason] : overdue) close(number, reason, sink);
}

void StreamListener::Impl::close(uint64_t number, StreamClose reason, StreamSink& sink, const std::string& detail) {
  const auto found = connections_.find(number);
  CHECK(found != connections_.end());
  const std::unique_ptr<StreamConnection> connection = std::move(found->second);
  connections_.erase(found);
  unproven_.erase(number);
  const auto exporter = exporters_.find(connection->peer().address);
  exporter->second.unproven.erase(number);
  if (--exporter->second.connections == 0) exporters_.erase(exporter);
  waiting_memory_ -= connection->memory();
  counters_.incomplete_bytes += connection->waiting_bytes();
  --counters_.open;
  ++counters_.closed[static_cast<size_t>(reason)];
  connection->close();
  sink.on_closed(number, connection->peer(), reason, detail);
}

// Connections that wait to be accepted, too, lest what they sent goes uncounted.
void StreamListener::Impl::close_all(StreamSink& sink) {
  for (const Listening& listening : sockets_) {
    for (int turns = 0; turns < kStreamBacklog / kStreamAcceptsPerTurn; ++turns) accept_from(listening, sink);
  }
  for (const auto& [number, connection] : connections_) counters_.unread_bytes += unread_bytes(connection->fd());
  while (!connections_.empty()) close(connections_.begin()->first, StreamClose::shutdown, sink);
}

std::vector<uint16_t> StreamListener::Impl::ports() const {
  std::vector<uint16_t> ports;
  for (const Listening& listening : sockets_) ports.push_back(listening.socket.address.port);
  return ports;
}

Result<StreamListener> StreamListener::open(std::span<const ListenAddress> tcp, std::span<const ListenAddress> tls,
                                            std::optional<TlsContext> context, const StreamLimits& limits) {
  CHECK(tls.empty() || context.has_value());
  raise_file_limit();
  std::vector<Impl::Listening> sockets;
  for (const bool with_tls : {false, true}) {
    for (const ListenAddress& address : with_tls ? tls : tcp) {
      sockets.push_back({TRY(open_stream_socket(address, kStreamBacklog)), with_tls});
    }
  }
  auto impl = std::make_unique<Impl>(std::move(sockets), std::move(context), limits);
  TRY(impl->start());
  return StreamListener(std::move(impl));
}

StreamListener::StreamListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StreamListener::StreamListener(StreamListener&&) noexcept = default;
StreamListener& StreamListener::operator=(StreamListener&&) noexcept = default;
StreamListener::~StreamListener() = default;
Result<bool> StreamListener::poll(std::chrono::milliseconds timeout, StreamSink& sink) {
  return impl_->poll(timeout, sink);
}
void StreamListener::close_all(StreamSink& sink) { impl_->close_all(sink); }
void StreamListener::wake() { impl_->wake(); }
void StreamListener::set_tls(TlsContext context) { impl_->set_tls(std::move(context)); }
void StreamListener::set_limits(const StreamLimits& limits) { impl_->set_limits(limits); }
const StreamCounters& StreamListener::counters() const { return impl_->counters(); }
size_t StreamListener::most_connections() const { return impl_->most_connections(); }
std::vector<uint16_t> StreamListener::ports() const { return impl_->ports(); }

}  // namespace weir::net
