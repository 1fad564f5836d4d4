// Which datagrams of a journal rows come from, so that after a crash no row is lost and none is stored twice.
//
// A journal numbers the datagrams of each receiving thread, one after the other: its stream. A datagram may give rows of
// several tables, and some of its data sets may wait for their template and give theirs later. So what is stored is told
// for each table, in two parts:
//
//   whole   intervals of datagrams: their rows of this table are here, but for the sets that had to wait
//   early   sets that had waited: the datagram, and the number of the set among its data sets
//
// Datagrams without rows in a table lie within its intervals, so that a segment has one interval for each thread. Which
// sets had to wait stands in the journal itself. All rows of a datagram in a table are in one batch (TableBuilders).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::flow {

// A data set of a datagram. Those of protocols without sets have number 0.
struct SetPlace {
  uint64_t datagram = 0;
  uint32_t set = 0;
  auto operator<=>(const SetPlace&) const = default;
};

struct DatagramInterval {
  uint64_t first = 0;
  uint64_t last = 0;
  auto operator<=>(const DatagramInterval&) const = default;
};

struct StreamMarks {
  uint64_t stream = 0;
  std::vector<DatagramInterval> whole;  // sorted, apart
  std::vector<SetPlace> early;          // sorted
  bool operator==(const StreamMarks&) const = default;

  uint64_t oldest() const;  // the lowest number of a datagram in it; there is one
  bool has(uint64_t datagram) const;
  bool has_early(SetPlace place) const;
};

class Marks {
 public:
  // What parse() takes at most, of any kind: a segment has at most one early set a row.
  static constexpr size_t kMostEntries = 4'000'000;

  bool empty() const { return streams_.empty(); }
  std::span<const StreamMarks> streams() const { return streams_; }
  const StreamMarks* find(uint64_t stream) const;

  // Datagrams from `first` to `last` of a stream: those between have no other rows of this table. Numbers rise.
  void add(uint64_t stream, DatagramInterval interval);
  void add_early(uint64_t stream, SetPlace place);
  // Takes over what another one has.
  void add(const Marks& other);
  // The lowest number of a datagram in it, of any stream.
  std::optional<uint64_t> oldest() const;
  // Forgets what is before `datagram` of a stream, or all of it.
  void drop_before(uint64_t stream, uint64_t datagram);
  void drop(uint64_t stream);
  bool operator==(const Marks&) const = default;

  // For the footer of a segment; parse is its inverse. Nothing of damaged text.
  //   "1;STREAM w FIRST-LAST FIRST-LAST e DATAGRAM.SET;..."   numbers are hexadecimal
  std::string to_text() const;
  static std::optional<Marks> parse(std::string_view text);

 private:
  StreamMarks& of(uint64_t stream);

  std::vector<StreamMarks> streams_;  // sorted by stream
};

// Hears when the rows of a batch are stored or given up.
class MarksListener {
 public:
  virtual ~MarksListener() = default;
  // Any thread.
  virtual void answered(const Marks& marks) = 0;
};

}  // namespace weir::flow
