#include "decode/template/inner_fields.h"

#include <algorithm>
#include <array>

#include "base/ether_type.h"

namespace weir::decode {
namespace {

using flow::Column;

struct InnerElement {
  uint16_t element;
  Column column;
};
constexpr auto kInnerElements = std::to_array<InnerElement>({
    {4, Column::inner_proto},
    {5, Column::inner_tos},
    {6, Column::inner_tcp_flags},
    {7, Column::inner_src_port},
    {8, Column::inner_src_addr},
    {11, Column::inner_dst_port},
    {12, Column::inner_dst_addr},
    {27, Column::inner_src_addr},
    {28, Column::inner_dst_addr},
    {52, Column::inner_ttl},
    {56, Column::inner_src_mac},
    {80, Column::inner_dst_mac},
    {192, Column::inner_ttl},
    {256, Column::inner_etype},
});

bool is_address(Column column) { return column == Column::inner_src_addr || column == Column::inner_dst_addr; }

// How many fields would be a source of each inner column.
using Counts = std::array<size_t, flow::kColumnCount>;

Counts count_sources(const Template& layout) {
  Counts counts{};
  for (const FieldSpec& field : layout.fields) {
    const std::optional<Column> column = field.length == 0 ? std::nullopt : inner_column(field);
    if (column) ++counts[static_cast<size_t>(*column)];
  }
  return counts;
}

}  // namespace

std::optional<Column> inner_column(const FieldSpec& field) {
  if (field.enterprise != 0) return std::nullopt;
  const auto* found = std::ranges::find(kInnerElements, field.element, &InnerElement::element);
  return found == kInnerElements.end() ? std::nullopt : std::optional(found->column);
}

InnerFields find_inner_fields(const Template& layout) {
  const Counts sources = count_sources(layout);
  const bool two_packets = sources[static_cast<size_t>(Column::inner_proto)] > 1;
  Counts before{};
  InnerFields result;
  for (const FieldSpec& field : layout.fields) {
    const std::optional<Column> column = field.length == 0 ? std::nullopt : inner_column(field);
    bool inner = (column || two_packets) && field.occurrence > 1;
    if (column && is_address(*column)) {
      const bool one_each = two_packets && sources[static_cast<size_t>(*column)] == 2;
      inner |= one_each && before[static_cast<size_t>(*column)]++ == 1;
      if (inner) result.etype = field.element < 27 ? kEtypeIpv4 : kEtypeIpv6;
    }
    result.inner.push_back(inner);
  }
  return result;
}

}  // namespace weir::decode
