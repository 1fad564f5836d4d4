#include "base/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace weir {
namespace {

namespace fs = std::filesystem;

// Landlock holds for a thread: each test has one of its own.
class LandlockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "weir-landlock-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    for (const char* below : {"/read", "/write"}) {
      fs::create_directories(folder_ + below);
      std::ofstream(folder_ + below + "/file") << "text";
    }
    std::ofstream(folder_ + "/alone") << "text";
    std::ofstream(folder_ + "/secret") << "text";
    bool held = false;
    std::thread([&] { held = restrict_files({}).has_value(); }).join();
    if (!held) GTEST_SKIP() << "no Landlock here";
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Whether it can be opened in a thread that may reach read/, write/ and the file `alone`.
  bool opens(const std::string& path, int flags) const {
    bool opened = false;
    std::thread([&] {
      const ReachablePaths paths{.read = {folder_ + "/read", folder_ + "/missing"},
                                 .remove = {},
                                 .write = {folder_ + "/write", folder_ + "/alone"}};
      if (!restrict_files(paths)) return;
      const int file = ::open((folder_ + path).c_str(), flags | O_CLOEXEC, 0600);
      opened = file >= 0;
      if (opened) ::close(file);
    }).join();
    return opened;
  }

  std::string folder_;
};

TEST_F(LandlockTest, ReadsAndWritesWhatIsNamed) {
  EXPECT_TRUE(opens("/read/file", O_RDONLY));
  EXPECT_TRUE(opens("/write/file", O_RDWR | O_TRUNC));
  EXPECT_TRUE(opens("/write/new", O_WRONLY | O_CREAT));
  EXPECT_TRUE(opens("/alone", O_RDWR | O_CREAT | O_TRUNC));
}

TEST_F(LandlockTest, NothingElse) {
  EXPECT_FALSE(opens("/read/file", O_RDWR));
  EXPECT_FALSE(opens("/read/new", O_WRONLY | O_CREAT));
  EXPECT_FALSE(opens("/secret", O_RDONLY));
  EXPECT_FALSE(opens("/write/../secret", O_RDONLY));
  EXPECT_FALSE(opens("/new", O_WRONLY | O_CREAT));
  const int file = ::open((folder_ + "/secret").c_str(), O_RDONLY | O_CLOEXEC);  // of this thread
  EXPECT_GE(file, 0);
  ::close(file);
}

}  // namespace
}  // namespace weir
