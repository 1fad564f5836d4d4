// Names of interfaces in data records.
#include <gtest/gtest.h>

#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Harness;
using test::Row;
using test::Wire;

constexpr uint16_t kVariable = 65535;
constexpr FieldOf kIngress{10, 4};
constexpr FieldOf kEgress{14, 4};
constexpr FieldOf kName{82, kVariable};
constexpr FieldOf kDescription{83, kVariable};
constexpr FieldOf kProtocol{4, 1};

// "INPUT>OUTPUT" of a record whose names are a, b, c ... in the order of their fields.
std::string names(const std::vector<FieldOf>& fields) {
  Wire record;
  char next = 'a';
  for (const FieldOf& field : fields) {
    if (field.length == kVariable)
      record.u8(1).u8(static_cast<uint64_t>(next++));
    else
      record.number(7, field.length);
  }
  Harness h;
  h.feed(test::ipfix({}, test::set(2, test::template_record(256, fields)).add(test::set(256, record))));
  EXPECT_EQ(h.anomalies(), "");
  if (h.rows().empty()) return "no row";
  Row row = h.rows().front();
  return row["in_if_name"] + ">" + row["out_if_name"];
}

TEST(InterfaceNames, OfTwoTheFirstIsTheInputs) {
  // Open vSwitch: number, type, name and description of the one, then of the other.
  const FieldOf type{368, 4};
  EXPECT_EQ(names({kIngress, type, kName, kDescription, kEgress, type, kName, kDescription}), "a>c");
  EXPECT_EQ(names({kName, kName}), "a>b");
  EXPECT_EQ(names({kIngress, kEgress, kName, kName}), "a>b");
  EXPECT_EQ(names({kName, kName, kEgress, kIngress}), "a>b");
  // Unless each follows its number.
  EXPECT_EQ(names({kEgress, kName, kIngress, kName}), "b>a");
  // Also in a record of two packets, whose repeated fields are the inner one's.
  EXPECT_EQ(names({kProtocol, kProtocol, kName, kName}), "a>b");
}

TEST(InterfaceNames, OfOneTheNumberTellsWhose) {
  EXPECT_EQ(names({kIngress, kName}), "a>");
  EXPECT_EQ(names({kName, kEgress}), ">a");
  EXPECT_EQ(names({kIngress, kName, kEgress}), "a>");
  EXPECT_EQ(names({kEgress, kName, kIngress}), ">a");
  EXPECT_EQ(names({{252, 4}, kName}), "a>");
  EXPECT_EQ(names({{253, 4}, kName}), ">a");
}

TEST(InterfaceNames, NobodyKnowsWhose) {
  EXPECT_EQ(names({kIngress, kEgress, kName}), ">");
  EXPECT_EQ(names({kName, kIngress, kEgress}), ">");
  EXPECT_EQ(names({kProtocol, kName}), ">");
  EXPECT_EQ(names({kName, kName, kName}), ">");
}

TEST(InterfaceNames, ADescriptionIsBetterThanNothing) {
  EXPECT_EQ(names({kIngress, kDescription, kName}), "b>");
  EXPECT_EQ(names({kIngress, kDescription}), "a>");
}

}  // namespace
}  // namespace weir::decode
