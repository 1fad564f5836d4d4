#include "query/query.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/letters.h"
#include "filter/lexer.h"
#include "flow/batch.h"

namespace weir::query {
namespace {

using flow::Column;
using Kind = Dimension::Kind;

struct Alias {
  std::string_view name;    // what nfdump calls it
  std::string_view column;  // the name of the result column
  Kind kind;
  Column first;
  Column second = Column::time_received;  // kinds either and routed
};

constexpr Alias kAliases[] = {
    {"ip", "ip", Kind::either, Column::src_addr, Column::dst_addr},
    {"port", "port", Kind::either, Column::src_port, Column::dst_port},
    {"as", "as", Kind::either, Column::src_as, Column::dst_as},
    {"asn", "as", Kind::either, Column::src_as, Column::dst_as},
    {"if", "if", Kind::either, Column::in_if, Column::out_if},
    {"vlan", "vlan", Kind::either, Column::src_vlan, Column::dst_vlan},
    {"mac", "mac", Kind::either, Column::src_mac, Column::dst_mac},
    {"srcnet", "srcnet", Kind::routed, Column::src_addr, Column::src_net},
    {"dstnet", "dstnet", Kind::routed, Column::dst_addr, Column::dst_net},
    {"srcip", "src_addr", Kind::column, Column::src_addr},
    {"srcip4", "src_addr", Kind::column, Column::src_addr},
    {"srcip6", "src_addr", Kind::column, Column::src_addr},
    {"dstip", "dst_addr", Kind::column, Column::dst_addr},
    {"dstip4", "dst_addr", Kind::column, Column::dst_addr},
    {"dstip6", "dst_addr", Kind::column, Column::dst_addr},
    {"next", "next_hop", Kind::column, Column::next_hop},
    {"nhip", "next_hop", Kind::column, Column::next_hop},
    {"bgpnext", "bgp_next_hop", Kind::column, Column::bgp_next_hop},
    {"nhbip", "bgp_next_hop", Kind::column, Column::bgp_next_hop},
    {"router", "sampler_address", Kind::column, Column::sampler_address},
    {"exporter", "sampler_address", Kind::column, Column::sampler_address},
    {"srcport", "src_port", Kind::column, Column::src_port},
    {"dstport", "dst_port", Kind::column, Column::dst_port},
    {"flags", "tcp_flags", Kind::column, Column::tcp_flags},
    {"tos", "ip_tos", Kind::column, Column::ip_tos},
    {"srctos", "ip_tos", Kind::column, Column::ip_tos},
    {"ttl", "ip_ttl", Kind::column, Column::ip_ttl},
    {"minttl", "ip_ttl", Kind::column, Column::ip_ttl},
    {"dir", "flow_direction", Kind::column, Column::flow_direction},
    {"srcas", "src_as", Kind::column, Column::src_as},
    {"srcasn", "src_as", Kind::column, Column::src_as},
    {"dstas", "dst_as", Kind::column, Column::dst_as},
    {"dstasn", "dst_as", Kind::column, Column::dst_as},
    {"nextas", "next_hop_as", Kind::column, Column::next_hop_as},
    {"inif", "in_if", Kind::column, Column::in_if},
    {"outif", "out_if", Kind::column, Column::out_if},
    {"srcmask", "src_net", Kind::column, Column::src_net},
    {"dstmask", "dst_net", Kind::column, Column::dst_net},
    {"srcvlan", "src_vlan", Kind::column, Column::src_vlan},
    {"dstvlan", "dst_vlan", Kind::column, Column::dst_vlan},
    {"srcmac", "src_mac", Kind::column, Column::src_mac},
    {"insrcmac", "src_mac", Kind::column, Column::src_mac},
    {"dstmac", "dst_mac", Kind::column, Column::dst_mac},
    {"indstmac", "dst_mac", Kind::column, Column::dst_mac},
    {"outdstmac", "post_dst_mac", Kind::column, Column::post_dst_mac},
    {"ethertype", "etype", Kind::column, Column::etype},
    {"mpls1", "mpls_label_1", Kind::column, Column::mpls_label_1},
    {"mpls2", "mpls_label_2", Kind::column, Column::mpls_label_2},
    {"mpls3", "mpls_label_3", Kind::column, Column::mpls_label_3},
    {"mpls4", "mpls_label_4", Kind::column, Column::mpls_label_4},
    {"mpls5", "mpls_label_5", Kind::column, Column::mpls_label_5},
    {"mpls6", "mpls_label_6", Kind::column, Column::mpls_label_6},
    {"outsrcmac", "post_src_mac", Kind::column, Column::post_src_mac},
    {"nbar", "application_id", Kind::column, Column::application_id},
    {"odid", "observation_domain_id", Kind::column, Column::observation_domain_id},
    {"opid", "observation_point_id", Kind::column, Column::observation_point_id},
    {"event", "firewall_event", Kind::column, Column::firewall_event},
    {"nat", "nat_event", Kind::column, Column::nat_event},
    {"natsrcip", "post_nat_src_addr", Kind::column, Column::post_nat_src_addr},
    {"natdstip", "post_nat_dst_addr", Kind::column, Column::post_nat_dst_addr},
    {"natsrcport", "post_nat_src_port", Kind::column, Column::post_nat_src_port},
    {"natdstport", "post_nat_dst_port", Kind::column, Column::post_nat_dst_port},
    {"ivrf", "ingress_vrf_id", Kind::column, Column::ingress_vrf_id},
    {"evrf", "egress_vrf_id", Kind::column, Column::egress_vrf_id},
};

constexpr std::array<std::string_view, 6> kMetrics = {"bytes", "packets", "flows", "bps", "pps", "bpp"};

std::optional<uint8_t> parse_bits(std::string_view text, unsigned limit) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > limit) return std::nullopt;
  return static_cast<uint8_t>(value);
}

