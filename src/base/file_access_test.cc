#include "base/file_access.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace weir {
namespace {

TEST(KeyTooOpen, AsPostgresqlSeesIt) {
  std::string path = (std::filesystem::temp_directory_path() / "weir-key-XXXXXX").string();
  const int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  const bool root = geteuid() == 0;
  struct Case {
    mode_t mode;
    bool fine;
  };
  for (const Case& c :
       {Case{0600, true}, Case{0400, true}, Case{0700, true}, Case{0640, root}, Case{0440, root}, Case{0660, false},
        Case{0650, false}, Case{0604, false}, Case{0644, false}, Case{0777, false}}) {
    ASSERT_EQ(fchmod(file, c.mode), 0);
    EXPECT_EQ(!key_too_open(path).has_value(), c.fine) << std::oct << c.mode;
  }
  ASSERT_EQ(fchmod(file, 0644), 0);
  EXPECT_TRUE(key_too_open(path)->starts_with("permissions 0644 for " + path + " are too open")) << *key_too_open(path);
  if (root) {
    ASSERT_EQ(fchmod(file, 0640), 0);
    ASSERT_EQ(fchown(file, 65534, 65534), 0);
    EXPECT_TRUE(key_too_open(path)) << "a group of its own choice";
  }
  close(file);
  unlink(path.c_str());
  EXPECT_EQ(key_too_open(path), std::nullopt) << "whoever reads it says that it is not there";
}

}  // namespace
}  // namespace weir
