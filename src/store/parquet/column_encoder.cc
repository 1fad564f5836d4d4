#include "store/parquet/column_encoder.h"

#include <algorithm>
#include <limits>

#include "store/parquet/bit_pack.h"
#include "store/parquet/bloom_filter.h"
#include "store/parquet/delta.h"
#include "store/parquet/dictionary.h"
#include "store/parquet/page_values.h"
#include "store/parquet/value_bounds.h"

namespace weir::store::parquet {
namespace {

// Row groups from one trial to the next.
constexpr unsigned kTrialEvery = 32;
// How many values of a page a trial encodes.
constexpr size_t kSampleValues = 4096;
// What suits a few values says little of many more: so many times as many are tried anew.
constexpr size_t kMoreValues = 4;
// A column that takes so many times its bytes a value at the trial has grown.
constexpr double kGrown = 1.25;

constexpr std::array kCodecs = {Codec::uncompressed, Codec::lz4_raw, Codec::zstd};

// Time and bytes are weighed against each other: a byte on the disk may cost so many nanoseconds.
constexpr double kNanosecondsPerByte = 22;

// In nanoseconds, measured on a core of 2.5 GHz; for each value:
constexpr double kTableWork = 4;
constexpr double kWideTableWork = 7;  // of more than two bytes
constexpr double kHashWork = 10;
constexpr double kDeltaWork = 4;
constexpr double kPlainWork = 1;
constexpr double kOrderWork = 15;  // an entry of a dictionary of addresses
constexpr double kBloomWork = 8;   // a value that is added
constexpr double kMatchWork = 28;  // to tell zstd what it repeats

// The time of a codec for each byte it is given, in nanoseconds. `left` is the share that is left after compressing, 0
// to 1. What compresses well is done in large steps, and what does not compress is passed over. Between them lie many
// short repetitions, which take the most time: both curves rise from either end to a ridge.
double work_per_byte(Codec codec, Effort effort, double left, size_t width) {
  if (codec == Codec::uncompressed || effort == Effort::store) return 0.2;
  if (effort == Effort::codes) return left < 0.99 ? 1.5 : 0.3;
  if (effort == Effort::neighbours) return kMatchWork / static_cast<double>(width);
  if (codec == Codec::lz4_raw) return 0.3 + 6 * std::min(left, 1 - left);
  return left < 0.45 ? std::min(0.5 + 15 * left, 5.5) : std::max(5.5 - 16 * (left - 0.45), 1.5);
}

// The time that a codec takes for each page, whatever its size.
double work_per_page(Codec codec, Effort effort) {
  if (codec == Codec::uncompressed) return 0;
  return codec == Codec::zstd && effort != Effort::store ? 5000 : 500;
}

template <class T>
constexpr bool kInteger = std::is_integral_v<T>;

template <class T>
void encode_plain(std::span<const T> values, Buffer& out) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    for (const std::string_view text : values) {
      out.append_value(static_cast<uint32_t>(text.size()));
      out.append(text);
    }
  } else if constexpr (sizeof(T) < 4) {
    const std::span<uint8_t> target = out.grow(values.size() * 4);
    for (size_t i = 0; i < values.size(); ++i) {
      const uint32_t wide = values[i];
      std::memcpy(&target[i * 4], &wide, 4);
    }
  } else {
    out.append(bytes_of(values));
  }
}

template <class T>
class TypedEncoder {
 public:
  ColumnChunk encode(const GroupRows& group, flow::ColumnIndex column, TrialResult& trial_result, uint64_t base,
                     Compressor& compressor, Buffer& out, Buffer& bloom) {
    pages_ = values_.load(group, column);
    compressor_ = &compressor;
    out_ = &out;
    start_ = out.size();
    base_ = base;
    chunk_ = {};
    chunk_.values = group.rows;
    size_t filled = 0;
    for (const PageValues<T>& page : pages_) filled += page.values.size();
    chunk_.nulls = group.rows - filled;
    const Coding coding = choose(trial_result, filled);
    chunk_.encoding = coding.encoding;
    chunk_.codec = coding.codec;
    if (coding.encoding == Encoding::rle_dictionary) write_dictionary(coding);
    write_pages(coding);
    if constexpr (kAddress) {
      if (filled > 0) write_bloom(coding, filled, bloom);
    }
    if (filled > 0) watch_growth(trial_result, filled);
    return std::move(chunk_);
  }

