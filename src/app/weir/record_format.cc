#include "app/weir/record_format.h"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "app/weir/record_layout.h"
#include "app/weir/values_json.h"
#include "base/csv_text.h"
#include "base/json_text.h"
#include "base/terminal_text.h"
#include "decode/sflow/values.h"
#include "decode/template/structured_data.h"

namespace weir::app {
namespace {

constexpr std::array<std::string_view, 9> kColumns = {
    "datagram",    "export_time", "exporter", "protocol", "observation_domain_id",
    "template_id", "record",      "kind",     "fields"};

std::string_view kind_of(const decode::RecordView& record) {
  if (record.sflow != nullptr) return name(record.sflow->sample.kind);
  return record.options ? "options" : "data";
}

// Every field of a record as members of a JSON object: scope fields in an object of their own, which stands first.
class FieldsJson {
 public:
  void append(std::string& out, const decode::RecordView& record) {
    if (record.sflow != nullptr) {
      ValuesJson values(out);
      decode::sflow::visit(*record.sflow, values);
      return;
    }
    const std::span<const FieldSlot> slots = layout_.slots(record);
    separator_ = "";
    if (!slots.empty() && slots.front().scope) {
      out += "\"scope\":{";
      append_members(out, record, slots, true);
      out += '}';
      separator_ = ",";
    }
    append_members(out, record, slots, false);
  }

 private:
  void append_members(std::string& out, const decode::RecordView& record, std::span<const FieldSlot> slots,
                      bool scope) {
    for (size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].scope != scope || slots[i].repeats_earlier) continue;
      out += separator_;
      separator_ = ",";
      append_json_string(out, slots[i].label);
      out += ':';
      append_values(out, record, slots, i);
    }
  }

  static void append_values(std::string& out, const decode::RecordView& record, std::span<const FieldSlot> slots,
                            size_t first) {
    const bool several = slots[first].next != FieldSlot::kNone;
    if (several) out += '[';
    for (size_t i = first; i != FieldSlot::kNone; i = slots[i].next) {
      if (i != first) out += ',';
      decode::ValueWriter(record.templates, record.export_time, {}).append(out, slots[i].type, record.fields[i].value);
    }
    if (several) out += ']';
  }

  RecordLayout layout_;
  std::string_view separator_;
};

void append_record_json(std::string& out, const decode::RecordView& record, FieldsJson& fields) {
  fmt::format_to(std::back_inserter(out),
                 R"({{"datagram":{},"export_time":"{}","exporter":"{}","protocol":"{}","observation_domain_id":{},)"
                 R"("template_id":{},"record":{},"kind":"{}")",
                 record.datagram, to_rfc3339(record.export_time), record.exporter.to_string(), name(record.type),
                 record.domain, record.set_id, record.number, kind_of(record));
  if (!record.fields.empty() || record.sflow != nullptr) out += ',';
  fields.append(out, record);
  out += '}';
}

void append_summary_json(std::string& out, const DecodeSummary& summary) {
  fmt::format_to(
      std::back_inserter(out),
      R"({{"summary":true,"frames":{},"damaged_frames":{},"datagrams":{},"datagrams_rejected":{},"templates":{},)"
      R"("records":{},"option_records":{},"counter_samples":{},"undecodable_sets":{},"lost_units":{},"agent_drops":{},)"
      R"("anomalies":)",
      summary.capture.frames, summary.capture.damaged_frames, summary.counters.datagrams_received,
      summary.counters.datagrams_rejected, summary.counters.templates_received, summary.records, summary.option_records,
      summary.counter_samples, summary.counters.undecodable_sets, summary.counters.lost_units,
      summary.counters.agent_drops);
  append_anomalies_json(out, summary.counters.anomalies);
  out += '}';
}

class NdjsonFormat : public RecordFormat {
 public:
  void record(std::string& out, const decode::RecordView& record) override {
    append_record_json(out, record, fields_);
    out += '\n';
  }
  void end(std::string& out, const DecodeSummary& summary) override {
    append_summary_json(out, summary);
    out += '\n';
  }

