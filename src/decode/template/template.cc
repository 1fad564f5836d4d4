#include "decode/template/template.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/big_endian.h"
#include "base/json_text.h"
#include "flow/element.h"

namespace weir::decode {
namespace {

using flow::Anomaly;

struct TemplateHeader {
  Be16 id;
  Be16 field_count;
};
struct OptionsTemplateHeaderV9 {
  Be16 id;
  Be16 scope_bytes;
  Be16 option_bytes;
};
struct OptionsTemplateHeaderIpfix {
  Be16 id;
  Be16 field_count;
  Be16 scope_count;
};
struct WireField {
  Be16 element;
  Be16 length;
};

}  // namespace

void Template::measure() {
  variable = false;
  min_length = 0;
  for (FieldSpec& field : fields) {
    // Records that are longer than any datagram will never come.
    field.offset = static_cast<uint16_t>(min_length);
    variable |= field.length == kVariableLength;
    // The shortest variable-length field is its length byte alone.
    min_length += field.length == kVariableLength ? 1 : field.length;
  }
  // Sorted by element, then position: equal elements stand together.
  std::vector<uint16_t> order(fields.size());
  std::iota(order.begin(), order.end(), uint16_t{0});
  const auto element = [&](uint16_t i) {
    return std::tuple{fields[i].enterprise, fields[i].element, bool{fields[i].scope}};
  };
  std::ranges::sort(order, {}, [&](uint16_t i) { return std::tuple_cat(element(i), std::tuple{i}); });
  for (size_t i = 0; i < order.size(); ++i) {
    const bool again = i > 0 && element(order[i]) == element(order[i - 1]);
    fields[order[i]].occurrence = again ? fields[order[i - 1]].occurrence + 1U : 1U;
  }
}

std::string field_label(const FieldSpec& field) {
  std::string name = flow::element_label(field.enterprise, field.element);
  if (field.occurrence > 1) name += '#' + std::to_string(field.occurrence);
  std::string quoted;
  append_json_string(quoted, name);
  return quoted;
}

std::vector<std::string> field_labels(const Template& layout) {
  std::vector<std::string> labels;
  labels.reserve(layout.fields.size());
  for (const FieldSpec& field : layout.fields) labels.push_back(field_label(field));
  return labels;
}

TemplateReader::Step TemplateReader::stop(Anomaly anomaly) {
  anomalies_.add(anomaly);
  in_ = ByteReader({});
  return Step::end;
}

// What is left when no record fits any more: padding (RFC 7011 section 3.3.1), which has to be short and zero.
void TemplateReader::check_padding() {
  const ByteView rest = in_.rest();
  const bool zero = std::ranges::all_of(rest, [](uint8_t byte) { return byte == 0; });
  if (!zero || rest.size() > dialect_.max_padding) anomalies_.add(Anomaly::bad_padding);
  in_ = ByteReader({});
}

TemplateReader::Step TemplateReader::read_header(Counts& counts) {
  const size_t header = options_ ? sizeof(OptionsTemplateHeaderIpfix) : sizeof(TemplateHeader);
  // A withdrawal has no scope count even in an options template set (RFC 7011 section 8.1).
  if (in_.remaining() < sizeof(TemplateHeader)) {
    check_padding();
    return Step::end;
  }
  const TemplateHeader start = *ByteReader(in_.rest()).read<TemplateHeader>();
  counts.id = start.id;
  if (dialect_.withdrawals && start.field_count == 0 && start.id != 0) {
    in_.skip(sizeof(TemplateHeader));
    return Step::record;
  }
  // Templates never have id 0: exporters that fill the rest of a set with zeros have padded generously.
  if (start.id == 0 || in_.remaining() < header) {
    check_padding();
    return Step::end;
  }
  if (!options_) {
    in_.skip(sizeof(TemplateHeader));
    counts.fields = start.field_count;
  } else if (dialect_.scope_in_bytes) {
    const auto wire = *in_.read<OptionsTemplateHeaderV9>();
    if (wire.scope_bytes % sizeof(WireField) != 0 || wire.option_bytes % sizeof(WireField) != 0) {
      return stop(Anomaly::bad_template);
    }
    counts.scope = wire.scope_bytes / sizeof(WireField);
    counts.fields = counts.scope + wire.option_bytes / sizeof(WireField);
  } else {
    const auto wire = *in_.read<OptionsTemplateHeaderIpfix>();
    counts.scope = wire.scope_count;
    counts.fields = wire.field_count;
    // More scope fields than fields: from converters that leave the lengths of NetFlow v9 here (ipfixcol's capture
    // enterprise-from-nfv9 has 4 and 8 for one scope field and two others). Read that way it has to fit.
    const size_t bytes = counts.fields + counts.scope;
    counts.bad_scope = counts.scope == 0 || counts.scope > counts.fields;
    if (counts.scope > counts.fields && counts.fields % sizeof(WireField) == 0 &&
        counts.scope % sizeof(WireField) == 0 && bytes <= in_.remaining()) {
      anomalies_.add(Anomaly::bad_template);
      counts.fields = bytes / sizeof(WireField);
      counts.bad_scope = false;
    }
  }
  return Step::record;
}

TemplateReader::Step TemplateReader::read_fields(const Counts& counts, Template& out) {
  // Below 256 the numbers mean kinds of sets: what follows cannot be trusted to be templates.
  if (TemplateId{counts.id} < kFirstTemplateId) return stop(Anomaly::bad_template);
  const bool too_many = counts.fields > max_fields_;
  out.fields.reserve(too_many ? 0 : std::min(counts.fields, in_.remaining() / sizeof(WireField)));
  for (size_t i = 0; i < counts.fields; ++i) {
    const auto wire = in_.read<WireField>();
    if (!wire) return stop(Anomaly::truncated_template);
    FieldSpec field{.element = wire->element, .length = wire->length, .scope = i < counts.scope};
    if (dialect_.enterprise_bit && (field.element & kEnterpriseBit) != 0) {
      const auto enterprise = in_.read<Be32>();
      if (!enterprise) return stop(Anomaly::truncated_template);
      field.element &= static_cast<uint16_t>(~kEnterpriseBit);
      field.enterprise = *enterprise;
    }
    if (!too_many) out.fields.push_back(field);
  }
  if (too_many) {
    anomalies_.add(Anomaly::template_limit);
    return Step::skip;
  }
  out.id = TemplateId{counts.id};
  out.options = options_;
  out.measure();
  if (out.min_length == 0 || counts.bad_scope) {
    anomalies_.add(Anomaly::bad_template);
    return Step::skip;
  }
  return Step::record;
}

std::optional<TemplateRecord> TemplateReader::next() {
  while (!in_.empty()) {
    Counts counts;
    const bool may_withdraw = dialect_.withdrawals;
    if (read_header(counts) == Step::end) return std::nullopt;
    TemplateRecord record;
    if (may_withdraw && counts.fields == 0 && counts.scope == 0) {
      record.layout.id = TemplateId{counts.id};
      record.layout.options = options_;
      const uint16_t all = options_ ? dialect_.options_template_set : dialect_.template_set;
      if (counts.id == all) {
        record.kind = TemplateRecordKind::withdraw_all;
      } else if (record.layout.id < kFirstTemplateId) {
        anomalies_.add(Anomaly::bad_template);
        continue;
      } else {
        record.kind = TemplateRecordKind::withdrawal;
      }
      return record;
    }
    const Step step = read_fields(counts, record.layout);
    if (step == Step::end) return std::nullopt;
    if (step == Step::record) return record;
  }
  return std::nullopt;
}

}  // namespace weir::decode
