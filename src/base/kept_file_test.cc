#include "base/kept_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

class KeptFileTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_) << text; }

  std::string path_ = testing::TempDir() + "weir_kept_file_" + std::to_string(::getpid());
};

TEST_F(KeptFileTest, KeptFileReadsAnewEachTime) {
  write("one\n");
  KeptFile file(path_);
  EXPECT_EQ(file.read().value(), "one\n");
  write(std::string(10'000, 'x'));
  EXPECT_EQ(file.read().value(), std::string(10'000, 'x'));
  write("");
  EXPECT_EQ(file.read().value(), "");
}

TEST_F(KeptFileTest, ShortRecordsAreReadToTheEnd) {
  KeptFile file(path_, Shape::short_records);
  // Around the sizes of a page, and of the buffer as it grows.
  for (const size_t size : {0, 1, 3000, 3583, 3584, 3585, 4095, 4096, 4097, 7000, 8192, 20'000, 5}) {
    write(std::string(size, 'x'));
    EXPECT_EQ(file.read().value().size(), size);
  }
}

TEST_F(KeptFileTest, WhatIsNotThereIsNamed) {
  KeptFile file(path_);
  const auto missing = file.read();
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().message.find(path_), std::string::npos);
  EXPECT_TRUE(file.is_missing());
  EXPECT_FALSE(file.try_read());
  EXPECT_EQ(file.failure().error().message, missing.error().message);
  write("now");
  EXPECT_EQ(file.read().value(), "now");
}

TEST_F(KeptFileTest, ProcfsByThePage) {
  // A file of many records, more than a page: the kernel gives it in pieces.
  KeptFile file("/proc/self/smaps");
  const std::string first(file.read().value());
  EXPECT_GT(first.size(), 4096U);
  EXPECT_TRUE(first.ends_with("\n"));
}

TEST_F(KeptFileTest, OneRecordIsReadWholeEvenIfItOutgrowsTheBuffer) {
  KeptFile file(path_, Shape::one_record);
  for (const size_t size : {size_t{10}, size_t{4096}, size_t{8191}, size_t{100'000}, size_t{3}}) {
    write(std::string(size, 'y'));
    EXPECT_EQ(file.read().value(), std::string(size, 'y'));
  }
}

TEST_F(KeptFileTest, WhatIsNotThereIsLookedForSeldom) {
  KeptFile file(path_);
  EXPECT_FALSE(file.read_if_there());
  write("here");
  for (int i = 1; i < kReadsUntilRecheck; ++i) EXPECT_FALSE(file.read_if_there());
  EXPECT_EQ(file.read_if_there(), "here");
}

TEST_F(KeptFileTest, ReadFile) {
  std::string buffer;
  EXPECT_FALSE(try_read_file(path_, buffer));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(read_file(path_, buffer));
  write("once");
  EXPECT_EQ(read_file(path_, buffer).value(), "once");
}

}  // namespace
}  // namespace weir
