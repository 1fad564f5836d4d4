// The sessions of one decoder: what is remembered of exporters between datagrams, put together.
//
//   ExporterTable   exporters and sessions, and which of them go when there are too many
//   TemplateStore   templates: definitions, withdrawals, limits, expiry
//   OptionsStore    what options records announced: sampling rates, names, start times
//   EarlyData       data that came before its template
//   ChangeLog       what changed, for those who keep the state
//   Sharing         what other decoders learn of the same exporters
//
// Each of them knows nothing of the others. Here is what happens in several of them at once: a session that is
// forgotten leaves all of them; what an exporter announces goes into its store, into the log of changes, and to other
// decoders. Every list has a limit (decode/common/limits.h).
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/datagram.h"
#include "decode/common/limits.h"
#include "decode/common/message.h"
#include "decode/session/change_log.h"
#include "decode/session/early_data.h"
#include "decode/session/exporter_table.h"
#include "decode/session/options_store.h"
#include "decode/session/place.h"
#include "decode/session/sharing.h"
#include "decode/session/state.h"
#include "decode/session/template_store.h"
#include "flow/schema.h"

namespace weir::decode {

class StreamSurvey;
struct StreamReport;

class Sessions : private Sharing::Replica {
 public:
  explicit Sessions(const Limits& limits, flow::SchemaPtr schema = flow::Schema::flows());
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  void set_limits(const Limits& limits);
  // Of the rows from now on.
  void set_schema(flow::SchemaPtr schema) { templates_.set_schema(std::move(schema)); }

  ExporterTable& table() { return table_; }
  const ExporterTable& table() const { return table_; }
  Sharing& sharing() { return sharing_; }

  // Of a datagram. Known, restored from the state source, or new; from now on the most recently used. Good until the
  // next call.
  Exporter& exporter(const IpAddress& address, Timestamp received) {
    now_ = received;
    const auto [exporter, is_new] = table_.exporter(address, received);
    if (is_new) [[unlikely]]
      meet(exporter);
    return exporter;
  }
  Session& session(Exporter& exporter, const StreamId& stream) {
    Session& session = table_.session(exporter, session_of(stream));
    if (session.memory == 0) [[unlikely]]
      settle(session);
    return session;
  }
  // When the last datagram was received.
  Timestamp now() const { return now_; }

  // Whose message it is; counts a restart. own: there is no doubt. united: streams turned out to be one, so that what
  // waits may be readable now.
  struct Listened {
    bool own = false;
    bool united = false;
  };
  Listened listen(Session& session, MessageContext& message, std::optional<uint32_t> number) {
    if (!session.exporter->shared && number) [[likely]] {
      if (const Stream* stream = session.streams.find_plain(message, *number)) [[likely]] {
        message.stream.number = stream->number;
        return {.own = message.has_uptime || stream->units > 0 || *number > 0, .united = false};
      }
    }
    return listen_closely(session, message, number);
  }
  // After the message: what it was, for those that follow, and what was lost before it. guess: these units were not
  // read, but are what it holds if it is what it seems to be.
  struct Heard {
    uint32_t number = 0;
    uint32_t units = 0;
    bool countable = true;
    bool guess = false;
    bool data = false;       // some were read
    bool templates = false;  // some were announced
  };
  void heard(Session& session, const MessageContext& message, const Heard& what) {
    Stream* const stream = session.streams.plain(message.stream.number);
    if (stream == nullptr || session.exporter->shared || !what.countable) [[unlikely]]
      return heard_closely(session, message, what);
    stream->sends_data |= what.data;
    stream->announces |= what.templates;
    Streams::sent_plain(*stream, what.number, what.units);
    note_sequence(stream->sequence, what.number, what.units, message.export_us, session.counters());
  }

  // The template that data of the stream are read with: its own; else another stream's, where Streams::may_borrow()
  // allows that. Of a message that may be another stream's, what all streams of its port agree on.
  const TemplatePtr& find_template(Session& session, TemplateId id, const StreamId& reader, Timestamp now) {
    const TemplatePtr& found = reader.sure ? templates_.find(session.templates, id, reader.number, now) : kNone;
    if (!found) [[unlikely]]
      return find_borrowed(session, id, reader, now);
    if (now - session.shown > ChangeLog::kShowAgain) [[unlikely]]
      changes_.note(session);
    return found;
  }
  // What data that cannot be read would be if they were of the most likely template. nullptr: there is none.
  const TemplatePtr& guess_template(Session& session, TemplateId id, const StreamId& reader, Timestamp now);

  // Takes a definition over. What contradicts the stream's own without being proven to be its own (`certain`) is
  // another stream's: the message's stream is that one from here on. True: it was made for this message, so that all
  // else it defines is certain.
  bool define(Session& session, Template layout, MessageContext& message, uint32_t sequence, bool certain);
  void withdraw(Session& session, TemplateId id, StreamNumber stream);
  // All templates, or all options templates, of the stream.
  void withdraw_all(Session& session, bool options, StreamNumber stream);

  // What an options record announced.
  void learn_domain_rate(Session& session, const StreamId& stream, uint32_t rate);
  void learn_rate(Session& session, const StreamId& stream, RateScope scope, uint64_t id, uint32_t rate);
  void learn_name(Session& session, const StreamId& stream, NameKind kind, uint64_t id, std::string_view text);
  void learn_start(Session& session, const StreamId& stream, uint64_t start_ms);
  // After a set of them: the session is charged what it takes now.
  void charge(Session& session);
  // What holds for the records of a stream, into `known`.
  void options_for(Session& session, const StreamId& reader, Timestamp now, std::vector<const OptionsState*>& known) {
    known.assign(1, &no_options_);
    if (!session.options.empty() || !session.exporter->options_only.empty()) [[unlikely]]
      add_options_for(session, reader, now, known);
  }
  // The session sends flow records: what it announced holds for itself only.
  void note_data(Session& session) {
    if (!session.sent_data) [[unlikely]]
      note_first_data(session);
  }

