#include "flow/batch.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace weir::flow {
namespace {

// Sets or clears bits [first, first + count).
void fill_bits(uint64_t* words, size_t first, size_t count, bool value) {
  while (count > 0) {
    const size_t bit = first % 64;
    const size_t n = std::min(count, 64 - bit);
    const uint64_t mask = (n == 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1) << bit;
    if (value)
      words[first / 64] |= mask;
    else
      words[first / 64] &= ~mask;
    first += n;
    count -= n;
  }
}

// Of the length, and of the first, the last and the middle 8 bytes.
uint64_t hash_of_some(std::string_view text) {
  const auto word = [&](size_t at) {
    uint64_t value = 0;
    std::memcpy(&value, text.data() + at, sizeof(value));
    return value;
  };
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15U;
  const size_t n = text.size();
  if (n < 8) {
    uint64_t value = n;
    for (const char c : text) value = value << 8 | static_cast<uint8_t>(c);
    return value * kOdd;
  }
  uint64_t hash = (word(0) ^ n) * kOdd;
  hash = (hash ^ hash >> 32 ^ word(n - 8)) * kOdd;
  return (hash ^ hash >> 32 ^ word((n - 8) / 2)) * kOdd;
}

}  // namespace

size_t FlowBatch::append(size_t count, const IpAddress& exporter) {
  CHECK(count <= room());
  appended_ = rows_;
  rows_ += count;
  uint32_t& slot = recent_slot(exporter);
  if (slot >= exporters_.size() || exporters_[slot].exporter != exporter) slot = find_exporter(exporter);
  exporters_[slot].rows += count;
  return appended_;
}

// Datagrams of a few exporters come in turns. Their low bytes tell most exporters apart; those that they do not are
// looked up.
uint32_t& FlowBatch::recent_slot(const IpAddress& exporter) {
  const auto low = std::bit_cast<std::array<uint64_t, 2>>(exporter.bytes)[1];
  return recent_[low * 0x9e3779b97f4a7c15U >> (64 - std::bit_width(kRecentExporters - 1))];
}

uint32_t FlowBatch::find_exporter(const IpAddress& exporter) {
  const auto [known, added] = exporter_index_.try_emplace(exporter, static_cast<uint32_t>(exporters_.size()));
  if (added) exporters_.push_back({exporter, 0});
  return known->second;
}

void FlowBatch::allocate(ColumnIndex column) {
  const size_t c = column.value();
  cells_[c].memory = memory_.allocate((capacity_ * width((*schema_)[column].type) + 7) / 8);
  validity_[c].resize(capacity_ / 64);
}

// What the columns had stays with the batch's memory until that goes.
void FlowBatch::grow(size_t capacity) {
  CHECK(capacity % 64 == 0 && capacity <= UINT32_MAX && capacity >= capacity_);
  capacity_ = capacity;
  for (size_t c = 0; c < kMaxColumns; ++c) {
    const std::span<uint64_t> before = cells_[c].memory;
    if (before.empty()) continue;
    allocate(ColumnIndex(c));
    std::ranges::copy(before, cells_[c].memory.begin());
  }
}

void FlowBatch::begin_run(ColumnIndex column, size_t first) {
  settle(column);
  cells_[column.value()].run = {static_cast<uint32_t>(first), static_cast<uint32_t>(first)};
}

void FlowBatch::settle(ColumnIndex column) {
  Run& run = cells_[column.value()].run;
  if (run.first == run.end) return;
  fill_bits(validity_[column.value()].data(), run.first, run.end - run.first, true);
  run.first = run.end;
}

void FlowBatch::settle() {
  for (size_t c = 0; c < kMaxColumns; ++c) {
    if (present(ColumnIndex(c))) settle(ColumnIndex(c));
  }
}

void FlowBatch::set_null(ColumnIndex column, size_t row) {
  const size_t c = column.value();
  CHECK(row < rows_);
  if (validity_[c].empty()) return;
  settle(column);
  fill_bits(validity_[c].data(), row, 1, false);
}

std::span<const uint64_t> FlowBatch::validity(ColumnIndex column) const {
  if (!present(column)) return {};
  const Run& run = cells_[column.value()].run;
  CHECK(run.first == run.end);
  return std::span(validity_[column.value()]).first((rows_ + 63) / 64);
}

// Interning by a table of guesses: the place of a text is a hash of its length and of some of its bytes, and what was
// put there last is compared. A guess that fails costs a copy, never a wrong text, and no text is looked at twice,
// however long it is and whatever else hashes alike.
TextRef FlowBatch::add_text(std::string_view text) {
  TextRef& recent = recent_texts_[hash_of_some(text) >> (64 - std::bit_width(kRecentTexts - 1))];
  if (recent.length == text.size() && this->text(recent) == text) return recent;
  CHECK(arena_.size() + text.size() <= UINT32_MAX);
  recent = {static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(text.size())};
  arena_.append(text);
  return recent;
}

void FlowBatch::reset() {
  for (size_t c = 0; c < kMaxColumns; ++c) {
    if (!present(ColumnIndex(c))) continue;
    std::ranges::fill(validity_[c], 0);
    cells_[c].run = {};
  }
  rows_ = 0;
  appended_ = 0;
  since_.reset();
  arena_.clear();
  recent_texts_.fill({});
  exporters_.clear();
  marks_.reset();
  exporter_index_.clear();
}

}  // namespace weir::flow
