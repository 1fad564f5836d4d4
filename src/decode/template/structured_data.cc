#include "decode/template/structured_data.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/big_endian.h"
#include "base/json_text.h"
#include "flow/element.h"
#include "flow/element_json.h"

namespace weir::decode {
namespace {

using flow::AbstractType;

constexpr uint16_t kEnterpriseBit = 0x8000;
constexpr uint8_t kLongLength = 255;

// RFC 6313 section 4.4.
std::string semantic_name(uint8_t semantic) {
  constexpr std::array<std::string_view, 5> kNames = {"noneOf", "exactlyOneOf", "oneOrMoreOf", "allOf", "ordered"};
  if (semantic == 255) return "undefined";
  return semantic < kNames.size() ? std::string(kNames[semantic]) : std::to_string(semantic);
}

void begin_list(std::string& out, uint8_t semantic) {
  out += R"({"semantic":")";
  out += semantic_name(semantic);
  out += "\",";
}

void append_octets(std::string& out, ByteView octets) {
  out += '"';
  flow::append_hex(out, octets);
  out += '"';
}

}  // namespace

std::optional<ByteView> take_value(ByteReader& in, uint16_t length) {
  if (length != kVariableLength) return in.take(length);
  const auto octet = in.read<BigEndian<uint8_t>>();
  if (!octet || *octet < kLongLength) return octet ? in.take(*octet) : std::nullopt;
  const auto longer = in.read<Be16>();
  return longer ? in.take(*longer) : std::nullopt;
}

BasicListReader::BasicListReader(ByteView octets) : in_(octets) {
  struct Header {
    BigEndian<uint8_t> semantic;
    Be16 element;
    Be16 length;
  };
  const auto header = in_.read<Header>();
  if (!header) return;
  semantic_ = header->semantic;
  element_ = static_cast<uint16_t>(header->element & ~kEnterpriseBit);
  length_ = header->length;
  if ((header->element & kEnterpriseBit) != 0) {
    const auto number = in_.read<Be32>();
    if (!number) return;
    enterprise_ = *number;
  }
  ok_ = length_ != 0;
}

std::optional<ByteView> BasicListReader::next() {
  if (!ok_ || in_.empty()) return std::nullopt;
  const std::optional<ByteView> value = take_value(in_, length_);
  if (!value) ok_ = false;
  return value;
}

ListTrouble ValueWriter::append(std::string& out, AbstractType type, ByteView octets) {
  depth_ = 0;
  values_ = 0;
  trouble_ = {};
  append_value(out, type, octets);
  return trouble_;
}

// Every value of a list costs one, so that an exporter's octets decide about our time and not the other way round.
bool ValueWriter::spend() {
  if (values_ >= value_limit_) {
    trouble_.limit = true;
    return false;
  }
  ++values_;
  return true;
}

void ValueWriter::append_value(std::string& out, AbstractType type, ByteView octets) {
  if (!is_list(type) || octets.empty()) return flow::append_value_json(out, type, octets, export_time_);
  if (depth_ >= depth_limit_) {
    trouble_.limit = true;
    return append_octets(out, octets);
  }
  const size_t before = out.size();
  ++depth_;
  const bool good = type == AbstractType::basicList         ? append_basic_list(out, octets)
                    : type == AbstractType::subTemplateList ? append_sub_template_list(out, octets)
                                                            : append_sub_template_multi_list(out, octets);
  --depth_;
  if (good) return;
  trouble_.bad = true;
  out.resize(before);
  append_octets(out, octets);
}

bool ValueWriter::append_basic_list(std::string& out, ByteView octets) {
  BasicListReader list(octets);
  if (!list.ok()) return false;
  begin_list(out, list.semantic());
  out += R"("element":)";
  append_json_string(out, flow::element_label(list.enterprise(), list.element()));
  out += ",\"values\":[";
  const AbstractType type = flow::element_type(list.enterprise(), list.element());
  for (bool first = true; const std::optional<ByteView> value = list.next(); first = false) {
    if (!spend()) break;
    if (!first) out += ',';
    append_value(out, type, *value);
  }
  out += "]}";
  return list.ok();
}

bool ValueWriter::append_sub_template_list(std::string& out, ByteView octets) {
  struct Header {
    BigEndian<uint8_t> semantic;
    Be16 template_id;
  };
  ByteReader in(octets);
  const auto header = in.read<Header>();
  if (!header) return false;
  begin_list(out, header->semantic);
  if (!append_records(out, header->template_id, in.rest())) return false;
  out += '}';
  return true;
}

bool ValueWriter::append_sub_template_multi_list(std::string& out, ByteView octets) {
  struct Part {
    Be16 template_id;
    Be16 length;
  };
  ByteReader in(octets);
  const auto semantic = in.read<BigEndian<uint8_t>>();
  if (!semantic) return false;
  begin_list(out, *semantic);
  out += R"("lists":[)";
  for (bool first = true; !in.empty(); first = false) {
    const auto part = in.read<Part>();
    if (!part || part->length < sizeof(Part)) return false;
    const auto records = in.take(part->length - sizeof(Part));
    if (!records) return false;
    if (!spend()) break;
    out += first ? "{" : ",{";
    if (!append_records(out, part->template_id, *records)) return false;
    out += '}';
  }
  out += "]}";
  return true;
}

bool ValueWriter::append_records(std::string& out, uint16_t id, ByteView octets) {
  out += R"("template":)";
  out += std::to_string(id);
  out += ',';
  const NestedTemplate nested = templates_ == nullptr ? NestedTemplate{} : templates_->find(TemplateId{id});
  if (nested.layout == nullptr || nested.layout->min_length == 0) {
    out += "\"octets\":";
    append_octets(out, octets);
    return true;
  }
  out += "\"records\":[";
  ByteReader in(octets);
  for (bool first = true; !in.empty(); first = false) {
    if (values_ >= value_limit_) {
      trouble_.limit = true;
      break;
    }
    if (!first) out += ',';
    if (!append_record(out, nested, in)) return false;
  }
  out += ']';
  return true;
}

// Fields of no octets say nothing; variable ones appear even when empty.
bool ValueWriter::append_record(std::string& out, const NestedTemplate& nested, ByteReader& in) {
  const Template& layout = *nested.layout;
  out += '{';
  bool first = true;
  for (size_t i = 0; i < layout.fields.size(); ++i) {
    const FieldSpec& field = layout.fields[i];
    if (field.length == 0) continue;
    const std::optional<ByteView> value = take_value(in, field.length);
    if (!value) return false;
    if (!spend()) break;
    if (!first) out += ',';
    first = false;
    out += (*nested.labels)[i];
    out += ':';
    append_value(out, flow::element_type(field.enterprise, field.element), *value);
  }
  out += '}';
  return true;
}

}  // namespace weir::decode
