// The values of conditions, from text.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace weir::filter {

// "1500", "0x1f", "10k" (powers of 1000): nothing if it is not a number or does not fit 64 bits.
std::optional<uint64_t> parse_number(std::string_view text);

// "SA": SYN and ACK; X is all of the first six. Nothing if a letter is none of FSRPAUEC.
std::optional<uint16_t> parse_flag_letters(std::string_view text);

// "10.0.0.0" and "255.0.0.0": 10.0.0.0/8. Nothing unless the mask's ones come first.
std::optional<IpPrefix> prefix_with_mask(std::string_view address, std::string_view mask);

// "00:00:5e:00:53:01", also with '-': the low 48 bits.
std::optional<uint64_t> parse_mac(std::string_view text);

// As parse_time() in base/time.h, and what nfdump writes: 2026, 2026-11, 2026/11/22.14:05:00. Microseconds since 1970.
std::optional<int64_t> parse_time_value(std::string_view text);

// Whether a text may be the name of a host: letters, digits, '-' and '.', with a letter among them.
bool is_host_name(std::string_view text);

}  // namespace weir::filter
