// Checks a request byte by byte while it arrives. It refuses at once what can never become a good request, instead of
// waiting for the rest. And it refuses what Beast's parser is lax about: line ends, control characters, folded lines,
// the form of the request line, sizes. Beast parses the head when it is complete (http/request_parser.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/bad_request.h"

namespace weir::http {

class HeadGuard {
 public:
  enum class Verdict : uint8_t { more, complete, bad };

  // `bytes` is all of the request so far: that of the last call, and more.
  Verdict look(std::string_view bytes);

  // After bad.
  BadRequest problem() const { return problem_; }
  // After complete: the head is bytes[begin, end), with the empty line that ends it.
  size_t begin() const { return begin_; }
  size_t end() const { return seen_; }
  // After complete: the position of the minor version, if it is newer than ours. HTTP/1.2 is answered as HTTP/1.1 (RFC
  // 9110 section 2.5), but Beast refuses it.
  std::optional<size_t> newer_minor() const { return newer_minor_; }
  // Whether anything but empty lines has come.
  bool begun() const { return place_ != Place::leading; }

 private:
  enum class Place : uint8_t {
    leading,
    leading_lf,
    method,
    target,
    version,
    version_lf,
    line,
    name,
    value,
    value_lf,
    last_lf
  };

  // The place after `c`; nothing if `c` is wrong there (problem_).
  bool step(char c);
  bool refuse(BadRequest problem) {
    problem_ = problem;
    return false;
  }
  bool step_leading(char c);
  bool step_method(char c);
  bool step_target(char c);
  bool step_version(char c);
  bool step_line(char c);
  bool step_name(char c);
  bool step_value(char c);

  Place place_ = Place::leading;
  BadRequest problem_ = BadRequest::not_http;
  bool complete_ = false;
  size_t seen_ = 0;
  size_t begin_ = 0;
  size_t in_place_ = 0;      // bytes of the method, target, version or field name
  size_t header_begin_ = 0;  // behind the request line
  size_t leading_lines_ = 0;
  size_t fields_ = 0;
  char major_ = '1';
  std::optional<size_t> newer_minor_;
};

}  // namespace weir::http
