// Sampled headers: what is read of every protocol, of every prefix of it, and of packets made to harm.
#include "decode/packet/packet.h"

#include <gtest/gtest.h>

#include "decode/packet/packet_cases.h"
#include "decode/test_decode.h"

namespace weir::decode::packet {
namespace {

using decode::test::Row;
using decode::test::Wire;

Row row_of(ByteView octets, Link link) {
  Packet packet;
  dissect(octets, link, packet);
  flow::FlowBatch batch(64);
  batch.append(1, decode::test::kExporter);
  put_columns(packet, batch, 0);
  return decode::test::rows_of(batch).at(0);
}

std::string text(const Row& row) {
  std::string text;
  for (const auto& [column, value] : row) text += fmt::format("{}={}\n", column, value);
  return text;
}

TEST(Packet, EveryProtocolGivesItsColumns) {
  for (const test::Case& c : test::cases()) EXPECT_EQ(text(row_of(c.octets, c.link)), text(c.want)) << c.name;
}

}  // namespace
}  // namespace weir::decode::packet
