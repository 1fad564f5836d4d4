// weir decode: what a capture says, record by record, without a store.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/weir/commands.h"
#include "app/weir/record_format.h"
#include "base/big_endian.h"
#include "decode/decoder.h"
#include "decode/sflow/values.h"
#include "net/capture.h"

namespace weir::app {
namespace {

constexpr const char* kFooter =
    "Input: captures (pcap, pcapng) and IPFIX files (RFC 5655); several are read one\n"
    "after the other, as if they were one.\n"
    "Output: one JSON object a record: elements by their IANA name, those of vendors\n"
    "by name or as ENTERPRISE:NUMBER, an element that occurs several times as an\n"
    "array, the scope of options records under \"scope\". The last object is the\n"
    "summary, with what was wrong in the input (anomalies). Data that comes before\n"
    "its template is printed when the template arrives.\n\n"
    "--raw is for comparison with other decoders. One object a record: dgram,\n"
    "exporter, odid, set, rec, kind, and fields as [element, length, bytes]; the\n"
    "last one has the totals. Other decoders count one message a datagram: what\n"
    "follows the first message is only read with --several-messages.";

struct Options {
  std::vector<std::string> files;
  std::string format = "ndjson";
  bool raw = false;
  bool several_messages = false;
  std::optional<uint64_t> limit;
  std::string exporter;
  std::optional<uint16_t> template_id;
};

// The elements that count bytes and packets, as in the totals of the raw format.
bool is_counter(const decode::FieldView& field) {
  if (field.enterprise == 29305) return field.element == 1 || field.element == 2;
  if (field.enterprise != 0) return false;
  switch (field.element) {
    case 1:
    case 2:
    case 23:
    case 24:
    case 85:
    case 86:
    case 231:
    case 232:
      return true;
    default:
      return false;
  }
}

// Counts records and writes them to standard output.
class Printer : public decode::RecordSink {
 public:
  Printer(std::unique_ptr<RecordFormat> format, const Options& options)
      : format_(std::move(format)), options_(options) {
    format_->begin(buffer_);
  }

  void on_record(const decode::RecordView& record) override {
    if (limit_reached()) return;
    ++count_of(record);
    if (record.sflow != nullptr) summary_.sflow.add(*record.sflow);
    if (options_.raw && !record.options) add_sums(record);
    if (options_.template_id && record.set_id != *options_.template_id) return;
    format_->record(buffer_, record);
    ++printed_;
    if (buffer_.size() >= kBufferBytes) flush();
  }

  bool limit_reached() const { return options_.limit && printed_ >= *options_.limit; }
  DecodeSummary& summary() { return summary_; }

  void end() {
    format_->end(buffer_, summary_);
    flush();
    if (std::fflush(stdout) != 0) failed_ = true;
  }
  // Standard output took everything.
  bool ok() const { return !failed_; }

 private:
  static constexpr size_t kBufferBytes = size_t{1} << 16;

  uint64_t& count_of(const decode::RecordView& record) {
    using decode::sflow::SampleKind;
    if (record.options) return summary_.option_records;
    if (record.sflow == nullptr) return summary_.records;
    const SampleKind kind = record.sflow->sample.kind;
    if (kind == SampleKind::counters) return summary_.counter_samples;
    return kind == SampleKind::unknown ? summary_.unknown_samples : summary_.records;
  }

  void add_sums(const decode::RecordView& record) {
    const bool fixed = record.type != flow::FlowType::netflow_v9 && record.type != flow::FlowType::ipfix;
    for (const decode::FieldView& field : record.fields) {
      if (!is_counter(field)) continue;
      const std::string element =
          fixed ? (field.element == 1 ? "octets" : "packets") : fmt::format("{}:{}", field.enterprise, field.element);
      summary_.sums[element] += load_be_sized(field.value);
    }
  }

  void flush() {
    if (std::fwrite(buffer_.data(), 1, buffer_.size(), stdout) != buffer_.size()) failed_ = true;
    buffer_.clear();
  }

  std::unique_ptr<RecordFormat> format_;
  const Options& options_;
  DecodeSummary summary_;
  std::string buffer_;
  uint64_t printed_ = 0;
  bool failed_ = false;
};

void add(net::CaptureCounts& sum, const net::CaptureCounts& counts) {
  sum.frames += counts.frames;
  sum.datagrams += counts.datagrams;
  sum.other_frames += counts.other_frames;
  sum.damaged_frames += counts.damaged_frames;
  sum.damaged_bytes += counts.damaged_bytes;
  sum.bytes_read += counts.bytes_read;
}

// Progress, on a terminal, unless the records go there.
class Progress {
 public:
  void update(const std::string& file, const net::CaptureReader& capture, uint64_t records) {
    if (!visible_ || ++calls_ % 4096 != 0) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < std::chrono::milliseconds{500}) return;
    drawn_ = now;
    std::string part;
    if (capture.file_bytes() > 0)
      part = fmt::format("{} %, ", capture.counts().bytes_read * 100 / capture.file_bytes());
    fmt::print(stderr, "\r{}: {}{} records\x1b[K", file, part, records);
    dirty_ = true;
  }
  void clear() {
    if (dirty_) fmt::print(stderr, "\r\x1b[K");
    dirty_ = false;
  }

