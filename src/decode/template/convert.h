// The bytes of one field as the value of one column: the definition of every conversion of flow/conversion.h. The fast
// loops of decode/template/kernels.h give the same values, or step aside for these.
#pragma once

#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "decode/common/limits.h"
#include "flow/columns.gen.h"
#include "flow/elements.gen.h"

namespace weir::decode {

enum class Fit : uint8_t {
  ok,
  absent,        // a field of no bytes, or a time of zero: the exporter says that it does not know
  out_of_range,  // value_out_of_range
  bad_length,    // bad_field_length
  no_time_base,  // time_base_unknown
  bad_list,      // bad_list
  list_limit,    // list_limit; the value is what fits
};

// What times in a message are measured against.
struct TimeBase {
  int64_t export_us = 0;  // export time of the message, microseconds since 1970
  // Milliseconds of uptime count from here: at `anchor_us` the exporter had been up for `anchor_uptime_ms` (modulo
  // 2^32).
  bool uptime_known = false;
  uint32_t anchor_uptime_ms = 0;
  int64_t anchor_us = 0;

  // NetFlow: the header says uptime and time at the same instant. Uptimes are whole milliseconds, so what the time of
  // v1 to v7 has below one says nothing of a flow: it is cut off, as nfdump does.
  static TimeBase from_header(int64_t export_us, uint32_t uptime_ms);
  // IPFIX: the exporter said when it started (systemInitTimeMilliseconds); moved near to the export time, so that the
  // wrap of the 32-bit uptime does no harm.
  static TimeBase from_start(int64_t export_us, uint64_t start_ms);
  // IPFIX, start unknown.
  static TimeBase export_time_only(int64_t export_us) { return {.export_us = export_us}; }
};

// False if no value of this length can ever be converted: a length the element cannot have. Length 0 is "absent".
bool length_fits(flow::Conversion conversion, size_t length);

// Conversions into numbers (all that make neither addresses nor text); timestamps as the bits of an int64_t.
Fit convert_number(flow::Conversion conversion, ByteView bytes, const TimeBase& time, uint64_t& value);

Fit convert_address(ByteView bytes, IpAddress& value);

// Conversions into text; replaces what is in `value`, with at most `most` bytes: list_limit if that cuts it.
Fit convert_text(flow::Conversion conversion, ByteView bytes, std::string& value, size_t most = Limits{}.text_length);

// The largest value a column can hold.
constexpr uint64_t max_value(flow::ColumnType type) {
  switch (type) {
    case flow::ColumnType::u8:
      return UINT8_MAX;
    case flow::ColumnType::u16:
      return UINT16_MAX;
    case flow::ColumnType::u32:
      return UINT32_MAX;
    default:
      return UINT64_MAX;
  }
}

// Appends bytes as UTF-8: what is not valid UTF-8, and control characters, as \xNN. False if more than `most` bytes
// would be appended: what fits is, and neither a character nor an escape is cut.
bool append_utf8(ByteView bytes, std::string& text, size_t most = SIZE_MAX);

}  // namespace weir::decode
