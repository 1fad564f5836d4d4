#include "app/weir/values_json.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json_text.h"
#include "flow/element_json.h"

namespace weir::app {

void ValuesJson::key(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  if (name.empty()) return;
  append_json_string(out_, name);
  out_ += ':';
}

void ValuesJson::begin(std::string_view name, char bracket) {
  key(name);
  out_ += bracket;
  first_ = true;
}

void ValuesJson::end(char bracket) {
  out_ += bracket;
  first_ = false;
}

void ValuesJson::number(std::string_view name, uint64_t value) {
  key(name);
  fmt::format_to(std::back_inserter(out_), "{}", value);
}

void ValuesJson::real(std::string_view name, double value) {
  key(name);
  append_json_real(out_, value);
}

void ValuesJson::flag(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void ValuesJson::text(std::string_view name, std::string_view value) {
  key(name);
  append_json_string(out_, value);
}

void ValuesJson::bytes(std::string_view name, ByteView value) {
  key(name);
  out_ += '"';
  flow::append_hex(out_, value);
  out_ += '"';
}

}  // namespace weir::app
