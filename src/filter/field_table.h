// The rows of the table of fields, as they are written down. fields.cc makes Fields of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "filter/fields.h"

namespace weir::filter {

struct FieldRow {
  std::string_view words;
  // Operands with one space between them: COLUMN, A|B (first), A@B (where), COLUMN>> (high byte), COLUMN& (low byte),
  // COLUMN:1 (or one), or *duration, *pps, *bps, *bpp.
  std::string_view operands;
  FieldKind kind = FieldKind::number;
  uint64_t limit = UINT64_MAX;
  std::string_view what = {};
  Guard guard = Guard::none;
  Names names = Names::none;
  std::string_view listed = {};
};

// Another way to write the words of a field.
struct FieldAlias {
  std::string_view words;
  std::string_view means;
};

// What nfdump knows, and flows here have no data for.
struct NoData {
  std::string_view words;
  std::string_view why;
};

std::span<const FieldRow> field_rows();
std::span<const FieldAlias> field_aliases();
std::span<const NoData> fields_without_data();

}  // namespace weir::filter
