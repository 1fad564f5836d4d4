#include "query/text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/json_text.h"
#include "base/terminal_text.h"
#include "base/utf8.h"

namespace weir::query {
namespace {

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

void append_json(std::string& out, const Value& value) {
  if (is_null(value)) {
    out += "null";
  } else if (const std::string* text = std::get_if<std::string>(&value)) {
    append_json_string(out, *text);
  } else if (const double* real = std::get_if<double>(&value)) {
    append_json_real(out, *real);
  } else if (std::holds_alternative<IpAddress>(value) || std::holds_alternative<Mac>(value) ||
             std::holds_alternative<Timestamp>(value)) {
    out += '"';
    out += plain_text(value);
    out += '"';
  } else {
    out += plain_text(value);
  }
}

std::string cut_to_width(std::string_view utf8, size_t width) {
  if (display_width(utf8) <= width) return std::string(utf8);
  std::string out;
  size_t used = 0;
  for_each_character(utf8, [&](std::string_view point) {
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
