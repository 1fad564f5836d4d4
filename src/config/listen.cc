#include "config/listen.h"

#include <algorithm>
#include <charconv>

#include "base/ip_address.h"

namespace weir::config {
namespace {

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return false;
  }
  unsigned port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port <= 65535;
}

// A name to look up: letters, digits, dots and hyphens, and a letter in it, as 192.0.2 is a slip and no name.
bool is_host_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_allowed = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-'; };
  return std::all_of(text.begin(), text.end(), is_allowed) && std::any_of(text.begin(), text.end(), is_letter);
}

}  // namespace

bool is_listen_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return is_port(text);
  std::string_view host = text.substr(0, colon);
  if (!is_port(text.substr(colon + 1))) return false;
  if (host.empty()) return true;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool v6 = host.find(':') != std::string_view::npos;
  if (v6 || bracketed) return v6 && bracketed && IpAddress::parse(host).has_value();
  return host == "*" || is_host_name(host) || IpAddress::parse(host).has_value();
}

}  // namespace weir::config
