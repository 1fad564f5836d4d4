#include "flow/schema.h"

#include <gtest/gtest.h>

#include "flow/batch.h"

namespace weir::flow {
namespace {

std::string error_of(std::vector<ConfiguredColumn> columns) {
  const auto schema = Schema::flows_with(columns);
  return schema ? "" : schema.error().message;
}

TEST(Schema, KnowsItsColumnsByName) {
  const Schema& flows = *Schema::flows();
  EXPECT_EQ(name(flows.table()), "flows");
  EXPECT_EQ(flows.size(), kColumnCount);
  EXPECT_EQ(flows.find("bytes"), ColumnIndex(Column::bytes));
  EXPECT_EQ(flows[Column::src_addr].type, ColumnType::address);
  EXPECT_FALSE(flows.find("colour"));
  EXPECT_EQ(name(Schema::counters()->table()), "counters");
  EXPECT_EQ((*Schema::counters())[CounterColumn::time_received].name, "time_received");
}

TEST(Schema, ConfiguredColumnsFollowThoseOfThisVersionAndAreSparse) {
  const SchemaPtr schema = Schema::flows_with(std::vector<ConfiguredColumn>{
                                                  {"alpha", ColumnType::text, 9, 100, {}},
                                                  {"beta_2", ColumnType::timestamp, 0, 300, {}},
                                                  {"alpha", ColumnType::text, 9, 101, Conversion::application_id},
                                                  {"gamma", ColumnType::f64, 0, 301, {}},
                                              })
                               .value();
  EXPECT_EQ(schema->size(), kColumnCount + 3);
  const ColumnIndex alpha = schema->find("alpha").value();
  EXPECT_EQ(alpha.value(), kColumnCount);
  EXPECT_TRUE((*schema)[alpha].sparse);
  EXPECT_EQ((*schema)[alpha].clickhouse_type, "String");
  EXPECT_EQ((*schema)[*schema->find("gamma")].clickhouse_type, "Float64");
  ASSERT_EQ(schema->configured().size(), 4u);
  EXPECT_EQ(schema->configured()[0].conversion, Conversion::text);
  EXPECT_EQ(schema->configured()[1].conversion, Conversion::milliseconds);
  EXPECT_EQ(schema->configured()[2].column, alpha);
  EXPECT_EQ(schema->configured()[2].conversion, Conversion::application_id);
  EXPECT_EQ(schema->configured()[3].conversion, Conversion::real);
  // Names outlive what they were made from.
  FlowBatch batch(64, schema);
  EXPECT_EQ(batch.schema()[alpha].name, "alpha");
}

TEST(Schema, WithoutColumnsItIsTheOneOfThisVersion) { EXPECT_EQ(Schema::flows_with({}).value(), Schema::flows()); }

TEST(Schema, RefusesWhatCannotBe) {
  EXPECT_EQ(error_of({{"bytes", ColumnType::u64, 9, 1, {}}}), "there is a column bytes already");
  EXPECT_EQ(error_of({{"a", ColumnType::u64, 9, 1, {}}, {"a", ColumnType::u32, 9, 2, {}}}),
            "column a is there twice, with two types");
  for (const std::string name : {"", "9lives", "Upper", "with space", "a-b", "_a", "a.b", "\"", "\xc3\xa4"}) {
    EXPECT_NE(error_of({{name, ColumnType::u64, 9, 1, {}}}).find("is no name for a column"), std::string::npos) << name;
  }
  EXPECT_EQ(error_of({{std::string(64, 'a'), ColumnType::u64, 9, 1, {}}}), "");
  EXPECT_NE(error_of({{std::string(65, 'a'), ColumnType::u64, 9, 1, {}}}), "");
  std::vector<ConfiguredColumn> many(Schema::kMaxConfigured + 1, {"a", ColumnType::u64, 9, 1, {}});
  for (size_t i = 0; i < many.size(); ++i) many[i].name += std::to_string(i);
  EXPECT_EQ(error_of(many), "column a32 is one too many: at most 32");
  many.pop_back();
  EXPECT_EQ(error_of(many), "");
  EXPECT_EQ(error_of({{"a", ColumnType::u64, 9, 1, {}}, {"a", ColumnType::u64, 9, 1, {}}}),
            "column a takes element 9:1 twice");
  std::vector<ConfiguredColumn> elements;
  for (uint16_t i = 1; i <= 257; ++i) elements.push_back({"a", ColumnType::u64, 9, i, {}});
  EXPECT_EQ(error_of(elements), "257 elements are too many: at most 256");
}

TEST(Schema, AConversionHasToGiveTheType) {
  struct Case {
    ColumnType type;
    Conversion conversion;
    bool good;
  };
  const Case cases[] = {
      {ColumnType::u64, Conversion::uint, true},          {ColumnType::u8, Conversion::high_byte, true},
      {ColumnType::u32, Conversion::mpls_label, true},    {ColumnType::text, Conversion::application_id, true},
      {ColumnType::timestamp, Conversion::seconds, true}, {ColumnType::timestamp, Conversion::ntp, true},
      {ColumnType::f64, Conversion::real, true},          {ColumnType::u64, Conversion::seconds, false},
      {ColumnType::timestamp, Conversion::uint, false},   {ColumnType::text, Conversion::uint, false},
      {ColumnType::u64, Conversion::text, false},         {ColumnType::mac, Conversion::uint, false},
      {ColumnType::address, Conversion::mac, false},      {ColumnType::u64, Conversion::real, false},
      {ColumnType::f64, Conversion::uint, false},         {ColumnType::u64, Conversion::application_id, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(error_of({{"a", c.type, 9, 1, c.conversion}}).empty(), c.good)
        << static_cast<int>(c.type) << " " << static_cast<int>(c.conversion);
  }
}

}  // namespace
}  // namespace weir::flow
