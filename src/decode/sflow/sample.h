// The frame of an sFlow v5 datagram (sflow.org/sflow_version_5.txt): what lies around the records.
//
//   datagram                                     sample                          record
//   version = 5                 4                enterprise * 4096 + format  4   enterprise * 4096 + format  4
//   agent: type, address        4 + 4 or 16      length                      4   length                      4
//   sub-agent                   4                sequence, source, ..            bytes, padded to 4
//   sequence                    4                records, and their number
//   uptime, ms                  4
//   samples, and their number   4 + ..
//
// Samples and records are cut by their own lengths before anything in them is believed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "decode/sflow/xdr.h"

namespace weir::decode::sflow {

// Enterprise and number of a format, as one word of the wire.
constexpr uint32_t format_of(uint32_t enterprise, uint32_t number) { return enterprise << 12 | number; }
// "0:1001"
std::string format_text(uint32_t format);

struct DatagramHeader {
  IpAddress agent;  // unspecified if the agent does not say
  uint32_t sub_agent = 0;
  uint32_t sequence = 0;
  uint32_t uptime_ms = 0;
  uint32_t samples = 0;  // as the header counts them
};

// nothing: too short, or an address of no known family.
std::optional<DatagramHeader> read_header(XdrReader& in);
// An address behind its type; unspecified if the type is 0, "unknown". length: its bytes, 0, 4 or 16.
bool read_address(XdrReader& in, IpAddress& address, size_t& length);

enum class SampleKind : uint8_t { flow, counters, discard, unknown };

// Word `index` of bytes that have been counted.
inline uint32_t word_at(ByteView words, size_t index) { return load_be<uint32_t>(words.subspan(index * 4, 4).data()); }

// Where a packet came in or went out.
struct Interface {
  uint32_t format = 0;  // 0 an interface, 1 discarded (value: the reason), 2 several interfaces (value: how many)
  uint32_t value = 0;   // interface: 0 not known, kInternal: the device itself
};
inline constexpr uint32_t kInternal = 0x3fffffff;

struct Sample {
  SampleKind kind = SampleKind::unknown;
  uint32_t format = 0;
  bool expanded = false;
  uint32_t sequence = 0;
  uint32_t source_type = 0;  // 0 interface, 1 VLAN, 2 physical entity, 3 logical entity
  uint32_t source_index = 0;
  // Flow samples and discarded packets.
  uint32_t sampling_rate = 0;
  uint32_t sample_pool = 0;
  uint32_t drops = 0;
  Interface input;
  Interface output;
  uint32_t reason = 0;  // of a discarded packet

  uint32_t record_count = 0;  // as the sample says
  ByteView raw;               // all of it, with format and length
  ByteView records;           // what lies behind the fixed part
  // Bytes of `records` that are inside the sample's own length. There are more only in the last sample of a datagram,
  // where what lies behind it can belong to nothing else (agents that state a length that is too small).
  size_t own_records = 0;
};

struct CutSample {
  uint32_t format = 0;
  ByteView raw;          // with format and length, as far as it is there
  ByteView open;         // the body, and in the last sample all that follows
  size_t body = 0;       // bytes of `open` that are the body
  bool clipped = false;  // the length goes beyond the datagram
};

class SampleCutter {
 public:
  SampleCutter(ByteView samples, uint32_t count) : in_(samples), left_(count) {}

  // False at the end of the samples, as the header counts them, or of the bytes.
  bool next(CutSample& sample);
  // What the header counts and is not there.
  uint32_t missing() const { return left_; }
  ByteView rest() const { return in_.rest(); }
  // After the last sample: it turned out to have used bytes behind its own end.
  void use_rest(size_t bytes) { in_.skip(bytes); }

 private:
  XdrReader in_;
  uint32_t left_;
};

// The fixed part. False if the sample is too short for it. A format that is not known is a sample of kind unknown.
bool parse_sample(const CutSample& cut, Sample& sample);

struct Record {
  uint32_t format = 0;
  ByteView body;
};

class RecordCutter {
 public:
  explicit RecordCutter(const Sample& sample)
      : rest_(sample.records), own_end_(sample.records.size() - sample.own_records), left_(sample.record_count) {}

  // False at the end: of the records, as the sample counts them, of the bytes, or because of damage.
  bool next(Record& record);
  bool damaged() const { return damaged_; }  // a record whose length goes beyond the sample
  // The sample's length, its count and its records agree.
  bool consistent() const { return !damaged_ && left_ == 0 && rest_.size() >= own_end_; }
  // Bytes that were read behind the sample's own end.
  size_t overrun() const { return rest_.size() < own_end_ ? own_end_ - rest_.size() : 0; }
  // Bytes of the sample itself behind its last record.
  size_t unread() const { return rest_.size() > own_end_ ? rest_.size() - own_end_ : 0; }

 private:
  ByteView rest_;
  size_t own_end_;  // bytes that remain at the sample's own end
  uint32_t left_;
  bool damaged_ = false;
};

}  // namespace weir::decode::sflow
