#include "http/target.h"

#include <algorithm>

#include "http/limits.h"

namespace weir::http {
namespace {

constexpr std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool starts_with_scheme(std::string_view target, std::string_view scheme) {
  if (target.size() < scheme.size()) return false;
  return std::equal(scheme.begin(), scheme.end(), target.begin(),
                    [](char a, char b) { return a == b || (is_letter(b) && a == (b | 0x20)); });
}

void split_path(Target& target, std::string_view text) {
  text = text.substr(0, text.find('#'));  // a fragment is never sent
  const size_t question = text.find('?');
  target.path = text.substr(0, question);
  if (question != std::string_view::npos) target.query = text.substr(question + 1);
}

bool valid_port(std::string_view port) { return port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit); }

}  // namespace

Target split_target(std::string_view text) {
  Target target;
  if (text == "*") {
    target.form = TargetForm::asterisk;
  } else if (text.starts_with('/')) {
    target.form = TargetForm::origin;
    split_path(target, text);
  } else {
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (!starts_with_scheme(text, scheme)) continue;
      text.remove_prefix(scheme.size());
      const size_t end = std::min(text.find_first_of("/?#"), text.size());
      target.authority = text.substr(0, end);
      // "http:///metrics" has no host (RFC 9110 section 4.2.1).
      if (target.authority.empty() || !valid_host(target.authority)) return {};
      target.form = TargetForm::absolute;
      split_path(target, text.substr(end));
      if (target.path.empty()) target.path = "/";
      return target;
    }
  }
  return target;
}

bool valid_host(std::string_view host) {
  if (host.empty()) return true;  // RFC 9112 section 3.2: sent when the target has no authority
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    const std::string_view address = host.substr(1, end - 1);
    const std::string_view rest = host.substr(end + 1);
    const auto fits = [](char c) {
      return hex_digit(c).has_value() || c == ':' || c == '.' || c == '%' || is_letter(c) || c == '-';
    };
    return std::all_of(address.begin(), address.end(), fits) &&
           (rest.empty() || (rest.starts_with(':') && valid_port(rest.substr(1))));
  }
  const size_t colon = host.find(':');
  const std::string_view name = host.substr(0, colon);
  if (colon != std::string_view::npos && !valid_port(host.substr(colon + 1))) return false;
  // Real names have underscores and percent-encoding.
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || is_letter(c) || std::string_view("-._~%!$&'()*+,;=").find(c) != std::string_view::npos;
  });
}

bool DecodedTarget::append_decoded(std::string_view text, bool plus_is_space) {
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '%') {
      text_.push_back(plus_is_space && c == '+' ? ' ' : c);
      continue;
    }
    if (text.size() < 2) return false;
    const auto high = hex_digit(text[0]);
    const auto low = hex_digit(text[1]);
    if (!high || !low) return false;
    text_.push_back(static_cast<char>(*high << 4 | *low));
    text.remove_prefix(2);
  }
  return true;
}

DecodedTarget::Outcome DecodedTarget::decode(const Target& target) {
  text_.clear();
  query_.clear();
  path_ = {};
  // Decoding never lengthens: the views stay where they are.
  text_.reserve(target.path.size() + target.query.size());
  if (!append_decoded(target.path, false)) return Outcome::bad_encoding;
  path_ = text_;
  const auto decoded = [&](std::string_view part) -> std::optional<std::string_view> {
    const size_t begin = text_.size();
    if (!append_decoded(part, true)) return std::nullopt;
    return std::string_view(text_).substr(begin);
  };
  for (std::string_view rest = target.query; !rest.empty();) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (pair.empty()) continue;
    if (query_.size() == kMaxParameters) return Outcome::too_many_parameters;
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = decoded(pair.substr(0, equals));
    const auto value = decoded(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value) return Outcome::bad_encoding;
    query_.push_back({*name, *value});
  }
  // path_ stays valid: the text has not moved.
  return Outcome::good;
}

}  // namespace weir::http