 private:
  // A column that has grown since its trial is tried again with the next row group.
  void watch_growth(TrialResult& trial_result, size_t filled) const {
    const double bytes = static_cast<double>(chunk_.compressed_bytes) / static_cast<double>(filled);
    if (trial_result.bytes_per_value == 0) trial_result.bytes_per_value = bytes;
    if (!is_rest(trial_result, filled) && bytes > kGrown * trial_result.bytes_per_value) trial_result.groups_left = 0;
  }

  // The last row group of a file has what the others leave. In few values fewer of them repeat, which says nothing of
  // the row groups to come.
  static bool is_rest(const TrialResult& trial_result, size_t filled) { return filled < trial_result.values / 2; }

  static constexpr bool kAddress = std::is_same_v<T, IpAddress>;
  static constexpr bool kNeighbours = !std::is_same_v<T, std::string_view>;
  static constexpr size_t kWidth = std::max(sizeof(T), size_t{4});  // of plain values
  static constexpr double kTablesWork = sizeof(T) > 2 ? kWideTableWork : kTableWork;

  // How the chunk is encoded: as the last trial found, or after a new one. The dictionary is made first, as it is what
  // decides whether a dictionary can be had at all; it is thrown away if another encoding turns out cheaper.
  Coding choose(TrialResult& trial_result, size_t filled) {
    if (filled == 0) return {.encoding = Encoding::plain, .codec = Codec::uncompressed};
    const bool trial =
        !trial_result.coding || trial_result.groups_left == 0 || filled / kMoreValues > trial_result.values;
    const bool wants_dictionary = trial || trial_result.coding->encoding == Encoding::rle_dictionary;
    const bool dictionary = wants_dictionary && make_dictionary(filled);
    // One value takes one run, whatever trials say of other times.
    if (dictionary && dictionary_.entries().size() == 1)
      return {.encoding = Encoding::rle_dictionary, .codec = Codec::uncompressed};
    if (!trial && wants_dictionary && !dictionary && is_rest(trial_result, filled)) return cheapest(false, filled);
    if (trial || (wants_dictionary && !dictionary)) {
      trial_result.coding = cheapest(dictionary, filled);
      trial_result.groups_left = kTrialEvery;
      trial_result.values = filled;
      trial_result.bytes_per_value = 0;
    }
    --trial_result.groups_left;
    return *trial_result.coding;
  }

  // False if there are too many distinct values for a dictionary to pay: more than half of all. A dictionary of
  // addresses may pay however many there are, since in ascending order they compress better than in the order of the
  // rows.
  bool make_dictionary(size_t filled) {
    indexes_.resize(filled);
    return dictionary_.make(pages_, std::min(kMostEntries, kAddress ? filled : filled / 2 + 1), indexes_);
  }

  unsigned index_width(const Coding& coding) const {
    const unsigned width = std::max(bit_width(dictionary_.entries().size() - 1), 1U);
    if (!coding.whole_bytes) return width;
    return width <= 8 ? 8 : 16;
  }

  // The trial: every encoding that goes with the type, with every codec, on a sample of the longest page. What the
  // sample costs is scaled to the chunk. The dictionary page is tried apart from the indexes, and its cost does not
  // scale with them.
  Coding cheapest(bool dictionary, size_t filled) {
    std::vector<Coding> codings;
    codings.push_back({.encoding = Encoding::plain});
    if constexpr (kInteger<T>) codings.push_back({.encoding = Encoding::delta_binary_packed});
    if (dictionary) {
      codings.push_back({.encoding = Encoding::rle_dictionary});
      if (const unsigned width = index_width({}); width != 8 && width != 16)
        codings.push_back({.encoding = Encoding::rle_dictionary, .whole_bytes = true});
    }
    const auto size = [](const PageValues<T>& page) { return page.values.size(); };
    const auto longest = std::ranges::max_element(pages_, {}, size);
    PageValues<T> sample = *longest;
    sample.values = sample.values.first(std::min(sample.values.size(), kSampleValues));
    size_t first_of_sample = 0;
    for (auto page = pages_.begin(); page != longest; ++page) first_of_sample += page->values.size();
    const double scale = static_cast<double>(filled) / static_cast<double>(sample.values.size());
    const auto of_dictionary = dictionary ? costs_of_entries() : std::array<Cost, kCodecs.size()>{};
    Coding best;
    double least = std::numeric_limits<double>::infinity();
    for (Coding coding : codings) {
      payload_.clear();
      encode_values(sample, first_of_sample, coding, payload_);
      const double other_cost = cost_without_codec(coding.encoding, filled);
      for (size_t i = 0; i < kCodecs.size(); ++i) {
        const bool plain = coding.encoding == Encoding::plain;
        const Cost of_values = cost_of(kCodecs[i], payload_, scale, pages_.size(), plain);
        const Cost of_entries = coding.encoding == Encoding::rle_dictionary ? of_dictionary[i] : Cost{};
        const double cost = other_cost + of_values.bytes + of_entries.bytes;
        if (cost >= least) continue;
        least = cost;
        best = coding;
        best.codec = kCodecs[i];
        best.of_entries = of_entries.effort;
        best.of_values = of_values.effort;
      }
    }
    return best;
  }

