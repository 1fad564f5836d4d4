// Sessions: what has to be remembered of an exporter to understand its next datagram. One for each exporter,
// observation domain and protocol; templates, sampling rates, sequence numbers, and data that came before its template.
// Every list has a limit (decode/limits.h); the least recently used goes first.
#pragma once

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/datagram.h"
#include "decode/limits.h"
#include "decode/message.h"
#include "decode/session/sequence.h"
#include "decode/session/shared_exporter.h"
#include "decode/session/state.h"
#include "decode/stream_id.h"
#include "decode/template/compiled_template.h"
#include "decode/template/options_state.h"
#include "decode/template/template.h"
#include "decode/template/template_pool.h"
#include "flow/ledger.h"

namespace weir::decode {

// A data set that waits for its template, with what its message said.
struct EarlySet {
  struct Session* session = nullptr;
  uint16_t template_id = 0;
  MessageContext message;
  std::vector<uint8_t> body;
  bool clipped = false;
};
using EarlyList = std::list<EarlySet>;  // of all sessions, oldest first

struct Exporter {
  IpAddress address;
  flow::ExporterCounters counters;
  size_t sessions = 0;
  struct Session* latest = nullptr;  // the session used last: most exporters have one
  uint32_t configured_rate = 0;      // the operator's sampling rate, 0 if none
  // Sessions that told something in options records and never sent data: what they told holds for the others too.
  std::vector<struct Session*> announcers;
  // Where other decoders receive a part of its datagrams: what they have in common, and how much of it is known here.
  std::shared_ptr<SharedExporter> shared;
  uint64_t shared_version = 0;
};

// The state of one source port: a transport session, as far as UDP has any.
struct Stream {
  uint16_t port = 0;
  uint64_t last_used = 0;
  SequenceState sequence;
  UptimeState uptime;
};

struct Session {
  static constexpr size_t kMaxStreams = 16;  // exporters that change their port keep one or two; more are forgotten
  static constexpr size_t kUnchanged = SIZE_MAX;

  // A template as one source port announced it.
  struct TemplateEntry {
    uint16_t port = 0;
    uint64_t last_used = 0;
    Timestamp used_at{};  // when it was last announced or used
    TemplatePtr compiled;
    Timestamp announced{};
    bool here = true;             // announced to this decoder; else known from a state
    Announcement announcement{};  // by the exporter's own order; only where decoders share it
  };
  // Almost always one, and then without memory of its own: with thousands of exporters every look elsewhere is a cache
  // miss.
  using TemplateEntries = boost::container::small_vector<TemplateEntry, 1>;

  SessionKey key;
  Exporter* exporter = nullptr;
  std::list<Session>::iterator self;  // in the list of all sessions
  // By template id; the latest announced first.
  boost::unordered_flat_map<uint16_t, TemplateEntries> templates;
  size_t template_count = 0;
  OptionsState options;    // persistent, as are the templates
  bool sent_data = false;  // flow records, not only options
  boost::container::small_vector<Stream, 1> streams;
  boost::unordered_flat_map<uint16_t, std::deque<EarlyList::iterator>> early;
  size_t early_bytes = 0;

  // For those who keep the state (decode/session_state.cc).
  size_t change_index = kUnchanged;         // where in the list of changed sessions
  Timestamp shown{};                        // when it was handed out last
  Timestamp started{};                      // what was announced before the exporter's last start is void
  bool told_here = false;                   // by options records to this decoder; else options are those of a state
  std::shared_ptr<const OptionsTold> told;  // the options as they were handed out or taken over last
  uint64_t told_version = 0;                // and their version

  uint64_t shared_version = kNeverShared;  // of what was published of it last and is known here
  static constexpr uint64_t kNeverShared = UINT64_MAX;

  flow::AnomalyCounts& anomalies() { return exporter->counters.anomalies; }
};

class SessionTable {
 public:
  explicit SessionTable(const Limits& limits, flow::SchemaPtr schema = flow::Schema::flows())
      : limits_(limits), pool_(std::move(schema)) {}
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  void set_limits(const Limits& limits) { limits_ = limits; }
  // Of the rows from now on. Templates that were compiled for another schema are compiled again when they are used.
  void set_schema(flow::SchemaPtr schema) { pool_.set_schema(std::move(schema)); }

