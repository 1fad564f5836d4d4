#include "host/kernel/shared_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weir::host {
namespace {

class SharedFileTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_) << text; }

  std::string path_ = testing::TempDir() + "weir_shared_file_" + std::to_string(::getpid());
};

TEST_F(SharedFileTest, NoReaderGetsATextTwice) {
  using enum SharedFile::Reader;
  SharedFiles files;
  write("1");
  const auto file = files.get(path_, Shape::one_record);
  EXPECT_EQ(files.get(path_, Shape::one_record), file);
  EXPECT_EQ(file->read(cpu).value(), "1");
  write("2");
  EXPECT_EQ(file->read(cpu).value(), "2");
  EXPECT_EQ(file->read(stat).value(), "2");
  write("3");
  EXPECT_EQ(file->read(stat).value(), "3");
  std::filesystem::remove(path_);
  files = {};
  write("4");
  const auto other = files.get(path_, Shape::one_record);
  EXPECT_EQ(other->read_if_there(sockstat), "4");
  EXPECT_EQ(other->read_if_there(udp_queues), "4");
}

TEST_F(SharedFileTest, WhatIsMissingIsNotShared) {
  using enum SharedFile::Reader;
  SharedFile file(path_, Shape::one_record);
  EXPECT_FALSE(file.read_if_there(sockstat));
  EXPECT_FALSE(file.read_if_there(udp_queues));
  EXPECT_FALSE(file.read(udp_queues));
  write("1");
  EXPECT_EQ(file.read(sockstat).value(), "1");
}

}  // namespace
}  // namespace weir::host
