#include "net/reassembly.h"

#include <algorithm>
#include <iterator>

namespace weir::net {
namespace {

// Fits between its neighbours without touching a byte twice.
bool overlaps(const std::map<size_t, size_t>& ranges, size_t begin, size_t end) {
  const auto next = ranges.lower_bound(begin);
  if (next != ranges.end() && next->first < end) return true;
  return next != ranges.begin() && std::prev(next)->second > begin;
}

}  // namespace

Reassembly::Placed Reassembly::place(Partial& partial, const Fragment& fragment) const {
  const size_t begin = fragment.offset_bytes;
  const size_t length = fragment.bytes.size();
  if (begin > limits_.datagram_bytes || limits_.datagram_bytes - begin < length) return Placed::kRefused;
  const size_t end = begin + length;
  // Only the last fragment may have a length that is not a multiple of 8, and none of several is empty.
  if (length == 0 || (fragment.more && length % 8 != 0)) return Placed::kRefused;

  const auto same = partial.ranges.find(begin);
  if (same != partial.ranges.end() && same->second == end) {
    const bool equal = std::ranges::equal(std::span(partial.bytes).subspan(begin, length), fragment.bytes);
    const bool was_last = partial.total_bytes == end;
    return equal && was_last == !fragment.more ? Placed::kRepeated : Placed::kRefused;
  }
  if (overlaps(partial.ranges, begin, end)) return Placed::kRefused;
  if (partial.total_bytes && (end > *partial.total_bytes || !fragment.more)) return Placed::kRefused;
  if (!fragment.more) {
    if (partial.bytes.size() > end) return Placed::kRefused;
    partial.total_bytes = end;
  }
  if (partial.bytes.size() < end) partial.bytes.resize(end);
  std::ranges::copy(fragment.bytes, std::span(partial.bytes).subspan(begin).begin());
  partial.ranges.emplace(begin, end);
  partial.covered_bytes += length;
  return Placed::kNew;
}

std::optional<Reassembled> Reassembly::add(const Fragment& fragment, Timestamp now) {
  const Order::iterator partial = find_or_begin(fragment.key, now);
  ++partial->fragments;
  const Placed placed = place(*partial, fragment);
  if (placed == Placed::kRefused) {
    drop(partial);
    return std::nullopt;
  }
  // Ranges do not overlap, so their sum says whether a gap is left.
  if (partial->total_bytes != partial->covered_bytes) return std::nullopt;
  Reassembled whole{std::move(partial->bytes), partial->fragments};
  by_key_.erase(partial->key);
  order_.erase(partial);
  return whole;
}

Reassembly::Order::iterator Reassembly::find_or_begin(const FragmentKey& key, Timestamp now) {
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    // Identifications are used again: an old rest must not be mixed with a new datagram.
    if (now - found->second->first_seen <= limits_.lifetime) return found->second;
    drop(found->second);
  }
  if (order_.size() >= limits_.datagrams) drop(order_.begin());
  const auto begun = order_.insert(order_.end(), Partial{.key = key, .first_seen = now});
  by_key_.emplace(key, begun);
  return begun;
}

void Reassembly::drop(Order::iterator partial) {
  lost_ += partial->fragments;
  by_key_.erase(partial->key);
  order_.erase(partial);
}

void Reassembly::give_up() {
  while (!order_.empty()) drop(order_.begin());
}

}  // namespace weir::net
