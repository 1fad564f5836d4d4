// Which of the forms of an answer a client gets (RFC 9110 section 12): by its q values, never 406. Bounded: only the
// first kMaxAccept bytes of a field count.
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

// Of an Accept field: OpenMetrics 1.0.0 if the client prefers it to text 0.0.4 (names it with at least the same
// weight), else the text; also for fields that are missing, odd or exclude both.
Format negotiate_format(std::string_view accept);

// Of an Accept-Encoding field: the encoding of the greatest weight; zstd before gzip before identity if equal. A field
// that is missing, or that excludes everything, means identity.
Encoding negotiate_encoding(std::string_view accept_encoding);

}  // namespace weir::http
