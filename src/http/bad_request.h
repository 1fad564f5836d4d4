// What is wrong with a request. Each reason has a status and a counter.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http {

enum class BadRequest : uint8_t {
  not_http,           // the first byte cannot begin a method: TLS, SMB, RDP, noise
  method_length,      // longer than any method
  method_unknown,     // a method that nobody here knows
  request_line,       // not METHOD SP TARGET SP HTTP/d.d CRLF
  version,            // HTTP, but not 1.x
  target,             // neither a path nor http://..., bad percent-encoding
  target_length,      // over kMaxTarget
  parameters,         // over kMaxParameters
  header_length,      // over kMaxHeader
  field_count,        // over kMaxFields
  line_ending,        // CR or LF alone
  control_character,  // in a field
  field,              // no colon, an odd name, a folded line, a value that its field cannot have
  host,               // missing, twice, or not a host
  content_length,     // not one number
  transfer_encoding,  // together with Content-Length, in HTTP/1.0, twice
  transfer_coding,    // not "chunked"
  chunk,              // the framing of a chunked body
  body_length,        // over kMaxBody
  expectation,        // Expect other than 100-continue
  incomplete,         // the client ended the connection in the middle of the request
  header_timeout,     // the head did not come in time
  body_timeout,       // the body did not come in time
};

struct BadRequestInfo {
  std::string_view name;  // of the counter
  unsigned status;
  std::string_view text;  // the body of the answer
};

inline constexpr std::array kBadRequests = {
    BadRequestInfo{"not_http", 400, "this port speaks HTTP/1.1\n"},
    BadRequestInfo{"method_length", 501, "unknown method\n"},
    BadRequestInfo{"method_unknown", 501, "unknown method\n"},
    BadRequestInfo{"request_line", 400, "bad request line\n"},
    BadRequestInfo{"version", 505, "this port speaks HTTP/1.1\n"},
    BadRequestInfo{"target", 400, "bad request target\n"},
    BadRequestInfo{"target_length", 414, "request target too long\n"},
    BadRequestInfo{"parameters", 400, "too many query parameters\n"},
    BadRequestInfo{"header_length", 431, "header too large\n"},
    BadRequestInfo{"field_count", 431, "too many header fields\n"},
    BadRequestInfo{"line_ending", 400, "lines must end with CRLF\n"},
    BadRequestInfo{"control_character", 400, "control character in the header\n"},
    BadRequestInfo{"field", 400, "bad header field\n"},
    BadRequestInfo{"host", 400, "missing or bad Host\n"},
    BadRequestInfo{"content_length", 400, "bad Content-Length\n"},
    BadRequestInfo{"transfer_encoding", 400, "bad Transfer-Encoding\n"},
    BadRequestInfo{"transfer_coding", 501, "unknown transfer coding\n"},
    BadRequestInfo{"chunk", 400, "bad chunked body\n"},
    BadRequestInfo{"body_length", 413, "body too large\n"},
    BadRequestInfo{"expectation", 417, "unknown expectation\n"},
    BadRequestInfo{"incomplete", 400, "incomplete request\n"},
    BadRequestInfo{"header_timeout", 408, "the request took too long\n"},
    BadRequestInfo{"body_timeout", 408, "the request took too long\n"},
};
static_assert(kBadRequests.size() == static_cast<size_t>(BadRequest::body_timeout) + 1);

constexpr const BadRequestInfo& info(BadRequest reason) { return kBadRequests[static_cast<size_t>(reason)]; }

}  // namespace weir::http