  struct Cost {
    double bytes = 0;  // time included
    Effort effort = Effort::store;
  };

  // What the dictionary page costs with each codec, from a sample in its middle.
  std::array<Cost, kCodecs.size()> costs_of_entries() {
    const std::span<const T> all = dictionary_.entries();
    const size_t count = std::min(all.size(), kSampleValues);
    payload_.clear();
    encode_plain(all.subspan((all.size() - count) / 2, count), payload_);
    const double scale = static_cast<double>(all.size()) / static_cast<double>(count);
    std::array<Cost, kCodecs.size()> costs;
    for (size_t i = 0; i < kCodecs.size(); ++i) costs[i] = cost_of(kCodecs[i], payload_, scale, 1, true);
    return costs;
  }

  // What an encoding costs before any codec: the time to encode, and for addresses the Bloom filter.
  double cost_without_codec(Encoding encoding, size_t filled) const {
    const auto values = static_cast<double>(filled);
    const bool dictionary = encoding == Encoding::rle_dictionary;
    double work = values * kPlainWork;
    if (encoding == Encoding::delta_binary_packed) work = values * kDeltaWork;
    if (dictionary) work = values * (dictionary_.ascending() && !kAddress ? kTablesWork : kHashWork);
    if (!kAddress) return work / kNanosecondsPerByte;
    const auto distinct = dictionary ? static_cast<double>(dictionary_.entries().size()) : values;
    if (dictionary) work += distinct * kOrderWork;
    return (work + distinct * kBloomWork) / kNanosecondsPerByte + distinct * BloomFilter::kBitsPerValue / 8;
  }

  // What a codec costs for `scale` times the given bytes in `pages` pages, and the effort that is cheapest. plain: the
  // bytes are values as they lie in memory, in which neighbours can be looked for.
  Cost cost_of(Codec codec, const Buffer& bytes, double scale, size_t pages, bool plain) {
    const auto whole = static_cast<double>(bytes.size());
    const auto cost_of_size = [&](Effort effort, size_t size) {
      const auto packed = static_cast<double>(size);
      const double work = work_per_byte(codec, effort, std::min(packed / whole, 1.0), kWidth);
      const double page_work = static_cast<double>(pages) * work_per_page(codec, effort);
      return Cost{scale * packed + (scale * work * whole + page_work) / kNanosecondsPerByte, effort};
    };
    const auto cost_of_effort = [&](Effort effort) {
      packed_.clear();
      return cost_of_size(effort, compressor_->compress(codec, effort, bytes.view(), packed_, {.width = kWidth}));
    };
    Cost least = cost_of_size(Effort::store, bytes.size());
    if (codec == Codec::uncompressed) return least;
    const auto consider = [&](const Cost& cost) {
      if (cost.bytes < least.bytes || codec != Codec::zstd) least = cost;
    };
    consider(cost_of_effort(Effort::search));
    if (codec == Codec::zstd) consider(cost_of_effort(Effort::codes));
    if (kNeighbours && plain && codec == Codec::zstd) consider(cost_of_effort(Effort::neighbours));
    return least;
  }

  // first: of the page's values among those of the chunk. A page without any has the header of its encoding all the
  // same: readers look for it.
  void encode_values(const PageValues<T>& page, size_t first, const Coding& coding, Buffer& out) {
    switch (coding.encoding) {
      case Encoding::plain:
      case Encoding::rle:
        return encode_plain(page.values, out);
      case Encoding::delta_binary_packed:
        return encode_deltas(page.values, out);
      case Encoding::rle_dictionary: {
        const unsigned width = index_width(coding);
        out.append_byte(static_cast<uint8_t>(width));
        encode_hybrid(std::span<const uint16_t>(indexes_).subspan(first, page.values.size()), width, out);
        return;
      }
    }
  }

