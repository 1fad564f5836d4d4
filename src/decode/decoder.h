// The decoder: datagrams in, rows of columns (or, for people, single records) out. Pure: no clock, socket, thread or
// log; time comes with the datagram. One thread owns a Decoder; all datagrams of one exporter must reach the same
// Decoder, or the decoders share what they learn (set_shared()).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/datagram.h"
#include "decode/common/exporter_rates.h"
#include "decode/common/limits.h"
#include "decode/common/record_view.h"
#include "decode/session/place.h"
#include "decode/session/state.h"
#include "decode/session/stream_survey.h"
#include "flow/anomaly.h"
#include "flow/batch_builder.h"
#include "flow/flow_type.h"
#include "flow/ledger.h"

namespace weir::decode {

class SharedExporters;

struct DecoderOptions {
  Limits limits;
  // Elements without a column go, named, into the column `other`.
  bool other = false;
  // Some exporters put several messages into one datagram; the RFCs know only one. Off: bytes after the first are
  // counted as trailing_bytes.
  bool several_messages = true;
  // Who may send; empty: all.
  std::vector<IpPrefix> allow = {};
  // Whose records say themselves whose they are: of these senders that is the row's exporter.
  std::vector<IpPrefix> trusted_relays = {};
  // Sampling rates set by the operator, by exporter; they win over what the exporter says.
  ExporterRates sampling_rates;
  // Of the rows: the columns of flows with those that the operator added. Batches to decode into are of this schema.
  flow::SchemaPtr schema = flow::Schema::flows();
};

class Decoder {
 public:
  explicit Decoder(DecoderOptions options);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  // Decodes data records into rows of `out`, each of its table; options records and templates into the exporter's
  // session.
  void decode(const Datagram& datagram, flow::TableBuilders& out);

  // Counts a datagram as received and rejected for `reason`, and remembers nothing of it: an exporter that is not known
  // yet is counted among the forgotten ones.
  void refuse(const Datagram& datagram, flow::Anomaly reason);

  // Tells which datagrams come next, a few dozen at most. With thousands of exporters most of the time of a datagram
  // goes into waiting for memory, and this waits for all of them together. Only for speed: changes nothing.
  void expect(std::span<const Datagram> next) const;

  // Hands every record, data and options, to `sink` instead. A decoder is used in one of the two ways.
  void inspect(const Datagram& datagram, RecordSink& sink);

  // The number that records of the next datagram carry (a capture's frame number); counts on from there.
  void set_datagram_number(uint64_t number);

  // The lowest number of a datagram of which a set waits for its template; nothing: none does.
  std::optional<uint64_t> oldest_waiting() const;
  // The numbers of all such datagrams, sorted.
  std::vector<uint64_t> all_waiting() const;

  // Drops what has expired by `now` (templates, early data). Cheap; the pipeline calls it once a second, and at the end
  // with Timestamp::max(), so that data still waiting for a template is counted as undecodable_sets.
  void expire(Timestamp now);

  // A TCP or TLS connection (Datagram::connection) has ended: its templates and sequence numbers go with it, and data
  // that still waits for a template of it is counted as undecodable_sets (RFC 7011 section 8). 0, UDP, does nothing.
  void close_connection(uint64_t connection);

  // Takes over what may change while running: other, sampling_rates, limits, schema (the next rows have to go to a
  // builder of the new one).
  void set_options(DecoderOptions options);

  // Where to look for what is known of exporters that are new to this decoder: templates, options. nullptr: nowhere. It
  // has to outlive the decoder.
  void set_state_source(const StateSource* source);
  // Where the sequences of streams were before the collector was started; nullptr: not known. It has to outlive the
  // decoder.
  void set_place_source(PlaceSource* places);
  // Where they are now, of at most so many streams.
  std::vector<SequencePlace> places(size_t most) const;
  // Several decoders that receive, each, a part of the datagrams of the same exporters, and have this in common. Before
  // the first datagram; it has to outlive the decoders.
  void set_shared(SharedExporters* shared);
  // Takes over what the others have learned since the last datagram, and decodes what waited for it; once a second.
  void take_shared(flow::TableBuilders& out);
  // Sessions whose state changed since the last call, and templates that data wait for; of at most so many sessions.
  SessionChanges take_changes(Timestamp now, size_t max_sessions = SIZE_MAX);
  // Takes over what another decoder knows of a session, if it is newer and the exporter has been seen here; decodes
  // what waited for it.
  void import_state(const SessionState& state, Timestamp now, flow::TableBuilders& out);

  // What exporters announced in options records, by session; nothing if that is what the last call gave.
  std::optional<AnnouncedOptionsList> take_options(Timestamp now, size_t max_sessions = SIZE_MAX);

  // What is known of streams now: a list of at most so many, and in counters() a summary of each exporter's.
  StreamReports survey_streams(size_t most);

  // What was seen of every exporter so far; forgotten exporters are summed up under the unspecified address.
  std::vector<std::pair<IpAddress, flow::ExporterCounters>> counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir::decode
