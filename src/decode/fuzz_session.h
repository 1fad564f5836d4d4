// A session from an attacker: one byte of switches, then datagrams. Each stands behind two bytes: 3 bits for its port,
// 13 for its length. The three highest switches are the seconds between two datagrams. Runs them through both ways of
// the decoder and checks that every record is accounted for.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "base/big_endian.h"
#include "base/check.h"
#include "decode/decoder.h"
#include "decode/test_wire.h"

namespace weir::decode::fuzz {

struct CountingSink : RecordSink {
  void on_record(const RecordView& record) override {
    CHECK(!record.raw.empty());
    size_t bytes = 0;
    for (const FieldView& field : record.fields) bytes += field.value.size();
    CHECK(bytes <= record.raw.size());
    ++(record.options ? options : data);
  }
  uint64_t data = 0;
  uint64_t options = 0;
};

// Reads every value that is not null, so that a sanitizer sees what a sink would read.
inline uint64_t touch(const flow::FlowBatch& batch) {
  uint64_t sum = 0;
  for (size_t c = 0; c < batch.schema().size(); ++c) {
    const flow::ColumnIndex column(c);
    if (!batch.present(column) || batch.schema()[column].type != flow::ColumnType::text) continue;
    const auto* texts = static_cast<const flow::TextRef*>(batch.raw(column));
    for (size_t row = 0; row < batch.rows(); ++row) {
      if (!batch.is_valid(column, row)) continue;
      for (const char byte : batch.text(std::span(texts, batch.rows())[row])) sum += static_cast<uint8_t>(byte);
    }
  }
  for (const flow::ExporterRows& share : batch.exporters()) sum += share.rows;
  return sum;
}

// Columns of every type, for elements that the seeds have.
inline flow::SchemaPtr configured_schema() {
  using flow::ColumnType;
  using flow::Conversion;
  static const flow::SchemaPtr schema =
      flow::Schema::flows_with(std::vector<flow::ConfiguredColumn>{
                                   {"x_u8", ColumnType::u8, 0, 1, Conversion::uint},
                                   {"x_u16", ColumnType::u16, 0, 2, Conversion::uint},
                                   {"x_status", ColumnType::u64, 0, 89, Conversion::forwarding_status},
                                   {"x_high", ColumnType::u32, 0, 32, Conversion::high_byte},
                                   {"x_label", ColumnType::u16, 0, 70, Conversion::mpls_label},
                                   {"x_address", ColumnType::address, 0, 8, Conversion::address},
                                   {"x_address", ColumnType::address, 0, 27, Conversion::address},
                                   {"x_mac", ColumnType::mac, 0, 56, Conversion::mac},
                                   {"x_time", ColumnType::timestamp, 0, 22, Conversion::uptime_ms},
                                   {"x_real", ColumnType::f64, 0, 1, Conversion::real},
                                   {"x_text", ColumnType::text, 0, 4, Conversion::text},
                                   {"x_app", ColumnType::text, 0, 95, Conversion::application_id},
                               })
          .value();
  return schema;
}

inline DecoderOptions options_from(uint8_t switches) {
  DecoderOptions options;
  options.other = (switches & 1) != 0;
  options.several_messages = (switches & 2) != 0;
  if ((switches & 4) != 0) {
    options.limits.sessions = 2;
    options.limits.templates_per_session = 3;
    options.limits.templates = 4;
    options.limits.fields_per_template = 6;
    options.limits.rates_per_session = 2;
    options.limits.names_per_session = 3;
    options.limits.memory = 12'000;
    options.limits.name_length = 7;
    options.limits.options_only_domains = 1;
    options.limits.early_bytes_per_session = 600;
    options.limits.early_bytes = 900;
  }
  if ((switches & 16) != 0) options.schema = configured_schema();
  if ((switches & 8) != 0) {
    options.sampling_rates[test::kExporter] = 100;
    options.trusted_relays = {IpPrefix{test::kExporter, test::kExporter}};
  }
  return options;
}

inline void check(const Decoder& decoder, uint64_t records, uint64_t datagrams) {
  flow::ExporterCounters sum;
  for (const auto& [exporter, counters] : decoder.counters()) sum += counters;
  CHECK(sum.datagrams_received == datagrams);
  CHECK(sum.datagrams_received == sum.datagrams_decoded + sum.datagrams_rejected);
  CHECK(sum.rows[flow::Table::flows] == records);
  CHECK(sum.early_sets_held == 0);
  CHECK(sum.anomalies[flow::Anomaly::missing_template] == sum.early_sets_decoded + sum.undecodable_sets);
}

// versions: what the datagrams are made to be, if they are not.
inline int run(std::span<const uint8_t> input, std::span<const uint16_t> versions) {
  ByteReader in(input);
  const auto switches = in.read<BigEndian<uint8_t>>();
  if (!switches) return 0;
  uint64_t rows = 0;
  flow::TableBuilders builder(
      [&](flow::FullBatch full) {
        rows += full->rows();
        touch(*flow::seal(std::move(full)));
      },
      64, options_from(*switches).schema);
  Decoder decoder(options_from(*switches));
  Decoder inspector(options_from(*switches));
  CountingSink sink;
  uint64_t datagrams = 0;
  Timestamp received = timestamp_from_us(1'700'000'001'000'000);
  while (const auto head = in.read<Be16>()) {
    const ByteView taken = *in.take(std::min<size_t>(*head & 0x1fff, in.remaining()));
    std::vector<uint8_t> bytes(taken.begin(), taken.end());
    if (bytes.size() >= 2) {
      const uint16_t version = load_be<uint16_t>(bytes.data());
      if (std::ranges::find(versions, version) == versions.end()) {
        store_be<uint16_t>(bytes.data(), versions[version % versions.size()]);
      }
    }
    ++datagrams;
    const auto port = static_cast<uint16_t>((*head >> 13) + bytes.size() % 3);
    const Datagram datagram = test::datagram(bytes, port, test::kExporter, received);
    received += std::chrono::seconds(*switches >> 5);
    decoder.decode(datagram, builder);
    inspector.inspect(datagram, sink);
  }
  decoder.expire(Timestamp::max());
  inspector.expire(Timestamp::max());
  builder.hand_over();
  check(decoder, rows, datagrams);
  check(inspector, sink.data, datagrams);
  CHECK(sink.data == rows);
  return 0;
}

}  // namespace weir::decode::fuzz
