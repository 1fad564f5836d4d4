#include "host/kernel/netlink.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>

namespace weir::host::netlink {
namespace {

constexpr size_t kAlignment = 4;
constexpr size_t kMessageHeader = sizeof(nlmsghdr);
constexpr size_t kAttributeHeader = sizeof(nlattr);
// The most that the kernel writes in one step of a dump.
constexpr size_t kFirstBuffer = size_t{32} << 10;
// The kernel sends no longer message.
constexpr size_t kMaxBuffer = size_t{4} << 20;
// The kernel answers before send() returns. This is for an answer that never comes.
constexpr timeval kPatience = {.tv_sec = 1, .tv_usec = 0};

constexpr size_t aligned(size_t size) { return (size + kAlignment - 1) & ~(kAlignment - 1); }

// Takes `length` bytes off `rest`, and their padding, which the last item may lack. The caller has checked that `rest`
// has `length` bytes.
ByteView cut(ByteView& rest, size_t length) {
  const ByteView taken = rest.first(length);
  rest = rest.subspan(std::min(aligned(length), rest.size()));
  return taken;
}

}  // namespace

std::string_view text_of(ByteView value) {
  const auto end = std::find(value.begin(), value.end(), uint8_t{0});
  return {reinterpret_cast<const char*>(value.data()), static_cast<size_t>(end - value.begin())};
}

std::optional<Attribute> Attributes::next() {
  nlattr header;
  if (rest_.size() < kAttributeHeader) return std::nullopt;
  std::memcpy(&header, rest_.data(), kAttributeHeader);
  if (header.nla_len < kAttributeHeader || header.nla_len > rest_.size()) {
    rest_ = {};
    return std::nullopt;
  }
  const ByteView whole = cut(rest_, header.nla_len);
  return Attribute{.type = static_cast<uint16_t>(header.nla_type & NLA_TYPE_MASK),
                   .value = whole.subspan(kAttributeHeader)};
}

std::optional<ByteView> Attributes::find(uint16_t type) const {
  Attributes others = *this;
  while (const auto attribute = others.next()) {
    if (attribute->type == type) return attribute->value;
  }
  return std::nullopt;
}

std::optional<Message> Messages::next() {
  nlmsghdr header;
  if (rest_.size() < kMessageHeader) return std::nullopt;
  std::memcpy(&header, rest_.data(), kMessageHeader);
  if (header.nlmsg_len < kMessageHeader || header.nlmsg_len > rest_.size()) {
    rest_ = {};
    return std::nullopt;
  }
  const ByteView whole = cut(rest_, header.nlmsg_len);
  return Message{.type = header.nlmsg_type,
                 .flags = header.nlmsg_flags,
                 .sequence = header.nlmsg_seq,
                 .port = header.nlmsg_pid,
                 .payload = whole.subspan(kMessageHeader)};
}

Request::Request(uint16_t type, uint16_t flags) {
  const nlmsghdr header{.nlmsg_len = 0,
                        .nlmsg_type = type,
                        .nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST),
                        .nlmsg_seq = 0,
                        .nlmsg_pid = 0};
  append(&header, sizeof(header));
}

void Request::append(const void* bytes, size_t size) {
  const size_t at = bytes_.size();
  bytes_.resize(at + aligned(size));
  if (size > 0) std::memcpy(bytes_.data() + at, bytes, size);
}

Request& Request::add_bytes(uint16_t attribute, const void* value, size_t size) {
  const nlattr header{.nla_len = static_cast<uint16_t>(kAttributeHeader + size), .nla_type = attribute};
  append(&header, sizeof(header));
  append(value, size);
  return *this;
}

Request& Request::add(uint16_t attribute, std::string_view text) {
  const std::string terminated(text);
  return add_bytes(attribute, terminated.c_str(), terminated.size() + 1);
}

