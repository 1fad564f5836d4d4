// What has to be remembered of an exporter to understand its next datagram. A session is one for each exporter,
// observation domain and protocol, of a TCP or TLS connection one for each connection. Plain data: who keeps which part
// of it in order is said in the header of that part.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "decode/common/stream_id.h"
#include "decode/session/allowance.h"
#include "decode/session/early_data.h"
#include "decode/session/options_store.h"
#include "decode/session/streams.h"
#include "decode/session/template_store.h"
#include "flow/ledger.h"

namespace weir::decode {

class SharedExporter;
struct Session;

struct Exporter {
  IpAddress address;
  flow::ExporterCounters counters;
  std::list<Session*> sessions;  // those used most recently first
  size_t memory = 0;             // of all of them and itself, about, in bytes
  Session* latest = nullptr;     // the session used last: most exporters have one
  uint32_t configured_rate = 0;  // the operator's sampling rate, 0 if none
  bool refused = false;          // not in exporters.allow any more
  bool relay = false;            // one of exporters.trusted_relays
  bool proven = false;           // no forged address: see ExporterTable
  bool in_front = false;         // ProvenFirst
  ExporterEarlyData early;
  // Rates and names of what had none. Those that are known may be repeated and may change as often as it likes: that
  // costs little. 65,536 are the names of two sessions at once.
  Allowance<65536, 1000> news;
  OptionsOnly options_only;  // what these announced holds for the other sessions too
  // Where other decoders receive a part of its datagrams: what they have in common, and how much of it is known here.
  std::shared_ptr<SharedExporter> shared;
  uint64_t shared_version = 0;
  std::shared_ptr<const bool> teller;  // this decoder tells of its streams: SharedExporter::tells()
};

struct Session {
  static constexpr size_t kUnchanged = SIZE_MAX;
  static constexpr uint64_t kNeverShared = UINT64_MAX;

  SessionKey key;
  Exporter* exporter = nullptr;
  std::list<Session>::iterator self;  // in the list of all sessions
  std::list<Session*>::iterator of_exporter;
  size_t memory = 0;  // what it was charged last, in bytes
  SessionTemplates templates;
  std::vector<std::unique_ptr<SessionOptions>> options;  // of those streams that announced something
  Streams streams;                                       // where decoders share the exporter, SharedExporter has them
  SessionEarlyData early;
  bool in_front = false;   // ProvenFirst
  bool sent_data = false;  // flow records, not only options

  // decode/session/change_log.h
  size_t change_index = kUnchanged;  // where in the list of changed sessions
  Timestamp shown{};                 // when its state was handed out last

  uint64_t shared_version = kNeverShared;  // of what was published of it last and is known here

  flow::ExporterCounters& counters() const { return exporter->counters; }
  flow::AnomalyCounts& anomalies() const { return exporter->counters.anomalies; }
};

}  // namespace weir::decode