// "24" or "24/48" for an address: IPv4 bits, then IPv6 bits; a single number above 32 can only mean IPv6.
bool set_network(std::string_view bits, bool ipv6_named, Dimension& dimension) {
  constexpr uint8_t kUsualV6Bits = 64;
  const size_t slash = bits.find('/');
  if (slash != std::string_view::npos) {
    const std::optional<uint8_t> v4 = parse_bits(bits.substr(0, slash), 32);
    const std::optional<uint8_t> v6 = parse_bits(bits.substr(slash + 1), 128);
    if (!v4 || !v6) return false;
    dimension.v4_bits = *v4;
    dimension.v6_bits = *v6;
  } else {
    const std::optional<uint8_t> value = parse_bits(bits, 128);
    if (!value) return false;
    if (ipv6_named || *value > 32)
      dimension.v6_bits = *value;
    else
      dimension.v4_bits = *value, dimension.v6_bits = kUsualV6Bits;
  }
  dimension.kind = Kind::network;
  return true;
}

std::string name_of(Column column) { return std::string(flow::info(column).name); }

std::optional<Dimension> find_dimension(std::string_view name, const MoreColumns& more) {
  if (find_column(name)) return Dimension{std::string(name), Kind::column, {std::string(name)}};
  for (const Alias& alias : kAliases) {
    if (!equals_ignoring_case(alias.name, name)) continue;
    Dimension dimension{std::string(alias.column), alias.kind, {name_of(alias.first)}};
    if (alias.kind != Kind::column) dimension.columns.push_back(name_of(alias.second));
    return dimension;
  }
  if (find_column(name, more)) return Dimension{std::string(name), Kind::column, {std::string(name)}};
  return std::nullopt;
}

Result<Dimension> parse_dimension(std::string_view text, const MoreColumns& more) {
  const size_t slash = text.find('/');
  const std::string_view base = text.substr(0, slash);
  std::optional<Dimension> dimension = find_dimension(base, more);
  if (!dimension) {
    return fail(
        "cannot group by '{}': use a column name such as src_addr or dst_port ('weir flows --help' lists them), or "
        "one of nfdump's elements such as srcip, dstport, as, proto",
        filter::printable(base));
  }
  const bool is_counter = dimension->name == "bytes" || dimension->name == "packets";
  if (is_counter) dimension->name.insert(0, "flow_");  // the sums of the group have these names
  if (slash == std::string_view::npos) return *std::move(dimension);
  if (dimension->kind != Kind::column || find_column(dimension->columns[0], more) != flow::ColumnType::address) {
    return fail("cannot group by '{}': only a column of addresses can be cut to a prefix length",
                filter::printable(text));
  }
  if (!set_network(text.substr(slash + 1), base.ends_with('6'), *dimension)) {
    return fail(
        "cannot group by '{}': write ADDRESS/BITS or ADDRESS/BITS/IPV6BITS, such as src_addr/24 or src_addr/24/48",
        filter::printable(text));
  }
  dimension->name += text.substr(slash);
  return *std::move(dimension);
}

