#include "host/collectors/os.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Os, Quoting) {
  const OsRelease os = parse_os_release(
      "# comment\nNAME=\"A \\\"good\\\" \\$OS\"\nID=debian # x\nPRETTY_NAME='it''s $1'\nVERSION_ID=\"12\"\n"
      "VARIANT=a\\ b\\\"\n  VERSION='12 "
      "(bookworm)'\nBUILD_ID=\nnonsense\n=\nID_LIKE=\"unfinished\nVERSION_CODENAME=\\");
  EXPECT_EQ(os.name, "A \"good\" $OS");
  EXPECT_EQ(os.id, "debian");
  EXPECT_EQ(os.pretty_name, "its $1");
  EXPECT_EQ(os.variant, "a b\"");
  EXPECT_EQ(os.version, "12 (bookworm)");
  EXPECT_EQ(os.build_id, "");
  EXPECT_EQ(os.id_like, "unfinished");
  EXPECT_EQ(os.version_codename, "\\");
}

TEST(Os, VersionNumber) {
  const auto number = [](const char* id) {
    OsRelease os;
    os.version_id = id;
    return os.version_number();
  };
  EXPECT_EQ(number("12"), 12.0);
  EXPECT_EQ(number("20.04"), 20.04);
  EXPECT_EQ(number("20.04.6 LTS"), 20.04);
  EXPECT_EQ(number("7."), 7.0);
  for (const char* none : {"", "rolling", ".5", "0", "x1"}) EXPECT_FALSE(number(none)) << none;
}

TEST(Os, SupportEnd) {
  const auto seconds = [](const char* date) {
    OsRelease os;
    os.support_end = date;
    return os.support_end_seconds();
  };
  EXPECT_EQ(seconds("2026-06-30"), 1782777600);
  for (const char* none : {"", "2026-06-31", "2026/06/30", "2026-6-30", "xxxx-06-30", "2026-06-30x"})
    EXPECT_FALSE(seconds(none)) << none;
}

}  // namespace
}  // namespace weir::host
