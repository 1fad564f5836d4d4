// The filter language: which flows a question is about. It is nfdump's, because that is what network people can type,
// and more: any column by name, columns against columns, times, texts by pattern.
//
//   src net 10/8 and dst port in [80, 443] and not proto udp
//   first seen >= 2026-11-22T14:00 and url like '%.exe' and src_as != dst_as
//
// The grammar, the fields and examples that tests run are in docs/filter.md. A text becomes tokens (lexer.h), the tokens
// a tree (here), the tree SQL (sql.h) or a predicate on batches (predicate.h). The fields that conditions are about are
// a table (fields.h).
//
// No direction means either one. A condition on a value that the exporter did not send (null) is false, and its
// negation is true. "port != 80" means that neither port is 80.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "flow/schema.h"

namespace weir::filter {

// Limits on what a stranger may send through an API.
inline constexpr size_t kMaxFilterBytes = 65'536;
inline constexpr size_t kMaxFilterDepth = 256;  // parentheses and negations
inline constexpr size_t kMaxFilterListEntries = 4096;
inline constexpr size_t kMaxPatternBytes = 1000;  // of like and ~
// On files that a filter includes.
inline constexpr size_t kMaxIncludeDepth = 10;
inline constexpr size_t kMaxIncludedBytes = 1 << 20;  // of all of them
inline constexpr size_t kMaxIncludes = 1000;
// On host names, each of which is a question to a name server.
inline constexpr size_t kMaxHostNames = 100;

enum class Comparison : uint8_t { eq, ne, gt, ge, lt, le };

struct Field;  // fields.h

// What a condition is about. Two are equal if they are written in the same way.
class FieldRef {
 public:
  explicit FieldRef(std::shared_ptr<const Field> field) : field_(std::move(field)) {}
  const Field& operator*() const { return *field_; }
  const Field* operator->() const { return field_.get(); }
  bool operator==(const FieldRef& other) const;

 private:
  std::shared_ptr<const Field> field_;
};

struct Filter;

struct Any {
  bool operator==(const Any&) const = default;
};

struct Family {
  bool v6 = false;
  bool operator==(const Family&) const = default;
};

// The address lies in one of the ranges (at least one).
struct AddressIn {
  FieldRef field;
  std::vector<IpPrefix> ranges;
  bool operator==(const AddressIn& other) const;
};

// Not for eq, which is AddressIn. Addresses are in the order of their bytes, IPv4 as ::ffff:a.b.c.d.
struct AddressIs {
  FieldRef field;
  Comparison comparison = Comparison::ne;
  IpAddress address;
  bool operator==(const AddressIs&) const = default;
};

// Of numbers, MAC addresses (the low 48 bits), times (microseconds since 1970, two's complement) and access lists (one
// of whose three ids it is).
struct NumberIs {
  FieldRef field;
  Comparison comparison = Comparison::eq;
  uint64_t value = 0;
  bool operator==(const NumberIs&) const = default;
};

struct NumberIn {
  FieldRef field;
  std::vector<uint64_t> values;
  bool operator==(const NumberIn&) const = default;
};

// The first six are those of Comparison, by bytes. like: % is any text, _ one character. regex: RE2's, anywhere in the
// text. Of an access list eq means: somewhere in it, in upper or lower case.
enum class TextTest : uint8_t { eq, ne, gt, ge, lt, le, like, regex };

struct TextIs {
  FieldRef field;
  TextTest test = TextTest::eq;
  std::string text;
  bool operator==(const TextIs&) const = default;
};

struct TextIn {
  FieldRef field;
  std::vector<std::string> texts;
  bool operator==(const TextIn&) const = default;
};

// Of two fields of one kind; the right one is a column.
struct FieldsCompare {
  FieldRef left;
  Comparison comparison = Comparison::eq;
  FieldRef right;
  bool operator==(const FieldsCompare&) const = default;
};

// Of the bits of mask all are set; or all and no others; or any. Implies TCP.
struct FlagsSet {
  enum class Match : uint8_t { all, exact, any };
  uint16_t mask = 0;
  Match match = Match::all;
  bool operator==(const FlagsSet&) const = default;
};

struct Not {
  std::unique_ptr<const Filter> child;
  bool operator==(const Not& other) const;
};

struct And {
  std::vector<Filter> children;  // at least two
  bool operator==(const And& other) const;
};

struct Or {
  std::vector<Filter> children;  // at least two
  bool operator==(const Or& other) const;
};

struct Filter {
  std::variant<Any, Family, AddressIn, AddressIs, NumberIs, NumberIn, TextIs, TextIn, FieldsCompare, FlagsSet, Not, And,
               Or>
      node;
  bool operator==(const Filter& other) const;
};

// Where and why a text is not a filter.
struct FilterError {
  size_t position = 0;    // bytes into the text, or into the file that it includes
  std::string message;    // "expected a port from 0 to 65535, found 'htp'"
  std::string file = {};  // the included file, with its text
  std::string file_text = {};

  // The message with the line of the text and a caret below the place, for a terminal.
  std::string show(std::string_view filter) const;
};

// What of the world a filter may ask for. Each may be missing: then it may not.
struct World {
  // Columns that this version does not know: those that the operator added. Not asked for any other name.
  std::function<std::optional<flow::ColumnType>(std::string_view name)> more_columns = {};
  // The addresses of a host name, or what went wrong.
  std::function<std::expected<std::vector<IpAddress>, std::string>(const std::string& name)> resolve = {};
  // The text of the file of an @include, of at most `most` bytes, or what went wrong.
  std::function<std::expected<std::string, std::string>(const std::string& path, size_t most)> read_file = {};
};

// The empty text is `any`. Any bytes are allowed as input: the result is a filter or an error, in bounded time and
// depth.
std::expected<Filter, FilterError> parse_filter(std::string_view text, const World& world = {});

// The filter as text: parse_filter(to_string(f)) == f.
std::string to_string(const Filter& filter);

}  // namespace weir::filter
