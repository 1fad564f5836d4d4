// The filter language: which flows a question is about. It is nfdump's, because that is what network people can type:
//
//   src net 10/8 and dst port in [80, 443] and not proto udp
//
//   expression = term { ("or" | "||") term }            term   = factor { ("and" | "&&") factor }
//   factor     = ("not" | "!") factor | "(" expression ")" | primitive          "#" comments to the end of the line
//   primitive  = "any" | "ipv4" | "ipv6"
//              | [way] ("ip" | "host") ADDRESS              | [way] "ip" "in" "[" ADDRESS | PREFIX ... "]"
//              | [way] "net" (PREFIX | ADDRESS MASK)        way = src, dst, exporter, router, next, bgp next,
//                                                           [src|dst] nat, inner [src|dst]
//              | [src|dst] "port" | "as" [comp] N           | [src|dst] "port" | "as" "in" "[" N ... "]"
//              | [in|out] "if" [comp] N                     | "proto" NAME | [comp] N
//              | "packets" | "bytes" | "duration" [comp] N  | "tos" | "icmp-type" | "icmp-code" [comp] N
//              | "flags" [comp] N | "flags" ["="] LETTERS   LETTERS of F S R P A U E C X
//              | TERM [comp] N | NAME | MAC | TEXT          the terms of filter_terms.cc: vlan, mac, mask, ttl, mpls
//                                                           label1, nat event, asa event, ingress acl ...
//   comp       = "=" "==" "eq"  "!=" "ne"  ">" "gt"  ">=" "ge"  "<" "lt"  "<=" "le"; none is "="
//   N          = decimal or 0x hexadecimal, with the suffixes k m g t (powers of 1000)
//
// No direction means either one. A condition on a value that the exporter did not send (null) is false, and its
// negation is true. "port != 80" means that neither port is 80.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.h"

namespace weir::query {

// Limits on what a stranger may send through an API.
inline constexpr size_t kMaxFilterBytes = 65'536;
inline constexpr size_t kMaxFilterDepth = 256;  // parentheses and negations
inline constexpr size_t kMaxFilterListEntries = 4096;

enum class Comparison : uint8_t { eq, ne, gt, ge, lt, le };

// Which side of a flow a condition looks at.
enum class Side : uint8_t { either, src, dst };

enum class AddressField : uint8_t {
  either,
  src,
  dst,
  exporter,
  next_hop,
  bgp_next_hop,
  nat,  // after translation
  nat_src,
  nat_dst,
  inner,  // of the inner packet of a tunnel
  inner_src,
  inner_dst,
};
inline constexpr size_t kAddressFields = 12;

enum class NumberField : uint8_t {
  port,       // has sides
  as,         // has sides
  interface,  // has sides: src is in, dst is out
  proto,
  packets,
  bytes,
  duration_ms,
  tos,
  icmp_type,  // implies ICMP or ICMPv6
  icmp_code,
  tcp_flags,  // implies TCP
  inner_proto,
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
  AddressField field = AddressField::either;
  std::vector<IpPrefix> ranges;
  bool operator==(const AddressIn& other) const;
};

struct NumberIs {
  NumberField field = NumberField::port;
  Side side = Side::either;
  Comparison comparison = Comparison::eq;
  uint64_t value = 0;
  bool operator==(const NumberIs&) const = default;
};

struct NumberIn {
  NumberField field = NumberField::port;
  Side side = Side::either;
  std::vector<uint64_t> values;
  bool operator==(const NumberIn&) const = default;
};

// A term of filter_terms.h.
struct TermIs {
  size_t term = 0;  // position in the table
  Comparison comparison = Comparison::eq;
  uint64_t number = 0;  // of numbers and MAC addresses
  std::string text;     // of texts
  bool operator==(const TermIs&) const = default;
};

// All bits of mask are set; with exact, no others. Implies TCP.
struct FlagsSet {
  uint16_t mask = 0;
  bool exact = false;
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
  std::variant<Any, Family, AddressIn, NumberIs, NumberIn, TermIs, FlagsSet, Not, And, Or> node;
  bool operator==(const Filter& other) const;
};

// Where and why a text is not a filter.
struct FilterError {
  size_t position = 0;  // bytes into the text
  std::string message;  // "expected a port from 0 to 65535, found 'htp'"

  // The message with the line of the text and a caret below the place, for a terminal.
  std::string show(std::string_view text) const;
};

// The empty text is `any`. Any bytes are allowed as input: the result is a filter or an error, in bounded time and
// depth.
std::expected<Filter, FilterError> parse_filter(std::string_view text);

// The filter as text: parse_filter(to_string(f)) == f.
std::string to_string(const Filter& filter);

}  // namespace weir::query
