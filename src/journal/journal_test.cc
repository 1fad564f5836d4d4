#include "journal/journal.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "base/check.h"
#include "journal/crc32c.h"

namespace weir::journal {
namespace {

namespace fs = std::filesystem;
using flow::Table;

struct Folder {
  Folder() {
    std::string name = fs::temp_directory_path() / "weir-journal-XXXXXX";
    CHECK(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::vector<fs::path> files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
  }
  fs::path path;
};

const IpAddress kExporter = IpAddress::from_v4(0xc0000201);

std::vector<uint8_t> payload(uint8_t first, size_t size = 100) {
  std::vector<uint8_t> bytes(size, 0x5a);
  bytes[0] = first;
  return bytes;
}

Datagram datagram(ByteView bytes, int64_t second = 1000, uint64_t connection = 0) {
  return {.bytes = bytes,
          .exporter = kExporter,
          .exporter_port = 2055,
          .received = timestamp_from_us(second * 1'000'000),
          .connection = connection};
}

JournalOptions options(const Folder& folder, uint64_t max_bytes = uint64_t{16} << 20) {
  return {.folder = folder.path,
          .max_bytes = max_bytes,
          .file_bytes = uint64_t{1} << 20,
          .started = timestamp_from_us(1'000'000'000)};
}

std::unique_ptr<Journal> open(const JournalOptions& options) {
  auto journal = Journal::open(options);
  CHECK(journal.has_value());
  return *std::move(journal);
}

std::vector<LeftoverReader::Next> all_of(const Leftover& leftover,
                                         std::vector<std::vector<uint8_t>>* payloads = nullptr) {
  std::vector<LeftoverReader::Next> all;
  LeftoverReader reader(leftover);
  while (auto next = reader.next()) {
    if (payloads != nullptr)
      payloads->emplace_back(next->record.datagram.bytes.begin(), next->record.datagram.bytes.end());
    all.push_back(*next);
  }
  return all;
}

void change_byte(const fs::path& path, size_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
}

TEST(Crc32c, HasTheValuesOfRfc3720) {
  const std::vector<uint8_t> zeros(32, 0);
  std::vector<uint8_t> rising(32);
  for (size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<uint8_t>(i);
  for (const auto crc : {crc32c, crc32c_by_table}) {
    EXPECT_EQ(crc(zeros, 0), 0x8a9136aa);
    EXPECT_EQ(crc(rising, 0), 0x46dd794e);
    EXPECT_EQ(crc(ByteView(rising).subspan(13), crc(ByteView(rising).first(13), 0)), 0x46dd794e);
  }
}

TEST(Journal, WhatWasAppendedIsReadAgainAsItWas) {
  const Folder folder;
  const auto first = payload(1);
  const auto second = payload(2, 65535);
  {
    const auto journal = open(options(folder));
    StreamWriter& stream = journal->add_stream(3);
    const std::vector<Datagram> both = {datagram(first), datagram(second, 1001, 7)};
    EXPECT_EQ(stream.append(both), 1);
    stream.append_held(std::vector<flow::SetPlace>{{.datagram = 2, .set = 4}});
    stream.append_connection(RecordKind::closed, 7);
    EXPECT_EQ(stream.next_number(), 3);
  }
  const auto journal = open(options(folder));
  std::vector<std::vector<uint8_t>> payloads;
  const auto records = all_of(journal->leftover(), &payloads);
  ASSERT_EQ(records.size(), 4);
  EXPECT_EQ(payloads[0], first);
  EXPECT_EQ(payloads[1], second);
  EXPECT_EQ(records[1].record.number, 2);
  EXPECT_EQ(records[1].record.datagram.exporter, kExporter);
  EXPECT_EQ(records[1].record.datagram.exporter_port, 2055);
  EXPECT_EQ(records[1].record.datagram.received, timestamp_from_us(1'001'000'000));
  EXPECT_EQ(records[1].record.datagram.connection, 7);
  EXPECT_EQ(records[2].record.set, 4);
  EXPECT_EQ(records[3].record.connection, 7);
  ASSERT_EQ(journal->leftover().streams.size(), 1);
  const LeftStream& left = journal->leftover().streams[0];
  EXPECT_EQ(left.header.thread, 3);
  EXPECT_EQ(left.records, 2);
  EXPECT_TRUE(left.was_held({2, 4}));
  EXPECT_FALSE(left.was_held({2, 3}));
  EXPECT_EQ(journal->counters().damaged, 0);
}

TEST(Journal, AFileThatIsFullIsFollowedByAnother) {
  const Folder folder;
  const auto bytes = payload(1, 60000);
  {
    const auto journal = open(options(folder));
    StreamWriter& stream = journal->add_stream(0);
    for (int i = 0; i < 40; ++i) {
      const Datagram one = datagram(bytes, 1000 + i);
      stream.append({&one, 1});
    }
    EXPECT_EQ(journal->counters().files, 3);
    EXPECT_EQ(journal->counters().records, 40);
    EXPECT_EQ(journal->counters().disk_bytes, uint64_t{3} << 20);
  }
  const auto journal = open(options(folder));
  const auto records = all_of(journal->leftover());
  ASSERT_EQ(records.size(), 40);
  for (size_t i = 0; i < records.size(); ++i) EXPECT_EQ(records[i].record.number, i + 1);
}

TEST(Journal, ThreadsOfARunAreReadByTimeAndRunsOneAfterTheOther) {
  const Folder folder;
  const auto bytes = payload(1);
  const auto run = [&](std::vector<std::vector<int64_t>> threads) {
    const auto journal = open(options(folder));
    for (size_t i = 0; i < threads.size(); ++i) {
      StreamWriter& stream = journal->add_stream(static_cast<uint32_t>(i));
      for (const int64_t second : threads[i]) {
        const Datagram one = datagram(bytes, second);
        stream.append({&one, 1});
      }
    }
  };
  run({{10, 12, 14}, {11, 13}});
  run({{5}, {4}});
  std::vector<int64_t> seconds;
  for (const auto& next : all_of(open(options(folder))->leftover()))
    seconds.push_back(to_us(next.record.datagram.received) / 1'000'000);
  EXPECT_EQ(seconds, (std::vector<int64_t>{10, 11, 12, 13, 14, 4, 5}));
}

TEST(Journal, AFileGoesWhenNobodyNeedsItAnyMore) {
  const Folder folder;
  const auto journal = open(options(folder));
  StreamWriter& stream = journal->add_stream(0);
  const auto bytes = payload(1, 60000);
  for (int i = 0; i < 40; ++i) {  // 17 a file
    const Datagram one = datagram(bytes);
    stream.append({&one, 1});
  }
  flow::Marks first;
  first.add(stream.stream(), {1, 20});
  flow::Marks second;
  second.add(stream.stream(), {21, 40});
  journal->sent(first);
  journal->sent(second);
  journal->set_floor(stream.stream(), 41, 41);
  journal->clean(false);
  EXPECT_EQ(journal->counters().files, 3) << "nothing is stored";
  journal->answered(second);
  journal->clean(false);
  EXPECT_EQ(journal->counters().files, 3) << "the oldest is not stored";
  journal->answered(first);
  journal->clean(false);
  EXPECT_EQ(journal->counters().files, 1) << "the one that is written to stays";
  EXPECT_EQ(folder.files().size(), 1);
  journal->clean(true);
  EXPECT_TRUE(folder.files().empty());
  EXPECT_EQ(journal->counters().disk_bytes, 0);
}

TEST(Journal, AFileStaysUntilTheStateFileIsPastIt) {
  const Folder folder;
  JournalOptions with_state = options(folder);
  with_state.state_file = true;
  const auto journal = open(with_state);
  StreamWriter& stream = journal->add_stream(0);
  const auto bytes = payload(1, 60000);
  for (int i = 0; i < 20; ++i) {
    const Datagram one = datagram(bytes);
    stream.append({&one, 1});
  }
  journal->set_floor(stream.stream(), 21, 21);
  journal->clean(false);
  EXPECT_EQ(journal->counters().files, 2);
  journal->state_saved({{stream.stream(), 17}});
  journal->clean(false);
  EXPECT_EQ(journal->counters().files, 2) << "datagram 17 is the last of the first file";
  journal->state_saved({{stream.stream(), 18}});
  journal->clean(false);
  EXPECT_EQ(journal->counters().files, 1);
}

TEST(Journal, HasASizePastWhichTheOldestGoes) {
  const Folder folder;
  const auto journal = open(options(folder, uint64_t{4} << 20));  // in files of 256 KiB
  StreamWriter& stream = journal->add_stream(0);
  const auto bytes = payload(1, 60000);
  for (int i = 0; i < 100; ++i) {
    const Datagram one = datagram(bytes);
    stream.append({&one, 1});
  }
  EXPECT_LE(journal->counters().disk_bytes, uint64_t{4} << 20);
  EXPECT_EQ(journal->counters().given_up, 36) << "16 files of 4 datagrams have room";
  EXPECT_EQ(journal->counters().not_written, 0);
}

TEST(Journal, WithoutRoomForAFileDatagramsHaveNumbersAllTheSame) {
  const Folder folder;
  const auto journal = open(options(folder, 1000));
  StreamWriter& stream = journal->add_stream(0);
  const auto bytes = payload(1);
  const Datagram one = datagram(bytes);
  EXPECT_EQ(stream.append({&one, 1}), 1);
  EXPECT_EQ(stream.append({&one, 1}), 2);
  EXPECT_EQ(journal->counters().not_written, 2);
  EXPECT_FALSE(journal->counters().writing);
  EXPECT_FALSE(journal->counters().last_error.empty());
}

TEST(Journal, ADamagedRecordCostsItself) {
  const Folder folder;
  const auto bytes = payload(1);
  {
    const auto journal = open(options(folder));
    StreamWriter& stream = journal->add_stream(0);
    for (int i = 0; i < 3; ++i) {
      const Datagram one = datagram(bytes);
      stream.append({&one, 1});
    }
  }
  const size_t record = sizeof(DatagramHead) + bytes.size();
  change_byte(folder.files()[0], sizeof(FileHeaderBytes) + record + 80);
  const auto journal = open(options(folder));
  EXPECT_EQ(journal->leftover().streams[0].records, 2);
  EXPECT_EQ(journal->counters().damaged, 1);
}

TEST(Journal, ARecordThatWasCutShortByACrashIsNoDamage) {
  const Folder folder;
  const auto bytes = payload(1);
  {
    const auto journal = open(options(folder));
    StreamWriter& stream = journal->add_stream(0);
    for (int i = 0; i < 2; ++i) {
      const Datagram one = datagram(bytes);
      stream.append({&one, 1});
    }
  }
  change_byte(folder.files()[0], sizeof(FileHeaderBytes) + 2 * (sizeof(DatagramHead) + bytes.size()) - 1);
  const auto journal = open(options(folder));
  EXPECT_EQ(journal->leftover().streams[0].records, 1);
  EXPECT_EQ(journal->counters().damaged, 0);
}

TEST(Journal, WhatIsNoFileOfItIsSetAside) {
  const Folder folder;
  std::ofstream(folder.path / file_name(1, 1)) << "not a journal";
  std::ofstream(folder.path / "notes.txt") << "somebody's";
  const auto journal = open(options(folder));
  EXPECT_TRUE(journal->leftover().streams.empty());
  EXPECT_EQ(journal->counters().damaged, 1);
  EXPECT_TRUE(fs::exists(folder.path / (file_name(1, 1) + ".corrupt")));
  EXPECT_TRUE(fs::exists(folder.path / "notes.txt"));
}

TEST(Journal, EarlierRunsGoWhenAllOfThemIsStored) {
  const Folder folder;
  const auto bytes = payload(1);
  const Datagram one = datagram(bytes);
  {
    const auto journal = open(options(folder));
    journal->add_stream(0).append({&one, 1});
  }
  const auto journal = open(options(folder));
  const uint64_t earlier = journal->leftover().streams[0].header.stream;
  journal->note_held(earlier, {{.datagram = 1, .set = 2}});
  EXPECT_EQ(folder.files().size(), 2);
  flow::Marks marks;
  marks.add(earlier, {1, 1});
  journal->sent(marks);
  journal->replayed({});
  journal->clean(false);
  EXPECT_EQ(folder.files().size(), 2);
  flow::Marks merged = marks;
  journal->drop_removed(merged);
  EXPECT_EQ(merged, marks) << "a merge still has to tell";
  journal->answered(marks);
  journal->clean(false);
  EXPECT_TRUE(folder.files().empty());
  journal->drop_removed(merged);
  EXPECT_TRUE(merged.empty());
}

TEST(Coverage, ASetThatHadToWaitIsStoredOnlyIfASegmentSaysSo) {
  Leftover leftover;
  leftover.streams.emplace_back().header = {.thread = 0, .stream = 9, .run = 1, .file = 1};
  leftover.streams[0].held = {{5, 1}, {6, 2}};
  flow::PerTable<flow::Marks> stored;
  stored[Table::flows].add(9, {3, 7});
  stored[Table::flows].add_early(9, {6, 2});
  const Coverage coverage(leftover, stored);
  EXPECT_TRUE(coverage.is_stored(Table::flows, 9, {5, 0}));
  EXPECT_FALSE(coverage.is_stored(Table::flows, 9, {5, 1}));
  EXPECT_TRUE(coverage.is_stored(Table::flows, 9, {5, 2}));
  EXPECT_TRUE(coverage.is_stored(Table::flows, 9, {6, 2}));
  EXPECT_FALSE(coverage.is_stored(Table::flows, 9, {8, 0}));
  EXPECT_FALSE(coverage.is_stored(Table::flows, 10, {5, 0}));
  EXPECT_FALSE(coverage.is_stored(Table::counters, 9, {5, 0}));
}

}  // namespace
}  // namespace weir::journal
