#include "base/redis_url.h"

#include <charconv>
#include <optional>

namespace weir {
namespace {

// Enough for any server; Redis has 16 by default.
constexpr uint32_t kMostDatabases = 1'000'000;

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number most) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) return std::nullopt;
  return number;
}

// %40 -> @. nullopt if an escape is cut short, or stands for a control character.
std::optional<std::string> unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      unsigned value = 0;
      const std::string_view digits = text.substr(i + 1, 2);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
      if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
      c = static_cast<char>(value);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

}  // namespace

Result<RedisUrl> RedisUrl::parse(std::string_view text) {
  constexpr std::string_view plain = "redis://";
  constexpr std::string_view tls = "rediss://";
  RedisUrl url;
  url.tls = text.starts_with(tls);
  if (!url.tls && !text.starts_with(plain)) return fail("a Redis URL begins with redis:// or, for TLS, rediss://");
  text.remove_prefix((url.tls ? tls : plain).size());
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = text.substr(0, at);
    const size_t colon = login.find(':');
    if (colon == std::string_view::npos) return fail("before the @ of a Redis URL stands user:password or :password");
    const auto user = unescape(login.substr(0, colon));
    const auto password = unescape(login.substr(colon + 1));
    if (!user || !password) return fail("user or password of the Redis URL has an escape that is none");
    url.user = *user;
    url.password = *password;
    text.remove_prefix(at + 1);
  }
  if (const size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view database = text.substr(slash + 1);
    const auto number = parse_number<uint32_t>(database, kMostDatabases);
    if (!database.empty() && !number) return fail("what follows the / of a Redis URL is the number of a database");
    url.database = number.value_or(0);
    text = text.substr(0, slash);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return fail("the IPv6 address of a Redis URL has no ]");
    url.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
  } else {
    const size_t colon = std::min(text.find(':'), text.size());
    url.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  const auto host = unescape(url.host);
  if (!host || host->empty() || host->find_first_of(" /?#@") != std::string::npos)
    return fail("a Redis URL without a host");
  if (port.empty()) return url;
  const auto number = parse_number<uint16_t>(port.substr(1), UINT16_MAX);
  if (port.front() != ':' || !number || *number == 0)
    return fail("the port of a Redis URL is a number from 1 to 65535");
  url.port = *number;
  return url;
}

std::string RedisUrl::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/{}", tls ? "rediss" : "redis", v6 ? "[" : "", host, v6 ? "]" : "", port, database);
}

}  // namespace weir
