// The journal of a store: no row that was received is lost when the process is killed, and none is stored twice.
//
//   DIR/journal/STREAM-NUMBER.journal    the datagrams of one receiving thread, as they came (record.h)
//
//   append    before a datagram is decoded, it is written to the file of its thread, and gets a number
//   batches   know the datagrams whose rows they hold (flow/marks.h); they end between datagrams
//   segments  say in their footer whose rows they hold. A segment is durable first, and only then counts
//   remove    a file goes when no batch, no builder and no set that waits for its template needs a datagram of it,
//             and the state file has what was learned from it
//   start     what the footers of whole segments do not have is decoded again (pipeline/recovery.h), with the numbers
//             that it had: should that be killed, too, the next start finds what it has stored
//
// So a row is in a durable segment, whose footer says so, or it is decoded again; the rename of the segment decides.
// Rows that were given up (a full queue, a disk that failed for long) count as done.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "flow/marks.h"
#include "journal/leftover.h"
#include "journal/stream_writer.h"

namespace weir::journal {

struct JournalOptions {
  std::filesystem::path folder;
  uint64_t max_bytes = uint64_t{1} << 30;    // of all files
  uint64_t file_bytes = uint64_t{64} << 20;  // less if there are many threads
  Timestamp started{};
  bool state_file = false;  // files stay until state_saved() has told that it has what is in them
};

// Of earlier runs, decoded again.
struct ReplayCounters {
  uint64_t datagrams = 0;
  uint64_t rows = 0;         // that were not stored yet
  uint64_t known_rows = 0;   // that were
  uint64_t not_decoded = 0;  // messages of connections whose beginning is not in the journal any more
};

struct JournalCounters {
  bool writing = false;  // all streams are
  uint64_t records = 0;
  uint64_t bytes = 0;  // written
  uint64_t files = 0;
  uint64_t disk_bytes = 0;
  uint64_t not_written = 0;  // datagrams that came while it could not be written
  uint64_t given_up = 0;     // datagrams whose file had to go before their rows were stored
  uint64_t damaged = 0;      // records that could not be read again
  uint64_t sync_failures = 0;
  ReplayCounters replayed{};
  std::string last_error{};
};

class Journal final : public flow::MarksListener, public DiskBudget {
 public:
  // Makes the folder and reads what is left in it.
  static Result<std::unique_ptr<Journal>> open(JournalOptions options);

  const Leftover& leftover() const { return leftover_; }

  // For one receiving thread, before it starts. Good as long as the journal.
  StreamWriter& add_stream(uint32_t thread);
  // Data sets that wait in a replay, of a stream of an earlier run.
  void note_held(uint64_t stream, const std::vector<flow::SetPlace>& places);

  // A batch has left its thread.
  void sent(const flow::Marks& marks);
  void answered(const flow::Marks& marks) override;
  // Of this stream its thread needs no datagram any more before `rows`, for rows that it has, and before `waiting`, for
  // sets that wait for their template. After sent() of what it has let go of.
  void set_floor(uint64_t stream, uint64_t rows, uint64_t waiting);
  // Whether the rows of all datagrams before these are stored or given up, but for sets that wait.
  bool is_done(const std::map<uint64_t, uint64_t>& next_numbers) const;
  bool is_earlier(const flow::Marks& marks) const;
  // The state file of this time will have what was learned from the datagrams before these; before it is replaced. Kept in
  // DIR/journal/reached, for this one and the one before:
  //   SAVED STREAM:NEXT STREAM:NEXT ...    a line each; the time in decimal, the others hexadecimal
  void state_reaches(Timestamp saved, const std::map<uint64_t, uint64_t>& next_numbers);
  // Of a state file of an earlier run; nothing if it is not known.
  std::map<uint64_t, uint64_t> reached_by(Timestamp saved) const;
  // The state file has what was learned from the datagrams before these.
  void state_saved(const std::map<uint64_t, uint64_t>& next_numbers);
  // Everything of earlier runs has been decoded; of each stream what waits for its template begins there, if anything
  // does.
  void replayed(const std::map<uint64_t, uint64_t>& waiting);
  void count_replayed(const ReplayCounters& more);

  // Once in `journal_sync`: what was written is on the disk afterwards.
  void sync();
  // Removes what is not needed any more. last: nothing comes any more.
  void clean(bool last);
  // What a merged segment need not tell any more.
  void drop_removed(flow::Marks& marks) const;
  JournalCounters counters() const;

  bool take(uint64_t bytes) override;
  void give_back(uint64_t bytes) override;

 private:
  struct Stream {
    std::unique_ptr<StreamWriter> writer;
    bool earlier = false;               // of an earlier run
    uint64_t waiting = 0;               // as set_floor()
    uint64_t floor = 0;                 // of its thread
    uint64_t state = 0;                 // the state file is past what is before it
    std::multiset<uint64_t> under_way;  // the oldest datagram of each batch that is neither stored nor given up
  };

  Journal(JournalOptions options, Leftover leftover);
  uint64_t file_bytes() const;
  void clean_earlier(bool last);
  uint64_t first_in_files(uint64_t id) const;

  const JournalOptions options_;
  const Leftover leftover_;
  const uint64_t run_;

  mutable std::mutex mutex_;
  std::map<uint64_t, Stream> streams_;                         // guarded by mutex_; none goes
  uint64_t disk_bytes_ = 0;                                    // guarded by mutex_
  JournalCounters counters_;                                   // guarded by mutex_
  bool replayed_ = false;                                      // guarded by mutex_
  bool saved_since_replay_ = false;                            // guarded by mutex_
  std::map<Timestamp, std::map<uint64_t, uint64_t>> reached_;  // guarded by mutex_; by when the state file was saved
  std::vector<std::pair<uint64_t, LeftFile>> left_files_;      // guarded by mutex_; of earlier runs: stream, file
};

}  // namespace weir::journal
