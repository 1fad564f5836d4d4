// Netlink bytes for tests, written as the kernel would.
#pragma once

#include <linux/netlink.h>

#include <concepts>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace weir::host::test {

// Payloads and attributes: Bytes().put(ifinfomsg{...}).text(IFLA_IFNAME, "eth0").nest(IFLA_X, Bytes()...).
class Bytes {
 public:
  template <class Plain>
  Bytes& put(const Plain& value) {
    append(&value, sizeof(value));
    return *this;
  }
  template <class Plain>
  Bytes& attribute(uint16_t type, const Plain& value) {
    return raw(type, &value, sizeof(value));
  }
  Bytes& text(uint16_t type, std::string_view value) {
    std::vector<char> terminated(value.begin(), value.end());
    terminated.push_back('\0');
    return raw(type, terminated.data(), terminated.size());
  }
  Bytes& string(uint16_t type, std::string_view value) { return raw(type, value.data(), value.size()); }
  Bytes& nest(uint16_t type, const Bytes& inside) {
    return raw(static_cast<uint16_t>(type | NLA_F_NESTED), inside.bytes_.data(), inside.bytes_.size());
  }
  // The whole as the payload of a message.
  Bytes message(uint16_t type, uint16_t flags = 0, uint32_t sequence = 0, uint32_t port = 0) const {
    const nlmsghdr header{.nlmsg_len = static_cast<uint32_t>(sizeof(nlmsghdr) + bytes_.size()),
                          .nlmsg_type = type,
                          .nlmsg_flags = flags,
                          .nlmsg_seq = sequence,
                          .nlmsg_pid = port};
    Bytes whole;
    whole.put(header);
    whole.append(bytes_.data(), bytes_.size());
    return whole;
  }
  ByteView view() const { return bytes_; }
  std::vector<uint8_t>& bytes() { return bytes_; }

 private:
  [[gnu::noinline]] Bytes& raw(uint16_t type, const void* value, size_t size) {
    put(nlattr{.nla_len = static_cast<uint16_t>(sizeof(nlattr) + size), .nla_type = type});
    append(value, size);
    return *this;
  }
  void append(const void* value, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(value);
    for (size_t i = 0; i < size; ++i) bytes_.push_back(bytes[i]);
    while (bytes_.size() % 4 != 0) bytes_.push_back(0);
  }
  std::vector<uint8_t> bytes_;
};

// Calls `parse` with every prefix of a payload, and with every single byte damaged. It must not read out of bounds.
[[gnu::noinline]] inline void damage(ByteView payload, const std::function<void(ByteView)>& parse) {
  for (size_t length = 0; length < payload.size(); ++length) {
    // A copy of exactly that size: a sanitizer sees any read behind it.
    const std::vector<uint8_t> cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(length));
    parse(ByteView(cut));
  }
  std::vector<uint8_t> changed(payload.begin(), payload.end());
  for (uint8_t& byte : changed) {
    const uint8_t kept = byte;
    for (const uint8_t other : {uint8_t{0}, uint8_t{1}, uint8_t{0x7F}, uint8_t{0xFF}}) {
      byte = other;
      parse(ByteView(changed));
    }
    byte = kept;
  }
}

}  // namespace weir::host::test
