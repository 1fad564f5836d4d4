// Chooses the form of an answer by the q values of the client (RFC 9110 section 12). Never answers 406. Only the first
// kMaxAccept bytes of a field count.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir::http {

enum class Format : uint8_t { text, openmetrics };
enum class Encoding : uint8_t { identity, gzip, zstd };

inline constexpr std::string_view kTextFormat = "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view kOpenMetricsFormat = "application/openmetrics-text; version=1.0.0; charset=utf-8";

constexpr std::string_view content_type(Format format) {
  return format == Format::openmetrics ? kOpenMetricsFormat : kTextFormat;
}
// The name in Content-Encoding.
constexpr std::string_view encoding_name(Encoding encoding) {
  return encoding == Encoding::gzip ? "gzip" : encoding == Encoding::zstd ? "zstd" : "identity";
}

// The format for an Accept field: OpenMetrics 1.0.0 if the client names it, with at least the weight of text 0.0.4.
// Otherwise text, also for a field that is missing, malformed or excludes both.
Format negotiate_format(std::string_view accept);

// The encoding of the greatest weight in an Accept-Encoding field; of equal ones, zstd before gzip before identity. A
// field that is missing, or that excludes everything, means identity.
Encoding negotiate_encoding(std::string_view accept_encoding);

}  // namespace weir::http
