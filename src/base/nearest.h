// Which known name somebody may have meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

// The nearest of some names to one that nobody knows. The names outlive it.
class Nearest {
 public:
  explicit Nearest(std::string_view written) : written_(written) {}
  void offer(std::string_view known);
  // "; did you mean \"top\"?", empty if none is near.
  std::string text() const;

 private:
  std::string_view written_;
  std::string_view name_;
  size_t nearness_ = SIZE_MAX;
};

}  // namespace weir
