// Generic netlink: families that get their number when the kernel, or a module, registers them by name.
#pragma once

#include <linux/genetlink.h>

#include <cstdint>
#include <optional>
#include <string>

#include "host/kernel/netlink.h"

namespace weir::host::netlink {

// The number in the answer to CTRL_CMD_GETFAMILY.
std::optional<uint16_t> parse_family(ByteView payload);

// A conversation with one family. While the kernel lacks the family, most scrapes do not ask for it.
class GenericSocket {
 public:
  explicit GenericSocket(std::string family) : family_(std::move(family)) {}

  // Whether the kernel has the family. If not, asks again after kRecheck calls.
  bool there();

  // A command of the family, for ask().
  Request request(uint8_t command, uint16_t flags) const;

  template <class Restart, class Each>
  Result<> ask(Request& question, Restart&& restart, Each&& each) {
    return socket_.ask(question, restart, [&](const Message& message) {
      if (message.type == number_) each(message);
    });
  }
  int last_errno() const { return socket_.last_errno(); }

 private:
  static constexpr int kRecheck = 60;

  std::string family_;
  Socket socket_{NETLINK_GENERIC};
  uint16_t number_ = 0;
  int skip_ = 0;
};

}  // namespace weir::host::netlink
