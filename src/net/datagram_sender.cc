// Sends UDP datagrams, many per system call.
//
// Which address of a name. UDP has no handshake, so the first datagram finds out who listens: it goes to the first
// address alone, and nothing else is sent while an answer may come. If ICMP says that nobody listens there, the same
// datagram goes to the next address. The first that does not refuse it is used for everything, from all sources. If all
// refuse it, it counts as refused, and the next datagram is tried at all of them again: somebody may listen by then.
//
// What was refused. Each refusal takes a datagram off the count of what was sent. The kernel reports it with the next
// call that sends, so the count is final only after await_refusals().
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "net/icmp_answers.h"
#include "net/sender_backend.h"

namespace weir::net {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kBatch = 64;
constexpr size_t kBatchBytes = size_t{1} << 18;
constexpr milliseconds kBackOff{1};  // when a queue of the kernel is full
constexpr int kMaxBackOffs = 5000;
// How long an answer may be on its way: on this machine, and from afar (what RFC 8305 gives an address).
constexpr milliseconds kPatienceLoopback{50};
constexpr milliseconds kPatience{250};

milliseconds patience_for(const SocketAddress& address) {
  return address.is_loopback() ? kPatienceLoopback : kPatience;
}

struct Source {
  Fd fd;  // none until the address is known
  std::optional<IpAddress> wanted;
  std::vector<uint8_t> bytes;  // queued datagrams, one after the other
  std::vector<size_t> ends;    // of each in bytes
  SourceReport report;
  size_t last_bytes = 0;  // of the datagram that was sent last
};

class DatagramBackend final : public SenderBackend {
 public:
  explicit DatagramBackend(Destination destination) : destination_(std::move(destination)) {
    if (destination_.addresses.size() == 1) choose(0);
  }

  Result<size_t> add_source(std::optional<IpAddress> address) override;
  Result<> send(size_t source, ByteView datagram) override;
  Result<> flush() override;
  Result<> finish() override { return flush(); }
  void await_refusals() override;
  const SourceReport& report(size_t source) const override { return sources_[source].report; }

 private:
  // What came of one attempt at an address.
  struct Attempt {
    bool taken = false;
    bool refused = false;  // by an answer; else there is no way
    std::string why{};     // it was not taken
  };

  void choose(size_t address);
  const SocketAddress& chosen() const { return destination_.addresses[*chosen_]; }
  std::unexpected<Error> cannot_send(std::string_view why) const {
    return fail("cannot send to {}: {}", destination_.target.to_string(), why);
  }
  Result<int> open(Source& source, const SocketAddress& address) const;
  Result<> open_chosen(Source& source) const;
  Result<> flush(Source& source);
  Result<> try_addresses(Source& source, size_t first);
  Result<Attempt> try_address(Source& source, size_t first, const SocketAddress& address);
  Result<size_t> send_some(Source& source, size_t first, size_t limit);
  bool take_off(Source& source, const IcmpAnswers& answers);

