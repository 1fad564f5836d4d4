#include <charconv>

#include "net/receiver.h"

namespace weir::net {

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return fail("\"{}\" is not an address to listen on: {} (like 2055, 192.0.2.1:2055 or [2001:db8::1]:2055)", text,
                why);
  };
  ListenAddress address;
  std::string_view port = text;
  if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (host.starts_with('[') != host.ends_with(']') || host == "[" || host == "[]")
      return refuse("its brackets do not match");
    if (host.starts_with('['))
      host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
      return refuse("an IPv6 address needs brackets");
    if (host != "*") address.host = host;
  }
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size())
    return refuse("its port is not a number from 0 to 65535");
  return address;
}

std::string ListenAddress::to_string() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace weir::net
