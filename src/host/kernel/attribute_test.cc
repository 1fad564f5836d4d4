#include "host/kernel/attribute.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/kept_file.h"

namespace weir::host {
namespace {

TEST(Attribute, Values) {
  const std::string path = testing::TempDir() + "weir_attribute_" + std::to_string(::getpid());
  std::filesystem::remove(path);
  AttributeBuffer buffer;
  Attribute attribute(path);
  EXPECT_FALSE(attribute.read(buffer));
  std::ofstream(path) << "  42\n";
  for (int i = 1; i < kReadsUntilRecheck; ++i) EXPECT_FALSE(attribute.read(buffer));
  EXPECT_EQ(attribute.read(buffer), "42");
  EXPECT_EQ(attribute.number(buffer), 42U);
  std::ofstream(path) << "-7";
  EXPECT_EQ(attribute.number<int64_t>(buffer), -7);
  EXPECT_FALSE(attribute.number(buffer));
  std::ofstream(path) << "not a number\n";
  EXPECT_FALSE(attribute.number(buffer));
  std::ofstream(path) << std::string(10'000, 'x');
  EXPECT_EQ(attribute.read(buffer)->size(), buffer.size());
  std::ofstream(path) << "";
  EXPECT_EQ(attribute.read(buffer), "");
  EXPECT_EQ(attribute_text(path + "none"), "");
  std::filesystem::remove(path);
}

TEST(Attribute, ADirectoryHasNoValue) {
  AttributeBuffer buffer;
  Attribute attribute(testing::TempDir());
  EXPECT_FALSE(attribute.read(buffer));
}

}  // namespace
}  // namespace weir::host
