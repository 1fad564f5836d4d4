#include "query/text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace weir::query {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

// Octets of the UTF-8 sequence at the front of `text`; 0 if it is not one (RFC 3629: no overlong forms, no surrogates).
size_t utf8_length(std::string_view text) {
  const auto octet = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = octet(0);
  if (lead < 0x80) return 1;
  size_t length = 0;
  uint8_t low = 0x80;
  uint8_t high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf)
    length = 2;
  else if (lead >= 0xe0 && lead <= 0xef)
    length = 3;
  else if (lead >= 0xf0 && lead <= 0xf4)
    length = 4;
  else
    return 0;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  if (text.size() < length || octet(1) < low || octet(1) > high) return 0;
  for (size_t i = 2; i < length; ++i) {
    if (octet(i) < 0x80 || octet(i) > 0xbf) return 0;
  }
  return length;
}

// Calls `add` for each code point, with what stands for octets that are none.
template <class Add>
void for_each_code_point(std::string_view text, Add add) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    add(length > 0 ? text.substr(0, length) : kReplacement);
    text.remove_prefix(length > 0 ? length : 1);
  }
}

std::string time_text(Timestamp time) {
  // DuckDB's infinities; an exporter may also claim any year.
  if (to_us(time) == INT64_MAX) return "infinity";
  if (to_us(time) <= -INT64_MAX) return "-infinity";
  return to_rfc3339(time);
}

}  // namespace

std::string real_text(double number) { return fmt::format("{}", number); }

std::string plain_text(const Value& value) {
  struct Visitor {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(int64_t number) const { return std::to_string(number); }
    std::string operator()(uint64_t number) const { return std::to_string(number); }
    std::string operator()(Int128 number) const { return to_string(number); }
    std::string operator()(double number) const { return real_text(number); }
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const IpAddress& address) const { return address.to_string(); }
    std::string operator()(Mac mac) const { return mac_to_string(mac.value); }
    std::string operator()(Timestamp time) const { return time_text(time); }
    std::string operator()(const JsonText& json) const { return json.text; }
    std::string operator()(const NumberText& number) const { return number.text; }
  };
  return std::visit(Visitor{}, value);
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for_each_code_point(text, [&](std::string_view point) {
    const char c = point[0];
    if (c == '"' || c == '\\')
      out += '\\', out += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<uint8_t>(c) < 0x20)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    else
      out += point;
  });
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  if (is_null(value)) {
    out += "null";
  } else if (const std::string* text = std::get_if<std::string>(&value)) {
    append_json_string(out, *text);
  } else if (const double* real = std::get_if<double>(&value)) {
    out += std::isfinite(*real) ? real_text(*real) : "null";
  } else if (std::holds_alternative<IpAddress>(value) || std::holds_alternative<Mac>(value) ||
             std::holds_alternative<Timestamp>(value)) {
    out += '"';
    out += plain_text(value);
    out += '"';
  } else {
    out += plain_text(value);
  }
}

void append_csv(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string terminal_text(std::string_view text) {
  std::string out;
  for_each_code_point(text, [&](std::string_view point) {
    const uint8_t lead = static_cast<uint8_t>(point[0]);
    // C0, DEL, and C1 (U+0080 to U+009F), which some terminals obey.
    const bool c1 = lead == 0xc2 && static_cast<uint8_t>(point[1]) < 0xa0;
    if (lead < 0x20 || lead == 0x7f)
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", lead);
    else if (c1)
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<uint8_t>(point[1]));
    else
      out += point;
  });
  return out;
}

size_t display_width(std::string_view utf8) {
  size_t width = 0;
  for (const char c : utf8) width += (static_cast<uint8_t>(c) & 0xc0) != 0x80;
  return width;
}

std::string cut_to_width(std::string_view utf8, size_t width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  std::string out;
  size_t used = 0;
  for_each_code_point(utf8, [&](std::string_view point) {
    if (++used < width) out += point;
  });
  return width > 0 ? out + "…" : out;
}

std::string human_number(double number) {
  constexpr std::array<std::string_view, 7> kUnits = {"", " k", " M", " G", " T", " P", " E"};
  size_t unit = 0;
  double shown = number;
  // 999.95 would be shown as 1000.0 of its unit.
  while (std::fabs(shown) >= (unit == 0 ? 1000 : 999.95) && unit + 1 < kUnits.size()) {
    shown /= 1000;
    ++unit;
  }
  const bool whole = unit == 0 && shown == std::floor(shown);
  return fmt::format("{:.{}f}{}", shown, whole ? 0 : 1, kUnits[unit]);
}

}  // namespace weir::query
