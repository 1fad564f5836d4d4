#include "net/bare_counter.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <vector>

#include "net/listen_socket.h"

namespace weir::net {
namespace {

constexpr size_t kSlotBytes = 2048;
constexpr timeval kWait{.tv_sec = 0, .tv_usec = 20'000};  // how often `stop` is looked at when nothing comes

}  // namespace

class BareCounter::Impl {
 public:
  Impl(ListenSocket socket, size_t batch)
      : socket_(std::move(socket)), bytes_(batch * kSlotBytes), parts_(batch), headers_(batch) {
    for (size_t i = 0; i < batch; ++i) {
      parts_[i] = {&bytes_[i * kSlotBytes], kSlotBytes};
      headers_[i].msg_hdr.msg_iov = &parts_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    setsockopt(socket_.fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kWait, sizeof kWait);
  }

  uint16_t port() const { return socket_.address.port; }

  void run(const std::atomic<bool>& stop, std::atomic<uint64_t>& received) {
    while (true) {
      const bool stopping = stop.load(std::memory_order_acquire);
      const int wait = stopping ? MSG_DONTWAIT : MSG_WAITFORONE;
      const int taken =
          recvmmsg(socket_.fd.get(), headers_.data(), static_cast<unsigned>(headers_.size()), wait, nullptr);
      if (taken > 0) received.fetch_add(static_cast<uint64_t>(taken), std::memory_order_release);
      if (taken <= 0 && stopping) return;
    }
  }

 private:
  ListenSocket socket_;
  std::vector<uint8_t> bytes_;
  std::vector<iovec> parts_;
  std::vector<mmsghdr> headers_;
};

Result<BareCounter> BareCounter::open(size_t socket_buffer_bytes, size_t batch) {
  std::vector<ListenSocket> sockets =
      TRY(open_listen_sockets({"127.0.0.1", 0}, 1, {.buffer_bytes = socket_buffer_bytes}));
  fcntl(sockets[0].fd.get(), F_SETFL, 0);  // blocking: the loop waits in recvmmsg itself
  return BareCounter(std::make_unique<Impl>(std::move(sockets[0]), batch));
}

BareCounter::BareCounter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BareCounter::BareCounter(BareCounter&&) noexcept = default;
BareCounter& BareCounter::operator=(BareCounter&&) noexcept = default;
BareCounter::~BareCounter() = default;
uint16_t BareCounter::port() const { return impl_->port(); }
void BareCounter::run(const std::atomic<bool>& stop, std::atomic<uint64_t>& received) { impl_->run(stop, received); }

}  // namespace weir::net
