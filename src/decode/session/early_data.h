// Data sets that came before their template: kept until it comes, or given up.
//
// Over UDP a template may be lost, or come late; exporters repeat theirs every 20 datagrams to 30 minutes. A data set
// of an unknown template is held with the context of its message, and decoded with that as soon as the template is
// there: the rows are the same as if the template had come first. Every set is counted as held, and leaves exactly
// once, as decoded or as undecodable.
//
// Budgets of bytes hold. Of one session, and of one exporter, which has a quarter of all, the sets that came first
// stay: whoever sends without end gains nothing by it. Of all sessions, the set that has waited the longest goes
// first, as it is the least likely to be decoded ever.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "decode/common/limits.h"
#include "decode/common/message.h"
#include "decode/session/allowance.h"
#include "decode/template/template.h"
#include "flow/ledger.h"

namespace weir::decode {

struct EarlySet;
using EarlyList = std::list<EarlySet>;  // of all sessions, oldest first

// A set with what its message said.
struct EarlySet {
  struct SessionEarlyData* session = nullptr;
  TemplateId template_id{};
  MessageContext message;
  std::vector<StreamNumber> senders;  // who may have sent it, if that is not sure
  std::vector<uint8_t> body;
  bool clipped = false;
  size_t memory = 0;  // what it was charged
  // Of its session and template those before and behind it; end() of all: none.
  EarlyList::iterator before{};
  EarlyList::iterator behind{};
};

// Those of one exporter, and who counts for it.
struct ExporterEarlyData {
  flow::ExporterCounters* counters = nullptr;
  size_t bytes = 0;
  // Holding a set of one byte takes a thousand times that, and as long as decoding some flows.
  Allowance<65536, 4096> sets;
};

// Those of one session. Its address must not change.
struct SessionEarlyData {
  ExporterEarlyData* exporter = nullptr;  // there before the first hold()
  struct Waiting {
    EarlyList::iterator first{};
    EarlyList::iterator last{};
  };
  boost::unordered_flat_map<TemplateId, Waiting> by_template;
  size_t bytes = 0;  // of memory

  bool empty() const { return by_template.empty(); }
};

class EarlyData {
 public:
  explicit EarlyData(const Limits& limits) : limits_(limits) {}
  EarlyData(const EarlyData&) = delete;
  EarlyData& operator=(const EarlyData&) = delete;

  void set_limits(const Limits& limits) { limits_ = limits; }

  enum class Held : uint8_t {
    first,  // that waits for this template
    next,
    refused,
  };
  // Keeps a set until its template comes. It is counted as held, or given up if the limits do not allow it. senders:
  // EarlySet::senders.
  Held hold(SessionEarlyData& session, TemplateId id, const MessageContext& message, std::vector<StreamNumber> senders,
            ByteView body, bool clipped);
  // Gives a set up as it comes: there is no room for it.
  static void refuse(SessionEarlyData& session);
  // Of the sets that wait for this id those that can be read now, oldest first; they are no longer held.
  using Readable = std::function<bool(EarlySet&)>;
  std::vector<EarlySet> release(SessionEarlyData& session, TemplateId id, const Readable& readable);
  // Gives up all sets of the session.
  void give_up(SessionEarlyData& session);
  // Gives up what has waited for too long; with Timestamp::max() all.
  void expire(Timestamp now);

  // What holding a set takes, in bytes.
  static size_t memory_of(const SessionEarlyData& session, TemplateId id, size_t senders, size_t body);
  size_t bytes() const { return bytes_; }
  // The datagram of the set that has waited the longest; nothing: none waits.
  std::optional<uint64_t> oldest() const {
    return all_.empty() ? std::nullopt : std::optional(all_.front().message.datagram);
  }
  // Calls `look(datagram)` for each set.
  template <class Look>
  void for_each(const Look& look) const {
    for (const EarlySet& early : all_) look(early.message.datagram);
  }

 private:
  EarlySet take(EarlyList::iterator early);
  void give_up(EarlyList::iterator early);

  Limits limits_;
  EarlyList all_;
  size_t bytes_ = 0;
};

}  // namespace weir::decode
