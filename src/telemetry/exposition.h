// Writes the text that Prometheus reads, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). The
// buffer is used again, so that nothing is allocated once it has grown to the size of a scrape.
//
//   out.family("node_load1", MetricType::gauge, "1m load average.");
//   out.sample({}, 0.25);
//   out.family("node_network_up", MetricType::gauge, "...");
//   for (const Link& link : links) out.sample({{"device", link.name}}, link.up);
//
// The format wants all samples of a family together. OpenMetrics is made from this text (telemetry/openmetrics.h).
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace weir::telemetry {

enum class MetricType : uint8_t { counter, gauge, untyped, histogram };

// The value may be any bytes (a mount point, an interface alias). What is not UTF-8 becomes U+FFFD; `\`, `"` and line
// feeds are escaped. The name is the program's own.
struct Label {
  std::string_view name;
  std::string_view value;
};

class Exposition {
 public:
  // Begins a family. One without samples is left out. The name is that of the samples: counters end in "_total".
  void family(std::string_view name, MetricType type, std::string_view help);

  // A sample of the last family. A double is written as the shortest decimal that reads back the same, or as NaN, +Inf
  // or -Inf.
  void sample(std::span<const Label> labels, double value);
  void sample(std::span<const Label> labels, uint64_t value);
  void sample(std::span<const Label> labels, int64_t value);
  template <class Value>
  void sample(std::initializer_list<Label> labels, Value value) {
    sample(std::span<const Label>(labels.begin(), labels.size()), widen(value));
  }

  // A family of one sample.
  template <class Value>
  void single(std::string_view name, MetricType type, std::string_view help, Value value) {
    family(name, type, help);
    sample({}, value);
  }

  // The samples of a histogram without labels: cumulative counts by ascending upper bound; the one of +Inf is `count`.
  void histogram(std::span<const double> bounds, std::span<const uint64_t> cumulative, uint64_t count, double sum);

  // Appends whole families in this format, which the caller has checked.
  void append(std::string_view text);

  std::string_view text() const { return std::string_view(text_).substr(0, pending_ ? family_begin_ : text_.size()); }
  // Keeps the capacity of the buffer.
  void clear();

 private:
  template <class Value>
  static auto widen(Value value) {
    if constexpr (std::floating_point<Value>) {
      return static_cast<double>(value);
    } else if constexpr (std::same_as<Value, bool> || std::unsigned_integral<Value>) {
      return static_cast<uint64_t>(value);
    } else {
      return static_cast<int64_t>(value);
    }
  }
  void begin_sample(std::string_view suffix, std::span<const Label> labels);
  void drop_pending();

  std::string text_;
  std::string name_;
  size_t family_begin_ = 0;  // of text_
  bool pending_ = false;     // what begins at family_begin_ has no sample yet
};

}  // namespace weir::telemetry
