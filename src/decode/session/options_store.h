// What exporters announced in options records, of all sessions: sampling rates, names, start times; and whose
// announcements hold for whom.
//
// A session's own announcements hold for its records first, then those of the exporter's options-only sessions: domains
// that have never sent data. Cisco IOS XE announces samplers, interfaces and applications under another source id than
// that of its flows.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "decode/common/limits.h"
#include "decode/session/state.h"
#include "decode/template/options_state.h"
#include "flow/anomaly.h"
#include "flow/flow_type.h"

namespace weir::decode {

// Those of one stream. Its address must not change.
struct SessionOptions {
  StreamNumber stream{};
  ExporterPort port{};
  uint32_t domain = 0;
  flow::FlowType protocol = flow::FlowType::unknown;
  OptionsState state;            // persistent, as are the templates
  bool here = false;             // announced to this decoder; else they are those of a state
  AnnouncedOptionsPtr snapshot;  // as they were handed out or taken over last; nullptr: nothing announced
  uint64_t snapshot_version = 0;

  // Whether options records have announced something since the snapshot.
  bool changed() const;
  // A new snapshot if something has changed.
  void take_snapshot(Timestamp now);
  // In bytes, about, with the snapshot.
  size_t memory() const { return kBytes + state.memory(); }

 private:
  static constexpr size_t kBytes = 700;
};

// Of the streams of one exporter's sessions that announced something in options records and never sent data.
using OptionsOnly = std::vector<const SessionOptions*>;

class OptionsStore {
 public:
  explicit OptionsStore(const Limits& limits) : limits_(limits) {}

  void set_limits(const Limits& limits) { limits_ = limits; }

  // What one options record announced. Beyond the limits it is not kept, and counted.
  void learn_domain_rate(SessionOptions& session, uint32_t rate) { session.state.set_domain_rate(rate); }
  void learn_start(SessionOptions& session, uint64_t start_ms) { session.state.set_start_ms(start_ms); }
  OptionsState::Learned learn_rate(SessionOptions& session, RateScope scope, uint64_t id, uint32_t rate,
                                   flow::AnomalyCounts& anomalies);
  OptionsState::Learned learn_name(SessionOptions& session, NameKind kind, uint64_t id, std::string_view text,
                                   flow::AnomalyCounts& anomalies);

  // Whose announcements hold for whom: those of domains that have sent no data for the others. Not too many.
  void add_speaker(const SessionOptions& session, OptionsOnly& speakers) const;
  static void remove_speaker(const SessionOptions& session, OptionsOnly& speakers);
  // What speakers say to records of another domain, behind `known`. Those that send from the same port, else all.
  static void add_speakers(uint32_t domain, flow::FlowType protocol, ExporterPort port, const OptionsOnly& speakers,
                           std::vector<const OptionsState*>& known);

  // Takes over what is known from a state. What was announced here stays; else the newer wins. True: it has changed.
  bool import(SessionOptions& session, const AnnouncedOptionsPtr& known);
  // The two are of one stream: of what both say, what `from` says is newer. `from` is as forgotten afterwards.
  void unite(SessionOptions& from, SessionOptions& into, Timestamp now);
  // Takes over what another decoder published. Returns the last sampling rate of it, 0 if there is none.
  uint32_t adopt(SessionOptions& session, const AnnouncedOptionsPtr& published);

 private:
  void take_names(SessionOptions& session, const AnnouncedOptions& options, bool newer) const;

  Limits limits_;
};

}  // namespace weir::decode
