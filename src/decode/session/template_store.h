// The templates of all sessions: taken over as they are announced, found for data, withdrawn, evicted, expired.
//
// A session may know several definitions of one id: exporters behind one address number their templates independently.
// Each definition belongs to the stream that announced it.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/time.h"
#include "decode/common/limits.h"
#include "decode/common/stream_id.h"
#include "decode/session/sequence.h"
#include "decode/session/shared_session.h"
#include "decode/session/state.h"
#include "decode/template/compiled_template.h"
#include "decode/template/template_pool.h"
#include "flow/anomaly.h"

namespace weir::decode {

// A template as one stream announced it.
struct TemplateEntry {
  StreamNumber stream{};
  uint64_t last_used = 0;  // the store's count of uses
  Timestamp used_at{};     // when it was last announced or used
  TemplatePtr compiled;
  Timestamp announced{};
  bool here = true;      // announced to this decoder; else known from a state
  MessageOrder order{};  // of the announcement; only where decoders share the exporter
};
// Almost always one, and then without memory of its own: with thousands of exporters every look elsewhere is a cache
// miss.
using TemplateEntries = boost::container::small_vector<TemplateEntry, 1>;

// Those of one session.
struct SessionTemplates {
  boost::unordered_flat_map<TemplateId, TemplateEntries> by_id;  // the latest announced first; never empty
  size_t count = 0;
  size_t compiled_bytes = 0;  // of their CompiledTemplate, as if it were not shared
  // What was found last, which most data are of; nullptr: something has moved since.
  TemplateEntry* latest = nullptr;
  TemplateId latest_id{};
  // Who announced which. Mostly one stream announced all.
  struct Announced {
    StreamNumber stream{};
    std::vector<TemplateId> ids;
  };
  boost::container::small_vector<Announced, 1> by_stream;
  // In which order they may be evicted; those that are gone are still in it. used: when it was put there.
  struct Place {
    TemplateId id{};
    StreamNumber stream{};
    uint64_t used = 0;
  };
  std::deque<Place> order;

  // In bytes, about.
  size_t memory() const;
};

class TemplateStore {
 public:
  // Forgets the session that has been silent the longest and whose templates, too, are in the store; false if there is
  // none but the one that announces.
  using ForgetAnother = std::function<bool()>;
  TemplateStore(const Limits& limits, flow::SchemaPtr schema, ForgetAnother forget_another)
      : limits_(limits), pool_(std::move(schema)), forget_another_(std::move(forget_another)) {}

  void set_limits(const Limits& limits) { limits_ = limits; }
  // Of the rows from now on. Templates that were compiled for another schema are compiled again when they are used.
  void set_schema(flow::SchemaPtr schema) { pool_.set_schema(std::move(schema)); }

  // What the stream itself has announced (RFC 7011 section 8); nullptr: nothing. A template in use does not expire,
  // however long ago it was announced: there are exporters that announce theirs once, and data that cannot be read is
  // lost. The reference is good until something is announced or forgotten; who decodes by it keeps a copy.
  const TemplatePtr& find(SessionTemplates& session, TemplateId id, StreamNumber stream, Timestamp now) {
    if (session.latest != nullptr && session.latest_id == id && session.latest->stream == stream) [[likely]]
      return used(*session.latest, now);
    return look_up(session, id, stream, now);
  }
  // What all streams that know the id agree on: the same fields in the same order. nullptr: they do not, or none knows
  // it.
  const TemplatePtr& find_agreed(SessionTemplates& session, TemplateId id, Timestamp now);
  // Those streams.
  static std::vector<StreamNumber> who_knows(const SessionTemplates& session, TemplateId id);

