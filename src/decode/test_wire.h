// Writes messages byte by byte, for tests and benchmarks.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/datagram.h"
#include "base/ip_address.h"

namespace weir::decode::test {

class Wire {
 public:
  template <std::unsigned_integral T>
  Wire& put(T value) {
    const auto wire = BigEndian<T>::from(value);
    for (const uint8_t byte : wire.bytes) bytes_.push_back(byte);
    return *this;
  }
  Wire& u8(uint64_t value) { return put(static_cast<uint8_t>(value)); }
  Wire& u16(uint64_t value) { return put(static_cast<uint16_t>(value)); }
  Wire& u32(uint64_t value) { return put(static_cast<uint32_t>(value)); }
  Wire& u64(uint64_t value) { return put(static_cast<uint64_t>(value)); }
  // The low bytes of a number.
  Wire& number(uint64_t value, size_t bytes) {
    for (size_t i = bytes; i-- > 0;) u8(i < 8 ? value >> (8 * i) : 0);
    return *this;
  }
  Wire& zeros(size_t count) {
    bytes_.resize(bytes_.size() + count);
    return *this;
  }
  Wire& text(std::string_view text) {
    for (const char c : text) bytes_.push_back(static_cast<uint8_t>(c));
    return *this;
  }
  Wire& add(const Wire& other) {
    for (const uint8_t byte : other.bytes_) bytes_.push_back(byte);
    return *this;
  }
  // "0a 00 02 01", with comments from # to the end of the line.
  static Wire hex(std::string_view text) {
    Wire wire;
    int high = -1;
    bool comment = false;
    for (const char c : text) {
      comment = c == '\n' ? false : comment || c == '#';
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (comment || digit < 0) continue;
      if (high >= 0) wire.u8(static_cast<uint64_t>(high * 16 + digit));
      high = high >= 0 ? -1 : digit;
    }
    return wire;
  }

  size_t size() const { return bytes_.size(); }
  const std::vector<uint8_t>& bytes() const { return bytes_; }
  operator ByteView() const { return bytes_; }  // NOLINT(google-explicit-constructor): written bytes are read

 private:
  std::vector<uint8_t> bytes_;
};

struct FieldOf {
  uint16_t element;
  uint16_t length;
  uint32_t enterprise = 0;
};

// A set with its header, padded to 4 bytes.
inline Wire set(uint16_t id, const Wire& body) {
  const size_t padding = (4 - body.size() % 4) % 4;
  return Wire().u16(id).u16(4 + body.size() + padding).add(body).zeros(padding);
}

inline Wire fields(const std::vector<FieldOf>& list) {
  Wire wire;
  for (const FieldOf& field : list) {
    wire.u16(field.element | (field.enterprise != 0 ? 0x8000U : 0U)).u16(field.length);
    if (field.enterprise != 0) wire.u32(field.enterprise);
  }
  return wire;
}

inline Wire template_record(uint16_t id, const std::vector<FieldOf>& list) {
  return Wire().u16(id).u16(list.size()).add(fields(list));
}

inline Wire options_record_v9(uint16_t id, const std::vector<FieldOf>& scope, const std::vector<FieldOf>& options) {
  return Wire().u16(id).u16(scope.size() * 4).u16(options.size() * 4).add(fields(scope)).add(fields(options));
}

inline Wire options_record_ipfix(uint16_t id, const std::vector<FieldOf>& scope, const std::vector<FieldOf>& options) {
  return Wire().u16(id).u16(scope.size() + options.size()).u16(scope.size()).add(fields(scope)).add(fields(options));
}

struct Header {
  uint32_t sequence = 0;
  uint32_t domain = 0;
  uint32_t seconds = 1'700'000'000;
  uint32_t uptime_ms = 3'600'000;
  uint16_t count = 0;        // v5 and v9
  uint16_t sampling = 0;     // v5
  uint32_t nanoseconds = 0;  // v5
};

inline Wire netflow5(const Header& h, const Wire& records) {
  return Wire()
      .u16(5)
      .u16(h.count)
      .u32(h.uptime_ms)
      .u32(h.seconds)
      .u32(h.nanoseconds)
      .u32(h.sequence)
      .u8(h.domain >> 8)
      .u8(h.domain)
      .u16(h.sampling)
      .add(records);
}

inline Wire netflow9(const Header& h, const Wire& sets) {
  return Wire().u16(9).u16(h.count).u32(h.uptime_ms).u32(h.seconds).u32(h.sequence).u32(h.domain).add(sets);
}

inline Wire ipfix(const Header& h, const Wire& sets) {
  return Wire().u16(10).u16(16 + sets.size()).u32(h.seconds).u32(h.sequence).u32(h.domain).add(sets);
}

inline const IpAddress kExporter = IpAddress::from_v4(0xc0000201);

inline Datagram datagram(ByteView bytes, uint16_t port = 50000, IpAddress exporter = kExporter,
                         Timestamp received = timestamp_from_us(1'700'000'001'000'000)) {
  return {bytes, exporter, port, received};
}

}  // namespace weir::decode::test