  Destination destination_;
  std::optional<size_t> chosen_;  // of the addresses
  std::vector<Source> sources_;
  std::vector<size_t> waiting_;  // sources with something queued
  SteadyClock::time_point last_sent_{};
};

void DatagramBackend::choose(size_t address) {
  chosen_ = address;
  destination_.chosen(chosen());
}

Result<size_t> DatagramBackend::add_source(std::optional<IpAddress> address) {
  Source source;
  source.wanted = address;
  if (chosen_) TRY(open_chosen(source));
  sources_.push_back(std::move(source));
  return sources_.size() - 1;
}

// 0, or why the socket cannot be connected: an errno.
Result<int> DatagramBackend::open(Source& source, const SocketAddress& address) const {
  source.fd = Fd(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int fd = source.fd.get();
  if (!source.fd && errno == EAFNOSUPPORT) return errno;
  if (!source.fd) {
    const bool limit = errno == EMFILE;
    auto failure = fail_errno("cannot open a socket");
    if (limit)
      failure.error().message += fmt::format(" ({} are open; raise the limit with `ulimit -n`)", sources_.size());
    return failure;
  }
  source.report.address = source_for(address, source.wanted);
  if (source.report.address) {
    const SocketAddress from(*source.report.address, 0);
    if (bind(fd, from.get(), from.size()) != 0)
      return fail_errno("cannot send from " + source.report.address->to_string());
  }
  ask_for_icmp_answers(fd, address.family());
  // Connected, so that the kernel knows whose answers they are.
  return connect(fd, address.get(), address.size()) == 0 ? 0 : errno;
}

Result<> DatagramBackend::open_chosen(Source& source) const {
  const int error = TRY(open(source, chosen()));
  if (error != 0) return cannot_send(std::strerror(error));
  return {};
}

Result<> DatagramBackend::send(size_t number, ByteView datagram) {
  Source& source = sources_[number];
  if (source.ends.empty()) waiting_.push_back(number);
  source.bytes.insert(source.bytes.end(), datagram.begin(), datagram.end());
  source.ends.push_back(source.bytes.size());
  if (source.ends.size() < kBatch && source.bytes.size() < kBatchBytes) return {};
  std::erase(waiting_, number);
  return flush(source);
}

Result<> DatagramBackend::flush() {
  for (const size_t number : waiting_) TRY(flush(sources_[number]));
  waiting_.clear();
  return {};
}

Result<> DatagramBackend::flush(Source& source) {
  for (size_t done = 0; done < source.ends.size();) {
    if (!chosen_) {
      TRY(try_addresses(source, done));
      ++done;
      continue;
    }
    if (!source.fd) TRY(open_chosen(source));
    const Result<size_t> sent = send_some(source, done, kBatch);
    if (!sent) return cannot_send(sent.error().message);
    done += *sent;
  }
  source.bytes.clear();
  source.ends.clear();
  return {};
}

// Sends the first-th queued datagram to one address after the other, until one does not refuse it.
Result<> DatagramBackend::try_addresses(Source& source, size_t first) {
  std::string failures;
  bool refused = false;
  for (size_t i = 0; i < destination_.addresses.size(); ++i) {
    const SocketAddress& address = destination_.addresses[i];
    const Attempt attempt = TRY(try_address(source, first, address));
    if (attempt.taken) {
      choose(i);
      return {};
    }
    refused |= attempt.refused;
    add_failure(failures, address, attempt.why);
  }
  source.fd = Fd();
  if (!refused) return cannot_send(failures);
  ++counts_.refused;
  why_refused_ = failures;
  return {};
}

Result<DatagramBackend::Attempt> DatagramBackend::try_address(Source& source, size_t first,
                                                              const SocketAddress& address) {
  if (const int error = TRY(open(source, address)); error != 0) return Attempt{.why = std::strerror(error)};
  const uint64_t too_long_before = counts_.too_long;
  if (const Result<size_t> sent = send_some(source, first, 1); !sent) return Attempt{.why = sent.error().message};
  if (counts_.too_long > too_long_before) return Attempt{.taken = true};  // wherever it goes
  const IcmpAnswers answers = await_icmp_answers(source.fd.get(), patience_for(address));
  take_off(source, answers);
  if (answers.refused == 0) return Attempt{.taken = true};
  return Attempt{.refused = true, .why = std::strerror(answers.error)};
}

// Hands queued datagrams from the first-th on to the kernel, at most `limit`; how many are done with, at least one.
// Fails with the reason alone.
Result<size_t> DatagramBackend::send_some(Source& source, size_t first, size_t limit) {
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> headers{};
  const size_t count = std::min(source.ends.size() - first, limit);
  size_t begin = first == 0 ? 0 : source.ends[first - 1];
  for (size_t i = 0; i < count; ++i) {
    const size_t end = source.ends[first + i];
    parts[i] = {std::span(source.bytes).subspan(begin).data(), end - begin};
    headers[i].msg_hdr.msg_iov = &parts[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    begin = end;
  }
  for (int tries = 0; tries < kMaxBackOffs; ++tries) {
    const int sent = sendmmsg(source.fd.get(), headers.data(), static_cast<unsigned>(count), 0);
    const int error = errno;
    if (sent > 0) {
      const auto done = static_cast<size_t>(sent);
      uint64_t bytes = 0;
      for (size_t i = 0; i < done; ++i) bytes += parts[i].iov_len;
      counts_.datagrams += done;
      counts_.bytes += bytes;
      source.report.datagrams += done;
      source.report.bytes += bytes;
      source.last_bytes = parts[done - 1].iov_len;
      last_sent_ = SteadyClock::now();
      return done;
    }
    if (take_off(source, take_icmp_answers(source.fd.get()))) continue;  // this one has not been tried yet
    switch (error) {
      case EMSGSIZE:
        ++counts_.too_long;
        return size_t{1};
      case EAGAIN:
      case ENOBUFS:
        std::this_thread::sleep_for(kBackOff);
        break;
      case ECONNREFUSED:  // of a kernel that does not say of which datagram
        take_off(source, {.refused = 1, .error = error});
        break;
      case EINTR:
        break;
      default:
        return fail("{}", std::strerror(error));
    }
  }
  return fail("the kernel takes nothing more");
}

// Answers to what this source sent. False if there are none.
bool DatagramBackend::take_off(Source& source, const IcmpAnswers& answers) {
  if (!answers.any()) return false;
  counts_.too_long += answers.too_long;
  if (answers.refused > 0 && chosen_) {  // else another address may take it
    counts_.refused += answers.refused;
    why_refused_.clear();
    add_failure(why_refused_, chosen(), std::strerror(answers.error));
  }
  // Only the last length is known. On this machine it is the one: the answer comes before the next datagram is sent.
  const uint64_t datagrams = std::min(answers.refused + answers.too_long, source.report.datagrams);
  source.report.datagrams -= datagrams;
  counts_.datagrams -= datagrams;
  const uint64_t bytes =
      source.report.datagrams == 0 ? source.report.bytes : std::min(datagrams * source.last_bytes, source.report.bytes);
  source.report.bytes -= bytes;
  counts_.bytes -= bytes;
  return true;
}

void DatagramBackend::await_refusals() {
  if (!chosen_ || counts_.datagrams == 0) return;
  std::vector<pollfd> sockets;
  std::vector<Source*> owners;
  for (Source& source : sources_) {
    if (source.report.datagrams == 0) continue;
    sockets.push_back({.fd = source.fd.get(), .events = 0, .revents = 0});  // POLLERR needs no asking
    owners.push_back(&source);
  }
  const SteadyClock::time_point deadline = last_sent_ + patience_for(chosen());
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - SteadyClock::now());
    const int ready = poll(sockets.data(), sockets.size(), static_cast<int>(std::max(left, milliseconds{0}).count()));
    bool progress = false;
    for (size_t i = 0; ready > 0 && i < sockets.size(); ++i) {
      if (sockets[i].revents != 0) progress |= take_off(*owners[i], take_icmp_answers(sockets[i].fd));
    }
    if (!progress) return;
  }
}

}  // namespace

std::unique_ptr<SenderBackend> make_datagram_backend(Destination destination) {
  return std::make_unique<DatagramBackend>(std::move(destination));
}

}  // namespace weir::net
