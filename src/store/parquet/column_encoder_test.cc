#include "store/parquet/column_encoder.h"

#include <gtest/gtest.h>

#include <random>

namespace weir::store::parquet {
namespace {

using flow::Column;

// `rows` flows with 10,000 different sizes that lie apart, from so many addresses that lie anywhere.
flow::SealedBatch flows(size_t rows, uint32_t addresses, std::mt19937& random) {
  auto batch = std::make_shared<flow::FlowBatch>();
  batch->append(rows, IpAddress::from_v4(1));
  const std::span sources(batch->values<Column::src_addr>(), rows);
  const std::span bytes(batch->values<Column::bytes>(), rows);
  for (IpAddress& source : sources)
    source = IpAddress::from_v4(static_cast<uint32_t>(random() % addresses) * 2654435761U);
  for (uint64_t& value : bytes) value = 40 + random() % 10'000 * 97;
  batch->set_valid(Column::src_addr, 0, rows);
  batch->set_valid(Column::bytes, 0, rows);
  return flow::seal(std::move(batch));
}

class ColumnEncoderTest : public testing::Test {
 protected:
  ColumnChunk encode(Column column, const std::vector<flow::SealedBatch>& batches) {
    const std::vector<GroupRows> groups = plan_groups(batches);
    EXPECT_EQ(groups.size(), 1u);
    Buffer out, bloom;
    return encoder_.encode(groups.front(), column, habit_, 4, out, bloom);
  }
  std::vector<flow::SealedBatch> full(uint32_t addresses) {
    std::vector<flow::SealedBatch> batches;
    for (int i = 0; i < 4; ++i) batches.push_back(flows(kPageRows, addresses, random_));
    return batches;
  }
  std::mt19937 random_{1};
  ColumnEncoder encoder_;
  TrialResult habit_;
};

// What is left for the last row group of a file has hardly a value twice.
TEST_F(ColumnEncoderTest, AShortRowGroupDoesNotChangeWhatSuitsTheOthers) {
  EXPECT_EQ(encode(Column::bytes, full(1)).encoding, Encoding::rle_dictionary);
  EXPECT_NE(encode(Column::bytes, {flows(5000, 1, random_)}).encoding, Encoding::rle_dictionary);
  EXPECT_EQ(encode(Column::bytes, full(1)).encoding, Encoding::rle_dictionary);
}

TEST_F(ColumnEncoderTest, AddressesInOrderTakeLessThanInRowsEvenWhereFewRepeat) {
  const ColumnChunk many = encode(Column::src_addr, full(1'000'000));
  EXPECT_EQ(many.encoding, Encoding::plain) << "more than a dictionary may have";
  EXPECT_LT(static_cast<double>(many.compressed_bytes), 4.1 * static_cast<double>(many.values));
  habit_ = {};
  const ColumnChunk fewer = encode(Column::src_addr, {flows(kPageRows, 25'000, random_)});  // more than half distinct
  EXPECT_EQ(fewer.encoding, Encoding::rle_dictionary);
  EXPECT_LT(static_cast<double>(fewer.compressed_bytes), 4.1 * static_cast<double>(fewer.values));
}

TEST_F(ColumnEncoderTest, AColumnThatHasGrownIsTriedAgain) {
  EXPECT_EQ(encode(Column::src_addr, full(100)).encoding, Encoding::rle_dictionary);
  EXPECT_EQ(encode(Column::src_addr, full(200'000)).encoding, Encoding::plain);
  EXPECT_EQ(encode(Column::src_addr, full(100)).encoding, Encoding::plain) << "until the next trial";
  for (unsigned i = 0; i < 32; ++i) encode(Column::src_addr, full(100));
  EXPECT_EQ(encode(Column::src_addr, full(100)).encoding, Encoding::rle_dictionary);
}

}  // namespace
}  // namespace weir::store::parquet
