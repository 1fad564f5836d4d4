// Numbers of header fields.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::http {

// The decimal digits of a number.
class Digits {
 public:
  explicit Digits(uint64_t number) {
    size_ = static_cast<size_t>(std::to_chars(digits_.data(), digits_.data() + digits_.size(), number).ptr -
                                digits_.data());
  }
  std::string_view text() const { return {digits_.data(), size_}; }

 private:
  std::array<char, 20> digits_;
  size_t size_;
};

// "10", "9.5": a positive number of seconds, at most a day; nothing otherwise.
inline std::optional<double> parse_seconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(seconds) || seconds <= 0 || seconds > 86400) return std::nullopt;
  return seconds;
}

}  // namespace weir::http
