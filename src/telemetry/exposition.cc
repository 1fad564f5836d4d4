#include "telemetry/exposition.h"

#include <array>
#include <charconv>
#include <cmath>

#include "base/check.h"
#include "telemetry/utf8.h"

namespace weir::telemetry {
namespace {

constexpr std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::gauge:
      return "gauge";
    case MetricType::histogram:
      return "histogram";
    case MetricType::untyped:
      break;
  }
  return "untyped";
}

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  CHECK(error == std::errc());
  out.append(digits.data(), end);
}

void append_value(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    append_number(out, value);
  }
}
void append_value(std::string& out, uint64_t value) { append_number(out, value); }
void append_value(std::string& out, int64_t value) { append_number(out, value); }

}  // namespace

void Exposition::family(std::string_view name, MetricType type, std::string_view help) {
  drop_pending();
  name_.assign(name);
  family_begin_ = text_.size();
  pending_ = true;
  text_.append("# HELP ").append(name).push_back(' ');
  append_help(text_, help);
  text_.append("\n# TYPE ").append(name).push_back(' ');
  text_.append(type_name(type)).push_back('\n');
}

void Exposition::drop_pending() {
  if (pending_) text_.resize(family_begin_);
  pending_ = false;
}

void Exposition::begin_sample(std::string_view suffix, std::span<const Label> labels) {
  pending_ = false;
  text_.append(name_).append(suffix);
  if (labels.empty()) return;
  char separator = '{';
  for (const Label& label : labels) {
    text_.push_back(separator);
    text_.append(label.name).append("=\"");
    append_label_value(text_, label.value);
    text_.push_back('"');
    separator = ',';
  }
  text_.push_back('}');
}

void Exposition::sample(std::span<const Label> labels, double value) {
  begin_sample({}, labels);
  text_.push_back(' ');
  append_value(text_, value);
  text_.push_back('\n');
}

void Exposition::sample(std::span<const Label> labels, uint64_t value) {
  begin_sample({}, labels);
  text_.push_back(' ');
  append_value(text_, value);
  text_.push_back('\n');
}

void Exposition::sample(std::span<const Label> labels, int64_t value) {
  begin_sample({}, labels);
  text_.push_back(' ');
  append_value(text_, value);
  text_.push_back('\n');
}

void Exposition::histogram(std::span<const double> bounds, std::span<const uint64_t> cumulative, uint64_t count,
                           double sum) {
  CHECK(bounds.size() == cumulative.size());
  const auto line = [&](std::string_view suffix, std::span<const Label> labels, auto value) {
    begin_sample(suffix, labels);
    text_.push_back(' ');
    append_value(text_, value);
    text_.push_back('\n');
  };
  std::string bound;
  for (size_t i = 0; i < bounds.size(); ++i) {
    bound.clear();
    append_value(bound, bounds[i]);
    // OpenMetrics wants a decimal point or an exponent in bounds; the older format does not mind.
    if (bound.find_first_of(".eE") == std::string::npos) bound += ".0";
    const Label label{"le", bound};
    line("_bucket", {&label, 1}, cumulative[i]);
  }
  const Label infinity{"le", "+Inf"};
  line("_bucket", {&infinity, 1}, count);
  line("_sum", {}, sum);
  line("_count", {}, count);
}

void Exposition::append(std::string_view text) {
  drop_pending();
  text_.append(text);
}

void Exposition::clear() {
  text_.clear();
  pending_ = false;
}

}  // namespace weir::telemetry
