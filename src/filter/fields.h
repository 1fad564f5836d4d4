// The fields of the filter language: what conditions are about, as a table that the parser, the printer and all back ends
// read. Each column is a field, too, by its name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter.h"

namespace weir::filter {

enum class FieldKind : uint8_t { number, mac, time, text, access_list, address };

// A value of a flow: a column, or what is computed of one or two.
struct Operand {
  enum class Of : uint8_t {
    column,
    first,      // column, or where that is null, `other`
    where,      // column where `other` is not null
    high_byte,  // (column >> 8) & 255
    low_byte,   // column & 255
    or_one,     // column, 1 where that is null
    // Of the times and counters of the flow. A flow that ends before it starts has none of the first three.
    duration,  // whole milliseconds
    pps,       // packets a second, bits a second, bytes a packet, rounded down; 0 where that would be a division by 0
    bps,
    bpp,
  };
  Of of = Of::column;
  std::string column = {};
  std::string other = {};
};

// What has to be true besides.
enum class Guard : uint8_t { none, icmp, tcp };
// Which names stand for numbers.
enum class Names : uint8_t { none, protocols, services, listed };

struct Field {
  std::string words;  // in front of the value, with one space between them
  FieldKind kind = FieldKind::number;
  std::vector<Operand> operands = {};  // any of them may have the value; for != all of them
  uint64_t limit = UINT64_MAX;         // of a number
  std::string_view what = {};          // for messages: "a port from 0 to 65535"
  Guard guard = Guard::none;
  Names names = Names::none;
  std::string_view listed = {};  // "ADD=1 DELETE=2"
  bool column = false;           // written as the name of a column
};

// A field, or what to say where there is no such data.
struct Found {
  std::optional<FieldRef> field;
  std::string_view no_data = {};
  bool net = false;  // of an address: said as "net", so a network follows
  size_t words = 0;  // how many
};

// The longest field that the words begin with; words are compared without case. Nothing if there is none.
std::optional<Found> find_field(std::span<const std::string_view> words);

// A column as a field. Text, for what is of no other kind.
FieldRef column_field(std::string_view name, flow::ColumnType type);
// The field that find_field() finds for these words, which exist.
FieldRef known_field(std::string_view words);

// All fields and columns, in a fixed order.
std::span<const FieldRef> all_fields();

// The number of a name: TCP, https, ADDPBLK, in upper or lower case.
std::optional<uint64_t> named_value(const Field& field, std::string_view name);
// "ADD DELETE EXHAUST": without the numbers.
std::string listed_names(const Field& field);

// Words that may begin a condition, for suggestions.
std::vector<std::string_view> first_words();

}  // namespace weir::filter
