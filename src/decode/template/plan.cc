#include "decode/template/plan.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/big_endian.h"
#include "base/check.h"
#include "base/ether_type.h"
#include "base/prefetch.h"
#include "decode/template/cells.h"
#include "decode/template/inner_fields.h"
#include "decode/template/interface_names.h"
#include "flow/element.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using flow::Column;
using flow::ColumnType;
using flow::Conversion;
using flow::FlowBatch;

// A column that an element fills.
struct Target {
  flow::ColumnIndex column;
  Conversion conversion;
  size_t precedence;  // the least first
};

std::vector<Target> targets_of(const FieldSpec& field, const flow::Schema& schema) {
  std::vector<Target> targets;
  const auto key = [](const flow::ElementColumn& entry) { return std::pair{entry.enterprise, entry.number}; };
  for (const flow::ElementColumn& entry :
       std::ranges::equal_range(flow::kElementColumns, std::pair{field.enterprise, field.element}, {}, key)) {
    targets.push_back({entry.column, entry.conversion, entry.precedence});
  }
  const auto configured = schema.configured();
  for (size_t i = 0; i < configured.size(); ++i) {
    const flow::ConfiguredElement& entry = configured[i];
    if (entry.enterprise != field.enterprise || entry.number != field.element) continue;
    targets.push_back({entry.column, entry.conversion, i});
  }
  return targets;
}

std::vector<Target> inner_targets_of(const FieldSpec& field) {
  const std::optional<Column> column = inner_column(field);
  if (!column) return {};
  const ColumnType type = flow::info(*column).type;
  return {{*column,
           type == ColumnType::address ? Conversion::address
           : type == ColumnType::mac   ? Conversion::mac
                                       : Conversion::uint,
           0}};
}

Target name_target(const InterfaceName& name) {
  return {name.column, Conversion::text, name.description ? size_t{1} : size_t{0}};
}

// Step::most of a field.
uint8_t bound_of(const FieldSpec& field, Conversion conversion, ColumnType type) {
  if (conversion != Conversion::uint || field.enterprise != 0) return Step::kTypesOwn;
  const flow::ElementName* element = flow::find_element(field.enterprise, field.element);
  if (element == nullptr || element->most == 0 || element->most >= max_value(type)) return Step::kTypesOwn;
  const auto bound = std::ranges::find(kBounds, element->most);
  CHECK(bound != kBounds.end());  // kBounds has all that the schema has
  return static_cast<uint8_t>(bound - kBounds.begin());
}

// The largest value that the step takes.
uint64_t most_of(const Step& step) {
  return step.most == Step::kTypesOwn ? max_value(step.type) : std::span(kBounds)[step.most];
}

// Several fields with these add up to one text.
bool adds_up(Conversion conversion) {
  return conversion == Conversion::community || conversion == Conversion::community_list ||
         conversion == Conversion::segment_section;
}

// The kernel of a step, and where its field is.
Kernel<OneRecord> kernel_for(const OneRecord&, const Step& step) { return std::span(kKernels.one)[step.kernels]; }
Kernel<FixedRecords> kernel_for(const FixedRecords&, const Step& step) {
  return std::span(kKernels.fixed)[step.kernels];
}
Kernel<GatheredRecords> kernel_for(const GatheredRecords&, const Step& step) {
  return std::span(kKernels.gathered)[step.kernels];
}
size_t position_of(const OneRecord&, const Step& step) { return step.offset; }
size_t position_of(const FixedRecords&, const Step& step) { return step.offset; }
size_t position_of(const GatheredRecords&, const Step& step) { return step.field; }

// True if a less preferred source may still fill the row.
bool still_empty(const FlowBatch& batch, const Step& step, size_t row) {
  if (!batch.is_valid(step.column, row)) return true;
  if (step.type == ColumnType::text) return false;
  if (step.type == ColumnType::address) {
    return static_cast<const IpAddress*>(batch.raw(step.column))[row].is_unspecified();
  }
  return number_at(batch, step.column, step.type, row) == 0;
}