  // Those of the exporter if it is known, else of the forgotten ones. Makes and moves nothing.
  flow::ExporterCounters& counters_without_memory(const IpAddress& address);

  // Known or new, and from now on the most recently used. References are good until the next call that may make a new
  // one.
  Exporter& exporter(const IpAddress& address, Timestamp received);
  Session& session(Exporter& exporter, uint32_t domain, flow::FlowType type, uint64_t connection = 0);
  Stream& stream(Session& session, uint16_t port);
  // These datagrams will be decoded next: what is known of their exporters, and the template of their first set, is
  // fetched into the cache, all of it at once instead of one miss after the other. Changes nothing.
  void expect(std::span<const Datagram> next) const;
  // Forgets the sessions of a connection that has ended, in every observation domain. What waits for a template there
  // is given up: the template cannot come any more.
  void close_connection(uint64_t connection);

  // The template for data from `port`: announced by that port (RFC 7011 section 8), else the latest of the exporter and
  // domain, as real exporters change their port. nullptr if there is none. A template in use does not expire, however
  // long ago it was announced: there are exporters that announce theirs once, and data that cannot be read is lost. The
  // reference is good until something is announced or forgotten; who decodes by it keeps a copy.
  const TemplatePtr& find_template(Session& session, uint16_t id, uint16_t port, Timestamp now);
  // Takes a definition over.
  TemplatePtr define(Session& session, Template layout, uint16_t port, Timestamp now,
                     const Announcement& announcement = {});
  void withdraw(Session& session, uint16_t id, uint16_t port);
  // All templates, or all options templates, of the port.
  void withdraw_all(Session& session, bool options, uint16_t port);
  // After a restart: its templates and what it told about itself are void, and data that still waits for a template of
  // before would be read with another one. started: when, by our clock.
  void forget_announcements(Session& session, Timestamp started);

  // What all sessions were told; nothing if that is what the last call gave.
  std::optional<ToldList> take_told(Timestamp now);

  // What an options record told. Beyond the limits it is not kept, and counted.
  void learn_domain_rate(Session& session, uint32_t rate);
  void learn_rate(Session& session, RateScope scope, uint64_t id, uint32_t rate);
  void learn_name(Session& session, NameKind kind, uint64_t id, std::string_view text);
  void learn_start(Session& session, uint64_t start_ms);
  // The session sends flow records: what it told holds for itself only.
  void note_data(Session& session);
  // What holds for records of the session, into `known`: its own options first.
  static void known_options(const Session& session, std::vector<const OptionsState*>& known);

  // Keeps a set until its template comes. It is counted as held, or given up if the limits do not allow it.
  void hold(Session& session, uint16_t template_id, const MessageContext& message, ByteView body, bool clipped);
  // Sets that waited for this template, oldest first; they are no longer held.
  std::vector<EarlySet> release(Session& session, uint16_t template_id);
  // Counts a set that no template will ever fit.
  static void refuse_set(Session& session);

  // Where to look for what is known of exporters that are new here; nullptr: nowhere.
  void set_source(const StateSource* source) { source_ = source; }
  // At most `max_sessions` changed ones; the rest the next time.
  SessionChanges take_changes(Timestamp now, size_t max_sessions);
  // Takes over what is newer than what is known here, if the exporter is known; what it announced here stays. Never
  // evicts, counts nothing as received. Returns the session, and the ids of templates that data may have waited for.
  struct Imported {
    Session* session = nullptr;
    std::vector<uint16_t> ids;
  };
  Imported import_state(const SessionState& state, Timestamp now);

  // Where other decoders receive a part of the same exporters' datagrams (decode/session_sharing.cc); before the first
  // datagram. It has to outlive this.
  void set_shared(SharedExporters* shared);
  // The rest is for sessions of exporters that are shared (Exporter::shared) only.
  // What a message tells about its stream. After a restart nobody else takes anything over until end_change().
  SharedExporter::Uptime see_uptime(Session& session, const MessageContext& message);
  void note_sequence(Session& session, uint16_t port, const SequencedMessage& message);
  // Takes over what other decoders learned of the session's exporter, before a message is decoded.
  void take_shared(Session& session);
  // The same of all exporters, once a second.
  void take_all_shared();
  // Templates that came that way and that data may wait for.
  std::vector<std::pair<SessionKey, uint16_t>> take_arrived() { return std::exchange(arrived_, {}); }
  // When the last datagram was received.
  Timestamp now() const { return now_; }
  bool has_arrived() const { return !arrived_.empty(); }
  Session* find_session(const SessionKey& key);
  // Tells the other decoders what the datagram has changed, if it has; after each datagram.
  void end_change() {
    if (change_.owns_lock()) [[unlikely]]
      publish_changes();
  }