 private:
  FieldsJson fields_;
};

// One array; the summary is its last element.
class JsonFormat : public RecordFormat {
 public:
  void begin(std::string& out) override { out += "[\n"; }
  void record(std::string& out, const decode::RecordView& record) override {
    append_record_json(out, record, fields_);
    out += ",\n";
  }
  void end(std::string& out, const DecodeSummary& summary) override {
    append_summary_json(out, summary);
    out += "\n]\n";
  }

 private:
  FieldsJson fields_;
};

// RFC 4180. The column `fields` holds a JSON object, so that a value can be told from a name.
class CsvFormat : public RecordFormat {
 public:
  void begin(std::string& out) override { fmt::format_to(std::back_inserter(out), "{}\r\n", fmt::join(kColumns, ",")); }
  void record(std::string& out, const decode::RecordView& record) override {
    fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{},", record.datagram, to_rfc3339(record.export_time),
                   record.exporter.to_string(), name(record.type), record.domain, record.set_id, record.number,
                   kind_of(record));
    object_.clear();
    object_ += '{';
    fields_.append(object_, record);
    object_ += '}';
    append_csv_quoted(out, object_);
    out += "\r\n";
  }

 private:
  FieldsJson fields_;
  std::string object_;
};

// A table for people, printed line by line: columns have a width that fits most values.
class TableFormat : public RecordFormat {
 public:
  void begin(std::string& out) override { line(out, kColumns); }
  void record(std::string& out, const decode::RecordView& record) override {
    const std::span<const FieldSlot> slots = layout_.slots(record);
    std::string fields;
    for (size_t i = 0; i < slots.size(); ++i) {
      if (i != 0) fields += ' ';
      if (slots[i].scope) fields += "scope ";
      fields += slots[i].label;
      fields += '=';
      decode::ValueWriter(record.templates, record.export_time, {})
          .append(fields, slots[i].type, record.fields[i].value);
    }
    if (record.sflow != nullptr) {
      ValuesJson values(fields);
      decode::sflow::visit(*record.sflow, values);
    }
    line(out, std::array<std::string, 9>{
                  std::to_string(record.datagram), to_rfc3339(record.export_time), record.exporter.to_string(),
                  std::string(name(record.type)), std::to_string(record.domain), std::to_string(record.set_id),
                  std::to_string(record.number), std::string(kind_of(record)), terminal_text(fields)});
  }

 private:
  template <class Cells>
  static void line(std::string& out, const Cells& cells) {
    fmt::format_to(std::back_inserter(out), "{:>8}  {:27}  {:15}  {:10}  {:>21}  {:>11}  {:>6}  {:7}  {}\n", cells[0],
                   cells[1], cells[2], cells[3], cells[4], cells[5], cells[6], cells[7], cells[8]);
  }

  RecordLayout layout_;
};

}  // namespace

uint64_t DecodeSummary::export_datagrams() const {
  return counters.datagrams_decoded + counters.anomalies[flow::Anomaly::unsupported_version];
}

void append_anomalies_json(std::string& out, const flow::AnomalyCounts& anomalies) {
  out += '{';
  bool first = true;
  for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
    const auto anomaly = static_cast<flow::Anomaly>(i);
    if (anomalies[anomaly] == 0) continue;
    fmt::format_to(std::back_inserter(out), "{}\"{}\":{}", first ? "" : ",", name(anomaly), anomalies[anomaly]);
    first = false;
  }
  out += '}';
}

std::unique_ptr<RecordFormat> make_record_format(std::string_view name) {
  if (name == "json") return std::make_unique<JsonFormat>();
  if (name == "csv") return std::make_unique<CsvFormat>();
  if (name == "table") return std::make_unique<TableFormat>();
  return std::make_unique<NdjsonFormat>();
}

}  // namespace weir::app
