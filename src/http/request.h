// A request as handlers see it: GET or HEAD, checked and decoded.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace weir::http {

// Decoded: any bytes, also control characters.
struct Parameter {
  std::string_view name;
  std::string_view value;
};

// All views are valid only while the handler runs.
struct Request {
  std::string_view path;                   // percent-decoded, begins with "/"; to be compared as a whole
  std::span<const Parameter> query;        // in the order of the request, at most kMaxParameters
  std::string_view accept;                 // all Accept fields, joined by commas; empty: none
  std::string_view accept_encoding;        // likewise
  std::optional<double> scrape_timeout_s;  // X-Prometheus-Scrape-Timeout-Seconds, if it is a sensible number
  std::string_view peer;                   // "192.0.2.1", "2001:db8::1" or "unix"
};

}  // namespace weir::http