 private:
  bool visible_ = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0;
  bool dirty_ = false;
  uint64_t calls_ = 0;
  std::chrono::steady_clock::time_point drawn_ = std::chrono::steady_clock::now();
};

// Reads one file to its end, to the limit, or to the damage that it reports.
Result<> decode_file(const std::string& file, const std::optional<IpAddress>& exporter, decode::Decoder& decoder,
                     Printer& printer) {
  const uint64_t session = printer.summary().files + 1;  // each IPFIX file is one
  net::CaptureReader capture = TRY(net::CaptureReader::open(file == "-" ? "/dev/stdin" : file, session));
  ++printer.summary().files;
  Result<> result;
  Progress progress;
  while (!printer.limit_reached()) {
    const Result<std::optional<net::CapturedDatagram>> next = capture.next();
    if (!next) result = std::unexpected(next.error());
    if (!next || !*next) break;
    const net::CapturedDatagram& captured = **next;
    if (exporter && captured.datagram.exporter != *exporter) continue;
    decoder.set_datagram_number(captured.frame);
    decoder.inspect(captured.datagram, printer);
    progress.update(file, capture, printer.summary().records);
  }
  progress.clear();
  decoder.close_connection(session);
  add(printer.summary().capture, capture.counts());
  return result;
}

// "9 datagrams, 21 records, 1 option record; anomalies: missing_template 2": one line for people, beside the rows.
std::string describe(const DecodeSummary& summary) {
  const auto many = [](uint64_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  std::string text = many(summary.counters.datagrams_received, "datagram");
  if (summary.counters.datagrams_rejected > 0)
    text += fmt::format(" ({} rejected)", summary.counters.datagrams_rejected);
  text += ", " + many(summary.records, "record") + ", " + many(summary.option_records, "option record");
  if (summary.counter_samples > 0) text += ", " + many(summary.counter_samples, "counter sample");
  if (summary.counters.undecodable_sets > 0) text += ", " + many(summary.counters.undecodable_sets, "undecodable set");
  if (summary.capture.frames == 0) {
    text += "; the capture is empty";
  } else if (summary.capture.datagrams == 0) {
    text += fmt::format("; none of {} holds UDP over IP", many(summary.capture.frames, "frame"));
  }
  if (summary.capture.damaged_frames > 0) text += "; " + many(summary.capture.damaged_frames, "damaged frame");
  std::string_view separator = "; anomalies: ";
  for (size_t i = 0; i < flow::kAnomalyCount; ++i) {
    const auto anomaly = static_cast<flow::Anomaly>(i);
    if (summary.counters.anomalies[anomaly] == 0) continue;
    text += fmt::format("{}{} {}", separator, name(anomaly), summary.counters.anomalies[anomaly]);
    separator = ", ";
  }
  return text;
}

decode::DecoderOptions decoder_options(const Options& options) {
  decode::DecoderOptions decoder;
  decoder.several_messages = !options.raw || options.several_messages;
  return decoder;
}

int run_decode(const Options& options) {
  std::optional<IpAddress> exporter;
  if (!options.exporter.empty()) exporter = IpAddress::parse(options.exporter);
  decode::Decoder decoder(decoder_options(options));
  Printer printer(options.raw ? make_raw_format() : make_record_format(options.format), options);

  int status = 0;
  for (const std::string& file : options.files) {
    const Result<> read = decode_file(file, exporter, decoder, printer);
    if (read) continue;
    fmt::print(stderr, "weir decode: {}\n", read.error().message);
    status = 1;
  }
  if (printer.summary().files == 0) return 1;
  // Data whose template has not come by now are lost.
  decoder.expire(Timestamp::max());
  for (const auto& [address, counters] : decoder.counters()) printer.summary().counters += counters;
  printer.end();
  if (!printer.ok()) {
    fmt::print(stderr, "weir decode: cannot write to standard output\n");
    return 1;
  }
  fmt::print(stderr, "weir decode: {}\n", describe(printer.summary()));
  return status;
}

}  // namespace

void add_decode(CLI::App& app, Run& run) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("decode", "Print every record of captures, element by element, and every sFlow sample");
  command->add_option("FILE", options->files, "Captures; - is standard input")->required();
  CLI::Option* format = command->add_option("-o,--output", options->format, "table, json, ndjson (default) or csv")
                            ->check(CLI::IsMember({"table", "json", "ndjson", "csv"}));
  CLI::Option* raw =
      command->add_flag("--raw", options->raw, "Print the bytes of every field instead of its value")->excludes(format);
  command->footer(kFooter);
  command->add_flag("--several-messages", options->several_messages, "With --raw: read every message of a datagram")
      ->needs(raw);
  command->add_option("--limit", options->limit, "Stop after this many records")->check(CLI::PositiveNumber);
  command->add_option("--exporter", options->exporter, "Only datagrams from this address")
      ->check([](const std::string& text) {
        return IpAddress::parse(text) ? std::string() : fmt::format("'{}' is not an IP address", text);
      });
  command->add_option("--template", options->template_id, "Print only records of this template id");
  command->callback([&run, options] { run = [options] { return run_decode(*options); }; });
}

}  // namespace weir::app
