#include "store/parquet/checksum.h"

#include <gtest/gtest.h>

#include <fstream>

#include "store/parquet/file_writer.h"
#include "store/random_batch.h"
#include "store/test_duckdb_writer.h"
#include "store/test_folder.h"

namespace weir::store::parquet {
namespace {

namespace fs = std::filesystem;

struct Checksum : testing::Test {
  TestFolder folder;
  fs::path path = folder / "x.parquet";

  Wholeness wholeness() const {
    const auto verdict = verify_file(path);
    EXPECT_TRUE(verdict);
    if (!verdict) return Wholeness::unknown;
    EXPECT_EQ(verdict->reason.empty(), verdict->wholeness != Wholeness::damaged);
    return verdict->wholeness;
  }
  Wholeness wholeness_of(const std::string& bytes) const {
    put(bytes);
    return wholeness();
  }
  void put(const std::string& bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
  std::string bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // A small file with a column of each kind.
  std::string write_small() const {
    Random random(1);
    const std::vector batches{random_batch(random, {.rows = 10})};
    EncodingContext context;
    FileWriter file(context);
    using flow::Column;
    const flow::Schema& schema = batches[0]->schema();
    fs::remove(path);
    EXPECT_TRUE(file.create(path, schema, {Column::time_received, Column::src_addr, Column::proto, Column::other}));
    EXPECT_TRUE(file.add(plan_groups(batches)[0]));
    EXPECT_TRUE(file.finish());
    return bytes();
  }
  std::string write(std::unique_ptr<SegmentWriter> writer, size_t rows) const {
    Random random(1);
    EXPECT_TRUE(writer->write(path, {{random_batch(random, {.rows = rows})}}));
    return bytes();
  }
};

TEST_F(Checksum, FindsEveryByteThatChanged) {
  const std::string whole = write_small();
  ASSERT_EQ(wholeness(), Wholeness::whole);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int bits : {1, 0x20, 0x80, 0xff}) {
      file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(whole[at] ^ bits)).flush();
      ASSERT_EQ(wholeness(), Wholeness::damaged) << "byte " << at << " of " << whole.size() << ", bits " << bits;
    }
    file.seekp(static_cast<std::streamoff>(at)).put(whole[at]).flush();
  }
  ASSERT_EQ(wholeness(), Wholeness::whole);
}

TEST_F(Checksum, FindsEveryLengthButTheRightOne) {
  const std::string whole = write_small();
  for (size_t length = whole.size(); length > 0;) {
    fs::resize_file(path, --length);
    ASSERT_EQ(wholeness(), Wholeness::damaged) << length << " of " << whole.size();
  }
  EXPECT_EQ(wholeness_of(whole + "x"), Wholeness::damaged);
  EXPECT_EQ(wholeness_of(whole + whole), Wholeness::damaged);
  EXPECT_EQ(wholeness_of(whole), Wholeness::whole);
}

TEST_F(Checksum, FindsBytesThatChangedPlaces) {
  std::string bytes = write(make_parquet_writer(), 20000);
  ASSERT_GT(bytes.size(), size_t{1} << 20) << "more than is read at once";
  ASSERT_EQ(wholeness(), Wholeness::whole);
  for (const size_t at : {size_t{1} << 18, size_t{1} << 19, size_t{300'000}}) {
    size_t other = at - 1;
    while (bytes[other] == bytes[at]) --other;
    std::swap(bytes[at], bytes[other]);
    EXPECT_EQ(wholeness_of(bytes), Wholeness::damaged) << at;
    std::swap(bytes[at], bytes[other]);
  }
  EXPECT_EQ(wholeness_of(bytes), Wholeness::whole);
}

TEST_F(Checksum, KnowsNothingOfFilesOfOtherPrograms) {
  const std::string other = write(make_duckdb_writer(), 100);
  EXPECT_EQ(wholeness(), Wholeness::unknown);
  EXPECT_EQ(wholeness_of(other.substr(0, other.size() - 1)), Wholeness::damaged);
}

TEST_F(Checksum, LengthsThatLead) {
  using namespace std::literals;
  EXPECT_EQ(wholeness_of(""), Wholeness::damaged);
  EXPECT_EQ(wholeness_of("PAR1PAR1"), Wholeness::damaged);
  EXPECT_EQ(wholeness_of("PAR1\0\0\0\0PAR1"s), Wholeness::unknown) << "a footer without anything: not ours";
  EXPECT_EQ(wholeness_of("PAR1\1\0\0\0PAR1"s), Wholeness::damaged) << "the footer would begin in the magic";
  EXPECT_EQ(wholeness_of("PAR1\xff\xff\xff\xffPAR1"), Wholeness::damaged);
  EXPECT_EQ(wholeness_of("PAR1weir.crc32\x0a\0\0\0PAR1"s), Wholeness::damaged) << "no digits";
}

TEST_F(Checksum, SaysWhichFileCannotBeRead) {
  const auto verdict = verify_file(folder / "missing");
  ASSERT_FALSE(verdict);
  EXPECT_NE(verdict.error().message.find("missing"), std::string::npos);
}

}  // namespace
}  // namespace weir::store::parquet
