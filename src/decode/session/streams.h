// Who is speaking: which of the exporters behind one address, domain and protocol has sent a message.
//
// Address and port are hints, no more. Behind NAT, a relay or a replicator several exporters share them; an exporter
// changes its port; slots and supervisors of one device have uptimes of their own. A stream is one exporter's sequence
// of messages, and is recognized by what only itself can go on with:
//
//   its boot     the time of receiving less the uptime (NetFlow) stays the same as long as it runs, whatever its wall
//                clock does; so does the export time less the uptime, whatever our wall clock does
//   its numbers  the sequence number of the next message is known
//
// What a message may be, by what it fits:
//
//   the boot of one stream of its port             that one. IPFIX has no uptime, there the numbers alone decide
//   no boot, but it goes on with the numbers of    the same one: an uptime that falls while the sequence goes on is a
//   one stream                                     second boot (slots, supervisors), or no uptime at all
//   a new boot that can be a restart (it is not    a new stream. What the old one has announced is not for it
//   longer ago than the old one's last message)
//   another port, the numbers of a silent stream   that one has changed its port
//   none                                           a new stream
//   several that have numbers near to its own      it is not sure; data are read where all of them agree
//
// Numbers that are still small fit by chance: exporters that have just started all begin at 0. There a stream that goes
// on with another one's numbers is a follower at first, and is united with it once that has happened kChain times.
//
// A stream reads by its own templates. By another one's only if that is harmless: may_borrow().
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/time.h"
#include "decode/common/message.h"
#include "decode/common/stream_id.h"
#include "decode/session/allowance.h"
#include "decode/session/sequence.h"
#include "decode/session/state.h"

namespace weir::decode {

// What a message says of its stream.
struct Arrival {
  ExporterPort port{};
  Timestamp received{};
  int64_t export_us = 0;
  std::optional<uint32_t> uptime_ms;
  std::optional<uint32_t> number;  // what was sent before it, in the units of the protocol
};

inline Arrival arrival_of(const MessageContext& message, std::optional<uint32_t> number) {
  return {.port = message.stream.endpoint.port,
          .received = message.received,
          .export_us = message.export_us,
          .uptime_ms = message.has_uptime ? std::optional(message.uptime_ms) : std::nullopt,
          .number = number};
}

// When a device started: milliseconds modulo 2^32, as uptimes count, by our clock and by its own.
struct Boot {
  uint32_t by_ours = 0;
  uint32_t by_its_own = 0;
};

struct Stream {
  // What a message is compared with comes first: of many streams, what is not in the cache costs the most.
  StreamNumber number{};
  ExporterPort port{};
  bool has_next = false;
  bool next_is_exact = false;  // false: not everything of the last message was counted
  // Where its numbers are. Of a restored one, where they were then.
  uint32_t next = 0;
  uint32_t most_units = 1;      // of a message
  bool numbers_go_on = false;   // as they should: messages in a row have shown it
  bool restored = false;        // known from a state, and not heard since
  bool sends_data = false;      // its data were read: proven
  bool announces = false;       // it has announced templates of its own, here or in a state
  bool superseded = false;      // another one began where it was, as after a restart, and it has not been heard since
  bool is_plain = false;        // of this port there is no other, its next number is exact, and nothing is in doubt
  bool may_be_restart = false;  // of the one that was here before; known with the second message
  bool uptime_is_useless = false;
  uint64_t messages = 0;
  uint64_t first_used = 0;  // Streams' count of uses
  uint64_t last_used = 0;
  Timestamp first_heard{};
  Timestamp last_heard{};

  SequenceState sequence;  // counts loss; where decoders share the exporter, SharedExporter does

  int64_t last_export_us = 0;
  uint64_t units = 0;  // in all
  uint8_t moves = 0;   // how often it has changed its port

  // Several for a device of several supervisors or slots. Empty: the protocol has no uptime, or it is of no use.
  boost::container::small_vector<Boot, 1> boots;

  // It goes on with the numbers of another stream, which may be by chance. They are united when that has happened
  // kChain times in a row, or when it has sent kRun messages and the other one stays silent.
  std::optional<StreamNumber> follows;
  uint8_t chain = 0;
  // It has announced what contradicts the other one, with numbers that may be that one's own: united after kRun
  // messages.
  bool replaces = false;
  uint8_t crossings = 0;  // how often it went on with the numbers of another stream of its port instead
  uint32_t run = 0;       // messages in a row that went on with its numbers

  // Definitions that are new or have changed: a stream has at most Limits::templates_per_session, and some exporters
  // change one with every message.
  Allowance<4096, 1000> definitions;

  // It has sent for a while, and still does. One of very many that somebody forges has not, before the next takes its
  // place.
  bool lasts(Timestamp now) const {
    if (now - last_heard >= std::chrono::seconds(300)) return false;
    return restored || (messages >= 16 && last_heard - first_heard >= std::chrono::seconds(2));
  }
};

class Streams {
 public:
  // Streams that one session remembers: more than any relay has. A flood of ports evicts those whose data were never
  // read, and those that have not lasted.
  static constexpr size_t kMost = 64;

  // Numbers below this are those of an exporter that has just started.
  static constexpr uint32_t kYoung = 16;
  static constexpr uint8_t kChain = 3;
  static constexpr uint8_t kCrossings = 3;
  static constexpr uint32_t kRun = 24;

  // How far a boot may seem to move: delays on the way, clocks that drift.
  static constexpr uint32_t kBootToleranceMs = 3'000;

