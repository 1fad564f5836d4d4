// The value of an information element as JSON, from its bytes on the wire and its abstract type (RFC 7012
// section 3.1). For people and for scripts that look into exports; columns go through the conversions of
// src/flow/conversion.h.
//
//   unsigned, signed   a number; 1 to 8 bytes whatever the type's own size (RFC 7011 section 6.2)
//   float              a number, of 4 or 8 bytes; "NaN", "Infinity", "-Infinity"
//   boolean            true for 1, false for 2 (RFC 7011 section 6.1.5), a number otherwise
//   address, MAC       text
//   string             text without the zero bytes that fill it up
//   dateTime           RFC 3339 with microseconds; microseconds and nanoseconds are NTP (RFC 7011 section 6.1.9-10)
//                      or, as some exporters send them, Unix times: whichever lies nearest to `export_time`
//   octetArray         hexadecimal; so are lists (RFC 6313), which decode/template/structured_data.h opens
//
// Bytes of a length that the type cannot have appear as hexadecimal, no bytes at all as null.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "flow/elements.gen.h"

namespace weir::flow {

void append_value_json(std::string& out, AbstractType type, ByteView bytes, Timestamp export_time);

// Two lower-case digits a byte.
void append_hex(std::string& out, ByteView bytes);

}  // namespace weir::flow
