// Named values as members of a JSON object.
#pragma once

#include <cstdint>
#include <string>

#include "decode/sflow/named_values.h"

namespace weir::app {

// Appends to `out`; the braces of the outermost object are the caller's.
class ValuesJson final : public decode::ValueVisitor {
 public:
  explicit ValuesJson(std::string& out) : out_(out) {}

  void begin_object(std::string_view name) override { begin(name, '{'); }
  void end_object() override { end('}'); }
  void begin_list(std::string_view name) override { begin(name, '['); }
  void end_list() override { end(']'); }
  void number(std::string_view name, uint64_t value) override;
  void real(std::string_view name, double value) override;
  void flag(std::string_view name, bool value) override;
  void text(std::string_view name, std::string_view value) override;
  void bytes(std::string_view name, ByteView value) override;

 private:
  void key(std::string_view name);
  void begin(std::string_view name, char bracket);
  void end(char bracket);

  std::string& out_;
  bool first_ = true;  // of the object or list
};

}  // namespace weir::app
