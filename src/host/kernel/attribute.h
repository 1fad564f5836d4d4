// Attributes of sysfs: a file with one short value each (Documentation/filesystems/sysfs.rst), thousands of them on a
// big machine. They share the reader's buffer, and their descriptors have a limit.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"

namespace weir::host {

// The kernel gives at most a page for an attribute.
using AttributeBuffer = std::array<char, 4096>;

class Attribute {
 public:
  explicit Attribute(std::string path) : path_(std::move(path)) {}

  // The value without spaces at its ends, valid until the buffer is used again; nothing if there is none now: no such
  // file (looked for again after kReadsUntilRecheck reads), the device has gone, the driver has no value. One system
  // call if the descriptor is kept, which it is while the process has not opened too many.
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

// Once: the value of an attribute as a string of its own; empty if there is none.
std::string attribute_text(const std::string& path);

}  // namespace weir::host