  void encode_deltas(std::span<const T> values, Buffer& out) {
    if constexpr (!kInteger<T>) {
      CHECK(false);
    } else if constexpr (sizeof(T) == 8) {
      encode_delta(std::span(reinterpret_cast<const int64_t*>(values.data()), values.size()), out);
    } else {
      wide_.assign(values.begin(), values.end());
      encode_delta(std::span<const int32_t>(wide_), out);
    }
  }

  void write_dictionary(const Coding& coding) {
    chunk_.dictionary_offset = position();
    payload_.clear();
    encode_plain(dictionary_.entries(), payload_);
    write_page({.type = PageType::dictionary,
                .encoding = Encoding::plain,
                .values = static_cast<uint32_t>(dictionary_.entries().size())},
               coding.codec, coding.of_entries, 0);
  }

  void write_pages(const Coding& coding) {
    chunk_.data_offset = position();
    size_t first_value = 0;
    uint64_t first_row = 0;
    std::optional<Range<T>> all;
    bool all_known = true;
    for (const PageValues<T>& page : pages_) {
      const uint64_t offset = position();
      payload_.clear();
      write_levels(page);
      const size_t head = payload_.size();
      encode_values(page, first_value, coding, payload_);
      write_page({.type = PageType::data, .encoding = coding.encoding, .values = static_cast<uint32_t>(page.rows)},
                 coding.codec, coding.of_values, head);
      const std::optional<Range<T>> range = page_range(page, first_value, coding);
      all_known &= range || page.values.empty();
      if (range) all ? all->add(*range) : void(all = range);
      chunk_.pages.push_back({.offset = offset,
                              .bytes = position() - offset,
                              .first_row = first_row,
                              .rows = static_cast<uint32_t>(page.rows),
                              .nulls = static_cast<uint32_t>(page.nulls()),
                              .bounds = bounds_of(range)});
      first_value += page.values.size();
      first_row += page.rows;
    }
    if (all_known) chunk_.bounds = bounds_of(all);
  }

  // Values that repeat are compared once each, not once a row.
  std::optional<Range<T>> page_range(const PageValues<T>& page, size_t first, const Coding& coding) {
    constexpr bool slow_to_compare = sizeof(T) > 4;
    const std::span<const T> entries = dictionary_.entries();
    if (coding.encoding == Encoding::rle_dictionary && dictionary_.ascending()) {
      const auto range = range_of(std::span<const uint16_t>(indexes_).subspan(first, page.values.size()));
      if (!range) return std::nullopt;
      return Range<T>{entries[range->least], entries[range->greatest]};
    }
    if (!slow_to_compare || coding.encoding != Encoding::rle_dictionary || entries.size() > page.values.size() / 4)
      return range_of(page.values);
    used_.assign(entries.size(), 0);
    for (const uint16_t index : std::span(indexes_).subspan(first, page.values.size())) used_[index] = 1;
    used_entries_.clear();
    for (size_t i = 0; i < entries.size(); ++i) {
      if (used_[i] != 0) used_entries_.push_back(entries[i]);
    }
    return range_of(std::span<const T>(used_entries_));
  }

  // Definition levels, with their length before them.
  void write_levels(const PageValues<T>& page) {
    payload_.grow(4);
    encode_levels(page.validity, page.rows, payload_);
    const auto length = static_cast<uint32_t>(payload_.size() - 4);
    payload_.overwrite(0, length);
  }

  // head: bytes of the payload before its values.
  void write_page(PageHeader header, Codec codec, Effort effort, size_t head) {
    packed_.clear();
    if (codec != Codec::uncompressed) compressor_->compress(codec, effort, payload_.view(), packed_, {head, kWidth});
    const ByteView packed = codec == Codec::uncompressed ? payload_.view() : packed_.view();
    header.uncompressed_bytes = payload_.size();
    header.compressed_bytes = packed.size();
    header.crc = crc32(packed);
    const size_t before = out_->size();
    write_page_header(header, *out_);
    const size_t header_bytes = out_->size() - before;
    out_->append(packed);
    chunk_.uncompressed_bytes += header_bytes + payload_.size();
    chunk_.compressed_bytes += header_bytes + packed.size();
  }

