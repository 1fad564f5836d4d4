// What a disk that is full does to a store, with the real writer: first on a file system that is really full, and where
// that cannot be made (no root), with the kernel's limit on the size of files.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>

#include "store/random_batch.h"
#include "store/segments.h"
#include "store/store.h"
#include "store/test_deliver.h"
#include "store/test_folder.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const Timestamp kNoon = parse_time("2026-11-22T12:00:00Z").value();

// A file system of 8 MiB in `folder`, if this process may mount one.
struct SmallDisk {
  explicit SmallDisk(const fs::path& folder_in) : folder(folder_in) {
    fs::create_directories(folder);
    mounted = ::mount("weir-test", folder.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=8m") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted) ::umount2(folder.c_str(), MNT_DETACH);
  }
  void fill() const {
    std::ofstream ballast(folder / "ballast", std::ios::binary);
    const std::string block(65536, 'x');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  const fs::path folder;
  bool mounted = false;
};

// No file of this process may grow beyond `bytes`: writing fails as on a full disk, with another errno.
struct FileSizeLimit {
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    previous = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, previous);
  }
  rlimit before{};
  sighandler_t previous;
};

struct FullDisk : testing::Test {
  TestFolder folder;
  flow::Ledger ledger;
  Random random{5};

  Store open(const fs::path& directory) {
    StoreOptions options;
    options.directory = directory;
    auto store = Store::open(options, make_parquet_writer());
    EXPECT_TRUE(store) << store.error().message;
    return std::move(*store);
  }
  size_t temporaries(const fs::path& directory) {
    size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(directory)) count += entry.path().extension() == ".tmp";
    return count;
  }
  flow::SealedBatch batch(size_t rows, Timestamp at = kNoon) {
    return random_batch(random, {.rows = rows, .first = at});
  }
};

TEST_F(FullDisk, IsReportedSurvivedAndRecoveredFrom) {
  const SmallDisk disk(folder / "disk");
  if (!disk.mounted) GTEST_SKIP() << "mounting a small file system needs root";
  Store store = open(disk.folder / "store");
  deliver(store, ledger, batch(5000));
  store.flush(kNoon, true);
  ASSERT_EQ(ledger.snapshot().total.rows(flow::Table::flows).stored, 5000u);
  disk.fill();
  deliver(store, ledger, batch(5000));
  store.flush(kNoon + 5s, true);
  EXPECT_EQ(store.counters().write_failures, 1u);
  EXPECT_NE(store.counters().last_error.find("No space left on device"), std::string::npos)
      << store.counters().last_error;
  EXPECT_EQ(list_segments(disk.folder / "store")->size(), 1u);
  EXPECT_EQ(temporaries(disk.folder), 0u);
  EXPECT_FALSE(store.write_ledger(text_source(std::string(1 << 20, 'x'))));
  EXPECT_EQ(temporaries(disk.folder), 0u);
  fs::remove(disk.folder / "ballast");
  store.flush(kNoon + 6s);
  EXPECT_EQ(ledger.snapshot().total.rows(flow::Table::flows).stored, 10000u);
  EXPECT_EQ(store.counters().last_error, "");
  EXPECT_EQ(list_segments(disk.folder / "store")->size(), 2u);
}

TEST_F(FullDisk, AMergeThatDoesNotFitLeavesTheSegmentsAsTheyAre) {
  const SmallDisk disk(folder / "disk");
  if (!disk.mounted) GTEST_SKIP() << "mounting a small file system needs root";
  Store store = open(disk.folder / "store");
  for (int i = 0; i < 3; ++i) {
    deliver(store, ledger, batch(2000, kNoon + i * 5s));
    store.flush(kNoon, true);
  }
  disk.fill();
  store.maintain(kNoon + 10min);
  EXPECT_EQ(store.counters().write_failures, 1u);
  EXPECT_EQ(store.counters().segments_corrupt, 0u) << "the inputs are not to blame";
  EXPECT_EQ(list_segments(disk.folder / "store")->size(), 3u);
  EXPECT_EQ(temporaries(disk.folder), 0u);
  fs::remove(disk.folder / "ballast");
  store.maintain(kNoon + 12min);
  EXPECT_EQ(list_segments(disk.folder / "store")->size(), 1u);
}

TEST_F(FullDisk, AWriteThatIsCutShortIsTriedAgain) {
  Store store = open(folder / "store");
  deliver(store, ledger, batch(20000));
  {
    const FileSizeLimit limit(65536);
    store.flush(kNoon, true);
  }
  EXPECT_EQ(store.counters().write_failures, 1u);
  EXPECT_EQ(ledger.snapshot().total.rows(flow::Table::flows).stored, 0u);
  EXPECT_EQ(temporaries(folder.path), 0u);
  store.flush(kNoon + 1s);
  EXPECT_EQ(ledger.snapshot().total.rows(flow::Table::flows).stored, 20000u);
}

// Makes a folder read-only as long as it lives, if this process may.
struct ReadOnly {
  explicit ReadOnly(const fs::path& folder_in) : folder(folder_in) {
    mounted = ::mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) == 0;
    done = mounted && ::mount(nullptr, folder.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
  }
  ReadOnly(const ReadOnly&) = delete;
  ReadOnly& operator=(const ReadOnly&) = delete;
  ~ReadOnly() {
    if (mounted) ::umount2(folder.c_str(), MNT_DETACH);
  }
  const fs::path folder;
  bool mounted = false;
  bool done = false;
};

TEST_F(FullDisk, AFolderThatBecomesReadOnlyIsReportedAndRecoveredFrom) {
  Store store = open(folder / "store");
  deliver(store, ledger, batch(100));
  {
    const ReadOnly closed(folder / "store/flows");
    if (!closed.done) GTEST_SKIP() << "making a folder read-only needs root";
    store.flush(kNoon, true);
    EXPECT_NE(store.counters().last_error.find("Read-only file system"), std::string::npos)
        << store.counters().last_error;
  }
  store.flush(kNoon + 1s);
  EXPECT_EQ(ledger.snapshot().total.rows(flow::Table::flows).stored, 100u);
}

TEST_F(FullDisk, AReadOnlyFolderIsRefusedAtTheStart) {
  const ReadOnly closed(folder.path);
  if (!closed.done) GTEST_SKIP() << "making a folder read-only needs root";
  StoreOptions options;
  options.directory = folder / "store";
  const auto refused = Store::open(options, make_parquet_writer());
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("Read-only file system"), std::string::npos) << refused.error().message;
}

}  // namespace
}  // namespace weir::store
