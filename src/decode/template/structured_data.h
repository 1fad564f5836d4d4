// Structured data (RFC 6313): lists as values of fields.
//
//   basicList             semantic 1, element 2, length 2, enterprise 4 if the element's top bit is set, values
//   subTemplateList       semantic 1, template id 2, records
//   subTemplateMultiList  semantic 1, then as often as there is room: template id 2, length 2 (of this part, with these
//                         four bytes), records
//
// As JSON, inside what flow/element_json.h makes of plain values:
//
//   basicList             {"semantic":"allOf","element":"bgpCommunity","values":[…]}
//   subTemplateList       {"semantic":"allOf","template":257,"records":[{"sourceIPv4Address":"192.0.2.1",…},…]}
//   subTemplateMultiList  {"semantic":"allOf","lists":[{"template":257,"records":[…]},…]}
//   unknown template      "octets":"c000020100…" instead of the records
//
// The names of an object differ: a repeated element is name, name#2, name#3. A list that contradicts itself appears as
// hexadecimal, as do lists nested deeper than Limits::list_depth; beyond Limits::list_values values a field is cut.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "decode/common/limits.h"
#include "decode/template/template.h"
#include "flow/elements.gen.h"

namespace weir::decode {

// A template that a list refers to. Good until the session hears of templates again.
struct NestedTemplate {
  const Template* layout = nullptr;                        // nullptr: unknown
  std::shared_ptr<const std::vector<std::string>> labels;  // field_labels() of it
};

// Finds the templates that lists refer to.
class TemplateSource {
 public:
  virtual ~TemplateSource() = default;
  virtual NestedTemplate find(TemplateId id) = 0;
};

// What was wrong with the lists of a field.
struct ListTrouble {
  bool bad = false;    // Anomaly::bad_list
  bool limit = false;  // Anomaly::list_limit
  ListTrouble& operator|=(const ListTrouble& other) {
    bad |= other.bad;
    limit |= other.limit;
    return *this;
  }
};

// Walks the values of a basicList.
class BasicListReader {
 public:
  explicit BasicListReader(ByteView bytes);

  // Nothing at the end, and where a value is not whole.
  std::optional<ByteView> next();
  // False if the header is not whole, says that values have no bytes (there would be no end of them), or a value was
  // cut off.
  bool ok() const { return ok_; }
  uint8_t semantic() const { return semantic_; }
  uint32_t enterprise() const { return enterprise_; }
  uint16_t element() const { return element_; }

 private:
  ByteReader in_;
  uint8_t semantic_ = 0;
  uint32_t enterprise_ = 0;
  uint16_t element_ = 0;
  uint16_t length_ = 0;
  bool ok_ = false;
};

inline bool is_list(flow::AbstractType type) {
  return type == flow::AbstractType::basicList || type == flow::AbstractType::subTemplateList ||
         type == flow::AbstractType::subTemplateMultiList;
}

// Values as JSON, lists opened.
class ValueWriter {
 public:
  // templates: may be nullptr. All have to outlive the writer.
  ValueWriter(TemplateSource* templates, Timestamp export_time, const Limits& limits)
      : templates_(templates),
        export_time_(export_time),
        depth_limit_(limits.list_depth),
        value_limit_(limits.list_values) {}

  // What one value may have at most, in bytes of the wire, and the text that a list is appended to, as JSON: what is
  // beyond is cut, and a limit passed. Without this call there is no such limit.
  void set_limits(size_t value_bytes, size_t text_bytes) {
    value_bytes_limit_ = value_bytes;
    text_bytes_limit_ = text_bytes;
  }

  // Appends one field's value.
  ListTrouble append(std::string& out, flow::AbstractType type, ByteView bytes);

 private:
  void append_value(std::string& out, flow::AbstractType type, ByteView bytes);
  bool append_basic_list(std::string& out, ByteView bytes);
  bool append_sub_template_list(std::string& out, ByteView bytes);
  bool append_sub_template_multi_list(std::string& out, ByteView bytes);
  bool append_records(std::string& out, uint16_t id, ByteView bytes);
  bool append_record(std::string& out, const NestedTemplate& nested, ByteReader& in);
  bool spend(const std::string& out);
  bool may_go_on(const std::string& out) const { return values_ < value_limit_ && out.size() < text_bytes_limit_; }

  TemplateSource* templates_;
  Timestamp export_time_;
  size_t depth_limit_;
  size_t value_limit_;
  size_t value_bytes_limit_ = SIZE_MAX;
  size_t text_bytes_limit_ = SIZE_MAX;
  size_t depth_ = 0;
  size_t values_ = 0;
  ListTrouble trouble_;
};

}  // namespace weir::decode
