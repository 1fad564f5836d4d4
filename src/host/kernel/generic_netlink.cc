#include "host/kernel/generic_netlink.h"

namespace weir::host::netlink {

std::optional<uint16_t> parse_family(ByteView payload) {
  const auto message = framed<genlmsghdr>(payload);
  if (!message) return std::nullopt;
  const auto number = message->attributes.find(CTRL_ATTR_FAMILY_ID);
  return number ? host_order<uint16_t>(*number) : std::nullopt;
}

bool GenericSocket::there() {
  if (number_ != 0) return true;
  if (skip_ > 0) {
    --skip_;
    return false;
  }
  Request question(GENL_ID_CTRL, 0, genlmsghdr{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0});
  question.add(CTRL_ATTR_FAMILY_NAME, std::string_view(family_));
  const auto asked = socket_.ask(
      question, [] {}, [this](const Message& message) { number_ = parse_family(message.payload).value_or(0); });
  if (!asked || number_ == 0) skip_ = kRecheck - 1;
  return number_ != 0;
}

Request GenericSocket::request(uint8_t command, uint16_t flags) const {
  return Request(number_, flags, genlmsghdr{.cmd = command, .version = 1, .reserved = 0});
}

}  // namespace weir::host::netlink
