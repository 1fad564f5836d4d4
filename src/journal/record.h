// A file of the journal: what a receiving thread took from its sockets, as it came, before anything was made of it.
//
//   header    "WEIRJRNL"  version 4 (1)  thread 4  stream 8  run 8  file 8  CRC-32C of the bytes before 4
//   records   CRC-32C of all that follows in the record 4  length of the body 4  kind 1  number 8  body
//   zeros     to the end of the file, whose place on the disk is taken when it is made
//
//   kind 1    a datagram; the body: time received 8, exporter 16, port 2, connection 8, payload
//        2    a data set of datagram `number` waits for its template; the body: the number of the set 4
//        3    a connection has ended; the body: its number 8. `number` is that of the next datagram
//        4    a connection has begun; the same
//
// Integers are in network order, times microseconds since 1970. `run` is when the collector was started, `stream` tells
// this thread of this run from all others. Numbers of datagrams rise by one; where the journal could not be written some
// are missing.
//
// A process that is killed leaves a record that is cut short at most, the last one. Whatever else is damaged costs the
// record it is in; where its length cannot be right, the rest of the file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/big_endian.h"
#include "base/bytes.h"
#include "base/datagram.h"
#include "flow/marks.h"

namespace weir::journal {

struct FileHeader {
  uint32_t thread = 0;
  uint64_t stream = 0;
  uint64_t run = 0;
  uint64_t file = 0;
  bool operator==(const FileHeader&) const = default;
};

enum class RecordKind : uint8_t { datagram = 1, held = 2, closed = 3, opened = 4 };

struct FileHeaderBytes {
  uint8_t magic[8];
  Be32 version;
  Be32 thread;
  Be64 stream;
  Be64 run;
  Be64 file;
  Be32 crc;
};
static_assert(sizeof(FileHeaderBytes) == 44);

struct RecordHead {
  Be32 crc;
  Be32 length;
  uint8_t kind;
  Be64 number;
};
static_assert(sizeof(RecordHead) == 17);

struct DatagramHead {
  RecordHead record;
  Be64 received;
  uint8_t exporter[16];
  Be16 port;
  Be64 connection;
};
static_assert(sizeof(DatagramHead) == sizeof(RecordHead) + 34);

struct HeldRecord {
  RecordHead record;
  Be32 set;
};
struct ConnectionRecord {
  RecordHead record;
  Be64 connection;
};

// What IP and IPFIX have.
inline constexpr size_t kMaxPayload = 65535;

FileHeaderBytes encode(const FileHeader& header);
// What stands before the payload.
DatagramHead encode_head(const Datagram& datagram, uint64_t number);
HeldRecord encode_held(flow::SetPlace place);
// kind: closed or opened.
ConnectionRecord encode_connection(RecordKind kind, uint64_t connection, uint64_t next_number);

// Nothing of a file that is none, or damaged, or of another version.
std::optional<FileHeader> decode_header(ByteView file);

struct Record {
  RecordKind kind = RecordKind::datagram;
  uint64_t number = 0;
  Datagram datagram{};  // its bytes are those of the file
  uint32_t set = 0;
  uint64_t connection = 0;
};

// The records of a file, in order.
class RecordReader {
 public:
  explicit RecordReader(ByteView file);

  // Nothing at the end.
  std::optional<Record> next();
  // Records that were left out so far; the one that a crash cut short is none of them.
  uint64_t damaged() const { return damaged_; }
  // Bytes from the start of the file to the end of the last record.
  uint64_t end() const { return end_; }

 private:
  std::optional<Record> parse(const RecordHead& head, ByteView body);

  size_t size_;
  ByteReader in_;
  uint64_t next_number_ = 0;
  uint64_t damaged_ = 0;
  uint64_t suspicious_ = 0;  // damaged, if anything follows
  uint64_t end_ = 0;
};

}  // namespace weir::journal
