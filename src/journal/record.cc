#include "journal/record.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "journal/crc32c.h"

namespace weir::journal {
namespace {

constexpr std::string_view kMagic = "WEIRJRNL";
constexpr uint32_t kVersion = 1;
constexpr size_t kCrcBytes = sizeof(Be32);
constexpr int64_t kLatestUs = 253'402'300'799'999'999;  // 9999-12-31

template <class Wire>
ByteView bytes_of(const Wire& wire) {
  return {reinterpret_cast<const uint8_t*>(&wire), sizeof(Wire)};
}

// Of a record that begins with a RecordHead.
template <class Wire>
uint32_t crc_of(const Wire& wire, ByteView payload = {}) {
  return crc32c(payload, crc32c(bytes_of(wire).subspan(kCrcBytes)));
}

RecordHead head_of(RecordKind kind, size_t body, uint64_t number) {
  return {.crc = {},
          .length = Be32::from(static_cast<uint32_t>(body)),
          .kind = static_cast<uint8_t>(kind),
          .number = Be64::from(number)};
}

}  // namespace

FileHeaderBytes encode(const FileHeader& header) {
  FileHeaderBytes wire{.magic = {},
                       .version = Be32::from(kVersion),
                       .thread = Be32::from(header.thread),
                       .stream = Be64::from(header.stream),
                       .run = Be64::from(header.run),
                       .file = Be64::from(header.file),
                       .crc = {}};
  std::memcpy(wire.magic, kMagic.data(), kMagic.size());
  wire.crc = Be32::from(crc32c(bytes_of(wire).first(sizeof(wire) - kCrcBytes)));
  return wire;
}

DatagramHead encode_head(const Datagram& datagram, uint64_t number) {
  DatagramHead wire{.record = head_of(RecordKind::datagram,
                                      sizeof(DatagramHead) - sizeof(RecordHead) + datagram.bytes.size(), number),
                    .received = Be64::from(static_cast<uint64_t>(to_us(datagram.received))),
                    .exporter = {},
                    .port = Be16::from(datagram.exporter_port),
                    .connection = Be64::from(datagram.connection)};
  std::memcpy(wire.exporter, datagram.exporter.bytes.data(), sizeof wire.exporter);
  wire.record.crc = Be32::from(crc_of(wire, datagram.bytes));
  return wire;
}

HeldRecord encode_held(flow::SetPlace place) {
  HeldRecord wire{.record = head_of(RecordKind::held, sizeof(Be32), place.datagram), .set = Be32::from(place.set)};
  wire.record.crc = Be32::from(crc_of(wire));
  return wire;
}

ConnectionRecord encode_connection(RecordKind kind, uint64_t connection, uint64_t next_number) {
  ConnectionRecord wire{.record = head_of(kind, sizeof(Be64), next_number), .connection = Be64::from(connection)};
  wire.record.crc = Be32::from(crc_of(wire));
  return wire;
}

std::optional<FileHeader> decode_header(ByteView file) {
  const auto wire = ByteReader(file).read<FileHeaderBytes>();
  if (!wire || std::memcmp(wire->magic, kMagic.data(), kMagic.size()) != 0 || wire->version != kVersion)
    return std::nullopt;
  if (wire->crc != crc32c(bytes_of(*wire).first(sizeof(*wire) - kCrcBytes))) return std::nullopt;
  return FileHeader{.thread = wire->thread, .stream = wire->stream, .run = wire->run, .file = wire->file};
}

RecordReader::RecordReader(ByteView file) : size_(file.size()), in_(file), end_(sizeof(FileHeaderBytes)) {
  if (!in_.skip(sizeof(FileHeaderBytes))) in_ = ByteReader({});
}

std::optional<Record> RecordReader::next() {
  constexpr size_t kMaxBody = sizeof(DatagramHead) - sizeof(RecordHead) + kMaxPayload;
  while (true) {
    const ByteView here = in_.rest();
    const auto head = in_.read<RecordHead>();
    if (!head || head->kind == 0) return std::nullopt;
    // A length that cannot be right does not tell where the next record begins.
    const auto body = head->length <= kMaxBody ? in_.take(head->length) : std::nullopt;
    if (!body) return std::nullopt;
    const bool whole = head->crc == crc32c(here.subspan(kCrcBytes, sizeof(RecordHead) - kCrcBytes + body->size()));
    std::optional<Record> record = whole ? parse(*head, *body) : std::nullopt;
    if (!record) {
      ++suspicious_;
      continue;
    }
    damaged_ += std::exchange(suspicious_, 0);
    end_ = size_ - in_.remaining();
    return record;
  }
}

std::optional<Record> RecordReader::parse(const RecordHead& head, ByteView body) {
  ByteReader in(body);
  Record record{.kind = static_cast<RecordKind>(head.kind), .number = head.number};
  switch (record.kind) {
    case RecordKind::datagram: {
      const auto received = in.read<Be64>();
      const auto exporter = in.take(sizeof(DatagramHead::exporter));
      const auto port = in.read<Be16>();
      const auto connection = in.read<Be64>();
      if (!received || !exporter || !port || !connection || record.number < next_number_) return std::nullopt;
      if (*received > static_cast<uint64_t>(kLatestUs)) return std::nullopt;
      next_number_ = record.number + 1;
      record.datagram = {.bytes = in.rest(),
                         .exporter = {},
                         .exporter_port = *port,
                         .received = timestamp_from_us(static_cast<int64_t>(received->value())),
                         .connection = *connection};
      std::ranges::copy(*exporter, record.datagram.exporter.bytes.begin());
      return record;
    }
    case RecordKind::held: {
      const auto set = in.read<Be32>();
      if (!set || !in.empty()) return std::nullopt;
      record.set = *set;
      return record;
    }
    case RecordKind::closed:
    case RecordKind::opened: {
      const auto connection = in.read<Be64>();
      if (!connection || !in.empty()) return std::nullopt;
      record.connection = *connection;
      return record;
    }
  }
  return std::nullopt;
}

}  // namespace weir::journal
