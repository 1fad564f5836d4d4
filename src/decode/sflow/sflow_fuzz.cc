// Sessions of sFlow: as in decode/fuzz_session.h, one byte of switches, then datagrams, each behind its length in two
// bytes. Through both ways of the decoder, with and without a table for the counters.
#include "decode/fuzz_session.h"
#include "decode/sflow/values.h"

namespace weir::decode::fuzz {
namespace {

// Looks at every byte of every value, and that all that begins ends.
class TouchingVisitor final : public ValueVisitor {
 public:
  ~TouchingVisitor() override { CHECK(depth_ == 0); }
  void begin_object(std::string_view name) override { begin(name); }
  void end_object() override { --depth_; }
  void begin_list(std::string_view name) override { begin(name); }
  void end_list() override { --depth_; }
  void number(std::string_view name, uint64_t value) override { sum_ += name.size() + value; }
  void real(std::string_view name, double value) override { sum_ += name.size() + (value > 0 ? 1 : 0); }
  void flag(std::string_view name, bool value) override { sum_ += name.size() + (value ? 1 : 0); }
  void text(std::string_view name, std::string_view value) override {
    sum_ += name.size();
    for (const char c : value) sum_ += static_cast<uint8_t>(c);
  }
  void bytes(std::string_view name, ByteView value) override {
    sum_ += name.size();
    for (const uint8_t byte : value) sum_ += byte;
  }

 private:
  void begin(std::string_view name) {
    sum_ += name.size();
    ++depth_;
  }
  int depth_ = 0;
  uint64_t sum_ = 0;
};

struct SampleSink final : RecordSink {
  void on_record(const RecordView& record) override {
    CHECK(record.sflow != nullptr && !record.raw.empty() && record.fields.empty());
    TouchingVisitor visitor;
    visit(*record.sflow, visitor);
    const sflow::SampleKind kind = record.sflow->sample.kind;
    if (kind == sflow::SampleKind::flow || kind == sflow::SampleKind::discard) ++packets;
  }
  uint64_t packets = 0;
};

DecoderOptions sflow_options(uint8_t switches) {
  DecoderOptions options = options_from(switches);
  if ((switches & 4) != 0) {
    options.limits.sflow_agents = 2;
    options.limits.sflow_sources_per_agent = 3;
    options.limits.sflow_sources = 4;
    options.limits.route_numbers = 2;
    options.limits.text_length = 5;
  }
  return options;
}

void run_sflow(std::span<const uint8_t> input) {
  ByteReader in(input);
  const auto switches = in.read<BigEndian<uint8_t>>();
  if (!switches) return;
  flow::PerTable<uint64_t> rows;
  flow::TableBuilders builder(
      [&](flow::FullBatch full) {
        rows[full->schema().table()] += full->rows();
        touch(*flow::seal(std::move(full)));
      },
      64, sflow_options(*switches).schema);
  Decoder decoder(sflow_options(*switches));
  Decoder inspector(sflow_options(*switches));
  SampleSink sink;
  uint64_t datagrams = 0;
  while (const auto length = in.read<Be16>()) {
    const ByteView taken = *in.take(std::min<size_t>(*length, in.remaining()));
    std::vector<uint8_t> bytes(taken.begin(), taken.end());
    if (bytes.size() >= 4) store_be<uint32_t>(bytes.data(), 5);
    ++datagrams;
    const Datagram datagram = test::datagram(bytes);
    decoder.decode(datagram, builder);
    inspector.inspect(datagram, sink);
  }
  builder.hand_over();
  check(decoder, rows[flow::Table::flows], datagrams);
  check(inspector, sink.packets, datagrams);
  CHECK(sink.packets == rows[flow::Table::flows]);
  uint64_t counted = 0;
  for (const auto& [exporter, sum] : decoder.counters()) counted += sum.rows[flow::Table::counters];
  CHECK(counted == rows[flow::Table::counters]);
}

}  // namespace
}  // namespace weir::decode::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  weir::decode::fuzz::run_sflow({data, size});
  return 0;
}
