// What of a store a question may rest on: the segments that hold each row once, each of them checked against its
// checksum, and what is missing beside them. For readers; takes no lock.
//
// Missing is, with its reason: a segment that is damaged, cannot be read or has another segment's name; one that was
// set aside as NAME.corrupt and whose rows no other has; a folder that cannot be read; numbers of segments that are
// nowhere. Where a merged segment is damaged and its originals are still there, those are read.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "flow/table.h"
#include "store/layout.h"
#include "store/sequence_gaps.h"
#include "store/verified_files.h"
#include "store/verify.h"

namespace weir::store {

struct Survey {
  std::vector<Segment> segments;  // oldest first
  std::vector<LeftOut> missing;
};

class Surveyor {
 public:
  // Reads what was verified before. threads: how many read files at a time.
  explicit Surveyor(std::filesystem::path store, unsigned threads = 1)
      : store_(std::move(store)), threads_(threads), verified_(store_) {}

  // Of segments that may hold rows received in [from, to). Fails if there is no store, or after stop().
  Result<Survey> survey(flow::Table table, std::optional<Timestamp> from = {}, std::optional<Timestamp> to = {});
  // Ends a survey soon. From any thread.
  void stop() { stopped_ = true; }
  void allow() { stopped_ = false; }
  bool stopped() const { return stopped_; }
  // How much of what has to be read is read, 0 to 100; below 0 if nothing is. From any thread.
  double progress() const;

 private:
  struct Hour {
    HourFolder folder;
    bool wanted = true;  // else a neighbour, only for its numbers
    std::vector<Segment> segments;
    std::vector<Segment> failed;   // were segments
    std::vector<Segment> corrupt;  // set aside before
  };
  struct Task {
    Hour* hour;
    Segment segment;
    std::optional<FileIdentity> identity;
    SegmentVerdict verdict;
  };

  Result<std::vector<Hour>> list(flow::Table table, std::vector<LeftOut>& missing);
  // False if a file has vanished: the folders have changed.
  bool verify(std::vector<Hour>& hours, std::vector<LeftOut>& missing);
  std::vector<Task> unchecked(std::vector<Hour>& hours) const;
  void run(std::vector<Task>& tasks);
  void add_corrupt(const Hour& hour, std::vector<LeftOut>& missing) const;
  // False if the folders have changed.
  bool add_gaps(flow::Table table, const std::vector<Hour>& hours, std::vector<LeftOut>& missing) const;
  std::vector<Segment> everything(flow::Table table) const;
  bool in_window(const Segment& segment) const { return in_window(segment.first, segment.last); }
  bool in_window(Timestamp first, Timestamp last) const { return (!from_ || last >= *from_) && (!to_ || first < *to_); }

  std::filesystem::path store_;
  unsigned threads_;
  VerifiedFiles verified_;
  VerifiedFiles::Set checked_;  // in this run, also what is too young to be remembered
  std::optional<Timestamp> from_;
  std::optional<Timestamp> to_;
  std::atomic<bool> stopped_ = false;
  std::atomic<uint64_t> bytes_wanted_ = 0;
  std::atomic<uint64_t> bytes_read_ = 0;
};

}  // namespace weir::store
