#include "decode/template/structured_data.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/big_endian.h"
#include "base/json_text.h"
#include "decode/template/record_cutter.h"
#include "flow/element.h"
#include "flow/element_json.h"

namespace weir::decode {
namespace {

using flow::AbstractType;

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

void append_bytes(std::string& out, ByteView bytes) {
  out += '"';
  flow::append_hex(out, bytes);
  out += '"';
}

}  // namespace

BasicListReader::BasicListReader(ByteView bytes) : in_(bytes) {
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

ListTrouble ValueWriter::append(std::string& out, AbstractType type, ByteView bytes) {
  depth_ = 0;
  values_ = 0;
  trouble_ = {};
  append_value(out, type, bytes);
  return trouble_;
}

// Every value of a list costs one, so that an exporter's bytes decide about our time and not the other way round.
bool ValueWriter::spend(const std::string& out) {
  if (!may_go_on(out)) {
    trouble_.limit = true;
    return false;
  }
  ++values_;
  return true;
}

void ValueWriter::append_value(std::string& out, AbstractType type, ByteView bytes) {
  if (!is_list(type) || bytes.empty()) {
    if (bytes.size() > value_bytes_limit_) {
      trouble_.limit = true;
      size_t kept = value_bytes_limit_;
      // Not inside a character of UTF-8, which has up to three bytes behind its first.
      const auto inside = [&] { return type == AbstractType::string && (bytes[kept] & 0xc0) == 0x80; };
      for (int back = 0; back < 3 && kept > 0 && inside(); ++back) --kept;
      bytes = bytes.first(kept);
    }
    return flow::append_value_json(out, type, bytes, export_time_);
  }
  if (depth_ >= depth_limit_) {
    trouble_.limit = true;
    return append_bytes(out, bytes);
  }
  const size_t before = out.size();
  ++depth_;
  const bool good = type == AbstractType::basicList         ? append_basic_list(out, bytes)
                    : type == AbstractType::subTemplateList ? append_sub_template_list(out, bytes)
                                                            : append_sub_template_multi_list(out, bytes);
  --depth_;
  if (good) return;
  trouble_.bad = true;
  out.resize(before);
  append_bytes(out, bytes);
}

bool ValueWriter::append_basic_list(std::string& out, ByteView bytes) {
  BasicListReader list(bytes);
  if (!list.ok()) return false;
  begin_list(out, list.semantic());
  out += R"("element":)";
  append_json_string(out, flow::element_label(list.enterprise(), list.element()));
  out += ",\"values\":[";
  const AbstractType type = flow::element_type(list.enterprise(), list.element());
  for (bool first = true; const std::optional<ByteView> value = list.next(); first = false) {
    if (!spend(out)) break;
    if (!first) out += ',';
    append_value(out, type, *value);
  }
  out += "]}";
  return list.ok();
}

bool ValueWriter::append_sub_template_list(std::string& out, ByteView bytes) {
  struct Header {
    BigEndian<uint8_t> semantic;
    Be16 template_id;
  };
  ByteReader in(bytes);
  const auto header = in.read<Header>();
  if (!header) return false;
  begin_list(out, header->semantic);
  if (!append_records(out, header->template_id, in.rest())) return false;
  out += '}';
  return true;
}

bool ValueWriter::append_sub_template_multi_list(std::string& out, ByteView bytes) {
  struct Part {
    Be16 template_id;
    Be16 length;
  };
  ByteReader in(bytes);
  const auto semantic = in.read<BigEndian<uint8_t>>();
  if (!semantic) return false;
  begin_list(out, *semantic);
  out += R"("lists":[)";
  for (bool first = true; !in.empty(); first = false) {
    const auto part = in.read<Part>();
    if (!part || part->length < sizeof(Part)) return false;
    const auto records = in.take(part->length - sizeof(Part));
    if (!records) return false;
    if (!spend(out)) break;
    out += first ? "{" : ",{";
    if (!append_records(out, part->template_id, *records)) return false;
    out += '}';
  }
  out += "]}";
  return true;
}

bool ValueWriter::append_records(std::string& out, uint16_t id, ByteView bytes) {
  out += R"("template":)";
  out += std::to_string(id);
  out += ',';
  const NestedTemplate nested = templates_ == nullptr ? NestedTemplate{} : templates_->find(TemplateId{id});
  if (nested.layout == nullptr || nested.layout->min_length == 0) {
    out += "\"octets\":";
    append_bytes(out, bytes);
    return true;
  }
  out += "\"records\":[";
  ByteReader in(bytes);
  for (bool first = true; !in.empty(); first = false) {
    if (!may_go_on(out)) {
      trouble_.limit = true;
      break;
    }
    if (!first) out += ',';
    if (!append_record(out, nested, in)) return false;
  }
  out += ']';
  return true;
}

// Fields of no bytes say nothing; variable ones appear even when empty.
bool ValueWriter::append_record(std::string& out, const NestedTemplate& nested, ByteReader& in) {
  const Template& layout = *nested.layout;
  out += '{';
  bool first = true;
  for (size_t i = 0; i < layout.fields.size(); ++i) {
    const FieldSpec& field = layout.fields[i];
    if (field.length == 0) continue;
    const std::optional<ByteView> value = take_value(in, field.length);
    if (!value) return false;
    if (!spend(out)) break;
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
