// Rows on an output, in the formats that every command offers.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "query/result.h"

namespace weir::query {

// csv_guarded: csv --spreadsheet.
enum class Format : uint8_t { table, json, ndjson, csv, csv_guarded };

// By its name; csv_guarded has none.
std::optional<Format> parse_format(std::string_view name);

// What a table may assume about where it is shown.
struct Screen {
  size_t width = 0;   // columns; 0: unknown, nothing is cut
  bool bold = false;  // the header in bold
};

// The terminal at `file`: no width and nothing bold if it is not one.
Screen screen_of(std::FILE* file);

// Buffered output that remembers its first failure (a full disk, a closed pipe).
class Output {
 public:
  explicit Output(std::FILE* file) : file_(file) {}
  ~Output() { (void)flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  // Where text is added; call spill() now and then.
  std::string& buffer() { return buffer_; }
  Result<> spill() { return buffer_.size() < kSpillBytes ? Result<>() : flush(); }
  Result<> flush();

 private:
  static constexpr size_t kSpillBytes = 65'536;
  std::FILE* file_;
  std::string buffer_;
};

//   table    aligned columns, numbers to the right, the first kTableSample rows decide the widths
//   json     an array of objects by column name; if parts of the store are missing, the last one is
//            {"incomplete": [{"path": "...", "reason": "..."}, ...]}
//   ndjson   one object a line, the last one as in json
//   csv      a header, then RFC 4180 fields; null is empty
//   csv_guarded   the same for spreadsheets: texts never begin as a formula does, and are in quotes; numbers, times and
//            addresses are as they are
std::unique_ptr<RowSink> make_printer(Format format, Output& output, Screen screen = {});

inline constexpr size_t kTableSample = 1000;

}  // namespace weir::query
