#include "query/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "filter/lexer.h"

namespace weir::query {
namespace {

// One column of the arguments.
template <class T>
class Argument {
 public:
  explicit Argument(duckdb_vector vector)
      : data_(static_cast<const T*>(duckdb_vector_get_data(vector))), validity_(duckdb_vector_get_validity(vector)) {}
  Argument(duckdb_data_chunk input, size_t column) : Argument(duckdb_data_chunk_get_vector(input, column)) {}
  bool is_null(size_t row) const { return validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row); }
  const T& operator[](size_t row) const { return data_[row]; }

 private:
  const T* data_;
  uint64_t* validity_;
};

void set_null(duckdb_vector output, size_t row) {
  duckdb_vector_ensure_validity_writable(output);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
}

void set_uuid(duckdb_vector output, size_t row, const IpAddress& address) {
  static_cast<duckdb_hugeint*>(duckdb_vector_get_data(output))[row] = duck::to_uuid(address);
}

void set_text(duckdb_vector output, size_t row, std::string_view text) {
  duckdb_vector_assign_string_element_len(output, row, text.data(), text.size());
}

// text -> address; `parse` gives nothing if the text is wrong.
template <auto parse>
void text_to_address(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument<duckdb_string_t> texts(input, 0);
  const size_t rows = duckdb_data_chunk_get_size(input);
  for (size_t row = 0; row < rows; ++row) {
    if (texts.is_null(row)) {
      set_null(output, row);
      continue;
    }
    const std::string_view text = duck::view(texts[row]);
    const std::optional<IpAddress> address = parse(text);
    if (!address) {
      duckdb_scalar_function_set_error(info, fmt::format("{}'{}'", kNotAnAddress, filter::printable(text)).c_str());
      return;
    }
    set_uuid(output, row, *address);
  }
}

std::optional<IpAddress> prefix_first(std::string_view text) {
  const std::optional<IpPrefix> prefix = IpPrefix::parse(text);
  return prefix ? std::optional(prefix->first) : std::nullopt;
}

std::optional<IpAddress> prefix_last(std::string_view text) {
  const std::optional<IpPrefix> prefix = IpPrefix::parse(text);
  return prefix ? std::optional(prefix->last) : std::nullopt;
}

// The text of each address, as `write` writes it.
template <auto write>
void write_addresses(const Argument<duckdb_hugeint>& addresses, size_t rows, duckdb_vector output) {
  for (size_t row = 0; row < rows; ++row) {
    if (addresses.is_null(row))
      set_null(output, row);
    else
      set_text(output, row, write(duck::from_uuid(addresses[row])));
  }
}

std::string people_text(const IpAddress& address) { return address.to_string(); }

template <auto write>
void address_to_text(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument<duckdb_hugeint> addresses(input, 0);
  write_addresses<write>(addresses, duckdb_data_chunk_get_size(input), output);
}

// 32 hexadecimal digits, with hyphens where they may be: a UUID as text.
std::optional<IpAddress> parse_uuid(std::string_view text) {
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  IpAddress address;
  size_t digits = 0;
  for (const char c : text) {
    if (c == '-') continue;
    const char lower = static_cast<char>(c | 0x20);
    const bool letter = lower >= 'a' && lower <= 'f';
    if ((!letter && (c < '0' || c > '9')) || digits == 2 * sizeof(IpAddress)) return std::nullopt;
    const int value = letter ? lower - 'a' + 10 : c - '0';
    uint8_t& byte = address.bytes[digits++ / 2];
    byte = static_cast<uint8_t>(byte << 4 | value);
  }
  return digits == 2 * sizeof(IpAddress) ? std::optional(address) : std::nullopt;
}

// Text that is compared with an address, or cast to one: as people write addresses, or as the UUID that it is.
bool cast_to_address(duckdb_function_info info, idx_t rows, duckdb_vector input, duckdb_vector output) {
  const Argument<duckdb_string_t> texts(input);
  const bool may_fail = duckdb_cast_function_get_cast_mode(info) == DUCKDB_CAST_TRY;
  bool all = true;
  for (size_t row = 0; row < rows; ++row) {
    if (texts.is_null(row)) {
      set_null(output, row);
      continue;
    }
    const std::string_view text = duck::view(texts[row]);
    std::optional<IpAddress> address = IpAddress::parse(text);
    if (!address) address = parse_uuid(text);
    if (address) {
      set_uuid(output, row, *address);
      continue;
    }
    all = false;
    const std::string message = fmt::format("{}'{}'", kNotAnAddress, filter::printable(text));
    duckdb_cast_function_set_row_error(info, message.c_str(), row, output);
    if (!may_fail) return false;
  }
  return all;
}

// Addresses made text, without a word of it (LIKE, ||, lists as JSON), are as people write them.
bool cast_to_text(duckdb_function_info, idx_t rows, duckdb_vector input, duckdb_vector output) {
  write_addresses<people_text>(Argument<duckdb_hugeint>(input), rows, output);
  return true;
}

unsigned bits_for(const IpAddress& address, uint8_t v4_bits, uint8_t v6_bits) {
  return address.is_v4() ? std::min<unsigned>(v4_bits, 32) : std::min<unsigned>(v6_bits, 128);
}

IpAddress cut(IpAddress address, unsigned bits) {
  const unsigned kept = address.is_v4() ? 96 + bits : bits;
  for (unsigned i = 0; i < 16; ++i) {
    const unsigned covered = std::clamp<unsigned>(kept, 8 * i, 8 * i + 8) - 8 * i;
    address.bytes[i] = static_cast<uint8_t>(address.bytes[i] & (0xff00u >> covered));
  }
  return address;
}

// (address, bits for IPv4, bits for IPv6) -> the first address of its prefix, or that with its length as text.
template <bool as_text>
void network(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument<duckdb_hugeint> addresses(input, 0);
  const Argument<uint8_t> v4_bits(input, 1);
  const Argument<uint8_t> v6_bits(input, 2);
  const size_t rows = duckdb_data_chunk_get_size(input);
  for (size_t row = 0; row < rows; ++row) {
    if (addresses.is_null(row) || v4_bits.is_null(row) || v6_bits.is_null(row)) {
      set_null(output, row);
      continue;
    }
    const IpAddress address = duck::from_uuid(addresses[row]);
    const unsigned bits = bits_for(address, v4_bits[row], v6_bits[row]);
    const IpAddress first = cut(address, bits);
    if constexpr (as_text)
      set_text(output, row, fmt::format("{}/{}", first.to_string(), bits));
    else
      set_uuid(output, row, first);
  }
}

// (address, ranges) -> is it in one of them. The ranges: first and last address, 16 bytes each, in order and apart.
void in_ranges(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  constexpr size_t kEnd = sizeof(IpAddress);
  const Argument<duckdb_hugeint> addresses(input, 0);
  const Argument<duckdb_string_t> ranges(input, 1);
  bool* results = static_cast<bool*>(duckdb_vector_get_data(output));
  const size_t rows = duckdb_data_chunk_get_size(input);
  for (size_t row = 0; row < rows; ++row) {
    if (addresses.is_null(row) || ranges.is_null(row)) {
      set_null(output, row);
      continue;
    }
    const IpAddress address = duck::from_uuid(addresses[row]);
    const std::string_view all = duck::view(ranges[row]);
    const auto end_at =
        [&](size_t index) {  // ends are numbered: 0 the first of range 0, 1 its last, 2 the first of range 1
          IpAddress end;
          std::memcpy(end.bytes.data(), all.substr(index * kEnd, kEnd).data(), kEnd);
          return end;
        };
    size_t low = 0;  // ranges before it begin at or before the address
    for (size_t high = all.size() / (2 * kEnd); low < high;) {
      const size_t middle = (low + high) / 2;
      if (end_at(2 * middle) <= address)
        low = middle + 1;
      else
        high = middle;
    }
    results[row] = low > 0 && address <= end_at(2 * low - 1);
  }
}

}  // namespace