size_t Request::begin(uint16_t attribute) {
  const size_t begun = bytes_.size();
  add_bytes(attribute | NLA_F_NESTED, nullptr, 0);
  return begun;
}

void Request::end(size_t begun) {
  const auto length = static_cast<uint16_t>(bytes_.size() - begun);
  std::memcpy(bytes_.data() + begun + offsetof(nlattr, nla_len), &length, sizeof(length));
}

ByteView Request::numbered(uint32_t sequence) {
  const auto length = static_cast<uint32_t>(bytes_.size());
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof(length));
  std::memcpy(bytes_.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof(sequence));
  return bytes_;
}

bool Request::is_dump() const {
  uint16_t flags;
  std::memcpy(&flags, bytes_.data() + offsetof(nlmsghdr, nlmsg_flags), sizeof(flags));
  return (flags & NLM_F_DUMP) == NLM_F_DUMP;
}

Result<> Socket::open() {
  fd_ = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol_));
  if (!fd_) {
    errno_ = errno;
    return failed();
  }
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  socklen_t length = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof(kPatience)) < 0 ||
      ::bind(fd_.get(), generic, length) < 0 || ::getsockname(fd_.get(), generic, &length) < 0) {
    errno_ = errno;
    return failed();
  }
  port_ = address.nl_pid;
  if (buffer_.empty()) buffer_.resize(kFirstBuffer);
  return {};
}

Result<> Socket::send(Request& request) {
  if (!fd_) {
    TRY(open());
  }
  dump_ = request.is_dump();
  interrupted_ = false;
  const ByteView bytes = request.numbered(++sequence_);
  // No address: to the kernel.
  if (::send(fd_.get(), bytes.data(), bytes.size(), 0) < 0) {
    errno_ = errno;
    return failed();
  }
  return {};
}

std::optional<ByteView> Socket::receive() {
  while (true) {
    sockaddr_nl from{};
    iovec part{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof(from);
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    // MSG_TRUNC: the length of the whole message, even if it did not fit.
    const ssize_t got = ::recvmsg(fd_.get(), &header, MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      errno_ = errno;
      return std::nullopt;
    }
    const auto length = static_cast<size_t>(got);
    if (length > kMaxBuffer) {
      errno_ = EMSGSIZE;
      return std::nullopt;
    }
    if (length > buffer_.size()) {
      buffer_.resize(length);
      errno_ = ENOBUFS;  // the message is lost: ask again with more room
      return std::nullopt;
    }
    if (from.nl_pid == 0) return ByteView(buffer_).first(length);  // from the kernel, not from a process
  }
}

Step Socket::judge(const Message& message, bool last_attempt) {
  if ((message.flags & NLM_F_DUMP_INTR) != 0) interrupted_ = true;
  switch (message.type) {
    case NLMSG_OVERRUN:
      errno_ = ENOBUFS;
      return Step::restart;
    case NLMSG_ERROR:
    case NLMSG_DONE: {
      // Both begin with a negative error number. NLMSG_ERROR with 0 is an acknowledgement.
      const int error = message.payload.size() >= sizeof(int)
                            ? host_order<int>(message.payload.first(sizeof(int))).value_or(0)
                            : (message.type == NLMSG_ERROR ? -EBADMSG : 0);
      if (error < 0) {
        errno_ = -error;
        return errno_ == EINTR || errno_ == EBUSY ? Step::restart : Step::failed;
      }
      if (!interrupted_ || last_attempt) return Step::done;
      errno_ = EAGAIN;
      return Step::restart;
    }
    default:
      return Step::data;
  }
}

std::unexpected<Error> Socket::failed() {
  // The socket is closed, as the rest of an answer may still come. After a refusal by the kernel it is kept.
  if (errno_ == EAGAIN || errno_ == ENOBUFS || errno_ == EMSGSIZE || errno_ == EBADF) fd_ = Fd();
  return fail("netlink protocol {}: {}", protocol_, std::strerror(errno_));
}

}  // namespace weir::host::netlink
