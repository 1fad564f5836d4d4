// The journal of one receiving thread: datagrams are appended before they are decoded, with one system call for all that
// came together. They are in the page cache then, so that they survive the end of the process, and on the disk after
// sync().
//
// The place of a file is taken on the disk when it is made: a disk that is full is noticed there. Then, or if a write
// fails, the stream has a gap: datagrams still get their numbers, and a new file is tried once a second.
//
// One thread appends; the rest may be called from others.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/datagram.h"
#include "base/fd.h"
#include "base/result.h"
#include "flow/marks.h"
#include "journal/record.h"

namespace weir::journal {

// What the streams of a journal share: how much of the disk it may take. Thread-safe.
class DiskBudget {
 public:
  virtual ~DiskBudget() = default;
  // False if there is no room for so many bytes.
  virtual bool take(uint64_t bytes) = 0;
  virtual void give_back(uint64_t bytes) = 0;
};

struct StreamCounters {
  bool writing = false;
  uint64_t records = 0;
  uint64_t bytes = 0;
  uint64_t not_written = 0;  // datagrams that came while the journal could not be written
  uint64_t given_up = 0;     // datagrams of files that had to go before their rows were stored
  uint64_t files = 0;        // on the disk now
  std::string last_error{};  // empty while it is written
};

class StreamWriter {
 public:
  using Clock = std::chrono::steady_clock;

  // first_file: what the number of its first file is.
  StreamWriter(std::filesystem::path folder, FileHeader stream, uint64_t first_file, uint64_t file_bytes,
               DiskBudget& budget);

  uint64_t stream() const { return header_.stream; }

  // The appending thread. The number of the first of them; the others follow it.
  uint64_t append(std::span<const Datagram> datagrams);
  void append_held(std::span<const flow::SetPlace> places);
  // kind: opened or closed.
  void append_connection(RecordKind kind, uint64_t connection);
  // Of the datagram that comes next.
  uint64_t next_number() const { return next_; }

  // What was written is on the disk afterwards.
  Result<> sync();
  // Removes files all of whose datagrams are before `number`; with `current`, the one that is written to, too. True if
  // any has gone.
  bool remove_before(uint64_t number, bool current);
  // Removes the oldest file that is not written to; false if there is none.
  bool give_up_oldest();
  // What the oldest file begins with; the next datagram if there is none.
  uint64_t oldest() const;
  StreamCounters counters() const;

 private:
  struct File {
    std::filesystem::path path;
    Fd fd;
    uint64_t bytes = 0;    // taken on the disk
    uint64_t written = 0;  // of them
    uint64_t first = 0;    // the first datagram that it may have
    uint64_t end = 0;      // behind the last one
  };
  using FilePtr = std::shared_ptr<File>;

  bool make_room(uint64_t bytes, uint64_t first);
  Result<FilePtr> open_next(uint64_t bytes, uint64_t first);
  bool write(uint64_t bytes);
  void stop(const std::string& reason);
  void remove(const File& file);

  const std::filesystem::path folder_;
  FileHeader header_;
  const uint64_t file_bytes_;
  DiskBudget& budget_;

  // Of the appending thread.
  uint64_t next_ = 1;
  Clock::time_point retry_at_{};
  std::vector<DatagramHead> heads_;
  std::vector<iovec> parts_;

  mutable std::mutex mutex_;
  FilePtr current_;              // guarded by mutex_; null: nothing is written. Its fd is the appending thread's
  std::vector<FilePtr> closed_;  // guarded by mutex_; oldest first
  StreamCounters counters_;      // guarded by mutex_
  uint64_t end_ = 1;             // guarded by mutex_; behind the last datagram of a file
  bool folder_changed_ = false;  // guarded by mutex_
};

// 0123456789abcdef-000001.journal
std::string file_name(uint64_t stream, uint64_t file);

}  // namespace weir::journal
