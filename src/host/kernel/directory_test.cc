#include "host/kernel/directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/kept_file.h"

namespace weir::host {
namespace {

std::string record(std::string_view name, uint16_t length) {
  std::string text(16, 'x');
  text.append(reinterpret_cast<const char*>(&length), 2);
  text.push_back('\4');
  text.append(name);
  text.resize(std::max<size_t>(length, text.size()), '\0');
  return text;
}

TEST(Directory, Records) {
  const std::string bytes = record("cpu0", 32) + record("a name of any length", 48);
  std::span<const char> rest = bytes;
  EXPECT_EQ(next_name(rest), "cpu0");
  EXPECT_EQ(next_name(rest), "a name of any length");
  EXPECT_TRUE(rest.empty());
}

TEST(Directory, DamagedRecordsEnd) {
  for (const std::string& bytes :
       {record("cpu0", 0), record("cpu0", 19), record("cpu0", 32).substr(0, 31), std::string(5, 'x'), std::string()}) {
    std::span<const char> rest = bytes;
    EXPECT_EQ(next_name(rest), "");
    EXPECT_TRUE(rest.empty());
  }
  // No zero byte at its end.
  const std::string unended = record("01234", 24);
  std::span<const char> rest = unended;
  EXPECT_EQ(next_name(rest), "01234");
}

TEST(Directory, NaturalOrder) {
  EXPECT_TRUE(natural_less("cpu2", "cpu10"));
  EXPECT_FALSE(natural_less("cpu10", "cpu2"));
  EXPECT_TRUE(natural_less("cpu", "cpu0"));
  EXPECT_TRUE(natural_less("a1b2", "a1b10"));
  EXPECT_FALSE(natural_less("md0", "md0"));
  EXPECT_TRUE(natural_less("x18446744073709551615", "x18446744073709551616"));
}

TEST(Directory, ListAndWatch) {
  const std::string path = testing::TempDir() + "weir_directory_" + std::to_string(::getpid());
  std::filesystem::remove_all(path);
  DirectoryWatch absent(path, "cpu");
  EXPECT_TRUE(absent.changed());
  EXPECT_FALSE(absent.there());
  EXPECT_TRUE(list_directory(path).empty());

  std::filesystem::create_directories(path + "/cpu10");
  std::filesystem::create_directories(path + "/cpu9");
  std::filesystem::create_directories(path + "/other");
  EXPECT_EQ(list_directory(path, "cpu"), (std::vector<std::string>{"cpu9", "cpu10"}));
  for (int i = 1; i < kReadsUntilRecheck; ++i) EXPECT_FALSE(absent.changed());
  EXPECT_TRUE(absent.changed());
  EXPECT_TRUE(absent.there());
  const auto changed_at_next_look = [&] {
    for (int i = 1; i < DirectoryWatch::kCallsUntilLook; ++i) EXPECT_FALSE(absent.changed());
    return absent.changed();
  };
  EXPECT_FALSE(changed_at_next_look());
  std::filesystem::create_directories(path + "/another");
  EXPECT_FALSE(changed_at_next_look());
  std::filesystem::remove(path + "/cpu9");
  EXPECT_TRUE(changed_at_next_look());
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace weir::host