void put_address(FlowBatch& batch, const Step& step, size_t row, const IpAddress& address) {
  static_cast<IpAddress*>(batch.raw(step.column))[row] = address;
  batch.set_valid(step.column, row, 1);
}

void put_text(FlowBatch& batch, flow::ColumnIndex column, size_t row, flow::TextRef text) {
  static_cast<flow::TextRef*>(batch.raw(column))[row] = text;
  batch.set_valid(column, row, 1);
}

// One field into one row by the definition of its conversion.
Fit put_field(const Step& step, ByteView bytes, const TimeBase& time, FlowBatch& batch, size_t row,
              std::string& scratch, size_t text_length) {
  if (step.type == ColumnType::text) {
    const Fit fit = convert_text(step.conversion, bytes, scratch, text_length);
    if (fit == Fit::ok || fit == Fit::list_limit) put_text(batch, step.column, row, batch.add_text(scratch));
    return fit;
  }
  if (step.type == ColumnType::address) {
    IpAddress address;
    const Fit fit = convert_address(bytes, address);
    if (step.conversion == Conversion::known_address && address.is_unspecified())
      return fit == Fit::ok ? Fit::absent : fit;
    if (fit == Fit::ok) put_address(batch, step, row, address);
    return fit;
  }
  uint64_t value = 0;
  const Fit fit = convert_number(step.conversion, bytes, time, value);
  if (fit != Fit::ok) return fit;
  if (value > most_of(step)) return Fit::out_of_range;
  put_number(batch, step.column, step.type, row, value);
  return Fit::ok;
}

void count(flow::AnomalyCounts& anomalies, Fit fit) {
  if (fit == Fit::out_of_range) anomalies.add(Anomaly::value_out_of_range);
  if (fit == Fit::no_time_base) anomalies.add(Anomaly::time_base_unknown);
  if (fit == Fit::bad_length) anomalies.add(Anomaly::bad_field_length);
  if (fit == Fit::bad_list) anomalies.add(Anomaly::bad_list);
  if (fit == Fit::list_limit) anomalies.add(Anomaly::list_limit);
}

}  // namespace

DecodePlan::DecodePlan(const Template& layout, const flow::Schema& schema)
    : fields_(layout.fields),
      record_length_(layout.variable ? 0 : static_cast<uint32_t>(layout.min_length)),
      sampling_(layout) {
  const InnerFields inner = find_inner_fields(layout);
  inner_etype_ = inner.etype;
  add_steps(layout, inner.inner, schema);
  note_specials(inner.inner);
  note_icmp(inner.inner);
  choose_kernels(layout.variable);
  if (const HeaderSection section(layout); section.present()) section_ = std::make_unique<const HeaderSection>(section);
}

void DecodePlan::prefetch() const {
  weir::prefetch(std::span(steps_));
  weir::prefetch(fields_);
}

