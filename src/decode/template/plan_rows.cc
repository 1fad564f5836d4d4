// What a plan fills in where other columns tell it: ICMP in ports, names of numbers.
#include <algorithm>
#include <cstring>
#include <optional>

#include "decode/template/cells.h"
#include "decode/template/plan.h"

namespace weir::decode {
namespace {

using flow::Column;
using flow::ColumnType;
using flow::FlowBatch;

constexpr uint8_t kIcmp = 1;
constexpr uint8_t kIcmpV6 = 58;

// False only if none of eight protocols is one of ICMP. A byte that is 0 after the exclusive or has its top bit set
// when one is subtracted; so have others, but no protocol that is usual.
bool may_be_icmp(uint64_t protocols) {
  constexpr uint64_t kOnes = 0x0101'0101'0101'0101;
  const uint64_t borrowed = ((protocols ^ kOnes * kIcmp) - kOnes) | ((protocols ^ kOnes * kIcmpV6) - kOnes);
  return (borrowed & kOnes << 7) != 0;
}

}  // namespace

// True if an element of the record's own has said it. 0 of both is an answer (an echo reply) only from an element that
// is for this protocol: exporters fill those of the other one with zeros.
bool DecodePlan::tells_icmp(const FlowBatch& batch, size_t row, uint8_t protocol) const {
  if (protocol == kIcmp ? icmp_elements_ : icmpv6_elements_) return true;
  const auto tells = [&]<Column column>() { return batch.is_valid(column, row) && batch.values<column>()[row] != 0; };
  return tells.operator()<Column::icmp_type>() || tells.operator()<Column::icmp_code>();
}

// Few flows are of ICMP: the protocols are looked at eight at a time. Words begin at multiples of eight, as does the
// end of the column.
void DecodePlan::set_icmp(FlowBatch& batch, size_t first, size_t count) const {
  if (count == 1) {
    const uint8_t protocol = batch.values<Column::proto>()[first];
    if (protocol == kIcmp || protocol == kIcmpV6) [[unlikely]]
      set_icmp_of(batch, first, first + 1);
    return;
  }
  const auto protocols = std::span(batch.values<Column::proto>(), batch.capacity());
  const size_t end = first + count;
  for (size_t at = first / 8 * 8; at < end; at += 8) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, protocols.subspan(at, sizeof(bytes)).data(), sizeof(bytes));
    if (may_be_icmp(bytes)) [[unlikely]]
      set_icmp_of(batch, std::max(at, first), std::min(at + 8, end));
  }
}

// Of rows [first, end). NetFlow before v9 has type * 256 + code in the destination port, and so do exporters of v9 and
// IPFIX; 0 is an echo reply.
[[gnu::noinline]] void DecodePlan::set_icmp_of(FlowBatch& batch, size_t first, size_t end) const {
  for (size_t row = first; row < end; ++row) {
    const uint8_t protocol = batch.values<Column::proto>()[row];
    if (protocol != kIcmp && protocol != kIcmpV6) continue;
    if (!batch.is_valid(Column::proto, row) || !batch.is_valid(Column::dst_port, row)) continue;
    const uint16_t port = batch.values<Column::dst_port>()[row];
    if ((icmp_elements_ || icmpv6_elements_) && tells_icmp(batch, row, protocol)) continue;
    put_number(batch, Column::icmp_type, ColumnType::u8, row, port >> 8);
    put_number(batch, Column::icmp_code, ColumnType::u8, row, port & 0xff);
  }
}

// A relay's own address says nothing of where a flow was seen. In NetFlow v7 the column is the router past which a
// switch took the flows that it reports: the exporter is the switch.
[[gnu::noinline]] void DecodePlan::name_exporters(const RowContext& context, size_t first, size_t count) {
  const flow::FlowType protocol = context.message.stream.protocol;
  if (protocol != flow::FlowType::netflow_v9 && protocol != flow::FlowType::ipfix) return;
  FlowBatch& batch = context.batch;
  for (size_t row = first; row < first + count; ++row) {
    if (!batch.is_valid(Column::exporter_address, row)) continue;
    const IpAddress& exporter = batch.values<Column::exporter_address>()[row];
    batch.values<Column::sampler_address>()[row] = exporter;
    const auto rate = context.relayed->find(exporter);
    if (rate != context.relayed->end()) put_number(batch, Column::sampling_rate, ColumnType::u32, row, rate->second);
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
