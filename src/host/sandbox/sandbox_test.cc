#include "host/sandbox/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "host/exporter.h"
#include "host/registry.h"

namespace weir::host {
namespace {

// What a child process says when it has entered the sandbox and done something: 0 if `act` returned true.
int in_sandbox(const ReachablePaths& paths, const std::function<bool()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto entered = enter_sandbox(paths);
    ::_exit(!entered ? 2 : act() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "weir_sandbox_" + std::to_string(::getpid());
    std::filesystem::create_directories(folder_ + "/allowed");
    std::ofstream(folder_ + "/allowed/file") << "text";
    std::ofstream(folder_ + "/secret") << "text";
    paths_.read = paths_read(Options());
    paths_.read.push_back(folder_ + "/allowed");
    if (in_sandbox(paths_, [] { return true; }) == 2) GTEST_SKIP() << "neither seccomp nor Landlock here";
    landlock_ = in_sandbox({}, [] { return ::open("/etc/passwd", O_RDONLY) < 0; }) == 0;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  bool opens(const std::string& path, int flags) const {
    return in_sandbox(paths_, [&] { return ::open(path.c_str(), flags, 0600) >= 0; }) == 0;
  }

  std::string folder_;
  ReachablePaths paths_;
  bool landlock_ = false;
};

TEST_F(SandboxTest, NothingIsWritten) {
  EXPECT_FALSE(opens(folder_ + "/allowed/new", O_WRONLY | O_CREAT));
  EXPECT_FALSE(opens(folder_ + "/allowed/new", O_RDONLY | O_CREAT));
  EXPECT_FALSE(opens(folder_ + "/allowed/file", O_RDWR));
  EXPECT_FALSE(opens(folder_ + "/allowed/file", O_RDONLY | O_TRUNC));
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/allowed/file"), 4U);
  EXPECT_EQ(in_sandbox(paths_, [&] { return ::unlink((folder_ + "/allowed/file").c_str()) != 0; }), 0);
  EXPECT_EQ(in_sandbox(paths_, [&] { return ::mkdir((folder_ + "/allowed/x").c_str(), 0700) != 0; }), 0);
  EXPECT_EQ(in_sandbox(paths_, [&] { return ::rename((folder_ + "/allowed/file").c_str(), folder_.c_str()) != 0; }), 0);
}

TEST_F(SandboxTest, OnlyWhatIsNamedIsRead) {
  EXPECT_TRUE(opens(folder_ + "/allowed/file", O_RDONLY));
  EXPECT_TRUE(opens("/proc/stat", O_RDONLY));
  EXPECT_TRUE(opens("/sys", O_RDONLY | O_DIRECTORY));
  if (!landlock_) GTEST_SKIP() << "no Landlock here";
  EXPECT_FALSE(opens(folder_ + "/secret", O_RDONLY));
  EXPECT_FALSE(opens("/etc/passwd", O_RDONLY));
  EXPECT_FALSE(opens("/etc", O_RDONLY | O_DIRECTORY));
  EXPECT_FALSE(opens(folder_ + "/allowed/../secret", O_RDONLY));
}

TEST_F(SandboxTest, NoProgramAndNoProcess) {
  EXPECT_EQ(in_sandbox(paths_,
                       [] {
                         std::array<char*, 2> arguments = {nullptr, nullptr};
                         ::execv("/bin/true", arguments.data());
                         return errno == EPERM || errno == EACCES;
                       }),
            0);
  EXPECT_EQ(in_sandbox(paths_, [] { return ::fork() < 0; }), 0);
  EXPECT_EQ(in_sandbox(paths_,
                       [] {
                         return ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
                                       -1, 0) == MAP_FAILED;
                       }),
            0);
  EXPECT_EQ(in_sandbox(paths_, [] { return ::socket(AF_PACKET, SOCK_RAW, 0) < 0 && errno == EPERM; }), 0);
}

TEST_F(SandboxTest, ThreadsStillStart) {
  EXPECT_EQ(in_sandbox(paths_,
                       [] {
                         bool ran = false;
                         std::thread([&] { ran = true; }).join();
                         return ran;
                       }),
            0);
}

TEST_F(SandboxTest, UnixSocketsAreRemovedIfTheyAreNamed) {
  ReachablePaths paths = paths_;
  paths.remove.push_back(folder_ + "/allowed");
  EXPECT_EQ(in_sandbox(paths, [&] { return ::unlink((folder_ + "/allowed/file").c_str()) == 0; }), 0);
  if (!landlock_) GTEST_SKIP() << "no Landlock here";
  EXPECT_EQ(in_sandbox(paths, [&] { return ::unlink((folder_ + "/secret").c_str()) != 0; }), 0);
}

// Each collector, on and off by default, succeeds in the sandbox if it does outside.
TEST_F(SandboxTest, EveryCollectorWorksAsBefore) {
  const Options options;
  for (const CollectorEntry& entry : collectors()) {
    const auto collector = entry.make(options);
    const auto works = [&] {
      telemetry::Exposition out;
      return collector && (*collector)->collect(out).has_value() && !out.text().empty();
    };
    // First in the sandbox, so that nothing is open from before.
    const int status = in_sandbox(paths_, works);
    EXPECT_TRUE(status == 0 || !works()) << entry.name << ": " << status;
  }
}

}  // namespace
}  // namespace weir::host