  // slack: messages by which an exporter's messages may be out of order, where several threads receive them.
  // made: numbers up to this one are not given again.
  explicit Streams(uint32_t slack = 0, uint32_t made = 0) : slack_(slack), made_(made) {}
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  struct Found {
    Stream* stream = nullptr;  // good until the next call
    bool sure = true;          // false: it may be another stream's of this port
    bool exact = false;        // it goes on with the stream's numbers
    bool restarted = false;    // a device was restarted; it was this stream before
    StreamNumber before{};
  };
  // Whose message it is.
  Found find(const Arrival& arrival);
  // The same in the usual case, in a few instructions: the same boot, the next number, and nothing in doubt. nullptr: it
  // is another case. number: of the message.
  Stream* find_plain(const MessageContext& message, uint32_t number) {
    Stream* const stream = latest_;
    if (stream == nullptr || !stream->is_plain || stream->port != message.stream.endpoint.port ||
        stream->next != number || stream->boots.empty() == message.has_uptime) [[unlikely]]
      return nullptr;
    if (message.has_uptime) {
      const uint32_t boot = static_cast<uint32_t>(to_us(message.received) / 1000) - message.uptime_ms;
      uint32_t& known = stream->boots.front().by_ours;
      if (boot - known + kBootToleranceMs > 2 * kBootToleranceMs) return nullptr;  // modulo 2^32
      known = boot;
    }
    stream->numbers_go_on |= ++stream->run >= 2;
    stream->last_used = ++uses_;
    stream->last_heard = std::max(stream->last_heard, message.received);
    stream->last_export_us = message.export_us;
    ++stream->messages;
    return stream;
  }
  // Of a connection there is one.
  Stream& only();
  // After the message: what it added to the numbers; nothing: not known.
  void sent(Stream& stream, uint32_t number, std::optional<uint32_t> units);
  // The same of one that find_plain() found.
  static void sent_plain(Stream& stream, uint32_t number, uint32_t units) {
    stream.units += units;
    stream.most_units = std::max(stream.most_units, units);
    stream.next = number + units;
  }
  // The message is of a stream of its own, behind the same port: it has announced what contradicts `from`.
  Stream& split(Stream& from, const Arrival& arrival);

  Stream* known(StreamNumber number) {
    if (latest_ != nullptr && latest_->number == number) [[likely]]
      return latest_;
    return find_number(number);
  }
  // If it is the one that was heard last, and there is no doubt about it.
  Stream* plain(StreamNumber number) {
    return latest_ != nullptr && latest_->number == number && latest_->is_plain ? latest_ : nullptr;
  }
  const Stream* known(StreamNumber number) const;
  // The stream that this one was united with; else itself.
  StreamNumber forwarded(StreamNumber number) const;
  // All that send from this port.
  std::vector<StreamNumber> of_port(ExporterPort port) const;

  // Whether what `owner` has announced may be used for `reader`, which has announced nothing of the kind. There has to
  // be proof that they are the same exporter: the owner has fallen silent when the reader began, and stays so for
  // longer than it ever was; or the reader has sent data for an hour, and announced nothing at all.
  bool may_borrow(const Stream& reader, StreamNumber owner, Timestamp now) const;

  // From a state: the one here that is like it and not yet `taken` for another one of the state, else a new one. alone:
  // the state knows no other of this port. Nothing: there is no room.
  std::optional<StreamNumber> restore(const StreamState& state, bool has_uptime, bool alone,
                                      std::span<const StreamNumber> taken);
  static StreamState state_of(const Stream& stream);

  const std::vector<std::unique_ptr<Stream>>& all() const { return all_; }
  // In bytes, about, with what a state says of them.
  size_t memory() const { return all_.size() * (sizeof(Stream) + sizeof(StreamState) + 32); }
  // The highest number of a stream so far.
  uint32_t made() const { return made_; }

  // Streams that were evicted since the last call, or united: what they announced is their heir's. Of the evicted, only
  // those that announced something, or whose sequence SharedExporter keeps.
  struct Gone {
    StreamNumber stream{};
    std::optional<StreamNumber> heir;
  };
  bool has_gone() const { return !gone_.empty(); }
  std::vector<Gone> take_gone() { return std::exchange(gone_, {}); }

 private:
  using Candidates = boost::container::small_vector<Stream*, kMost>;

  Stream* find_number(StreamNumber number);
  Found at_new_port(const Arrival& arrival);
  Found by_boot(const Arrival& arrival, const Candidates& candidates);
  Found by_number(const Arrival& arrival, const Candidates& candidates);
  Found cross(Stream& stream, const Arrival& arrival);
  bool is_elsewhere(const Stream& stream, const Arrival& arrival) const;
  Found use(Stream& stream, const Arrival& arrival, bool sure = true);
  Found begin(const Arrival& arrival, const Stream* follows = nullptr, bool goes_on = false);
  Stream& make(ExporterPort port);
  void make_room(Timestamp now);
  Stream* unite(Stream& from, Stream& into);
  Stream* unite_if_proven(Stream& stream, Timestamp now);
  static bool silent_since(const Stream& stream, const Stream& follower);
  Stream* chained_to(const Stream& stream);
  bool is_chained(const Stream& stream);
  bool is_only_follower(const Stream& stream) const;

  bool goes_on(const Stream& stream, const Arrival& arrival, uint32_t slack) const;
  bool goes_on(const Stream& stream, const Arrival& arrival) const { return goes_on(stream, arrival, slack_); }
  bool may_have_leapt(const Stream& stream, const Arrival& arrival) const;
  bool is_young(const Arrival& arrival) const;

  uint32_t slack_;
  std::vector<std::unique_ptr<Stream>> all_;
  Stream* latest_ = nullptr;
  bool latest_is_alone_ = false;  // of its port
  uint64_t uses_ = 0;
  uint32_t made_;
  std::vector<Gone> gone_;
  std::vector<std::pair<StreamNumber, StreamNumber>> forwards_;  // united streams, the latest last
};

}  // namespace weir::decode
