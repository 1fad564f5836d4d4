// What a decoder knows of its sessions that another decoder can use: this collector's after a restart, or that of
// another collector. Sessions over UDP only, as those of a connection end with it. Plain values, and a format for them
// (version 2; integers in network order, times in microseconds since 1970):
//
//   "WEIRSTAT"  version 4
//   saved 8
//   layouts 4    { id 2, options 1, fields 2 { enterprise 4, element 2, length 2, scope 1 } }
//   sessions 4   { exporter 16, domain 4, type 1, sent_data 1,
//                  streams 1    { port 2, clock 4, has next 1, next sequence number 4, heard 8 },
//                  templates 4  { number of the layout 4, port 2, clock 4, announced 8, used 8 },
//                  options 1    { port 2, clock 4, changed 8, start_ms 8, domain rate 4,
//                                 rates 4 { scope 1, id 8, rate 4 },
//                                 names 4 { kind 1, id 8, bytes 2, text } } }
//   CRC-32C of all bytes before, 4
//
// Layouts are in a table of their own, as thousands of exporters share a few.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "decode/common/limits.h"
#include "decode/common/stream_id.h"
#include "decode/template/options_state.h"
#include "decode/template/template.h"

namespace weir::decode {

// Streams of one session that announce the same template id.
inline constexpr size_t kMaxStreamsPerTemplate = 64;

using LayoutPtr = std::shared_ptr<const Template>;

// A template as one stream announced it.
struct TemplateState {
  LayoutPtr layout;  // never null
  StreamOrigin origin;
  Timestamp announced{};
  Timestamp used{};  // last announced or used
  bool operator==(const TemplateState& other) const;
};

// A stream, to recognize it when it speaks again.
struct StreamState {
  StreamOrigin origin;
  bool has_next = false;  // where its sequence numbers were
  uint32_t next = 0;
  Timestamp heard{};
  bool operator==(const StreamState&) const = default;
};

struct AnnouncedRate {
  RateScope scope{};
  uint64_t id = 0;
  uint32_t rate = 0;  // not 0
  auto operator<=>(const AnnouncedRate&) const = default;
};

struct AnnouncedName {
  NameKind kind{};
  uint64_t id = 0;
  std::string text;  // not empty
  auto operator<=>(const AnnouncedName&) const = default;
};

// What the options records of one session announced.
struct AnnouncedOptions {
  Timestamp changed{};
  uint64_t start_ms = 0;
  uint32_t domain_rate = 0;
  std::vector<AnnouncedRate> rates;  // sorted
  std::vector<AnnouncedName> names;  // sorted
  bool empty() const { return start_ms == 0 && domain_rate == 0 && rates.empty() && names.empty(); }
  bool operator==(const AnnouncedOptions&) const = default;
};

using AnnouncedOptionsPtr = std::shared_ptr<const AnnouncedOptions>;

// What one stream's options records announced.
struct StreamOptions {
  StreamOrigin origin;
  AnnouncedOptionsPtr options;  // never null; shared, as it may hold thousands of names
  bool operator==(const StreamOptions& other) const;
};

// Of all streams that announced something.
using AnnouncedOptionsList = std::vector<std::pair<SessionKey, AnnouncedOptionsPtr>>;

struct SessionState {
  SessionKey key;          // connection is 0
  bool sent_data = false;  // flow records, not only options
  std::vector<StreamState> streams;
  std::vector<TemplateState> templates;  // by id; of one id the latest announced first
  std::vector<StreamOptions> options;    // by origin
  bool empty() const { return templates.empty() && options.empty(); }
  bool operator==(const SessionState& other) const;
};
using SessionStatePtr = std::shared_ptr<const SessionState>;

// Where a decoder looks for what was known of an exporter, when it hears of it for the first time. Called by the thread
// of each decoder.
class StateSource {
 public:
  virtual ~StateSource() = default;
  virtual std::vector<SessionStatePtr> sessions_of(const IpAddress& exporter) const = 0;
};

// A template that data wait for.
struct WantedTemplate {
  SessionKey session;
  TemplateId id{};
  bool operator==(const WantedTemplate&) const = default;
};

// What became of the sessions since somebody asked.
struct SessionChanges {
  std::vector<SessionStatePtr> changed;  // each as a whole
  std::vector<SessionKey> forgotten;     // evicted, of those that were handed out
  std::vector<WantedTemplate> wanted;
  uint64_t wanted_lost = 0;  // more than there is room for
  bool more = false;         // changed is not complete: ask again
};

std::vector<uint8_t> encode_state(std::span<const SessionStatePtr> sessions, Timestamp saved);

struct StateProblem {
  bool other_version = false;
  uint32_t version = 0;
  std::string text;  // "cut short in a session"
};
struct DecodedState {
  Timestamp saved{};
  std::vector<SessionStatePtr> sessions;
  uint64_t left_out = 0;  // templates, rates and names beyond the limits
};
// Nothing is taken on trust: the bytes may come from a damaged disk, or from a stranger.
std::expected<DecodedState, StateProblem> decode_state(ByteView bytes, const Limits& limits);

// Adds to `into` what `from`, a state of the same session, has that is newer. True if anything changed.
bool merge_state(SessionState& into, const SessionState& from);
// Without what nobody has announced or used for so long. False if nothing is left.
bool drop_expired(SessionState& state, Timestamp now, std::chrono::seconds lifetime);

}  // namespace weir::decode