void DecodePlan::add_steps(const Template& layout, const std::vector<bool>& inner, const flow::Schema& schema) {
  struct Source {
    size_t precedence;
    Step step;
  };
  const std::vector<InterfaceName> names = find_interface_names(layout);
  std::vector<Source> sources;
  for (uint16_t i = 0; i < fields_.size(); ++i) {
    const FieldSpec& field = fields_[i];
    const auto name = std::ranges::find(names, i, &InterfaceName::field);
    const std::vector<Target> targets = name != names.end() ? std::vector{name_target(*name)}
                                        : inner[i]          ? inner_targets_of(field)
                                                            : targets_of(field, schema);
    const bool variable = field.length == kVariableLength;
    bool bad = false;
    for (const Target& target : targets) {
      if (!variable && !length_fits(target.conversion, field.length)) {
        bad = true;
        continue;
      }
      if (field.length == 0) continue;
      const ColumnType type = schema[target.column].type;
      Step step{
          .column = target.column, .type = type, .conversion = target.conversion, .field = i, .offset = field.offset};
      step.most = bound_of(field, target.conversion, type);
      sources.push_back({target.precedence, step});
    }
    if (bad) ++bad_fields_;
    // Padding (210 paddingOctets) says nothing.
    const bool padding = field.enterprise == 0 && (field.element == 210 || field.element == 0);
    if (targets.empty() && !padding) {
      const std::string label = field_label(field) + ':';
      labels_ += label;
      unmapped_.push_back(
          {i, static_cast<uint16_t>(label.size()), flow::element_type(field.enterprise, field.element)});
    }
  }
  // Of a repeated element the first occurrence comes first.
  std::ranges::sort(sources, {}, [](const Source& source) {
    return std::tuple{source.step.column.value(), source.precedence, source.step.field};
  });
  steps_.reserve(sources.size());
  for (Source& source : sources) {
    source.step.fill = !steps_.empty() && steps_.back().column == source.step.column;
    source.step.append = source.step.fill && adds_up(source.step.conversion) && adds_up(steps_.back().conversion);
    steps_.push_back(source.step);
  }
  unmapped_.shrink_to_fit();
  labels_.shrink_to_fit();
  for (size_t i = steps_.size(); i-- > 1;) {
    if (steps_[i].append) steps_[i - 1].adding = static_cast<uint16_t>(steps_[i].adding + 1);
  }
}

void DecodePlan::note_specials(const std::vector<bool>& inner) {
  bool v4 = false;
  bool v6 = false;
  for (uint16_t i = 0; i < fields_.size(); ++i) {
    const FieldSpec& field = fields_[i];
    if (field.enterprise != 0 || field.length == 0 || inner[i]) continue;
    switch (field.element) {
      case 8:
      case 12:
        v4 = true;
        break;
      case 27:
      case 28:
        v6 = true;
        break;
      case 95:
        if (application_field_ < 0) application_field_ = static_cast<int16_t>(i);
        break;
      case 160:
        if (start_ms_field_ < 0) start_ms_field_ = static_cast<int16_t>(i);
        break;
      case 161:
        if (duration_ms_field_ < 0) duration_ms_field_ = static_cast<int16_t>(i);
        break;
      case 162:
        if (duration_us_field_ < 0) duration_us_field_ = static_cast<int16_t>(i);
        break;
      default:
        break;
    }
  }
  family_ = v4 ? (v6 ? Family::both : Family::v4) : (v6 ? Family::v6 : Family::none);
  for (const Step& step : steps_) {
    has_etype_ |= step.column == Column::etype;
    has_start_ |= step.column == Column::time_flow_start;
    has_end_ |= step.column == Column::time_flow_end;
  }
}

void DecodePlan::note_icmp(const std::vector<bool>& inner) {
  const auto has = [&](std::initializer_list<uint16_t> elements) {
    for (size_t i = 0; i < fields_.size(); ++i) {
      const FieldSpec& field = fields_[i];
      if (field.enterprise == 0 && field.length != 0 && !inner[i] &&
          std::ranges::find(elements, field.element) != elements.end())
        return true;
    }
    return false;
  };
  icmp_elements_ = has({32, 176, 177});
  icmpv6_elements_ = has({139, 178, 179});
  icmp_in_port_ = has({4}) && has({11}) && !(icmp_elements_ && icmpv6_elements_);
}

void DecodePlan::choose_kernels(bool variable) {
  for (Step& step : steps_) {
    const uint16_t width = fields_[step.field].length;
    // What depends on other fields of the record is decided row by row.
    const bool by_row = step.fill || (step.conversion == Conversion::uptime_ms && start_ms_field_ >= 0);
    if (by_row || width == kVariableLength) continue;
    CHECK(variable || step.offset + width <= record_length_);  // kernels do not look at it again
    step.kernels = find_kernels(step.conversion, step.type, width, most_of(step));
  }
}

void DecodePlan::decode_fixed(ByteView records, size_t count, const RowContext& context) const {
  CHECK(record_length_ > 0 && count > 0);
  const FieldPlaces places{record_length_, fields_};
  if (count == 1)
    run(OneRecord(records, places), context);
  else
    run(FixedRecords(records, count, places), context);
}

