#include "query/macros.h"

#include <fmt/format.h>

#include "duck/duck.h"
#include "filter/protocols.h"
#include "flow/flow_type.h"

namespace weir::query {
namespace {

// How the macros work:
//
//   Addresses are UUIDs: 32 hexadecimal digits, IPv4 as ::ffff:a.b.c.d. Text is turned into those digits with regular
//   expressions. Everything is built from functions that a planner computes beforehand, so ip('...') and the ends of
//   in_net(..., '...') are constants in the plan, and row groups outside a range are not read. That is also why a bad
//   address fails as a UUID that cannot be read ("not an address: ..."): error() would be computed for each row.
//
//   The arguments of a macro are copied wherever it names them, and so on inwards. `list_transform([x], lambda v:
//   ...)[1]` is "let v = x in ...": it keeps expressions small. Its body names v only, never an argument, which might
//   be a column v.
constexpr std::string_view kAddresses =
    R"sql(-- Weir: addresses in SQL. Addresses are stored as UUID, IPv4 as ::ffff:a.b.c.d. For DuckDB 1.3 and later.
--   ip('192.0.2.1')                      an address as it is stored
--   ip_text(src_addr)                    an address as people write it
--   in_net(src_addr, '192.0.2.0/24')     is it in that prefix? (also '10/8'; fast: becomes BETWEEN two constants)
--   net_first('10/8'), net_last('10/8')  the first and last address of a prefix
--   mac_text(src_mac), proto_name(proto), type_name(type), tcp_flags_text(tcp_flags)
--   SELECT ip_text(src_addr), sum(bytes) FROM flows WHERE in_net(dst_addr, '2001:db8::/32') GROUP BY ALL

-- Text of an IPv4 address -> 8 hexadecimal digits.
CREATE OR REPLACE MACRO weir_v4_hex(s) AS
  format('{:02x}{:02x}{:02x}{:02x}', CAST(split_part(s, '.', 1) AS INTEGER), CAST(split_part(s, '.', 2) AS INTEGER),
         CAST(split_part(s, '.', 3) AS INTEGER), CAST(split_part(s, '.', 4) AS INTEGER));
CREATE OR REPLACE MACRO weir_is_v4(s) AS
  regexp_full_match(s, '((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}'
                       '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])');

-- IPv6 text whose last 32 bits are written as IPv4 -> all in hexadecimal; other text stays.
CREATE OR REPLACE MACRO weir_v6_plain(s) AS
  list_transform([{'all': s, 'tail': regexp_extract(s, '[0-9.]*$')}], lambda v:
    CASE WHEN contains(v.all, '.') AND weir_is_v4(v.tail)
         THEN regexp_extract(v.all, '^(.*:)[0-9.]*$', 1) || regexp_replace(weir_v4_hex(v.tail), '(....)(....)', '\1:\2')
         ELSE v.all END)[1];

-- '::' -> as many zero groups as it stands for. What is not an address does not become eight groups.
CREATE OR REPLACE MACRO weir_v6_full(s) AS
  list_transform([{'all': s, 'groups': CAST(len(regexp_extract_all(s, '[^:]+')) AS BIGINT)}], lambda v:
    CASE WHEN regexp_matches(v.all, ':::|::.*::|^:[^:]|[^:]:$') THEN 'bad'
         WHEN NOT contains(v.all, '::') THEN v.all
         WHEN v.groups < 8 THEN trim(replace(v.all, '::', ':' || repeat('0:', 8 - v.groups)), ':')
         ELSE 'bad' END)[1];

-- Eight groups -> 32 hexadecimal digits: three zeros before each group, then the last four digits of each.
CREATE OR REPLACE MACRO weir_v6_hex(s) AS
  list_transform([s], lambda v:
    CASE WHEN regexp_full_match(v, '([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}')
         THEN regexp_replace(regexp_replace(v, '(^|:)', '\1000', 'g'), '0*([0-9a-f]{4})(:|$)', '\1', 'g') END)[1];

-- Text -> 32 hexadecimal digits; null if it is not an address.
CREATE OR REPLACE MACRO weir_hex(s) AS
  list_transform([lower(s)], lambda v:
    CASE WHEN weir_is_v4(v) THEN '00000000000000000000ffff' || weir_v4_hex(v)
         WHEN contains(v, ':') THEN weir_v6_hex(weir_v6_full(weir_v6_plain(v))) END)[1];

-- The digits as an address; if there are none, a failure that shows the text that should have been one.
CREATE OR REPLACE MACRO weir_uuid(hex, s) AS
  list_transform([{'hex': hex, 'text': s}], lambda v:
    CASE WHEN v.text IS NOT NULL
         THEN CAST(coalesce(regexp_replace(v.hex, '(.{8})(....)(....)(....)(.*)', '\1-\2-\3-\4-\5'),
                            'not an address: ' || v.text) AS UUID) END)[1];

CREATE OR REPLACE MACRO ip(s) AS list_transform([s], lambda v: weir_uuid(weir_hex(v), v))[1];

-- A prefix: its address with the bytes that '10/8' leaves out, and its length counted from the left of 128 bits.
CREATE OR REPLACE MACRO weir_net_address(s) AS
  list_transform([{'all': s, 'address': split_part(s, '/', 1)}], lambda v:
    CASE WHEN contains(v.all, ':') OR NOT contains(v.all, '/') THEN v.address
         ELSE v.address || repeat('.0', greatest(0, CAST(4 - len(string_split(v.address, '.')) AS BIGINT))) END)[1];
CREATE OR REPLACE MACRO weir_net_bits(s) AS
  list_transform([{'all': s, 'bits': split_part(s, '/', 2)}], lambda v:
    CASE WHEN NOT contains(v.all, '/') THEN 128
         WHEN regexp_full_match(v.all, '[0-9.]+/(3[0-2]|[12]?[0-9])') THEN 96 + CAST(v.bits AS INTEGER)
         WHEN regexp_full_match(v.all, '[^/]*:[^/]*/(12[0-8]|1[01][0-9]|[1-9]?[0-9])')
           THEN CAST(v.bits AS INTEGER) END)[1];

-- The digits that the prefix covers stay, the digit that it ends in keeps its first bits, the rest is filled with 0
-- or f.
CREATE OR REPLACE MACRO weir_hex_cut(hex, bits, fill) AS
  list_transform([{'hex': hex, 'whole': bits // 4, 'rest': bits % 4, 'fill': fill}], lambda v:
    left(left(v.hex, v.whole) ||
         format('{:x}', ((15 << (4 - v.rest)) & CAST('0x' || substr(v.hex || '0', v.whole + 1, 1) AS INTEGER) & 15)
                        | CASE WHEN v.fill = 'f' THEN 15 >> v.rest ELSE 0 END) ||
         repeat(v.fill, 31), 32))[1];

CREATE OR REPLACE MACRO net_first(s) AS
  list_transform([s], lambda v: weir_uuid(weir_hex_cut(weir_hex(weir_net_address(v)), weir_net_bits(v), '0'), v))[1];
CREATE OR REPLACE MACRO net_last(s) AS
  list_transform([s], lambda v: weir_uuid(weir_hex_cut(weir_hex(weir_net_address(v)), weir_net_bits(v), 'f'), v))[1];
-- 8 hexadecimal digits -> text of an IPv4 address.
CREATE OR REPLACE MACRO weir_v4_text(h) AS
  concat_ws('.', CAST('0x' || substr(h, 1, 2) AS INTEGER), CAST('0x' || substr(h, 3, 2) AS INTEGER),
            CAST('0x' || substr(h, 5, 2) AS INTEGER), CAST('0x' || substr(h, 7, 2) AS INTEGER));

-- 32 digits -> RFC 5952: eight groups without leading zeros, ':' before each and at the end; the first of the longest
-- runs of two or more zero groups becomes '::'; then single colons at the ends go.
CREATE OR REPLACE MACRO weir_v6_text(h) AS
  list_transform([regexp_replace(regexp_replace(h, '(....)', ':\1', 'g'), ':0{1,3}', ':', 'g') || ':'], lambda v:
    regexp_replace(regexp_replace(
      CASE WHEN NOT contains(v, ':0:0:') THEN v
           WHEN contains(v, ':0:0:0:0:0:0:0:0:') THEN '::'
           WHEN contains(v, ':0:0:0:0:0:0:0:') THEN regexp_replace(v, '(:0){7}:', '::')
           WHEN contains(v, ':0:0:0:0:0:0:') THEN regexp_replace(v, '(:0){6}:', '::')
           WHEN contains(v, ':0:0:0:0:0:') THEN regexp_replace(v, '(:0){5}:', '::')
           WHEN contains(v, ':0:0:0:0:') THEN regexp_replace(v, '(:0){4}:', '::')
           WHEN contains(v, ':0:0:0:') THEN regexp_replace(v, '(:0){3}:', '::')
           ELSE regexp_replace(v, ':0:0:', '::') END,
      '^:([^:])', '\1'), '([^:]):$', '\1'))[1];

)sql";

constexpr std::string_view kText = R"sql(CREATE OR REPLACE MACRO ip_text(u) AS
  list_transform([replace(CAST(u AS VARCHAR), '-', '')], lambda v:
    CASE WHEN v LIKE '00000000000000000000ffff%' THEN weir_v4_text(substr(v, 25))
         WHEN v LIKE '000000000000000000000000%' AND v NOT LIKE '0000000000000000000000000000%'
           THEN '::' || weir_v4_text(substr(v, 25))
         ELSE weir_v6_text(v) END)[1];

)sql";

constexpr std::string_view kNames =
    R"sql(CREATE OR REPLACE MACRO in_net(u, s) AS CAST(u AS UUID) BETWEEN net_first(s) AND net_last(s);

CREATE OR REPLACE MACRO mac_text(m) AS
  regexp_replace(format('{:012x}', CAST(m & 281474976710655 AS BIGINT)),
                 '(..)(..)(..)(..)(..)(..)', '\1:\2:\3:\4:\5:\6');

-- FIN SYN RST PSH ACK URG ECE CWR NS: the letters of those that are set.
CREATE OR REPLACE MACRO tcp_flags_text(f) AS
  CASE WHEN f IS NOT NULL THEN
    CASE WHEN f & 1 > 0 THEN 'F' ELSE '' END || CASE WHEN f & 2 > 0 THEN 'S' ELSE '' END ||
    CASE WHEN f & 4 > 0 THEN 'R' ELSE '' END || CASE WHEN f & 8 > 0 THEN 'P' ELSE '' END ||
    CASE WHEN f & 16 > 0 THEN 'A' ELSE '' END || CASE WHEN f & 32 > 0 THEN 'U' ELSE '' END ||
    CASE WHEN f & 64 > 0 THEN 'E' ELSE '' END || CASE WHEN f & 128 > 0 THEN 'C' ELSE '' END ||
    CASE WHEN f & 256 > 0 THEN 'N' ELSE '' END
  END;

)sql";

std::string name_macros() {
  std::string sql = "CREATE OR REPLACE MACRO proto_name(n) AS CASE n";
  for (const filter::ProtocolName& entry : filter::protocol_names()) {
    if (filter::protocol_name(entry.number) == entry.name)
      sql += fmt::format(" WHEN {} THEN '{}'", entry.number, entry.name);
  }
  sql += " ELSE CAST(n AS VARCHAR) END;\nCREATE OR REPLACE MACRO type_name(n) AS CASE n";
  for (uint8_t type = 1; flow::name(static_cast<flow::FlowType>(type)) != "unknown"; ++type) {
    sql += fmt::format(" WHEN {} THEN '{}'", type, flow::name(static_cast<flow::FlowType>(type)));
  }
  return sql + " ELSE CAST(n AS VARCHAR) END;\n";
}

}  // namespace

std::string sql_literal(std::string_view text) { return duck::quote(text); }

std::string engine_macros() { return std::string(kNames) + name_macros(); }
std::string sql_macros() { return std::string(kAddresses) + std::string(kText) + engine_macros(); }

}  // namespace weir::query
