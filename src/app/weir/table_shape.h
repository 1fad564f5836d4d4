// How much of a table there is room for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include "flow/ledger.h"
#include "query/printer.h"

namespace weir::app {

// On a screen that is narrower a table has its most important columns only.
inline constexpr size_t kWideScreen = 120;
// Where columns are shown: in every table, in those of wide screens, or for programs only.
enum class In : uint8_t { all, wide, files };
enum class Shape : uint8_t { narrow, wide, file };
inline bool shows(In in, Shape shape) {
  return in == In::all || shape == Shape::file || (in == In::wide && shape == Shape::wide);
}

inline Shape shape_of(query::Format format) {
  if (format != query::Format::table) return Shape::file;
  const size_t width = query::screen_of(stdout).width;
  return width > 0 && width < kWideScreen ? Shape::narrow : Shape::wide;
}

// A number only as far as it is one: nobody looks for a fault where none was seen.
inline query::Value lost(flow::LossKnown known, uint64_t units, Shape shape) {
  if (known == flow::LossKnown::none)
    return shape == Shape::file ? query::Value() : query::Value(std::string("unknown"));
  if (known == flow::LossKnown::part && shape != Shape::file) return fmt::format(">= {}", units);
  return units;
}

}  // namespace weir::app