  void write_bloom(const Coding& coding, size_t filled, Buffer& bloom) {
    const bool dictionary = coding.encoding == Encoding::rle_dictionary;
    BloomFilter filter(dictionary ? dictionary_.entries().size() : filled);
    const auto add = [&](std::span<const T> values) {
      for (const T& value : values) filter.add(bytes_of(std::span(&value, 1)));
    };
    if (dictionary) {
      add(dictionary_.entries());
    } else {
      for (const PageValues<T>& page : pages_) add(page.values);
    }
    const size_t before = bloom.size();
    write_bloom_header(filter.bytes().size(), bloom);
    bloom.append(filter.bytes());
    chunk_.bloom_bytes = bloom.size() - before;
  }

  uint64_t position() const { return base_ + (out_->size() - start_); }

  ColumnValues<T> values_;
  Dictionary<T> dictionary_;
  std::vector<uint16_t> indexes_;
  std::vector<int32_t> wide_;
  std::vector<uint8_t> used_;  // by a page: entries of the dictionary
  std::vector<T> used_entries_;
  Buffer payload_;
  Buffer packed_;

  // Of the chunk under way.
  std::span<const PageValues<T>> pages_;
  Compressor* compressor_ = nullptr;
  Buffer* out_ = nullptr;
  size_t start_ = 0;
  uint64_t base_ = 0;
  ColumnChunk chunk_;
};

}  // namespace

class ColumnEncoder::Impl {
 public:
  ColumnChunk encode(const GroupRows& group, flow::ColumnIndex column, TrialResult& trial_result, uint64_t base,
                     Buffer& out, Buffer& bloom) {
    const auto by = [&](auto& encoder) {
      return encoder.encode(group, column, trial_result, base, compressor_, out, bloom);
    };
    switch (group.pages.front().slices.front().batch->schema()[column].type) {
      case flow::ColumnType::u8:
        return by(u8_);
      case flow::ColumnType::u16:
        return by(u16_);
      case flow::ColumnType::u32:
        return by(u32_);
      case flow::ColumnType::u64:
      case flow::ColumnType::mac:
        return by(u64_);
      case flow::ColumnType::timestamp:
        return by(timestamp_);
      case flow::ColumnType::f64:
        return by(f64_);
      case flow::ColumnType::address:
        return by(address_);
      case flow::ColumnType::text:
        return by(text_);
    }
    CHECK(false);
    return {};
  }

 private:
  Compressor compressor_;
  TypedEncoder<uint8_t> u8_;
  TypedEncoder<uint16_t> u16_;
  TypedEncoder<uint32_t> u32_;
  TypedEncoder<uint64_t> u64_;
  TypedEncoder<int64_t> timestamp_;
  TypedEncoder<double> f64_;
  TypedEncoder<IpAddress> address_;
  TypedEncoder<std::string_view> text_;
};

ColumnEncoder::ColumnEncoder() : impl_(std::make_unique<Impl>()) {}
ColumnEncoder::ColumnEncoder(ColumnEncoder&&) noexcept = default;
ColumnEncoder& ColumnEncoder::operator=(ColumnEncoder&&) noexcept = default;
ColumnEncoder::~ColumnEncoder() = default;

ColumnChunk ColumnEncoder::encode(const GroupRows& group, flow::ColumnIndex column, TrialResult& trial_result,
                                  uint64_t base, Buffer& out, Buffer& bloom) {
  return impl_->encode(group, column, trial_result, base, out, bloom);
}

ColumnChunk null_chunk(size_t rows, uint64_t base, Buffer& out) {
  Buffer levels;
  encode_run(0, rows, 1, levels);
  Buffer payload;
  payload.append_value(static_cast<uint32_t>(levels.size()));
  payload.append(levels.view());
  const size_t before = out.size();
  write_page_header({.type = PageType::data,
                     .encoding = Encoding::plain,
                     .values = static_cast<uint32_t>(rows),
                     .uncompressed_bytes = payload.size(),
                     .compressed_bytes = payload.size(),
                     .crc = crc32(payload.view())},
                    out);
  out.append(payload.view());
  const size_t bytes = out.size() - before;
  ColumnChunk chunk;
  chunk.values = chunk.nulls = rows;
  chunk.uncompressed_bytes = chunk.compressed_bytes = bytes;
  chunk.data_offset = base;
  const auto count = static_cast<uint32_t>(rows);
  chunk.pages.push_back({.offset = base, .bytes = bytes, .rows = count, .nulls = count, .bounds = std::nullopt});
  return chunk;
}

}  // namespace weir::store::parquet
