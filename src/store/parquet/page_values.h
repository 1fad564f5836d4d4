// The values of one column of a row group, page by page, without the rows that are null.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "store/parquet/row_group.h"

namespace weir::store::parquet {

// T: the C++ type of the column's values, string_view for texts.
template <class T>
struct PageValues {
  std::span<const T> values;           // of the rows that are not null
  std::span<const uint64_t> validity;  // one bit a row of the page
  size_t rows = 0;
  size_t nulls() const { return rows - values.size(); }
};

// Keeps its memory from one row group to the next. What it gives is good until the next load.
template <class T>
class ColumnValues {
 public:
  std::span<const PageValues<T>> load(const GroupRows& group, flow::ColumnIndex column) {
    pages_.clear();
    values_.clear();
    size_t words = 0;
    for (const PageRows& page : group.pages) words += (page.rows + 63) / 64;
    validity_.assign(words, 0);
    values_.reserve(group.rows);  // so that spans stay good
    std::span<uint64_t> rest(validity_);
    for (const PageRows& page : group.pages) {
      const std::span<uint64_t> validity = rest.first((page.rows + 63) / 64);
      rest = rest.subspan(validity.size());
      pages_.push_back(load_page(page, column, validity));
    }
    return pages_;
  }

 private:
  static constexpr bool kText = std::is_same_v<T, std::string_view>;
  using Raw = std::conditional_t<kText, flow::TextRef, T>;

  PageValues<T> load_page(const PageRows& page, flow::ColumnIndex column, std::span<uint64_t> validity) {
    size_t row = 0;
    size_t valid = 0;
    for (const Slice& slice : page.slices) {
      valid += copy_validity(slice, column, row, validity);
      row += slice.rows;
    }
    PageValues<T> result{{}, validity, page.rows};
    if (valid == 0) return result;
    if constexpr (!kText) {
      if (valid == page.rows && page.slices.size() == 1) {
        const Slice& slice = page.slices.front();
        result.values = raw_values(slice, column);
        return result;
      }
    }
    const size_t first = values_.size();
    row = 0;
    for (const Slice& slice : page.slices) {
      if (slice.batch->present(column)) gather(slice, column, row, validity);
      row += slice.rows;
    }
    result.values = std::span<const T>(values_).subspan(first);
    CHECK(result.values.size() == valid);
    return result;
  }

  // The bits of a slice to those of its page from `row` on; returns how many are set.
  static size_t copy_validity(const Slice& slice, flow::ColumnIndex column, size_t row, std::span<uint64_t> page) {
    const std::span<const uint64_t> words = slice.batch->validity(column);
    if (words.empty()) return 0;
    size_t set = 0;
    for (size_t done = 0; done < slice.rows;) {
      const size_t from = slice.first + done;
      const size_t to = row + done;
      const size_t count = std::min({64 - from % 64, 64 - to % 64, slice.rows - done});
      const uint64_t bits = words[from / 64] >> (from % 64) & ~uint64_t{0} >> (64 - count);
      page[to / 64] |= bits << (to % 64);
      set += static_cast<size_t>(std::popcount(bits));
      done += count;
    }
    return set;
  }

  static std::span<const Raw> raw_values(const Slice& slice, flow::ColumnIndex column) {
    CHECK(flow::width(slice.batch->schema()[column].type) == sizeof(Raw));
    return std::span(static_cast<const Raw*>(slice.batch->raw(column)), slice.batch->rows())
        .subspan(slice.first, slice.rows);
  }

  void gather(const Slice& slice, flow::ColumnIndex column, size_t row, std::span<const uint64_t> validity) {
    const std::span<const Raw> values = raw_values(slice, column);
    for (size_t done = 0; done < slice.rows;) {
      const size_t at = row + done;
      const size_t count = std::min(64 - at % 64, slice.rows - done);
      for (uint64_t bits = validity[at / 64] >> (at % 64) & ~uint64_t{0} >> (64 - count); bits != 0; bits &= bits - 1)
        add(*slice.batch, values[done + static_cast<size_t>(std::countr_zero(bits))]);
      done += count;
    }
  }

  void add(const flow::FlowBatch& batch, const Raw& value) {
    if constexpr (kText) {
      values_.push_back(batch.text(value));
    } else {
      values_.push_back(value);
    }
  }

  std::vector<PageValues<T>> pages_;
  std::vector<T> values_;
  std::vector<uint64_t> validity_;
};

}  // namespace weir::store::parquet
