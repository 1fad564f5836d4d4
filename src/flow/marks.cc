#include "flow/marks.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace weir::flow {
namespace {

// Sorted and apart again: neighbours become one.
void join(std::vector<DatagramInterval>& intervals) {
  std::ranges::sort(intervals);
  std::vector<DatagramInterval> joined;
  for (const DatagramInterval& next : intervals) {
    const bool touches = !joined.empty() && (next.first <= joined.back().last || next.first - joined.back().last == 1);
    if (touches)
      joined.back().last = std::max(joined.back().last, next.last);
    else
      joined.push_back(next);
  }
  intervals = std::move(joined);
}

void sort_early(std::vector<SetPlace>& early) {
  std::ranges::sort(early);
  early.erase(std::ranges::unique(early).begin(), early.end());
}

// The text up to the next `end`, and takes it off with that.
std::string_view cut(std::string_view& text, char end) {
  const size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return error == std::errc{} && end == text.data() + text.size();
}

template <class A, class B>
bool parse_pair(std::string_view text, char between, A& a, B& b) {
  const size_t at = text.find(between);
  return at != std::string_view::npos && parse_number(text.substr(0, at), a) && parse_number(text.substr(at + 1), b);
}

bool parse_stream(std::string_view text, StreamMarks& stream, size_t& entries) {
  if (!parse_number(cut(text, ' '), stream.stream)) return false;
  bool early = false;
  while (!text.empty()) {
    const std::string_view word = cut(text, ' ');
    if (word == "w" || word == "e") {
      early = word == "e";
      continue;
    }
    if (++entries > Marks::kMostEntries) return false;
    if (early) {
      SetPlace& place = stream.early.emplace_back();
      if (!parse_pair(word, '.', place.datagram, place.set)) return false;
    } else {
      DatagramInterval& interval = stream.whole.emplace_back();
      if (!parse_pair(word, '-', interval.first, interval.last) || interval.first > interval.last) return false;
    }
  }
  join(stream.whole);
  sort_early(stream.early);
  return true;
}

}  // namespace

uint64_t StreamMarks::oldest() const {
  uint64_t oldest = UINT64_MAX;
  if (!whole.empty()) oldest = whole.front().first;
  if (!early.empty()) oldest = std::min(oldest, early.front().datagram);
  return oldest;
}

bool StreamMarks::has(uint64_t datagram) const {
  const auto behind = std::ranges::upper_bound(whole, datagram, {}, &DatagramInterval::first);
  return behind != whole.begin() && std::prev(behind)->last >= datagram;
}

bool StreamMarks::has_early(SetPlace place) const { return std::ranges::binary_search(early, place); }

const StreamMarks* Marks::find(uint64_t stream) const {
  const auto found = std::ranges::lower_bound(streams_, stream, {}, &StreamMarks::stream);
  return found != streams_.end() && found->stream == stream ? &*found : nullptr;
}

StreamMarks& Marks::of(uint64_t stream) {
  const auto found = std::ranges::lower_bound(streams_, stream, {}, &StreamMarks::stream);
  if (found != streams_.end() && found->stream == stream) return *found;
  return *streams_.insert(found, {.stream = stream, .whole = {}, .early = {}});
}

void Marks::add(uint64_t stream, DatagramInterval interval) {
  std::vector<DatagramInterval>& whole = of(stream).whole;
  const bool goes_on =
      !whole.empty() && interval.first <= whole.back().last + 1 && interval.first >= whole.back().first;
  if (goes_on) {
    whole.back().last = std::max(whole.back().last, interval.last);
    return;
  }
  const bool rises = whole.empty() || interval.first > whole.back().last;
  whole.push_back(interval);
  if (!rises) join(whole);
}

void Marks::add_early(uint64_t stream, SetPlace place) {
  std::vector<SetPlace>& early = of(stream).early;
  if (early.empty() || early.back() < place) return early.push_back(place);
  const auto at = std::ranges::lower_bound(early, place);
  if (*at != place) early.insert(at, place);
}

void Marks::add(const Marks& other) {
  for (const StreamMarks& more : other.streams_) {
    StreamMarks& stream = of(more.stream);
    stream.whole.insert(stream.whole.end(), more.whole.begin(), more.whole.end());
    join(stream.whole);
    if (more.early.empty()) continue;
    stream.early.insert(stream.early.end(), more.early.begin(), more.early.end());
    sort_early(stream.early);
  }
}

std::optional<uint64_t> Marks::oldest() const {
  std::optional<uint64_t> oldest;
  for (const StreamMarks& stream : streams_) oldest = std::min(oldest.value_or(UINT64_MAX), stream.oldest());
  return oldest;
}

void Marks::drop_before(uint64_t stream, uint64_t datagram) {
  StreamMarks& marks = of(stream);
  std::erase_if(marks.whole, [&](const DatagramInterval& interval) { return interval.last < datagram; });
  std::erase_if(marks.early, [&](const SetPlace& place) { return place.datagram < datagram; });
  if (marks.whole.empty() && marks.early.empty()) drop(stream);
}

void Marks::drop(uint64_t stream) {
  std::erase_if(streams_, [&](const StreamMarks& marks) { return marks.stream == stream; });
}

std::string Marks::to_text() const {
  fmt::memory_buffer text;
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "1;");
  for (const StreamMarks& stream : streams_) {
    fmt::format_to(out, "{:x} w", stream.stream);
    for (const DatagramInterval& interval : stream.whole)
      fmt::format_to(out, " {:x}-{:x}", interval.first, interval.last);
    if (!stream.early.empty()) fmt::format_to(out, " e");
    for (const SetPlace& place : stream.early) fmt::format_to(out, " {:x}.{:x}", place.datagram, place.set);
    fmt::format_to(out, ";");
  }
  return fmt::to_string(text);
}

std::optional<Marks> Marks::parse(std::string_view text) {
  if (cut(text, ';') != "1") return std::nullopt;
  Marks marks;
  size_t entries = 0;
  while (!text.empty()) {
    StreamMarks stream;
    if (!parse_stream(cut(text, ';'), stream, entries)) return std::nullopt;
    Marks one;
    one.streams_.push_back(std::move(stream));
    marks.add(one);
  }
  return marks;
}

}  // namespace weir::flow
