// Where a Redis server is, as people write it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir {

struct RedisUrl {
  bool tls = false;  // rediss://
  std::string host;  // a name or an address
  uint16_t port = 6379;
  std::string user;  // empty: the default user
  std::string password;
  uint32_t database = 0;

  // redis[s]://[[user]:password@]host[:port][/database]; parts may be escaped as %40. The message never holds the
  // password.
  static Result<RedisUrl> parse(std::string_view text);
  // Without user and password, for messages.
  std::string to_string() const;
  bool operator==(const RedisUrl&) const = default;
};

}  // namespace weir
