// An attribute of sysfs: a file that holds one short value (Documentation/filesystems/sysfs.rst). A large machine has
// thousands of them, so they share the reader's buffer, and only some keep their descriptor open.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace weir::host {

// The kernel limits an attribute to a page.
using AttributeBuffer = std::array<char, 4096>;

class Attribute {
 public:
  explicit Attribute(std::string path) : path_(std::move(path)) {}

  // The value without surrounding spaces, valid until the buffer is used again. Nothing if there is no such file (it is
  // looked for again after kReadsUntilRecheck reads), if the device has gone, or if the driver has no value. Takes one
  // system call when the descriptor was kept.
  std::optional<std::string_view> read(AttributeBuffer& buffer);

  template <class Number = uint64_t>
  std::optional<Number> number(AttributeBuffer& buffer) {
    const auto text = read(buffer);
    return text ? parse_number<Number>(*text) : std::nullopt;
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Fd fd_;
  int skip_ = 0;
};

// The value of an attribute that is read only once; empty if there is none.
std::string attribute_text(const std::string& path);

}  // namespace weir::host
