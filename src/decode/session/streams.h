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
#include "decode/session/state.h"
#include "decode/session/stream.h"

namespace weir::decode {

class Streams {
 public:
  // Streams that one session remembers: more than any relay has. A flood of ports evicts those whose data were never
  // read, and those that have not lasted.
  static constexpr size_t kMost = 64;

  static constexpr uint8_t kChain = 3;
  static constexpr uint8_t kCrossings = 3;
  static constexpr uint32_t kRun = 24;

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
  // The same in the usual case, in a few instructions: the same boot, the next number, and nothing in doubt. nullptr:
  // it is another case. number: of the message.
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
  // Whether one more may be split from it. Of streams whose data were never read, somebody may forge any number: beyond
  // what a relay has, such a stream is contested, and defines nothing for a minute.
  bool may_split(Stream& from, Timestamp now);

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
  Allowance<kMost, 1> splits_;
  std::vector<Gone> gone_;
  std::vector<std::pair<StreamNumber, StreamNumber>> forwards_;  // united streams, the latest last
};

}  // namespace weir::decode