  // Templates and early data that are too old. Timestamp::max(): gives up all early data, keeps templates.
  void expire(Timestamp now);

  std::list<Exporter>& exporters() { return exporters_; }
  const std::list<Exporter>& exporters() const { return exporters_; }
  // What exporters had counted that are no longer in exporters().
  const flow::ExporterCounters& forgotten() const { return forgotten_; }

 private:
  struct KeyHash {
    size_t operator()(const SessionKey& key) const;
  };
  // Orders the sessions of connections by connection.
  struct ByConnection {
    bool operator()(const SessionKey& a, const SessionKey& b) const;
  };
  static size_t charge(const EarlySet& early);
  // Of a template against Limits::templates.
  static size_t weight(const CompiledTemplate& compiled);
  void forget_session(std::list<Session>::iterator session);
  void evict_oldest_session();
  void evict_oldest_exporter();
  void give_up(EarlyList::iterator early);
  EarlySet take_early(EarlyList::iterator early);
  const TemplatePtr& compiled_for_schema(Session::TemplateEntry& entry);
  void make_room(Session& session, uint16_t id, size_t weight);
  void drop_template(Session& session, uint16_t id, size_t index);
  void evict_template(Session& session);
  void expire_templates(Timestamp now);
  void restore(Exporter& exporter, Timestamp now);
  bool import_template(Session& session, const TemplateState& known, Timestamp now);
  void import_options(Session& session, const std::shared_ptr<const OptionsTold>& told);
  SessionStatePtr show(Session& session, Timestamp now);
  void update_told(Session& session, Timestamp now);
  void note_change(Session& session);
  void note_options(Session& session);
  void note_wanted(const Session& session, uint16_t template_id);
  void forget_change(Session& session);
  void add_announcer(Session& session);
  void share(Exporter& exporter);
  void begin_change(Session& session);
  void publish_changes();
  void publish(Session& session);
  void take_shared_locked(Exporter& exporter);
  void take_over(Session& session, const SharedSession& shared);
  void take_over_templates(Session& session, const SharedSession& shared);
  void take_over_options(Session& session, const OptionsToldPtr& told);
  void expire_shared(Timestamp now);
  static void remove_announcer(Session& session);

  Limits limits_;
  // Most recently used first.
  std::list<Exporter> exporters_;
  std::list<Session> sessions_;
  boost::unordered_flat_map<IpAddress, std::list<Exporter>::iterator, IpAddressHash> exporter_index_;
  boost::unordered_flat_map<SessionKey, std::list<Session>::iterator, KeyHash> session_index_;
  std::map<SessionKey, std::list<Session>::iterator, ByConnection> connection_index_;  // those of connections only
  EarlyList early_;
  size_t early_bytes_ = 0;
  size_t template_weight_ = 0;
  size_t name_bytes_ = 0;
  uint64_t clock_ = 0;  // counts uses
  Timestamp now_{};     // of the datagram
  Timestamp templates_checked_{};
  flow::ExporterCounters forgotten_;
  TemplatePool pool_;

  SharedExporters* shared_ = nullptr;
  std::unique_lock<std::mutex> change_;  // of the exporter of this datagram, while it changes something
  std::vector<SessionKey> to_publish_;
  std::vector<std::pair<SessionKey, uint16_t>> arrived_;
  bool left_ = false;  // nothing more comes

  const StateSource* source_ = nullptr;
  std::vector<Session*> changed_;
  std::vector<SessionKey> forgotten_sessions_;
  ToldList last_told_;
  std::vector<WantedTemplate> wanted_;
  uint64_t wanted_lost_ = 0;
};

}  // namespace weir::decode