void DecodePlan::decode_gathered(std::span<const ByteView> slices, const RowContext& context) const {
  CHECK(!slices.empty());
  run(GatheredRecords(slices, fields_.size()), context);
}

template <class Records>
void DecodePlan::run(const Records& records, const RowContext& context) const {
  const size_t rows = records.size();
  FlowBatch& batch = context.batch;
  const size_t first = batch.append(rows, context.message.stream.endpoint.address);
  set_constants(context, first, rows);
  for (const Step& step : steps_) run_step(step, records, context, first);
  if (bad_fields_ > 0) context.anomalies.add(Anomaly::bad_field_length, bad_fields_ * rows);
  if (duration_ms_field_ >= 0 || duration_us_field_ >= 0) derive_times(records, context, first);
  set_sampling_rate(records, context, first);
  if (context.relayed != nullptr) [[unlikely]]
    name_exporters(context, first, rows);
  set_etype(batch, first, rows);
  if (inner_etype_ != 0) fill_inner_etype(context, first, rows);
  if (icmp_in_port_) set_icmp(batch, first, rows);
  if (section_) read_sections(records, batch, first);
  if (std::ranges::any_of(context.options, &OptionsState::has_names)) {
    fill_names(context, first, rows);
    if (application_field_ >= 0) fill_application_names(records, context, first);
  }
  if (context.other && !unmapped_.empty()) fill_other(records, context, first);
}

template <class Records>
void DecodePlan::run_step(const Step& step, const Records& records, const RowContext& context, size_t first) const {
  const Kernel<Records> kernel = kernel_for(records, step);
  if (kernel != nullptr) [[likely]] {
    const FlowBatch::Appended cells = context.batch.appended(step.column);
    if (kernel(records, position_of(records, step), context.time, cells.raw(), first)) [[likely]]
      return cells.set_valid();
  }
  run_slowly(step, records, context, first);
}

template <class Records>
void DecodePlan::run_slowly(const Step& step, const Records& records, const RowContext& context, size_t first) const {
  if (step.append) return;
  if (step.adding > 0) {
    const auto at = static_cast<size_t>(&step - steps_.data());
    return run_added(std::span(steps_).subspan(at, step.adding + size_t{1}), records, context, first);
  }
  const bool own_time_base =
      step.conversion == Conversion::uptime_ms && !context.message.has_uptime && start_ms_field_ >= 0;
  for (size_t i = 0; i < records.size(); ++i) {
    const size_t row = first + i;
    if (step.fill && !still_empty(context.batch, step, row)) continue;
    TimeBase time = context.time;
    if (own_time_base) {
      const ByteView start = records.field(i, static_cast<size_t>(start_ms_field_));
      if (start.size() <= 8 && load_be_sized(start) != 0)
        time = TimeBase::from_start(time.export_us, load_be_sized(start));
    }
    count(context.anomalies, put_field(step, records.field(i, step.field), time, context.batch, row, context.scratch,
                                       context.limits.text_length));
  }
}

// Fields that add up to one text, which is put together first: it would be copied for each of them in the batch.
template <class Records>
void DecodePlan::run_added(std::span<const Step> steps, const Records& records, const RowContext& context,
                           size_t first) const {
  const Step& head = steps.front();
  std::string text;
  for (size_t i = 0; i < records.size(); ++i) {
    if (head.fill && !still_empty(context.batch, head, first + i)) continue;
    text.clear();
    for (const Step& step : steps) {
      const Fit fit =
          convert_text(step.conversion, records.field(i, step.field), context.scratch, context.limits.text_length);
      count(context.anomalies, fit);
      if (fit != Fit::ok && fit != Fit::list_limit) continue;
      if (text.size() > kAppendedBytes) {
        context.anomalies.add(Anomaly::list_limit);
        break;
      }
      if (!text.empty()) text += ' ';
      text += context.scratch;
    }
    if (!text.empty()) put_text(context.batch, head.column, first + i, context.batch.add_text(text));
  }
}

