// What a plan does for rows beyond their fields: what is the same for all of them, and what follows from several columns.
#include <algorithm>
#include <optional>

#include "base/ether_type.h"
#include "decode/template/cells.h"
#include "decode/template/plan.h"

namespace weir::decode {
namespace {

using flow::Column;
using flow::ColumnType;
using flow::FlowBatch;

constexpr uint8_t kIcmp = 1;
constexpr uint8_t kIcmpV6 = 58;

}  // namespace

void DecodePlan::set_constants(const RowContext& context, size_t first, size_t count) const {
  const MessageContext& message = context.message;
  FlowBatch& batch = context.batch;
  fill<Column::time_received>(batch, first, count, to_us(message.received));
  fill<Column::type>(batch, first, count, static_cast<uint8_t>(message.stream.protocol));
  fill<Column::sampler_address>(batch, first, count, message.stream.endpoint.address);
  fill<Column::observation_domain_id>(batch, first, count, message.stream.domain);
}

void DecodePlan::set_etype(FlowBatch& batch, size_t first, size_t count) const {
  if (family_ == Family::none) return;
  if (!has_etype_ && family_ != Family::both) {
    return fill<Column::etype>(batch, first, count, family_ == Family::v4 ? kEtypeIpv4 : kEtypeIpv6);
  }
  for (size_t row = first; row < first + count; ++row) {
    if (has_etype_ && batch.is_valid(Column::etype, row) && batch.values<Column::etype>()[row] != 0) continue;
    uint16_t etype = family_ == Family::v4 ? kEtypeIpv4 : kEtypeIpv6;
    if (family_ == Family::both) {
      const bool source = batch.is_valid(Column::src_addr, row);
      if (!source && !batch.is_valid(Column::dst_addr, row)) continue;
      const IpAddress& address = source ? batch.values<Column::src_addr>()[row] : batch.values<Column::dst_addr>()[row];
      etype = address.is_v4() ? kEtypeIpv4 : kEtypeIpv6;
    }
    put_number(batch, Column::etype, ColumnType::u16, row, etype);
  }
}

void DecodePlan::fill_inner_etype(const RowContext& context, size_t first, size_t count) const {
  for (size_t row = first; row < first + count; ++row) {
    if (context.batch.is_valid(Column::inner_etype, row) || !context.batch.is_valid(Column::inner_src_addr, row))
      continue;
    put_number(context.batch, Column::inner_etype, ColumnType::u16, row, inner_etype_);
  }
}

// True if an element of the record's own has said it. 0 of both is an answer (an echo reply) only from an element that is
// for this protocol: exporters fill those of the other one with zeros.
bool DecodePlan::tells_icmp(const FlowBatch& batch, size_t row, uint8_t protocol) const {
  if (protocol == kIcmp ? icmp_elements_ : icmpv6_elements_) return true;
  const auto tells = [&]<Column column>() { return batch.is_valid(column, row) && batch.values<column>()[row] != 0; };
  return tells.operator()<Column::icmp_type>() || tells.operator()<Column::icmp_code>();
}

// NetFlow v5 has type * 256 + code in the destination port, and so do exporters of v9 and IPFIX.
void DecodePlan::set_icmp(FlowBatch& batch, size_t first, size_t count) const {
  const auto protocols = std::span(batch.values<Column::proto>(), first + count).subspan(first);
  for (size_t i = 0; i < protocols.size(); ++i) {
    const uint8_t protocol = protocols[i];
    if (protocol != kIcmp && protocol != kIcmpV6) [[likely]]
      continue;
    const size_t row = first + i;
    if (!batch.is_valid(Column::proto, row) || !batch.is_valid(Column::dst_port, row)) continue;
    if (tells_icmp(batch, row, protocol)) continue;
    const uint16_t port = batch.values<Column::dst_port>()[row];
    put_number(batch, Column::icmp_type, ColumnType::u8, row, port >> 8);
    put_number(batch, Column::icmp_code, ColumnType::u8, row, port & 0xff);
  }
}

// Names that options records announced, where the record itself has only a number.
void DecodePlan::fill_names(const RowContext& context, size_t first, size_t count) const {
  struct Named {
    Column id;
    Column name;
    NameKind kind;
    NameKind instead;
  };
  // Some exporters tell only the description of an interface (Cisco IOS XR: in the field's terms its name).
  static constexpr Named kNamed[] = {
      {Column::in_if, Column::in_if_name, NameKind::interface_name, NameKind::interface_description},
      {Column::out_if, Column::out_if_name, NameKind::interface_name, NameKind::interface_description},
      {Column::ingress_vrf_id, Column::ingress_vrf_name, NameKind::vrf, NameKind::vrf},
      {Column::egress_vrf_id, Column::egress_vrf_name, NameKind::vrf, NameKind::vrf}};
  FlowBatch& batch = context.batch;
  for (const Named& named : kNamed) {
    if (!batch.present(named.id)) continue;
    const auto any = [&](NameKind kind) {
      return std::ranges::any_of(context.options, [&](const OptionsState* o) { return !o->names(kind).empty(); });
    };
    if (!any(named.kind) && !any(named.instead)) continue;
    uint64_t last_id = UINT64_MAX;
    std::optional<flow::TextRef> name;  // of last_id
    for (size_t row = first; row < first + count; ++row) {
      if (!batch.is_valid(named.id, row) || batch.is_valid(named.name, row)) continue;
      const uint64_t id = number_at(batch, named.id, ColumnType::u32, row);
      if (id != last_id) {
        const std::string* known = find_name(context.options, named.kind, id);
        if (known == nullptr) known = find_name(context.options, named.instead, id);
        name = known != nullptr ? std::optional(batch.add_text(*known)) : std::nullopt;
        last_id = id;
      }
      if (name) put_text(batch, named.name, row, *name);
    }
  }
}

}  // namespace weir::decode
