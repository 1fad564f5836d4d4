// What is known of streams and of their loss, gathered now and then for people.
//
// Loss is known of a stream whose numbers go on as they should. Of others it is unknown: no number is better than one
// that nobody has lost anything for.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "decode/common/stream_id.h"
#include "flow/ledger.h"

namespace weir::decode {

class SequenceState;
struct Stream;

// Why loss is not known, or not all of it.
enum class LossDoubt : uint8_t {
  none,
  too_few,     // its numbers have not gone on yet
  erratic,     // always 0, of something else, of several counters in turns
  no_numbers,  // NetFlow v1
  uncounted,   // its data cannot be counted, as their template is missing
  unclear,     // it may be one with another stream
  holes,       // some messages could not be counted: what was missing next to them was not seen
};
std::string_view name(LossDoubt doubt);

struct StreamReport {
  SessionKey session;
  ExporterPort port{};
  std::optional<IpAddress> agent;  // sFlow
  std::optional<uint32_t> boot;    // milliseconds modulo 2^32, as its uptime tells
  uint32_t boots = 0;              // how many: slots and supervisors have their own
  uint64_t messages = 0;
  uint64_t lost = 0;
  LossDoubt doubt = LossDoubt::none;
  Timestamp first_heard{};
  Timestamp last_heard{};
  uint64_t templates = 0;
  bool sure = true;       // false: it may be one with another stream
  bool replaced = false;  // another one began in its place, as after a restart
  bool shared = false;    // several streams send from its port

  // When the device was started.
  std::optional<Timestamp> booted() const;
  flow::LossKnown loss_known() const;
};

// Without what only the session knows.
StreamReport report_of(const SessionKey& session, const Stream& stream, SequenceState& sequence);

struct StreamReports {
  std::vector<StreamReport> streams;
  uint64_t left_out = 0;
};

// Gathers the streams of all exporters: a list of so many, and a summary for each exporter.
class StreamSurvey {
 public:
  explicit StreamSurvey(size_t most) : most_(most) {}

  // Whether the next one will be in the list.
  bool has_room() const { return reports_.streams.size() < most_; }
  void add(StreamReport report, flow::ExporterCounters& exporter);
  StreamReports finish();

 private:
  struct Clock {
    flow::ExporterCounters* exporter;
    uint32_t boot;
  };
  size_t most_;
  StreamReports reports_;
  std::vector<Clock> clocks_;
};

}  // namespace weir::decode