void DecodePlan::set_constants(const RowContext& context, size_t first, size_t count) const {
  const MessageContext& message = context.message;
  FlowBatch& batch = context.batch;
  fill<Column::time_received>(batch, first, count, to_us(message.received));
  fill<Column::type>(batch, first, count, static_cast<uint8_t>(message.stream.protocol));
  fill<Column::sampler_address>(batch, first, count, message.stream.endpoint.address);
  fill<Column::observation_domain_id>(batch, first, count, message.stream.domain);
}

// Exporters that send one of start and end with a duration.
template <class Records>
void DecodePlan::derive_times(const Records& records, const RowContext& context, size_t first) const {
  if (has_start_ == has_end_) return;
  const auto duration_us = [&](size_t record, int field, uint64_t unit) -> uint64_t {
    if (field < 0) return 0;
    const ByteView bytes = records.field(record, static_cast<size_t>(field));
    const uint64_t value = bytes.size() <= 8 ? load_be_sized(bytes) : 0;
    return value > uint64_t{UINT32_MAX} * 1000 ? 0 : value * unit;
  };
  const Column known = has_start_ ? Column::time_flow_start : Column::time_flow_end;
  const Column derived = has_start_ ? Column::time_flow_end : Column::time_flow_start;
  for (size_t i = 0; i < records.size(); ++i) {
    if (!context.batch.is_valid(known, first + i)) continue;
    uint64_t us = duration_us(i, duration_us_field_, 1);
    if (us == 0) us = duration_us(i, duration_ms_field_, 1000);
    const uint64_t at = number_at(context.batch, known, ColumnType::timestamp, first + i);
    put_number(context.batch, derived, ColumnType::timestamp, first + i, has_start_ ? at + us : at - us);
  }
}

// The operator's rate wins over the record's, that over what options records announced. 0 is not a rate.
template <class Records>
void DecodePlan::set_sampling_rate(const Records& records, const RowContext& context, size_t first) const {
  FlowBatch& batch = context.batch;
  const size_t rows = records.size();
  constexpr Column kRate = Column::sampling_rate;
  if (context.configured_rate != 0) return fill<kRate>(batch, first, rows, context.configured_rate);
  const bool announced = std::ranges::any_of(context.options, &OptionsState::has_rates);
  if (!announced && !sampling_.any_rate()) {
    if (context.message.header_sampling != 0) fill<kRate>(batch, first, rows, context.message.header_sampling);
    return;
  }
  const bool by_interface = std::ranges::any_of(
      context.options, [](const OptionsState* known) { return !known->rates(RateScope::interface).empty(); });
  if (!sampling_.any_rate() && sampling_.selector_field() < 0 && !by_interface) {
    RateQuery query;
    query.template_id = context.template_id;
    const uint32_t told = announced_rate(context.options, query);
    const uint32_t rate = told != 0 ? told : context.message.header_sampling;
    if (rate != 0) fill<kRate>(batch, first, rows, rate);
    return;
  }
  for (size_t i = 0; i < rows; ++i) {
    const uint32_t rate = record_rate(records, context, i, first + i);
    if (rate != 0)
      put_number(batch, kRate, ColumnType::u32, first + i, rate);
    else
      batch.set_null(kRate, first + i);
  }
}

template <class Records>
uint32_t DecodePlan::record_rate(const Records& records, const RowContext& context, size_t record, size_t row) const {
  const auto number = [&](Column column) {
    return context.batch.is_valid(column, row)
               ? static_cast<uint32_t>(number_at(context.batch, column, ColumnType::u32, row))
               : 0;
  };
  uint32_t rate = number(Column::sampling_rate);
  if (rate == 0 && !sampling_.simple()) {
    std::vector<ByteView> fields;
    fields.reserve(fields_.size());
    for (size_t f = 0; f < fields_.size(); ++f) fields.push_back(records.field(record, f));
    rate = sampling_.rate(fields);
  }
  if (rate != 0) return rate;
  RateQuery query{.selector = {},
                  .in_if = number(Column::in_if),
                  .out_if = number(Column::out_if),
                  .template_id = context.template_id};
  if (const int field = sampling_.selector_field(); field >= 0) {
    const ByteView bytes = records.field(record, static_cast<size_t>(field));
    if (!bytes.empty() && bytes.size() <= 8) query.selector = load_be_sized(bytes);
  }
  return announced_rate(context.options, query);
}

