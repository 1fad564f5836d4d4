#include "host/collectors/filesystem.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "host/collectors/options.h"
#include "host/collectors/test_lines.h"
#include "host/kernel/mounts.h"

namespace weir::host {
namespace {

TEST(Mounts, OneLine) {
  const auto mount = parse_mount(R"(36 35 98:7 /sub /mnt/my\040disk rw,noatime master:1 propagate_from:2 - )"
                                 R"(ext4 /dev/sd\134a1 rw,errors=continue)");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->point, "/mnt/my disk");
  EXPECT_EQ(mount->device, "/dev/sd\\a1");
  EXPECT_EQ(mount->type, "ext4");
  EXPECT_EQ(mount->major, 98U);
  EXPECT_EQ(mount->minor, 7U);
  EXPECT_EQ(mount->options, "rw,noatime");
  EXPECT_EQ(mount->super_options, "rw,errors=continue");
  const auto nameless = parse_mount("36 35 0:7 / /x rw - fuse  ro");
  ASSERT_TRUE(nameless);
  EXPECT_EQ(nameless->device, "");
  EXPECT_EQ(nameless->super_options, "ro");
}

TEST(Mounts, Damaged) {
  for (const char* damaged : {"", "36", "36 35 98 / /x rw - ext4 a rw", "36 35 98:x / /x rw - ext4 a rw",
                              "36 35 98:0 / x rw - ext4 a rw", "36 35 98:0 / /x rw", "36 35 98:0 / /x rw -"})
    EXPECT_FALSE(parse_mount(damaged)) << damaged;
  EXPECT_EQ(unescaped(R"(a\04)"), R"(a\04)");
  EXPECT_EQ(unescaped(R"(a\999\777\)"), R"(a\999\777\)");
}

TEST(Mounts, Options) {
  EXPECT_TRUE(has_option("rw,ro", "ro"));
  EXPECT_FALSE(has_option("rw,errors=remount-ro", "ro"));
  EXPECT_FALSE(has_option("", "ro"));
}

// A statfs that does not return for the paths that are held, until they are let go.
class HeldStatfs {
 public:
  StatfsAnswer operator()(const std::string& path) {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !held_.contains(path); });
    const auto error = errors_.find(path);
    if (error != errors_.end()) return {.sizes = {}, .error = error->second};
    return {.sizes = {.size_bytes = 1000, .free_bytes = free_, .available_bytes = 50, .files = 7, .files_free = 3}};
  }
  void hold(const std::string& path) {
    const std::lock_guard lock(mutex_);
    held_.insert(path);
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    held_.clear();
    changed_.notify_all();
  }
  void set_free(double free) {
    const std::lock_guard lock(mutex_);
    free_ = free;
  }
  void fail(const std::string& path, int error) {
    const std::lock_guard lock(mutex_);
    errors_[path] = error;
  }
  // Until so many calls were begun.
  void wait_for_calls(int calls) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return calls_ >= calls; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> held_;
  std::map<std::string, int> errors_;
  double free_ = 100;
  int calls_ = 0;
};

class FilesystemTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(root_ + "/1");
    options_.procfs = root_;
  }
  void TearDown() override {
    statfs_->let_go();
    std::filesystem::remove_all(root_);
  }
  void mounts(const std::string& table) { std::ofstream(root_ + "/1/mountinfo") << table; }
  std::unique_ptr<Collector> make() {
    auto made = make_filesystem_over(options_, [held = statfs_](const std::string& path) { return (*held)(path); });
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  std::string collect(Collector& collector) {
    out_.clear();
    const auto collected = collector.collect(out_);
    EXPECT_TRUE(collected) << (collected ? "" : collected.error().message);
    return std::string(out_.text());
  }

  std::string root_ = testing::TempDir() + "weir_filesystem_" + std::to_string(::getpid());
  Options options_;
  std::shared_ptr<HeldStatfs> statfs_ = std::make_shared<HeldStatfs>();
  telemetry::Exposition out_;
};

std::string sample(std::string_view name, std::string_view labels, int value) {
  return fmt::format("node_filesystem_{}{} {}", name, labels, value);
}

TEST_F(FilesystemTest, LocalOnes) {
  mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 0:5 / /proc rw - proc proc rw\n"
      "3 1 8:2 / /data rw - xfs /dev/sdb\\040x ro\n"
      "4 1 8:2 /again /data rw - xfs /dev/sdb\\040x rw\n"
      "5 1 0:9 / /run/credentials/x.service rw - tmpfs none rw\n");
  statfs_->fail("/data", EACCES);
  const auto collector = make();
  const std::string text = collect(*collector);
  EXPECT_TRUE(has_line(text, R"(node_filesystem_size_bytes{device="/dev/sda1",fstype="ext4",mountpoint="/"} 1000)"))
      << text;
  EXPECT_TRUE(has_line(text, R"(node_filesystem_device_error{device="/dev/sda1",fstype="ext4",mountpoint="/"} 0)"));
  EXPECT_TRUE(has_line(text, R"(node_filesystem_device_error{device="/dev/sdb x",fstype="xfs",mountpoint="/data",)"
                             R"(device_error="permission denied"} 1)"))
      << text;
  // As node_exporter since it has that label: what the table of mounts tells is told of a failed one too, no sizes are.
  EXPECT_TRUE(has_line(text, R"(node_filesystem_readonly{device="/dev/sdb x",fstype="xfs",mountpoint="/data",)"
                             R"(device_error="permission denied"} 1)"))
      << text;
  EXPECT_TRUE(has_line(text, R"(node_filesystem_readonly{device="/dev/sda1",fstype="ext4",mountpoint="/"} 0)")) << text;
  EXPECT_FALSE(text.contains(R"(node_filesystem_size_bytes{device="/dev/sdb x")")) << text;
  EXPECT_TRUE(has_line(text, R"(node_filesystem_mount_info{device="/dev/sda1",major="8",minor="1",mountpoint="/"} 1)"));
  EXPECT_EQ(text.find("proc"), std::string::npos);
  EXPECT_EQ(text.find("credentials"), std::string::npos);
  EXPECT_EQ(text.find("weir_"), std::string::npos) << "nothing to watch";
}

