// Any bytes as a file of the journal: it is read to an end, every record lies within it, and what is written anew from
// the records reads as the same.
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "journal/record.h"

namespace {

using namespace weir;
using namespace weir::journal;

template <class Wire>
void append(std::vector<uint8_t>& out, const Wire& wire, ByteView payload = {}) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&wire);
  out.insert(out.end(), bytes, bytes + sizeof(Wire));
  out.insert(out.end(), payload.begin(), payload.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView file(data, size);
  decode_header(file);
  std::vector<uint8_t> again;
  append(again, encode({.thread = 1, .stream = 2, .run = 3, .file = 4}));
  size_t records = 0;
  RecordReader reader(file);
  while (const auto record = reader.next()) {
    ++records;
    CHECK(reader.end() <= size);
    if (record->kind == RecordKind::datagram)
      append(again, encode_head(record->datagram, record->number), record->datagram.bytes);
    else if (record->kind == RecordKind::held)
      append(again, encode_held({record->number, record->set}));
    else
      append(again, encode_connection(record->kind, record->connection, record->number));
  }
  RecordReader second(again);
  size_t read_again = 0;
  while (second.next()) ++read_again;
  CHECK(read_again == records && second.damaged() == 0);
  CHECK(decode_header(again).has_value());
  return 0;
}