std::string uuid_text(const IpAddress& address) {
  const std::string hex = fmt::format("{:02x}", fmt::join(address.bytes, ""));
  const std::string_view all = hex;
  return fmt::format("{}-{}-{}-{}-{}", all.substr(0, 8), all.substr(8, 4), all.substr(12, 4), all.substr(16, 4),
                     all.substr(20));
}

Result<> add_address_functions(duck::Connection& connection) {
  const std::vector<duckdb_type> bits = {DUCKDB_TYPE_UUID, DUCKDB_TYPE_UTINYINT, DUCKDB_TYPE_UTINYINT};
  const duck::ScalarFunction functions[] = {
      {"ip", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_UUID, text_to_address<IpAddress::parse>},
      {"net_first", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_UUID, text_to_address<prefix_first>},
      {"net_last", {DUCKDB_TYPE_VARCHAR}, DUCKDB_TYPE_UUID, text_to_address<prefix_last>},
      {"ip_text", {DUCKDB_TYPE_UUID}, DUCKDB_TYPE_VARCHAR, address_to_text<people_text>},
      {"uuid_text", {DUCKDB_TYPE_UUID}, DUCKDB_TYPE_VARCHAR, address_to_text<uuid_text>},
      {"weir_network", bits, DUCKDB_TYPE_UUID, network<false>},
      {"weir_in_ranges", {DUCKDB_TYPE_UUID, DUCKDB_TYPE_BLOB}, DUCKDB_TYPE_BOOLEAN, in_ranges},
      {"weir_network_text", bits, DUCKDB_TYPE_VARCHAR, network<true>},
  };
  for (const duck::ScalarFunction& function : functions) TRY(connection.add_function(function));
  TRY(connection.add_cast(DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_UUID, cast_to_address));
  TRY(connection.add_cast(DUCKDB_TYPE_UUID, DUCKDB_TYPE_VARCHAR, cast_to_text));
  return {};
}

}  // namespace weir::query
