// Request targets (RFC 9112 section 3.2) and hosts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/request.h"

namespace weir::http {

enum class TargetForm : uint8_t { origin, absolute, asterisk, authority_or_bad };

struct Target {
  TargetForm form = TargetForm::authority_or_bad;
  std::string_view authority;  // absolute form only
  std::string_view path;       // still encoded, begins with "/" (origin and absolute)
  std::string_view query;      // still encoded, without "?"
};

// http://... and https://... are absolute, other schemes bad.
Target split_target(std::string_view target);

// A host with an optional port, as in Host: a name, an address, an IPv6 address in brackets; or nothing.
bool valid_host(std::string_view host);

// A decoded target. Its storage is used again.
class DecodedTarget {
 public:
  enum class Outcome : uint8_t { good, bad_encoding, too_many_parameters };

  // The views are valid until the next call.
  Outcome decode(const Target& target);
  std::string_view path() const { return path_; }
  std::span<const Parameter> query() const { return query_; }

 private:
  bool append_decoded(std::string_view text, bool plus_is_space);

  std::string text_;
  std::string_view path_;
  std::vector<Parameter> query_;
};

}  // namespace weir::http