// Calls `add` for each entry of a list with commas, blanks around entries ignored; an empty list has none.
template <class Add>
Result<> for_each_entry(std::string_view list, Add add) {
  bool more = !list.empty();
  while (more) {
    const size_t comma = list.find(',');
    more = comma != std::string_view::npos;
    std::string_view entry = list.substr(0, comma);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    TRY(add(entry));
    if (more) list.remove_prefix(comma + 1);
  }
  return {};
}

constexpr std::string_view kRecord = "proto,src_addr,src_port,dst_addr,dst_port";

}  // namespace

std::string_view name(Metric metric) { return kMetrics[static_cast<size_t>(metric)]; }

std::optional<Metric> parse_metric(std::string_view text) {
  const auto found =
      std::ranges::find_if(kMetrics, [&](std::string_view known) { return equals_ignoring_case(known, text); });
  if (found == kMetrics.end()) return std::nullopt;
  return static_cast<Metric>(found - kMetrics.begin());
}

std::optional<flow::ColumnType> find_column(std::string_view name, const MoreColumns& more) {
  const flow::Schema& schema = *flow::Schema::flows();
  if (const auto column = schema.find(name)) return schema[*column].type;
  return more ? more(name) : std::nullopt;
}

std::vector<std::string_view> dimension_names() {
  std::vector<std::string_view> names;
  for (const Alias& alias : kAliases) names.push_back(alias.name);
  return names;
}

Result<std::vector<Dimension>> parse_dimensions(std::string_view list, const MoreColumns& more) {
  std::vector<Dimension> dimensions;
  const auto add = [&](std::string_view entry) -> Result<> {
    if (equals_ignoring_case(entry, "record")) {
      Result<std::vector<Dimension>> record = parse_dimensions(kRecord);
      dimensions.insert(dimensions.end(), record->begin(), record->end());
      return {};
    }
    Dimension dimension = TRY(parse_dimension(entry, more));
    if (dimension.kind == Kind::either &&
        std::ranges::any_of(dimensions, [](const Dimension& known) { return known.kind == Kind::either; })) {
      return fail(
          "cannot group by two of ip, port, as, if, vlan and mac at once: name the source or destination column");
    }
    dimensions.push_back(std::move(dimension));
    return {};
  };
  TRY(for_each_entry(list, add));
  for (size_t i = 0; i < dimensions.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (dimensions[i].name == dimensions[j].name) return fail("cannot group by {} twice", dimensions[i].name);
    }
  }
  return dimensions;
}

Result<std::vector<std::string>> parse_columns(std::string_view list, const MoreColumns& more) {
  std::vector<std::string> columns;
  const auto add = [&](std::string_view entry) -> Result<> {
    if (!find_column(entry, more))
      return fail("there is no column '{}': 'weir flows --help' lists the columns", filter::printable(entry));
    columns.emplace_back(entry);
    return {};
  };
  TRY(for_each_entry(list, add));
  return columns;
}

Result<> parse_statistic(std::string_view text, TopQuery& query, const MoreColumns& more) {
  std::string_view element = text;
  std::string_view order;
  if (const size_t slash = text.rfind('/');
      slash != std::string_view::npos && !parse_bits(text.substr(slash + 1), 128)) {
    element = text.substr(0, slash);
    order = text.substr(slash + 1);
  }
  const bool by_protocol = element.ends_with(":p");
  if (by_protocol) element.remove_suffix(2);
  query.by = TRY(parse_dimensions((by_protocol ? "proto," : "") + std::string(element), more));
  query.order = Metric::flows;  // nfdump's default
  if (element.size() == text.size() || (by_protocol && element.size() + 2 == text.size())) return {};
  query.ascending = order.ends_with(":a");
  if (order.ends_with(":a") || order.ends_with(":d")) order.remove_suffix(2);
  const std::optional<Metric> metric = parse_metric(order);
  if (!metric)
    return fail("cannot order by '{}': use bytes, packets, flows, bps, pps or bpp", filter::printable(order));
  query.order = *metric;
  return {};
}

}  // namespace weir::query