  // Data before their template; see EarlyData.
  // False if it is given up at once.
  bool hold(Session& session, TemplateId id, const MessageContext& message, ByteView body, bool clipped);
  // EarlyData::oldest()
  std::optional<uint64_t> oldest_early() const { return early_.oldest(); }
  const EarlyData& early() const { return early_; }
  // Those that waited for a template of this id and can be read now, and by what.
  struct Released {
    EarlySet set;
    TemplatePtr compiled;
  };
  std::vector<Released> release(Session& session, TemplateId id, Timestamp now);

  // Templates and early data that are too old. Timestamp::max(): gives up all early data, keeps templates.
  void expire(Timestamp now);

  // Where to look for what is known of exporters that are new here; nullptr: nowhere.
  void set_source(const StateSource* source) { source_ = source; }
  // Where the sequences of streams were before the collector was started; nullptr: not known.
  void set_places(PlaceSource* places) { places_ = places; }
  // Of at most so many streams, those of the sessions that were used last.
  void add_places(std::vector<SequencePlace>& places, size_t most);
  // At most `max_sessions` changed ones; the rest the next time. Those with much to tell count as several.
  SessionChanges take_changes(Timestamp now, size_t max_sessions);
  // What all sessions announced in options records; nothing if that is what the last call gave. Of sessions with news,
  // at most `max_sessions`; the others are as they were told before, and come the next time.
  std::optional<AnnouncedOptionsList> take_options(Timestamp now, size_t max_sessions);
  // What is known of streams and their loss; exporters' counters get their part of it.
  void survey(StreamSurvey& survey);
  // Takes over what is newer than what is known here, if the exporter is known; what it announced here stays. Never
  // evicts, counts nothing as received. Returns the session, and the ids of templates that data may have waited for.
  struct Imported {
    Session* session = nullptr;
    std::vector<TemplateId> ids;
  };
  Imported import_state(const SessionState& state, Timestamp now);

 private:
  void meet(Exporter& exporter);
  void forget(Session& session);
  Listened listen_closely(Session& session, MessageContext& message, std::optional<uint32_t> number);
  void heard_closely(Session& session, const MessageContext& message, const Heard& what);
  void add_options_for(Session& session, const StreamId& reader, Timestamp now,
                       std::vector<const OptionsState*>& known);
  void note_first_data(Session& session);
  void note_options(Session& session, SessionOptions& options);
  // Whether the exporter may announce a rate or name of something new that takes so many bytes; counts if not.
  bool may_learn(Session& session, size_t bytes);
  bool may_define(Session& session, const MessageContext& message, bool certain);
  // Charges a session that has grown. What it has no room for goes: its own templates.
  void settle(Session& session);

  using LockedStreams = Sharing::LockedStreams;
  void take_gone(Session& session, LockedStreams& access);
  const TemplatePtr& find_borrowed(Session& session, TemplateId id, const StreamId& reader, Timestamp now);
  const TemplatePtr& find_agreed(Session& session, TemplateId id, const Streams& streams,
                                 std::span<const StreamNumber> senders, Timestamp now);
  const TemplatePtr& find_for_early(Session& session, TemplateId id, EarlySet& early, Timestamp now);
  SessionOptions* find_options(Session& session, StreamNumber stream);
  SessionOptions& options_of(Session& session, StreamNumber stream, ExporterPort port);
  void forget_options(Session& session, StreamNumber stream, std::optional<StreamNumber> heir);
  void restore(Exporter& exporter, Timestamp now);
  void resume_stream(Session& session, const MessageContext& message, Stream& stream);
  // The streams of a state, as they are known here.
  class Translation;
  bool import_template(Session& session, StreamNumber stream, const TemplateState& known, Timestamp now);
  void import_options(Session& session, StreamNumber stream, const StreamOptions& known);
  SessionStatePtr state_of(Session& session, Timestamp now);
  class TemplateCounts;
  void survey_shared(Exporter& exporter, TemplateCounts& templates, StreamSurvey& survey);
  static void add_to(StreamSurvey& survey, const Streams& streams, const Stream& stream, StreamReport report,
                     TemplateCounts& templates, Exporter& exporter);

  // For Sharing.
  std::list<Exporter>& exporters() override { return table_.exporters(); }
  flow::ExporterCounters& counters_of(const IpAddress& exporter) override { return table_.counters_of(exporter); }
  Session* find(const SessionKey& key) override { return table_.find_session(key); }
  Session* find_or_make(Exporter& exporter, const SessionKey& key) override;
  SharedSession snapshot(Session& session) override;
  void take_over(Session& session, const SharedSession& published) override;

  static const TemplatePtr kNone;

  Limits limits_;
  OptionsState no_options_;
  ExporterTable table_;
  TemplateStore templates_;
  OptionsStore options_;
  EarlyData early_;
  ChangeLog changes_;
  Sharing sharing_{*this};
  Timestamp now_{};  // of the datagram
  Timestamp templates_checked_{};
  const StateSource* source_ = nullptr;
  PlaceSource* places_ = nullptr;
  AnnouncedOptionsList last_options_;
};

}  // namespace weir::decode
