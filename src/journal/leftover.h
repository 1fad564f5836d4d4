// What a collector that was killed left in its journal: the files, and of the datagrams in them those whose rows are not
// stored yet.
#pragma once

#include <sys/mman.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "flow/marks.h"
#include "flow/table.h"
#include "journal/record.h"

namespace weir::journal {

// A file, mapped to be read.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();
  ByteView bytes() const { return bytes_; }

 private:
  explicit MappedFile(ByteView bytes) : bytes_(bytes) {}
  ByteView bytes_;
};

// One receiving thread of one run.
struct LeftFile {
  std::filesystem::path path;
  uint64_t bytes = 0;  // on the disk
  uint64_t end = 0;    // behind the last datagram that it has, or has something to say about
};

struct LeftStream {
  FileHeader header;  // of its first file
  std::vector<LeftFile> files;
  uint64_t next_file = 0;

  uint64_t records = 0;                  // datagrams
  uint64_t damaged = 0;                  // records that cannot be read
  std::vector<flow::SetPlace> held;      // sorted: sets that had to wait for their template
  std::optional<Timestamp> first, last;  // received

  bool was_held(flow::SetPlace place) const;
};

struct Leftover {
  std::vector<LeftStream> streams;  // runs one after the other
  uint64_t unreadable = 0;          // files that are none, by their header

  const LeftStream* find(uint64_t stream) const;
  std::optional<Timestamp> first_received() const;
  std::optional<Timestamp> last_received() const;
};

// Reads the whole journal in `folder`. What is behind the last record of a file is given back to the disk. A file that is none is renamed to NAME.corrupt. Fails if the folder or a file in
// it cannot be read.
Result<Leftover> read_leftover(const std::filesystem::path& folder);

// All records of all streams, runs one after the other, and within a run in the order in which they were received.
class LeftoverReader {
 public:
  explicit LeftoverReader(const Leftover& leftover) : leftover_(leftover) {}

  struct Next {
    size_t stream = 0;  // its place in the leftover
    Record record;      // its bytes are good until the next call
  };
  // Nothing at the end; a file that cannot be read any more is left out.
  std::optional<Next> next();

 private:
  struct Cursor {
    size_t stream = 0;
    size_t file = 0;  // the next one
    std::optional<MappedFile> mapped;
    std::optional<RecordReader> reader;
    std::optional<Record> record;
    Timestamp time{};  // of the record, or of the one before
  };

  void open_run();
  void advance(Cursor& cursor);

  const Leftover& leftover_;
  size_t next_stream_ = 0;
  std::vector<Cursor> cursors_;  // of the run at hand
  Cursor* returned_ = nullptr;   // whose record was returned last
};

// Whether the rows of a data set (or of a datagram without sets) are stored.
class Coverage {
 public:
  Coverage(const Leftover& leftover, flow::PerTable<flow::Marks> stored)
      : leftover_(leftover), stored_(std::move(stored)) {}
  bool is_stored(flow::Table table, uint64_t stream, flow::SetPlace place) const;

 private:
  const Leftover& leftover_;
  flow::PerTable<flow::Marks> stored_;
};

}  // namespace weir::journal
