#include "http/head_guard.h"

#include "http/limits.h"

namespace weir::http {
namespace {

// RFC 9110 section 5.6.2.
constexpr bool is_tchar(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

HeadGuard::Verdict HeadGuard::look(std::string_view bytes) {
  while (seen_ < bytes.size()) {
    const char c = bytes[seen_];
    ++seen_;
    if (!step(c)) return Verdict::bad;
    if (complete_) return Verdict::complete;
  }
  return Verdict::more;
}

bool HeadGuard::step(char c) {
  if (header_begin_ > 0 && seen_ - header_begin_ > kMaxHeader) return refuse(BadRequest::header_length);
  switch (place_) {
    case Place::leading:
      return step_leading(c);
    case Place::leading_lf:
      if (c != '\n') return refuse(BadRequest::line_ending);
      begin_ = seen_;
      place_ = Place::leading;
      return ++leading_lines_ <= kMaxLeadingLines || refuse(BadRequest::request_line);
    case Place::method:
      return step_method(c);
    case Place::target:
      return step_target(c);
    case Place::version:
      return step_version(c);
    case Place::version_lf:
      if (c != '\n') return refuse(BadRequest::line_ending);
      if (major_ != '1') return refuse(BadRequest::version);
      header_begin_ = seen_;
      place_ = Place::line;
      return true;
    case Place::line:
      return step_line(c);
    case Place::name:
      return step_name(c);
    case Place::value:
      return step_value(c);
    case Place::value_lf:
      if (c != '\n') return refuse(BadRequest::line_ending);
      place_ = Place::line;
      return true;
    case Place::last_lf:
      if (c != '\n') return refuse(BadRequest::line_ending);
      complete_ = true;
      return true;
  }
  return refuse(BadRequest::not_http);
}

bool HeadGuard::step_leading(char c) {
  if (c == '\r') {
    place_ = Place::leading_lf;
    return true;
  }
  if (!is_tchar(c)) return refuse(BadRequest::not_http);
  place_ = Place::method;
  in_place_ = 1;
  return true;
}

bool HeadGuard::step_method(char c) {
  if (c == ' ') {
    place_ = Place::target;
    in_place_ = 0;
    return true;
  }
  if (!is_tchar(c)) return refuse(BadRequest::request_line);
  return ++in_place_ <= kMaxMethod || refuse(BadRequest::method_length);
}

bool HeadGuard::step_target(char c) {
  if (c == ' ' && in_place_ > 0) {
    place_ = Place::version;
    in_place_ = 0;
    return true;
  }
  // A line end is wrong, too: HTTP/0.9 had no version. Targets are visible ASCII.
  if (c <= ' ' || c == '\x7f') return refuse(c < 0 ? BadRequest::target : BadRequest::request_line);
  return ++in_place_ <= kMaxTarget || refuse(BadRequest::target_length);
}

bool HeadGuard::step_version(char c) {
  constexpr std::string_view kForm = "HTTP/#.#\r";
  const size_t at = in_place_++;
  const bool fits = kForm[at] == '#' ? is_digit(c) : kForm[at] == c;
  if (!fits) return refuse(c == '\n' ? BadRequest::line_ending : BadRequest::request_line);
  if (at == 5) major_ = c;
  if (at == 7 && c > '1') newer_minor_ = seen_ - 1;
  if (c == '\r') place_ = Place::version_lf;
  return true;
}

bool HeadGuard::step_line(char c) {
  if (c == '\r') {
    place_ = Place::last_lf;
    return true;
  }
  if (c == '\n') return refuse(BadRequest::line_ending);
  if (!is_tchar(c)) return refuse(BadRequest::field);  // folded lines, empty names
  if (++fields_ > kMaxFields) return refuse(BadRequest::field_count);
  place_ = Place::name;
  return true;
}

bool HeadGuard::step_name(char c) {
  if (c == ':') {
    place_ = Place::value;
    return true;
  }
  return is_tchar(c) || refuse(BadRequest::field);
}

bool HeadGuard::step_value(char c) {
  if (c == '\r') {
    place_ = Place::value_lf;
    return true;
  }
  if (c == '\n') return refuse(BadRequest::line_ending);
  const bool control = (c >= 0 && c < ' ' && c != '\t') || c == '\x7f';
  return !control || refuse(BadRequest::control_character);
}

}  // namespace weir::http