template <class Records>
void DecodePlan::fill_application_names(const Records& records, const RowContext& context, size_t first) const {
  for (size_t i = 0; i < records.size(); ++i) {
    if (context.batch.is_valid(Column::application_name, first + i)) continue;
    const auto key = application_key(records.field(i, static_cast<size_t>(application_field_)));
    const std::string* known = key ? find_name(context.options, NameKind::application, *key) : nullptr;
    if (known != nullptr) put_text(context.batch, Column::application_name, first + i, context.batch.add_text(*known));
  }
}

void DecodePlan::set_etype(FlowBatch& batch, size_t first, size_t count) const {
  if (family_ == Family::none) return;
  if (!has_etype_ && family_ != Family::both) {
    return fill<Column::etype>(batch, first, count, family_ == Family::v4 ? kEtypeIpv4 : kEtypeIpv6);
  }
  for (size_t row = first; row < first + count; ++row) {
    if (has_etype_ && batch.is_valid(Column::etype, row) && batch.values<Column::etype>()[row] != 0) continue;
    uint16_t etype = family_ == Family::v4 ? kEtypeIpv4 : kEtypeIpv6;
    if (family_ == Family::both) {
      const bool source = batch.is_valid(Column::src_addr, row);
      if (!source && !batch.is_valid(Column::dst_addr, row)) continue;
      const IpAddress& address = source ? batch.values<Column::src_addr>()[row] : batch.values<Column::dst_addr>()[row];
      etype = address.is_v4() ? kEtypeIpv4 : kEtypeIpv6;
    }
    put_number(batch, Column::etype, ColumnType::u16, row, etype);
  }
}

void DecodePlan::fill_inner_etype(const RowContext& context, size_t first, size_t count) const {
  for (size_t row = first; row < first + count; ++row) {
    if (context.batch.is_valid(Column::inner_etype, row) || !context.batch.is_valid(Column::inner_src_addr, row))
      continue;
    put_number(context.batch, Column::inner_etype, ColumnType::u16, row, inner_etype_);
  }
}

template <class Records>
void DecodePlan::read_sections(const Records& records, FlowBatch& batch, size_t first) const {
  packet::Packet packet;
  for (size_t i = 0; i < records.size(); ++i) {
    section_->put([&](size_t field) { return records.field(i, field); }, packet, batch, first + i);
  }
}

template <class Records>
void DecodePlan::fill_other(const Records& records, const RowContext& context, size_t first) const {
  const size_t most = context.limits.other_length;
  ValueWriter writer(&context.templates, timestamp_from_us(context.message.export_us), context.limits);
  writer.set_limits(context.limits.text_length, most);
  for (size_t i = 0; i < records.size(); ++i) {
    std::string& json = context.scratch;
    json.assign(1, '{');
    std::string_view labels = labels_;
    for (const Unmapped& field : unmapped_) {
      const std::string_view label = labels.substr(0, field.label_size);
      labels.remove_prefix(field.label_size);
      const ByteView value = records.field(i, field.field);
      if (value.empty()) continue;
      const size_t before = json.size();
      if (json.size() > 1) json.push_back(',');
      json += label;
      const ListTrouble trouble = writer.append(json, field.type, value);
      if (trouble.bad) context.anomalies.add(Anomaly::bad_list);
      const bool fits = json.size() < most;
      if (trouble.limit || !fits) context.anomalies.add(Anomaly::list_limit);
      if (fits) continue;
      json.resize(before);
      break;
    }
    if (json.size() == 1) continue;
    json.push_back('}');
    put_text(context.batch, Column::other, first + i, context.batch.add_text(json));
  }
}

}  // namespace weir::decode
