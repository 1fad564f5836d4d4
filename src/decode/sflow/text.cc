#include "decode/sflow/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir::decode::sflow {
namespace {

void append_number(uint32_t number, std::string& text) {
  const fmt::format_int digits(number);
  text.append(digits.data(), digits.size());
}

}  // namespace

bool append_as_path(ByteView as_path, size_t limit, std::string& text, AsPathEnds& ends) {
  XdrReader in(as_path);
  AsSegment segment;
  size_t left = limit;
  bool cut = false;
  while (next_segment(in, segment)) {
    const size_t numbers = word_count(segment.numbers);
    if (numbers == 0) continue;
    if (!ends.any) ends.first = word_at(segment.numbers, 0);
    ends.any = true;
    ends.last = word_at(segment.numbers, numbers - 1);
    const size_t kept = std::min(numbers, left);
    cut = cut || kept < numbers;
    left -= kept;
    if (kept == 0) continue;
    if (!text.empty()) text += ' ';
    if (segment.set) text += '{';
    for (size_t i = 0; i < kept; ++i) {
      if (i != 0) text += segment.set ? ',' : ' ';
      append_number(word_at(segment.numbers, i), text);
    }
    if (segment.set) text += '}';
  }
  return !cut;
}

bool append_communities(ByteView communities, size_t limit, std::string& text) {
  const size_t kept = std::min(word_count(communities), limit);
  for (size_t i = 0; i < kept; ++i) {
    if (i != 0) text += ' ';
    const uint32_t community = word_at(communities, i);
    append_number(community >> 16, text);
    text += ':';
    append_number(community & 0xffff, text);
  }
  return kept == word_count(communities);
}

}  // namespace weir::decode::sflow