  // What the stream has said here before of the id of `layout`.
  enum class Before : uint8_t { nothing, same, other };
  static Before before(const SessionTemplates& session, const Template& layout, StreamNumber stream);
  // The stream that announced just that, if one did.
  static std::optional<StreamNumber> who_says(const SessionTemplates& session, const Template& layout);
  // Takes a definition over. Where decoders share an exporter, `order` is that of its message. False: it was known,
  // from this decoder's own datagrams.
  bool define(SessionTemplates& session, Template layout, StreamNumber stream, Timestamp now, const MessageOrder& order,
              flow::AnomalyCounts& anomalies);
  // A definition that came beyond what the stream may define: it is not taken, and what it would have replaced goes.
  void forget(SessionTemplates& session, TemplateId id, StreamNumber stream, flow::AnomalyCounts& anomalies);
  // False if there is nothing to withdraw.
  bool withdraw(SessionTemplates& session, TemplateId id, StreamNumber stream, flow::AnomalyCounts& anomalies);
  // Of those that the stream announced, all templates or all options templates.
  static std::vector<TemplateId> announced_by(const SessionTemplates& session, bool options, StreamNumber stream);
  // The stream is gone: what it announced is its heir's, or is forgotten. Of both, what `stream` said is newer.
  void hand_over(SessionTemplates& session, StreamNumber stream, std::optional<StreamNumber> heir);
  // True if any of them was too old.
  bool expire(SessionTemplates& session, Timestamp now, flow::AnomalyCounts& anomalies);
  void forget_all(SessionTemplates& session);
  // Makes room in the session by its own template that was used the longest ago. False if it has only one.
  bool evict(SessionTemplates& session, flow::AnomalyCounts& anomalies);
  // What sessions have together and were charged for each, in bytes.
  size_t shared_bytes() const { return compiled_bytes_ - std::min(compiled_bytes_, pool_.memory()); }

  // Takes over what is known from a state. What was announced here wins; nothing is evicted for it. dropped: it took
  // the place of an older one that is gone, but there was no room.
  enum class Imported : uint8_t { nothing, dropped, added };
  Imported import(SessionTemplates& session, StreamNumber stream, const TemplateState& known, Timestamp now);
  // Afterwards the session's templates are those that another decoder published, as far as the limits allow. Returns
  // the ids that got a definition.
  std::vector<TemplateId> adopt(SessionTemplates& session, const std::vector<SharedTemplate>& published, Timestamp now,
                                flow::AnomalyCounts& anomalies);

  // By id. origin_of: where a stream is known from.
  static std::vector<TemplateState> state_of(const SessionTemplates& session,
                                             const std::function<std::optional<StreamOrigin>(StreamNumber)>& origin_of);
  static std::vector<SharedTemplate> published_of(const SessionTemplates& session);

 private:
  const TemplatePtr& compiled_for_schema(TemplateEntry& entry) {
    if (entry.compiled->schema != pool_.schema()) [[unlikely]]
      entry.compiled = pool_.compile(entry.compiled->layout);
    return entry.compiled;
  }
  bool has_room(const SessionTemplates& session, const CompiledTemplate& held) const;
  const TemplatePtr& used(TemplateEntry& entry, Timestamp now) {
    entry.last_used = ++uses_;
    entry.used_at = std::max(entry.used_at, now);
    return compiled_for_schema(entry);
  }
  const TemplatePtr& look_up(SessionTemplates& session, TemplateId id, StreamNumber stream, Timestamp now);
  void make_room(SessionTemplates& session, size_t weight, flow::AnomalyCounts& anomalies);
  void add(SessionTemplates& session, TemplateEntries::const_iterator place, TemplateEntry entry);
  void drop(SessionTemplates& session, TemplateId id, size_t index);
  static void forget_order(SessionTemplates& session);
  static void note_announced(SessionTemplates& session, StreamNumber stream, TemplateId id);
  static void forget_announced(SessionTemplates& session, StreamNumber stream, TemplateId id);
  static std::vector<TemplateId> ids_of(const SessionTemplates& session, StreamNumber stream);
  void evict_oldest(SessionTemplates& session, flow::AnomalyCounts& anomalies);

  Limits limits_;
  TemplatePool pool_;
  ForgetAnother forget_another_;
  size_t weight_ = 0;          // of all templates, against Limits::templates
  size_t compiled_bytes_ = 0;  // of all sessions
  uint64_t uses_ = 0;
};

}  // namespace weir::decode
