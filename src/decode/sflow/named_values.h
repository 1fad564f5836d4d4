// Records that are not lists of information elements (sFlow), for people: a tree of named values.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace weir::decode {

// Values come in the order of the wire. What is in a list has no name.
class ValueVisitor {
 public:
  virtual ~ValueVisitor() = default;
  virtual void begin_object(std::string_view name) = 0;
  virtual void end_object() = 0;
  virtual void begin_list(std::string_view name) = 0;
  virtual void end_list() = 0;
  virtual void number(std::string_view name, uint64_t value) = 0;
  virtual void real(std::string_view name, double value) = 0;
  virtual void flag(std::string_view name, bool value) = 0;
  virtual void text(std::string_view name, std::string_view value) = 0;  // need not be UTF-8
  virtual void bytes(std::string_view name, ByteView value) = 0;
};

}  // namespace weir::decode