TEST_F(FilesystemTest, AHungMountKeepsItsLastFigures) {
  mounts(
      "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
      "2 1 0:50 / /far rw - nfs4 server:/far rw\n"
      "3 2 8:3 / /far/near rw - ext4 /dev/sdc rw\n"
      "4 1 0:51 / /farther rw - fuse.sshfs server: rw\n");
  options_.filesystem_mount_timeout = std::chrono::milliseconds(0);
  const auto collector = make();
  const std::string far = R"({device="server:/far",fstype="nfs4",mountpoint="/far"})";
  const std::string near = R"({device="/dev/sdc",fstype="ext4",mountpoint="/far/near"})";
  // A slow machine may need more than one scrape for the first answer.
  std::string text = collect(*collector);
  while (!has_line(text, sample("free_bytes", far, 100)) || !has_line(text, sample("free_bytes", near, 100)))
    text = collect(*collector);
  EXPECT_TRUE(has_line(text, sample("device_error", far, 0)));

  statfs_->hold("/far");
  statfs_->set_free(200);
  text = collect(*collector);  // asks, and waits in vain
  while (!has_line(text, sample("free_bytes", near, 200))) text = collect(*collector);
  const std::string_view timed_out =
      R"({device="server:/far",fstype="nfs4",mountpoint="/far",device_error="mountpoint timeout"})";
  EXPECT_TRUE(has_line(text, sample("free_bytes", timed_out, 100))) << text;
  EXPECT_TRUE(has_line(text, sample("device_error", timed_out, 1))) << text;
  EXPECT_NE(text.find(fmt::format("weir_filesystem_answer_age_seconds{}", timed_out)), std::string::npos) << text;

  statfs_->let_go();
  while (!has_line(text, sample("free_bytes", far, 200))) text = collect(*collector);
  EXPECT_TRUE(has_line(text, sample("device_error", far, 0)));
}

TEST(MountWatch, ThreadsAreBounded) {
  const auto held = std::make_shared<HeldStatfs>();
  std::vector<std::string> paths;
  for (size_t i = 0; i < 3 * MountWatch::kMaxThreads; ++i) {
    paths.push_back(fmt::format("/hung{}", i));
    held->hold(paths.back());
  }
  {
    MountWatch watch([held](const std::string& path) { return (*held)(path); });
    for (int round = 0; round < 3; ++round) {
      const auto answers = watch.ask(paths, std::chrono::milliseconds(1));
      ASSERT_EQ(answers.size(), paths.size());
      for (const auto& answer : answers) {
        EXPECT_FALSE(answer.sizes);
        EXPECT_TRUE(answer.asked_at);
      }
      EXPECT_EQ(watch.threads(), MountWatch::kMaxThreads);
    }
    held->wait_for_calls(MountWatch::kMaxThreads);
    // Unmounted: nobody asks for those any more.
    EXPECT_EQ(watch.ask(std::span(paths).first(1), std::chrono::milliseconds(0)).size(), 1U);
    held->let_go();
    std::span<const MountWatch::Answer> answers;
    do answers = watch.ask(std::span(paths).first(1), std::chrono::milliseconds(1000));
    while (!answers[0].sizes);
    EXPECT_EQ(answers[0].sizes->size_bytes, 1000);
    EXPECT_EQ(answers[0].error, 0);
    held->hold(paths[0]);
    watch.ask(std::span(paths).first(1), std::chrono::milliseconds(0));
  }
  // The watch ends while a thread is within statfs; that one ends when it can.
  held->let_go();
}

TEST(MountWatch, ErrorsAreTold) {
  const auto held = std::make_shared<HeldStatfs>();
  held->fail("/a", ESTALE);
  MountWatch watch([held](const std::string& path) { return (*held)(path); });
  const std::vector<std::string> paths{"/a"};
  std::span<const MountWatch::Answer> answers;
  do answers = watch.ask(paths, std::chrono::milliseconds(1000));
  while (answers[0].asked_at);
  EXPECT_EQ(answers[0].error, ESTALE);
  EXPECT_FALSE(answers[0].sizes);
}

}  // namespace
}  // namespace weir::host
