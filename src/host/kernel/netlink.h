// Netlink (RFC 3549, netlink(7)): questions to the kernel, answered with messages of nested attributes. One question
// replaces dozens of small files.
//
//   message   | length 4 | type 2 | flags 2 | sequence 4 | port 4 | payload ... | padding to 4
//   payload   | a fixed header of the family, such as ifinfomsg | attributes ...
//   attribute | length 2 | type 2 | value ... | padding to 4
//
// Integers are in the byte order of this machine, unless a family says otherwise (netfilter's are big-endian). Messages
// and Attributes check every length; nothing else has to.
#pragma once

#include <linux/netlink.h>

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/result.h"

namespace weir::host::netlink {

// An integer in the byte order of the machine; nothing if the value has another size.
template <std::integral Integer>
std::optional<Integer> host_order(ByteView value) {
  if (value.size() != sizeof(Integer)) return std::nullopt;
  Integer integer;
  std::memcpy(&integer, value.data(), sizeof(Integer));
  return integer;
}

// The same in network byte order.
template <std::unsigned_integral Integer>
std::optional<Integer> network_order(ByteView value) {
  if (value.size() != sizeof(Integer)) return std::nullopt;
  return load_be<Integer>(value.data());
}

// The text up to the end of the value or its first NUL; a view of the value.
std::string_view text_of(ByteView value);

struct Attribute {
  uint16_t type = 0;  // without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER
  ByteView value;     // of a nested attribute: its attributes
};

// Reads attributes one by one, until the end or the first impossible length.
class Attributes {
 public:
  explicit Attributes(ByteView bytes) : rest_(bytes) {}
  std::optional<Attribute> next();
  // The value of the next attribute of this type.
  std::optional<ByteView> find(uint16_t type) const;

 private:
  ByteView rest_;
};

// A fixed struct of the kernel at the start of a payload, and the attributes behind it.
template <class Header>
struct Framed {
  Header header;
  Attributes attributes;
};

template <class Header>
std::optional<Framed<Header>> framed(ByteView payload) {
  static_assert(std::is_trivially_copyable_v<Header>);
  if (payload.size() < sizeof(Header)) return std::nullopt;
  Framed<Header> cut{.header = {}, .attributes = Attributes(payload.subspan(sizeof(Header)))};
  std::memcpy(&cut.header, payload.data(), sizeof(Header));
  return cut;
}

struct Message {
  uint16_t type = 0;
  uint16_t flags = 0;
  uint32_t sequence = 0;
  uint32_t port = 0;
  ByteView payload;
};

// Reads the messages of one datagram, until its end or the first impossible length.
class Messages {
 public:
  explicit Messages(ByteView bytes) : rest_(bytes) {}
  std::optional<Message> next();

 private:
  ByteView rest_;
};

// A request. It is the same at each scrape, so collectors keep it.
class Request {
 public:
  // NLM_F_REQUEST is added to the flags; `header` is the family's fixed struct.
  template <class Header>
  Request(uint16_t type, uint16_t flags, const Header& header) : Request(type, flags) {
    static_assert(std::is_trivially_copyable_v<Header>);
    append(&header, sizeof(header));
  }

  template <std::integral Integer>
  Request& add(uint16_t attribute, Integer value) {
    return add_bytes(attribute, &value, sizeof(value));
  }
  Request& add(uint16_t attribute, std::string_view text);  // with its NUL

  // Attributes added between them are nested in it. `end` takes what `begin` returned.
  size_t begin(uint16_t attribute);
  void end(size_t begun);

  // Ready to be sent with this sequence number.
  ByteView numbered(uint32_t sequence);
  bool is_dump() const;

 private:
  Request(uint16_t type, uint16_t flags);
  Request& add_bytes(uint16_t attribute, const void* value, size_t size);
  void append(const void* bytes, size_t size);

  std::vector<uint8_t> bytes_;
};

// What a message means for the rest of the answer.
enum class Step : uint8_t { data, done, restart, failed };

// One conversation with the kernel about one protocol (NETLINK_ROUTE, NETLINK_NETFILTER, ...). Opened when first asked,
// and again after a failure. One thread at a time.
class Socket {
 public:
  explicit Socket(int protocol) : protocol_(protocol) {}

  // Sends the request and calls `each(const Message&)` for every message of the answer. If the kernel says that its
  // table changed during a dump, the dump is repeated; the last attempt is taken as it is. `restart()` is called before
  // each attempt and drops what `each` got so far. Fails with the kernel's reason; last_errno() is its number.
  template <class Restart, class Each>
  Result<> ask(Request& request, Restart&& restart, Each&& each) {
    for (int attempt = 1;; ++attempt) {
      restart();
      TRY(send(request));
      const Step end = receive_all(attempt == kMaxAttempts, each);
      if (end == Step::done) return {};
      if (end == Step::failed || attempt == kMaxAttempts) return failed();
      if (!interrupted_) fd_ = Fd();  // a dump is still going on: the socket takes no other request
    }
  }

  int last_errno() const { return errno_; }

 private:
  static constexpr int kMaxAttempts = 4;

  template <class Each>
  Step receive_all(bool last_attempt, Each& each) {
    while (true) {
      const std::optional<ByteView> datagram = receive();
      if (!datagram) return errno_ == ENOBUFS ? Step::restart : Step::failed;
      Messages messages(*datagram);
      while (const auto message = messages.next()) {
        if (message->sequence != sequence_ || message->port != port_) continue;  // left over from an earlier answer
        const Step step = judge(*message, last_attempt);
        if (step != Step::data) return step;
        if (message->type >= NLMSG_MIN_TYPE) each(*message);
        if (!dump_) return Step::done;
      }
    }
  }

  Result<> send(Request& request);
  std::optional<ByteView> receive();
  Step judge(const Message& message, bool last_attempt);
  Result<> open();
  std::unexpected<Error> failed();

  int protocol_;
  Fd fd_;
  uint32_t port_ = 0;
  uint32_t sequence_ = 0;
  bool dump_ = false;
  bool interrupted_ = false;
  int errno_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace weir::host::netlink
